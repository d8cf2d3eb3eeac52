"""The database of a service that a bench has started: filled faster than the contract could, and its disk measured."""

import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import psycopg

from geo.distance import distance_m
from geo.place import Place
from loadtests.bench_nearest_province import PROVINCE_POINTS, province

# Nearer than this stand only those who are connected; the others come later on foot, so that alerts find a socket.
_NOBODY_WITHIN_M: Final = 2_000.0
# At least as far, in latitude: most places need no distance.
_NEAR_DEG: Final = 0.02
_FLOOR_ROUNDS: Final = 100
_MS: Final = 1000.0

_COPY: Final = """
copy responders (id, name, certificate_number, certificate_expires_on, mode, language, on_duty, location, accuracy_m,
                 fix_at, created_at) from stdin
"""


def database_in(data_dir: Path) -> psycopg.Connection:
    """Connect to the private database that runs in a service's data folder. Raises LookupError when none does."""
    for pid_file in data_dir.glob("*/postmaster.pid"):
        # Its fourth line is the port, the fifth the folder of its socket.
        port, socket_folder = pid_file.read_text().splitlines()[3:5]
        return psycopg.connect(host=socket_folder, port=int(port), user="dispatch", dbname="dispatch", autocommit=True)
    raise LookupError(f"no database runs in {data_dir}")


def forget_alerts(connection: psycopg.Connection) -> None:
    """Let nobody have been alerted lately, when the service starts next."""
    connection.execute("update alerts set offered_at = offered_at - interval '1 year'")


def put_on_duty(connection: psycopg.Connection, name: str, places: Iterable[Place]) -> list[tuple[str, Place]]:
    """Write a responder on duty for each place, with a fix of this moment; answers their ids, made of `name`.

    The service learns of them when it starts next, and takes them for there for the two minutes that a fix counts.
    """
    now = datetime.now(UTC)
    people = [(f"{name}-{number:06d}", place) for number, place in enumerate(places, start=1)]
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for responder_id, place in people:
            point = f"SRID=4326;POINT({place.longitude:.6f} {place.latitude:.6f})"
            copy.write_row(
                (responder_id, responder_id, responder_id, "2099-12-31", "walk", "zh", True, point, 12.0, now, now)
            )
    connection.execute("analyze responders")
    return people


def commit_floor_ms(connection: psycopg.Connection, *, settle_s: float) -> list[float]:
    """Measure what it takes to write down anything at all: the milliseconds of inserting one row, durably.

    With the same pauses as the bench makes: a disk and a processor that were idle take longer than busy ones.
    """
    connection.execute("create table commit_floor (at timestamptz)")
    taken = []
    for _ in range(_FLOOR_ROUNDS):
        time.sleep(settle_s)
        began = time.perf_counter()
        connection.execute("insert into commit_floor values (now())", prepare=True)
        taken.append((time.perf_counter() - began) * _MS)
    connection.execute("drop table commit_floor")
    return taken


def province_places(count: int, *, away_from: Sequence[Place]) -> Iterator[Place]:
    """Answer `count` places where a province's people live, none of them near those of `away_from`."""
    # As sparse as so many are in a whole province: the others of its million are off duty.
    latitudes, longitudes = province(PROVINCE_POINTS, seed=1)
    everywhere = (Place(float(each[0]), float(each[1])) for each in zip(latitudes, longitudes, strict=True))
    return islice((place for place in everywhere if not _is_near(place, away_from)), count)


def _is_near(place: Place, centres: Sequence[Place]) -> bool:
    return any(
        abs(place.latitude - centre.latitude) < _NEAR_DEG and distance_m(place, centre) < _NOBODY_WITHIN_M
        for centre in centres
    )
