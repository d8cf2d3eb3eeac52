"""What a tile shows."""

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Access, Readiness
from dispatch.aeds.tiles.addresses import TileAddress, on_square
from dispatch.aeds.tiles.choices import Choice
from dispatch.aeds.tiles.drawing import TileKey
from dispatch.storage.database import Database
from geo.datum import Datum, from_wgs84
from geo.place import Place
from tests.aeds.tiles.conftest import Mapped, key_at
from tests.aeds.tiles.province import fill
from tests.people import WULIN, beside

# Noon on a Wednesday, as `tests.people` has it.
CLOSED_NOW = "Mo-Su 18:00-22:00"


async def test_a_device_is_where_it_hangs_with_its_name_and_state_and_nothing_else(mapped: Mapped) -> None:
    aed = await mapped.add(
        name="浙江图书馆", custodian="wang", serial_number="C1A-1", phone="0571", address="曙光路 73 号"
    )
    key = key_at(aed.place, 15)
    (point,) = (await mapped.points(key)).values()
    x, y = on_square(aed.place)
    assert abs(point.x - (x * 2**15 - key.address.x) * 4096) <= 0.5
    assert abs(point.y - (y * 2**15 - key.address.y) * 4096) <= 0.5
    assert point.values == {"id": str(aed.id), "name": "浙江图书馆", "usable": "now", "checked": True}


async def test_each_state_is_told_apart(mapped: Mapped) -> None:
    today = mapped.clock.now().date()
    told: dict[str, dict[str, Any]] = {
        "now": {},
        "later": {"opening_hours": CLOSED_NOW},
        "unknown": {"opening_hours": None},
        "unknown access": {"access": Access.UNKNOWN},
        "no": {"readiness": Readiness.OUT_OF_SERVICE},
        "no, in use": {"readiness": Readiness.IN_USE},
        "no, private": {"access": Access.PRIVATE},
        "no, never open": {"opening_hours": "off"},
        "no, in a car that nobody drives": {"is_mobile": True},
        "no, expired": {"pads_expire_on": today - timedelta(days=1)},
        "now, on its last day": {"pads_expire_on": today},
        "now, though nobody has looked": {"readiness": Readiness.UNVERIFIED},
    }
    for name, said in told.items():
        aed = await mapped.add(name=name, **said)
        assert await mapped.state_of(aed) == name.partition(",")[0].partition(" ")[0]


async def test_tiles_and_the_directory_agree_on_what_is_usable(mapped: Mapped, database: Database) -> None:
    fill(database.url, 400, seed=5)
    await mapped.keeper.act()
    directory = AedDirectory()
    await directory.load(database)
    mapped.tiles.know(directory)
    now = mapped.clock.now()
    for aed in directory:
        assert (await mapped.state_of(aed) == "now") == directory.is_usable(aed, now)


async def test_one_that_opens_later_says_when(mapped: Mapped) -> None:
    tonight = await mapped.add(opening_hours=CLOSED_NOW)
    on_saturday = await mapped.add(opening_hours="Sa 09:30-17:00")
    points = await mapped.points(key_at(WULIN, 16))
    values = points[str(tonight.id)].values
    assert (values["opens"], values["opens_at"]) == (
        "18:00",
        int((mapped.clock.now() + timedelta(hours=6)).timestamp()),
    )
    assert points[str(on_saturday.id)].values["opens"] == "06-20 09:30"


async def test_it_says_so_by_the_clock_of_the_place(mapped: Mapped) -> None:
    kobe = Place(34.6901, 135.1955)
    aed = await mapped.add(place=kobe, opening_hours="Sa 09:00-17:00")
    values = (await mapped.points(key_at(kobe, 16)))[str(aed.id)].values
    assert values["opens"] == "06-20 09:00"
    london = Place(51.53, -0.127)
    there = await mapped.add(place=london, opening_hours="Mo-Su 09:30-20:00")
    assert (await mapped.points(key_at(london, 14)))[str(there.id)].values["opens"] == "09:30"


async def test_one_that_somebody_carries_tells_nobody_where_they_are(mapped: Mapped) -> None:
    taxi = await mapped.add(is_mobile=True)
    assert await mapped.state_of(taxi) == "no"
    mapped.clock.move(minutes=1)
    carried = replace(taxi, carried_by="driver", updated_at=mapped.clock.now())
    await mapped.put(carried)
    for zoom in (2, 8, 14, 20):
        assert await mapped.layers(key_at(WULIN, zoom)) == {}
    mapped.clock.move(minutes=1)
    await mapped.put(replace(carried, carried_by=None, updated_at=mapped.clock.now()))
    assert await mapped.state_of(taxi) == "no"


async def test_one_near_the_edge_is_on_the_next_tile_too(mapped: Mapped) -> None:
    key = key_at(WULIN, 15)
    count = 2**15
    west_edge = (key.address.x / count) * 360 - 180
    just_inside = await mapped.add(place=Place(WULIN.latitude, west_edge + 1e-5))
    west = TileKey(TileAddress(15, key.address.x - 1, key.address.y))
    assert str(just_inside.id) in await mapped.points(key)
    point = (await mapped.points(west))[str(just_inside.id)]
    assert 4096 <= point.x <= 4096 + 64


