"""The nearest usable AEDs: from memory, as the service finds them, against the same question to PostGIS.

The memory is the service's index (`geo.nearest`) with what the service looks at: state and access as a mark, and
places that stay closed for a while as another; of the devices that a search passes, expiry, and whether the place is
open, known until that changes. PostGIS has the like in `aed_hours`, which the service keeps too. Both sides must find
the same devices, and the running service's own answers over HTTP too.
"""

import json
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import psycopg

from geo.nearest import MovingPoints
from geo.place import Place
from loadtests.bench_registry_devices import SimulatedDevice
from loadtests.bench_sides import BenchError
from simulator.movement import offset

_LIMIT: Final = 5
_ASKED_OVER_HTTP: Final = 25
_DISPATCHABLE: Final = frozenset({"ready", "degraded", "unverified"})
_REACHABLE: Final = frozenset({"public", "ask", "code"})
# The mark of a device that may be fetched when its place is open.
_FETCHABLE: Final = 1
# The mark of a device whose place stays closed for longer than this: the service takes it back before it opens.
_CLOSED: Final = 2
_CLOSED_FOR: Final = timedelta(minutes=2)
# In which the service counts days, unless it is told otherwise.
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_WAIT_FOR_HOURS_S: Final = 120.0

# Nearest first by the index; the hours that are open now are kept by what is written on the door.
_QUESTION: Final = """
select aeds.id from aeds join aed_hours on aed_hours.expression = aeds.opening_hours and aed_hours.area = aeds.area
where aeds.readiness in ('ready', 'degraded', 'unverified') and aeds.access in ('public', 'ask', 'code')
  and (aeds.battery_expires_on is null or aeds.battery_expires_on >= %(today)s)
  and (aeds.pads_expire_on is null or aeds.pads_expire_on >= %(today)s)
  and not aeds.is_mobile and aed_hours.is_open
order by aeds.location <-> ST_SetSRID(ST_MakePoint(%(longitude)s, %(latitude)s), 4326)::geography limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class _Device:
    battery_expires_on: date
    hours: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class _Hours:
    is_open: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Questions a second of either side, and over how many questions that was measured."""

    memory_per_s: float
    sql_per_s: float
    questions: int

    @property
    def ratio(self) -> float:
        """How many times as many from memory."""
        return self.memory_per_s / self.sql_per_s


def bench_nearest_usable(
    connection: psycopg.Connection, devices: Sequence[SimulatedDevice], url: str, *, questions: int, seed: int = 1
) -> Nearest:
    """Measure both sides with the same questions, asked where people are. Raises BenchError when they differ."""
    hours = _hours(connection, devices)
    now = datetime.now(UTC)
    ask = _from_memory(devices, hours, now)
    rng = Random(seed)
    places = [_beside(rng.choice(devices).place, rng) for _ in range(questions)]

    def sql(place: Place) -> list[str]:
        asked = {"latitude": place.latitude, "longitude": place.longitude, "today": _today(now), "limit": _LIMIT}
        return [str(row[0]) for row in connection.execute(_QUESTION, asked, prepare=True)]

    def memory(place: Place) -> list[str]:
        return ask(place, now)

    # Warm on both sides: plans, caches and the pages of the index.
    for place in places[: max(20, questions // 10)]:
        sql(place), memory(place)
    from_sql, sql_s = _timed(sql, places)
    from_memory, memory_s = _timed(memory, places)
    if from_sql != from_memory:
        wrong = sum(one != other for one, other in zip(from_sql, from_memory, strict=True))
        raise BenchError(f"memory and PostGIS differ in {wrong} of {questions} answers")
    for place, found in list(zip(places, from_memory, strict=True))[:_ASKED_OVER_HTTP]:
        if _over_http(url, place) != found:
            raise BenchError("the service finds other AEDs than its own index and its own database")
    return Nearest(questions / memory_s, questions / sql_s, questions)


def _timed(ask: Callable[[Place], list[str]], places: Sequence[Place]) -> tuple[list[list[str]], float]:
    began = time.perf_counter()
    answers = [ask(place) for place in places]
    return answers, time.perf_counter() - began


def _hours(connection: psycopg.Connection, devices: Sequence[SimulatedDevice]) -> Mapping[tuple[str, str], _Hours]:
    """What the service keeps of hours, once it has looked at all of them."""
    wanted = {(each.hours, each.area) for each in devices if each.hours is not None}
    give_up_at = time.monotonic() + _WAIT_FOR_HOURS_S
    while time.monotonic() < give_up_at:
        rows = connection.execute("select expression, area, is_open, until from aed_hours").fetchall()
        known = {(expression, area): _Hours(is_open, until) for expression, area, is_open, until in rows}
        if wanted <= known.keys():
            return known
        time.sleep(0.2)
    raise BenchError("the service does not keep the hours of its devices")


def _from_memory(
    devices: Sequence[SimulatedDevice], hours: Mapping[tuple[str, str], _Hours], now: datetime
) -> Callable[[Place, datetime], list[str]]:
    points: MovingPoints[str] = MovingPoints()
    points.put_many(
        [str(each.id) for each in devices],
        [each.place.latitude for each in devices],
        [each.place.longitude for each in devices],
        marks=[_marks_of(each, hours, now) for each in devices],
    )
    held = {
        str(each.id): _Device(each.battery_expires_on, None if each.hours is None else (each.hours, each.area))
        for each in devices
    }

    def ask(place: Place, at: datetime) -> list[str]:
        today = _today(at)

        def is_usable_then(key: str) -> bool:
            device = held[key]
            if device.battery_expires_on < today or device.hours is None:
                return False
            known = hours[device.hours]
            return known.is_open and (known.until is None or at < known.until)

        found = points.nearest(place, _LIMIT, keep=is_usable_then, all_of=_FETCHABLE, none_of=_CLOSED)
        return [each.key for each in found]

    return ask


def _marks_of(device: SimulatedDevice, hours: Mapping[tuple[str, str], _Hours], now: datetime) -> int:
    fetchable = _FETCHABLE if _may_be_fetched(device) else 0
    door = None if device.hours is None else hours[device.hours, device.area]
    stays_closed = door is not None and not door.is_open and (door.until is None or now + _CLOSED_FOR < door.until)
    return fetchable | (_CLOSED if stays_closed else 0)


def _today(at: datetime) -> date:
    """The day in the service's zone: what expires today has expired where it is tomorrow already."""
    return at.astimezone(_ZONE).date()


def _may_be_fetched(device: SimulatedDevice) -> bool:
    """All that does not hang on the time, as the service marks it."""
    return device.readiness in _DISPATCHABLE and device.access in _REACHABLE and device.hours is not None


def _beside(place: Place, rng: Random) -> Place:
    return offset(place, north_m=rng.uniform(-400, 400), east_m=rng.uniform(-400, 400))


def _over_http(url: str, place: Place) -> list[str]:
    asked = f"{url}/v1/aeds/nearest?latitude={place.latitude!r}&longitude={place.longitude!r}&limit={_LIMIT}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(asked, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return [each["id"] for each in found["aeds"]]
