"""100,000 simulated devices, written into a service's database faster than the contract could take them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final, TypeVar
from uuid import UUID

import h3
import psycopg

from geo.place import Place
from loadtests.service_database import province_places

_SEED: Final = 20_260_617

# As districts' lists have them: offices and shops, a few round the clock, some that nobody knows the hours of.
_HOURS: Final = (
    ("24/7", 0.18),
    ("Mo-Fr 08:30-17:30", 0.22),
    ("08:00-22:00", 0.20),
    ("Mo-Su 06:00-23:00", 0.12),
    ("Mo-Fr 09:00-17:00; Sa 09:00-12:00", 0.10),
    ("10:00-21:30", 0.08),
    (None, 0.10),
)
_ACCESS: Final = (("public", 0.7), ("ask", 0.1), ("code", 0.02), ("private", 0.06), ("unknown", 0.12))
_READINESS: Final = (
    ("ready", 0.72),
    ("degraded", 0.08),
    ("unverified", 0.12),
    ("out_of_service", 0.07),
    ("in_use", 0.01),
)
# One time zone, one country's holidays: how the register's own hours are kept.
_AREA_RESOLUTION: Final = 2

_COPY_AEDS: Final = """
copy aeds (id, name, location, access, opening_hours, area, readiness, readiness_reasons, readiness_at,
           battery_expires_on, source, source_ref, created_at, updated_at) from stdin
"""
_COPY_HEALTH: Final = "copy aed_health (aed_id, evidence, look_again_at) from stdin"


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A device as the bench knows it. `hours` and `area` say when its place is open."""

    id: UUID
    place: Place
    access: str
    readiness: str
    hours: str | None
    area: str
    battery_expires_on: date


def simulated_devices(count: int) -> list[SimulatedDevice]:
    """Answer so many devices where a province's people live; always the same ones."""
    rng = Random(_SEED)
    today = datetime.now(UTC).date()
    return [
        SimulatedDevice(
            id=UUID(int=rng.getrandbits(128), version=4),
            place=place,
            access=_drawn(rng, _ACCESS),
            readiness=_drawn(rng, _READINESS),
            hours=_drawn(rng, _HOURS),
            area=str(h3.latlng_to_cell(place.latitude, place.longitude, _AREA_RESOLUTION)),
            battery_expires_on=today + timedelta(days=rng.randint(-20, 1500)),
        )
        for place in _places(count)
    ]


def _places(count: int) -> Iterator[Place]:
    # Rounded as they are written, so that memory and database hold the same.
    for place in province_places(count, away_from=[]):
        yield Place(round(place.latitude, 7), round(place.longitude, 7))


_Value = TypeVar("_Value")


def _drawn(rng: Random, of: Sequence[tuple[_Value, float]]) -> _Value:
    return rng.choices([value for value, _ in of], [weight for _, weight in of])[0]


def register(connection: psycopg.Connection, devices: list[SimulatedDevice]) -> None:
    """Write devices into the register. The service learns of them when it starts next."""
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        with cursor.copy(_COPY_AEDS) as copy:
            for number, each in enumerate(devices):
                point = f"SRID=4326;POINT({each.place.longitude!r} {each.place.latitude!r})"
                copy.write_row(
                    (
                        *(each.id, f"点位 {number}", point, each.access, each.hours, each.area, each.readiness),
                        *([] if each.readiness == "ready" else ["simulated"], now, each.battery_expires_on),
                        *("simulated", str(number), now, now),
                    )
                )
        with cursor.copy(_COPY_HEALTH) as copy:
            # Looked at again much later: nothing but what is measured happens meanwhile.
            later = now + timedelta(days=400)
            for each in devices:
                copy.write_row((each.id, '{"latest": {}, "sights": {}}', later))
    for table in ("aeds", "aed_health"):
        connection.execute(psycopg.sql.SQL("vacuum analyze {}").format(psycopg.sql.Identifier(table)))
