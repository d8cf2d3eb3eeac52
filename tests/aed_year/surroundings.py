"""What happens around a device: its link, its battery, the weather, the cabinet's door, the place it is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from dispatch.aeds.health.deadlines import Trouble
from dispatch.aeds.health.vocabulary import Cause, ReportKind
from geo.place import Place
from tests.aed_year.device import NORMAL, Device, Fault
from tests.aed_year.faults import inflict, within, word_of
from tests.aed_year.troubles import causes
from tests.aed_year.world import DAY, Build, later

if TYPE_CHECKING:
    from tests.aed_year.owner_year import OwnerYear

_LATENCY: Final = timedelta(seconds=2)


def lose_link(year: OwnerYear, device: Device) -> None:
    """Nothing comes through for a while; what it would have said comes later, in any order."""
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


def lose_link_for_good(year: OwnerYear, device: Device) -> None:
    """Nothing comes through until somebody repairs it."""
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


def drain(year: OwnerYear, device: Device) -> None:
    """The battery runs down within weeks."""
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


def weather(year: OwnerYear, device: Device) -> None:
    """For some days it is too cold or too hot."""
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


def speak_of(year: OwnerYear, device: Device, kind: ReportKind, data: Mapping[str, object]) -> bool:
    """The device says something that is not by the clock; whether it is heard at once."""
    if not device.speaks(kind):
        return False
    word = word_of(year, device, kind, data)
    if device.link_lost:
        device.buffer.append(word)
        return False
    year.clock.at(year.clock.now + _LATENCY, year.hear, device, word)
    return True


def be_curious(year: OwnerYear, device: Device) -> None:
    """Somebody opens the cabinet and shuts it again."""
    if not device.door_open and not device.link_lost:
        speak_of(year, device, ReportKind.DOOR, {"open": True})
        year.clock.at(year.clock.now + timedelta(seconds=40), speak_of, year, device, ReportKind.DOOR, {"open": False})


def leave_door_open(year: OwnerYear, device: Device) -> None:
    """Somebody leaves the cabinet open."""
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


def move(year: OwnerYear, device: Device) -> None:
    """It hangs elsewhere now; every other time somebody enters the new place in the end."""
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
