"""The same question to PostGIS: real lists of AEDs where they are at hand, and points like them everywhere."""

import random
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dispatch.aeds.importing.reading import read_list
from geo.nearest import Found, MovingPoints
from geo.place import Place
from tests.geo.odd_places import ANTIMERIDIAN, HANGZHOU, POLES, moved

LISTS = Path(__file__).parents[2].parent / "shared" / "data" / "aed"
NAMES = ("kobe_aed_2018.csv", "taiwan_mohw_2014.csv", "taiwan_mohw_2021_yilan.csv", "osm_poland_2020.geojson")
K = 20

# Both measure on a sphere; their mean radius has one digit less than ours.
SAME_RADIUS = 1e-8


@pytest.fixture
def connection(postgis_url: str) -> Iterator["psycopg.Connection[tuple[int, float]]"]:
    with psycopg.connect(postgis_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("create temporary table spots (id int, geog geography(point, 4326))")
        yield connection


def _ask_both(
    connection: "psycopg.Connection[tuple[int, float]]", places: list[Place], questions: list[Place]
) -> Iterator[tuple[list[Found[int]], list[tuple[int, float]]]]:
    index: MovingPoints[int] = MovingPoints()
    index.put_many(range(len(places)), [place.latitude for place in places], [place.longitude for place in places])
    with connection.cursor() as cursor:
        with cursor.copy("copy spots from stdin") as copy:
            for key, place in enumerate(places):
                copy.write_row((key, f"POINT({place.longitude!r} {place.latitude!r})"))
        cursor.execute("create index on spots using gist (geog)")
        cursor.execute("analyze spots")
        cursor.execute("set enable_seqscan = off")
        for place in questions:
            point = (place.longitude, place.latitude)
            told = cursor.execute(
                "select id, geog <-> st_point(%s, %s, 4326)::geography as metres from spots order by 2 limit %s",
                (*point, K),
            ).fetchall()
            yield index.nearest(place, K), told


def _check(found: list[Found[int]], told: list[tuple[int, float]]) -> None:
    assert len(found) == len(told)
    distances_m = {one.key: one.distance_m for one in found}
    for one, (key, metres) in zip(found, told, strict=True):
        assert one.distance_m == pytest.approx(metres, rel=SAME_RADIUS, abs=1e-6)
        # Where two are equally far, each may come first.
        assert one.key == key or distances_m.get(key, metres) == pytest.approx(one.distance_m, rel=1e-7, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_real_aeds_come_in_the_order_of_postgis(name: str, connection: "psycopg.Connection[tuple[int, float]]") -> None:
    if not LISTS.is_dir():
        pytest.skip("the real lists are not here")
    drafts = read_list((LISTS / name).read_bytes(), source=name).drafts
    places = [draft.place for draft in drafts]
    random_ = random.Random(name)
    questions = [moved(place, random_.expovariate(1e-3), random_.uniform(0, 7)) for place in random_.sample(places, 40)]
    questions += random_.sample(places, 10)
    for found, told in _ask_both(connection, places, questions):
        _check(found, told)


def test_generated_points_come_in_the_order_of_postgis(
    connection: "psycopg.Connection[tuple[int, float]]",
) -> None:
    random_ = random.Random(11)
    anchors = [HANGZHOU, *POLES, *ANTIMERIDIAN]

    def somewhere() -> Place:
        return moved(random_.choice(anchors), random_.lognormvariate(8, 2), random_.uniform(0, 7))

    for found, told in _ask_both(connection, [somewhere() for _ in range(3_000)], [somewhere() for _ in range(100)]):
        _check(found, told)