@pytest.mark.parametrize("zoom", [3, 5, 7, 9, 11, 12])
async def test_before_zoom_13_every_device_is_on_one_tile_and_counted_once(
    mapped: Mapped, database: Database, zoom: int
) -> None:
    fill(database.url, 600, seed=zoom)
    await mapped.keeper.act()
    directory = AedDirectory()
    await directory.load(database)
    addresses = {key_at(aed.place, zoom) for aed in directory}
    states = {"now": 0, "later": 0, "no": 0, "unknown": 0}
    found = 0
    for key in addresses:
        layers = await mapped.layers(key)
        for point in layers.get("aeds", []):
            found += 1
            states[point.values["usable"]] += 1
        for point in layers.get("clusters", []):
            values = point.values
            assert values["count"] == sum(values[state] for state in states) > 1
            assert 0 <= point.x <= 4096
            assert 0 <= point.y <= 4096
            assert values["west"] <= values["east"]
            assert values["south"] <= values["north"]
            found += values["count"]
            for state in states:
                states[state] += values[state]
    assert found == len(directory) == 600
    assert states["now"] == sum(directory.is_usable(aed, mapped.clock.now()) for aed in directory)


async def test_a_cluster_stays_where_it_is_whatever_becomes_of_its_devices(mapped: Mapped) -> None:
    one = await mapped.add()
    await mapped.add(place=beside(WULIN, north_m=300, east_m=200))
    key = key_at(WULIN, 9)
    (before,) = (await mapped.layers(key))["clusters"]
    mapped.clock.move(minutes=1)
    await mapped.put(replace(one, readiness=Readiness.OUT_OF_SERVICE, updated_at=mapped.clock.now()))
    (after,) = (await mapped.layers(key))["clusters"]
    assert (before.x, before.y) == (after.x, after.y)
    assert (before.values["now"], after.values["now"], after.values["no"]) == (2, 1, 1)


async def test_a_map_is_narrowed_down_to_what_one_can_use(mapped: Mapped) -> None:
    today = mapped.clock.now().date()
    plain = await mapped.add(indoor=True)
    closed = await mapped.add(opening_hours=CLOSED_NOW, indoor=False)
    asked = await mapped.add(access=Access.ASK, readiness=Readiness.DEGRADED)
    children = await mapped.add(pads_child_expire_on=today, opening_hours="Mo-Su 08:00-20:00")
    expected = {
        frozenset({Choice.USABLE}): {plain, asked, children},
        frozenset({Choice.PUBLIC}): {plain, closed, children},
        frozenset({Choice.ALWAYS}): {plain, asked},
        frozenset({Choice.INDOOR}): {plain},
        frozenset({Choice.OUTDOOR}): {closed},
        frozenset({Choice.CHECKED}): {plain, closed, children},
        frozenset({Choice.CHILDREN}): {children},
        frozenset({Choice.PUBLIC, Choice.USABLE}): {plain, children},
    }
    for only, those in expected.items():
        shown = await mapped.points(key_at(WULIN, 16, only=only))
        assert shown.keys() == {str(aed.id) for aed in those}, only
        layers = await mapped.layers(key_at(WULIN, 10, only=only))
        assert sum(each.values["count"] for each in layers.get("clusters", [])) + len(layers.get("aeds", [])) == len(
            those
        )


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
async def test_on_a_shifted_map_a_device_is_where_that_map_has_it(mapped: Mapped, datum: Datum) -> None:
    aed = await mapped.add()
    for zoom in (13, 16, 19):
        key = key_at(aed.place, zoom, datum)
        point = (await mapped.points(key))[str(aed.id)]
        x, y = on_square(from_wgs84(aed.place, datum))
        metres = 40_075_016 * 0.87 / 2**zoom / 4096
        assert abs(point.x - (x * 2**zoom - key.address.x) * 4096) * metres < 12
        assert abs(point.y - (y * 2**zoom - key.address.y) * 4096) * metres < 12


async def test_a_removed_device_is_on_no_tile(mapped: Mapped) -> None:
    aed = await mapped.add()
    await mapped.put(replace(aed, readiness=Readiness.REMOVED))
    for zoom in (6, 14):
        assert await mapped.layers(key_at(WULIN, zoom)) == {}


@pytest.mark.parametrize("place", [Place(89.9, 10.0), Place(-89.9, 10.0), Place(0.0, -180.0), Place(0.0, 179.99999)])
async def test_odd_corners_of_the_world_draw(mapped: Mapped, place: Place) -> None:
    await mapped.add(place=place)
    await mapped.add(place=Place(10.0, 20.0))
    assert (await mapped.layers(TileKey(TileAddress(0, 0, 0))))["aeds"]


async def test_the_date_line_is_on_one_tile(mapped: Mapped) -> None:
    aed = await mapped.add(place=Place(10.0, 180.0))
    for zoom in (0, 3, 9, 15):
        key = key_at(aed.place, zoom)
        assert key.address.x == 2**zoom - 1
        assert str(aed.id) in await mapped.points(key)
    mapped.clock.move(minutes=1)
    await mapped.put(replace(aed, readiness=Readiness.OUT_OF_SERVICE, updated_at=mapped.clock.now()))
    assert await mapped.state_of(aed) == "no"


async def test_many_hundreds_are_drawn_like_a_few(mapped: Mapped, database: Database) -> None:
    fill(database.url, 3000, seed=2)
    await mapped.keeper.act()
    draw = random.Random(1)
    directory = AedDirectory()
    await directory.load(database)
    for aed in draw.sample(list(directory), 20):
        shown = await mapped.points(key_at(aed.place, 13))
        assert str(aed.id) in shown
