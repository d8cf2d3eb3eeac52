"""What befalls a device in a year, and what the register must make of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from dispatch.aeds.health.deadlines import Trouble, detected_within_s
from dispatch.aeds.health.evidence import TEST_FAILED, TEST_PASSED, Evidence
from dispatch.aeds.health.facts import end_of
from dispatch.aeds.health.vocabulary import Cause, ReportKind
from geo.place import Place
from tests.aed_year.clock import LOOK_AGAIN
from tests.aed_year.device import NORMAL, OF_PLACE, Device, Fault
from tests.aed_year.making import later_date
from tests.aed_year.troubles import causes
from tests.aed_year.world import DAY, START, YEAR, Build, later

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.aed_year.owner_year import OwnerYear

_LATENCY: Final = timedelta(seconds=2)
_WITH_HEARTBEATS: Final = frozenset({Build.DAILY, Build.CABINET, Build.MOBILE})
_EXPIRES: Final = (
    ("battery", "battery_expires_on", Cause.BATTERY_EXPIRY),
    ("pads", "pads_adult_expires_on", Cause.PADS_EXPIRY),
    ("pads_child", "pads_child_expires_on", Cause.PADS_EXPIRY),
)


def begin(year: OwnerYear, device: Device) -> None:
    """How it is at first, and everything that will happen to it."""
    chance, truth = device.chance, device.truth
    own = chance.gammavariate(3.0, 1 / 3.0)
    again: list[tuple[float, Callable[[OwnerYear, Device], None]]] = [
        (own * truth.device_fault, _device_fault),
        (own * truth.place_fault, _place_fault),
        (truth.false_word, _false_word),
        (0.012 / 365, _use),
    ]
    if device.is_connected:
        again += [(truth.link_lost, _lose_link), (truth.link_dead, _lose_link_for_good)]
    if device.build in _WITH_HEARTBEATS:
        again.append((0.1 / 365, _drain))
    if device.build is Build.CABINET:
        again += [(0.3 / 365, _weather), (4 / 365, _curious), (0.15 / 365, _leave_door_open)]
    if device.build is Build.DAILY:
        again.append((0.03 / 365, _move))
    for rate, what in again:
        _now_and_then(year, device, rate, what, first=True)
    for thing, _, _ in _EXPIRES:
        expect_expiry(year, device, thing)
    if device.begins_at == START and chance.random() < truth.first_unfit:
        _device_fault(year, device) if chance.random() < 0.25 else _place_fault(year, device)


def _now_and_then(
    year: OwnerYear, device: Device, rate: float, what: Callable[[OwnerYear, Device], None], *, first: bool = False
) -> None:
    if not first:
        what(year, device)
    instant = year.clock.now + later(device.chance, rate)
    if instant < START + YEAR:
        year.clock.at(instant, _now_and_then, year, device, rate, what)


# Faults.


def inflict(year: OwnerYear, device: Device, fault: Fault) -> bool:
    """The device has this fault from now on; whether it had not before."""
    year.catch_up(device)
    if fault in device.faults:
        return False
    device.faults[fault] = year.clock.now
    year.watch(device)
    for rate, what in ((device.truth.true_word, _public_sees), (0.002, _runner_sees)):
        instant = year.clock.now + later(device.chance, rate)
        if instant < START + YEAR:
            year.clock.at(instant, what, year, device, fault, year.clock.now)
    return True


def within(device: Device, trouble: Trouble) -> timedelta | None:
    """How long policy gives the register to notice."""
    seconds = detected_within_s(
        device.card.policy, connected=device.is_connected, tests_are_reported=_tests_are_reported(device)
    )[trouble]
    return None if seconds == float("inf") else timedelta(seconds=seconds)


def _tests_are_reported(device: Device) -> bool:
    newest = device.card.latest.newest
    return TEST_PASSED in newest or TEST_FAILED in newest


def _only_people_see(year: OwnerYear, device: Device, fault: Fault) -> None:
    people = within(device, Trouble.SEEN_BY_PEOPLE)
    year.trouble(device, Trouble.SEEN_BY_PEOPLE, fault.value, people, frozenset({Cause.FAULT, Cause.INSPECTION_DUE}))


def _device_fault(year: OwnerYear, device: Device) -> None:
    silent = device.is_connected and device.chance.random() < device.truth.dead_is_silent
    fault = Fault.POWER if silent else Fault.ELECTRONICS
    if not inflict(year, device, fault):
        return
    found = causes(Cause.SELF_TEST_FAILED, Cause.FAULT)
    if silent:
        year.trouble(device, Trouble.SILENT, fault.value, within(device, Trouble.SILENT), found)
    elif device.is_connected and _tests_are_reported(device):
        year.trouble(device, Trouble.SEEN_BY_DEVICE, fault.value, within(device, Trouble.SEEN_BY_DEVICE), found)
    else:
        _only_people_see(year, device, fault)


def _place_fault(year: OwnerYear, device: Device) -> None:
    fault = device.chance.choices(OF_PLACE, (0.55, 0.2, 0.25))[0]
    if not inflict(year, device, fault):
        return
    if fault is not Fault.GONE or not device.is_connected:
        _only_people_see(year, device, fault)
    elif device.build is not Build.CABINET:
        year.trouble(device, Trouble.SILENT, fault.value, within(device, Trouble.SILENT), causes(Cause.FAULT))
    elif _tests_are_reported(device):
        missed = causes(Cause.SELF_TEST_FAILED, Cause.FAULT)
        year.trouble(device, Trouble.SEEN_BY_DEVICE, fault.value, within(device, Trouble.SEEN_BY_DEVICE), missed)
    else:
        _only_people_see(year, device, fault)


def _use(year: OwnerYear, device: Device) -> None:
    if not device.works:
        return
    if device.chance.random() < 0.2:
        # Nobody tells, and the pads are gone.
        if inflict(year, device, Fault.PADS):
            _only_people_see(year, device, Fault.PADS)
        return
    inflict(year, device, Fault.USED)
    used = _report(year, device, ReportKind.USED, {})
    year.clock.at(year.clock.now + device.chance.random() * timedelta(minutes=40), _tell_of_use, year, device, used)


def _tell_of_use(year: OwnerYear, device: Device, used: Evidence) -> None:
    year.hear(device, used)
    if Fault.USED in device.faults:
        year.trouble(device, Trouble.SAID, Fault.USED.value, timedelta(0), frozenset({Cause.USED}))


# What people say.


def _false_word(year: OwnerYear, device: Device) -> None:
    _public_word(year, device, "missing" if device.chance.random() < 0.25 else None)


def _public_sees(year: OwnerYear, device: Device, fault: Fault, since: datetime) -> None:
    if device.faults.get(fault) == since:
        _public_word(year, device, {Fault.GONE: "missing", Fault.LOCKED: "locked"}.get(fault))


def _public_word(year: OwnerYear, device: Device, code: str | None) -> None:
    data = {} if code is None else {"code": code}
    year.hear(
        device, Evidence(ReportKind.FAULT, year.clock.now, trusted=False, data=data, report_id=device.report_id())
    )
    year.trouble(device, Trouble.SAID, "public word", timedelta(0), frozenset({Cause.SAID_BY_PUBLIC}))


def _runner_sees(year: OwnerYear, device: Device, fault: Fault, since: datetime) -> None:
    if device.faults.get(fault) != since:
        return
    code = {Fault.GONE: "missing", Fault.LOCKED: "locked", Fault.AWAY: "missing"}.get(fault, "broken")
    year.hear(device, _report(year, device, ReportKind.FAULT, {"code": code}))
    year.trouble(device, Trouble.SAID, "runner's word", timedelta(0), frozenset({Cause.FAULT}))


# The link.


def _lose_link(year: OwnerYear, device: Device) -> None:
    year.catch_up(device)
    if device.link_lost:
        return
    device.link_lost = True
    year.watch(device)
    hours = min(24.0 * 20, device.chance.lognormvariate(2.1, 1.3))
    year.clock.at(year.clock.now + timedelta(hours=hours), _link_is_back, year, device)
    _nothing_is_heard(year, device, "link lost")


def _link_is_back(year: OwnerYear, device: Device) -> None:
    device.link_lost = False
    buffer, device.buffer = device.buffer, []
    if device.speaks(ReportKind.HEARTBEAT):
        device.chance.shuffle(buffer)
        if buffer:
            year.hear(device, *buffer)
    year.end(device, "link lost")


def _lose_link_for_good(year: OwnerYear, device: Device) -> None:
    year.catch_up(device)
    if not device.link_dead:
        device.link_dead = True
        year.watch(device)
        _nothing_is_heard(year, device, "link dead")


def _nothing_is_heard(year: OwnerYear, device: Device, what: str) -> None:
    year.trouble(device, Trouble.SILENT, what, within(device, Trouble.SILENT), frozenset({Cause.SILENT}))
    if device.build is Build.MOBILE:
        lost = within(device, Trouble.POSITION_LOST)
        year.trouble(device, Trouble.POSITION_LOST, what, lost, frozenset(), frozenset({"position_overdue"}))


# What is measured.


def _drain(year: OwnerYear, device: Device) -> None:
    year.catch_up(device)
    if device.drains_since is not None:
        return
    device.drains_since, device.drains_per_day = year.clock.now, device.chance.uniform(2, 8)
    year.watch(device)
    policy = device.card.policy
    for percent, what in ((policy.battery_low_percent, _is_low), (policy.battery_flat_percent, _is_flat)):
        days = (NORMAL["battery_percent"] - percent) / device.drains_per_day
        year.clock.at(year.clock.now + timedelta(days=days), what, year, device, year.clock.now)


def _is_low(year: OwnerYear, device: Device, since: datetime) -> None:
    if device.drains_since == since:
        low = causes(Cause.BATTERY_LOW)
        year.trouble(device, Trouble.MEASURED, "drain", within(device, Trouble.MEASURED), low)


def _is_flat(year: OwnerYear, device: Device, since: datetime) -> None:
    if device.drains_since == since:
        inflict(year, device, Fault.FLAT)


def _weather(year: OwnerYear, device: Device) -> None:
    year.catch_up(device)
    if device.temperature_c != NORMAL["temperature_c"]:
        return
    device.temperature_c = device.chance.choice((-9.0, 58.0))
    year.watch(device)
    year.clock.at(year.clock.now + device.chance.uniform(0.2, 6.0) * DAY, _weather_is_over, year, device)
    badly = causes(Cause.TEMPERATURE)
    year.trouble(device, Trouble.MEASURED, "weather", within(device, Trouble.MEASURED), badly)


def _weather_is_over(year: OwnerYear, device: Device) -> None:
    device.temperature_c = NORMAL["temperature_c"]
    year.end(device, "weather")


# Doors and places.


def speak_of(year: OwnerYear, device: Device, kind: ReportKind, data: Mapping[str, object]) -> bool:
    """The device says something that is not by the clock; whether it is heard at once."""
    if not device.speaks(kind):
        return False
    word = _report(year, device, kind, data)
    if device.link_lost:
        device.buffer.append(word)
        return False
    year.clock.at(year.clock.now + _LATENCY, year.hear, device, word)
    return True


def _curious(year: OwnerYear, device: Device) -> None:
    if not device.door_open and not device.link_lost:
        speak_of(year, device, ReportKind.DOOR, {"open": True})
        year.clock.at(year.clock.now + timedelta(seconds=40), speak_of, year, device, ReportKind.DOOR, {"open": False})


def _leave_door_open(year: OwnerYear, device: Device) -> None:
    if device.door_open:
        return
    device.door_open = True
    heard = speak_of(year, device, ReportKind.DOOR, {"open": True})
    soon = timedelta(seconds=device.card.policy.door_open_for_s) + _LATENCY
    late = within(device, Trouble.DOOR_OPEN)
    year.trouble(device, Trouble.DOOR_OPEN, "door", soon if heard else late, causes(Cause.DOOR_OPEN))
    year.clock.at(year.clock.now + later(device.chance, 1.0), shut_door, year, device)


def shut_door(year: OwnerYear, device: Device) -> None:
    """Somebody shuts the cabinet."""
    if device.door_open:
        device.door_open = False
        speak_of(year, device, ReportKind.DOOR, {"open": False})
        year.end(device, "door")


def _move(year: OwnerYear, device: Device) -> None:
    if Fault.AWAY in device.faults or not inflict(year, device, Fault.AWAY):
        return
    place = device.card.facts.place
    there = Place(place.latitude + 0.02, place.longitude)
    data = {"latitude": there.latitude, "longitude": there.longitude}
    heard = speak_of(year, device, ReportKind.LOCATION, data)
    late = within(device, Trouble.MOVED)
    year.trouble(device, Trouble.MOVED, Fault.AWAY.value, _LATENCY if heard else late, causes(Cause.MOVED))
    if device.chance.random() < 0.5:
        days = timedelta(days=device.chance.uniform(1, 10))
        year.clock.at(year.clock.now + days, _enter_new_place, year, device, there, year.clock.now)


def _enter_new_place(year: OwnerYear, device: Device, there: Place, since: datetime) -> None:
    if device.faults.get(Fault.AWAY) != since:
        return
    year.catch_up(device)
    del device.faults[Fault.AWAY]
    year.end(device, Fault.AWAY.value)
    device.card.facts = replace(device.card.facts, place=there)
    year.judge(device)


# Dates.


def expect_expiry(year: OwnerYear, device: Device, what: str) -> None:
    """The register must say so when it expires."""
    field = next(name for each, name, _ in _EXPIRES if each == what)
    day = getattr(device.card.facts, field)
    if day is not None:
        instant = end_of(day, device.card.facts.timezone)
        if START <= instant < START + YEAR:
            # After what the register does at that instant by itself: it has no time more.
            year.clock.at(instant, _expires, year, device, what, day, order=LOOK_AGAIN)


def _expires(year: OwnerYear, device: Device, what: str, day: date) -> None:
    _, field, _cause = next(each for each in _EXPIRES if each[0] == what)
    if getattr(device.card.facts, field) == day:
        expired = frozenset({f"{what}_expired"})
        year.trouble(device, Trouble.EXPIRED, f"{what} expired", timedelta(0), frozenset(), expired)


def replaced(year: OwnerYear, device: Device) -> dict[str, str]:
    """New dates of all that a visit finds near its end, as the inspection reports them."""
    found: dict[str, str] = {}
    now = year.clock.now
    for _, field, cause in _EXPIRES:
        day = getattr(device.card.facts, field)
        if day is not None and end_of(day, device.card.facts.timezone) - now < 100 * DAY:
            found[field] = later_date(now, 1400 if cause is Cause.BATTERY_EXPIRY else 750)
    return found


def _report(year: OwnerYear, device: Device, kind: ReportKind, data: Mapping[str, object]) -> Evidence:
    return Evidence(kind, year.clock.now, trusted=True, data=data, report_id=device.report_id())
