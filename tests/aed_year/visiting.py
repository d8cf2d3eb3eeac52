"""Custodians: when they come, what they see, what they put right and what they report."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from dispatch.aeds.health.deadlines import Trouble
from dispatch.aeds.health.evidence import Evidence
from dispatch.aeds.health.vocabulary import Cause, ReportKind, Urgency
from tests.aed_year.dates import EXPIRES, expect_expiry, replaced
from tests.aed_year.device import Device, Fault
from tests.aed_year.faults import within
from tests.aed_year.surroundings import shut_door, speak_of
from tests.aed_year.world import DAY, START, YEAR

if TYPE_CHECKING:
    from tests.aed_year.owner_year import OwnerYear

_MINUTES: Final = timedelta(minutes=1)
_ITEM: Final = {
    Fault.ELECTRONICS: "status_light",
    Fault.POWER: "battery",
    Fault.FLAT: "battery",
    Fault.PADS: "pads_adult",
    Fault.USED: "pads_adult",
    Fault.GONE: "casing",
    Fault.LOCKED: "access",
    Fault.AWAY: "casing",
}
_ROUND: Final = frozenset({Cause.INSPECTION_DUE, Cause.BATTERY_EXPIRY, Cause.PADS_EXPIRY})


def plan(year: OwnerYear, device: Device) -> None:
    """Orders were opened or became more urgent: the custodian means to come, sooner or later."""
    orders = device.card.orders
    if not orders:
        return
    chance, truth = device.chance, device.truth
    pressing = [each for each in orders if each.urgency > Urgency.PLANNED]
    if not pressing:
        days = chance.uniform(15, 70)
    elif all(each.cause in _ROUND for each in pressing):
        days = chance.uniform(0, 14) if not truth.careless else truth.visit_delay * chance.uniform(0.5, 2.0)
    else:
        days = truth.visit_delay * chance.uniform(0.3, 1.8)
    _come(year, device, timedelta(days=days))


def _come(year: OwnerYear, device: Device, after: timedelta) -> None:
    visit_at = year.clock.now + after
    if visit_at < START + YEAR and (device.visit_at is None or visit_at < device.visit_at):
        device.visit_at = visit_at
        year.clock.at(visit_at, _visit, year, device, visit_at)


def _visit(year: OwnerYear, device: Device, planned_at: datetime) -> None:
    if device.visit_at != planned_at:
        return
    device.visit_at = None
    year.catch_up(device)
    chance, truth = device.chance, device.truth
    is_warned = any(each.cause not in _ROUND for each in device.card.orders)
    sees = 0.98 if is_warned else truth.sees
    found = [fault for fault in device.faults if chance.random() < sees]
    if found and chance.random() < truth.says_so:
        items = [{"item": _ITEM[fault], "ok": False} for fault in found]
        _inspect(year, device, {"outcome": "failed", "items": items}, minutes_ago=10)
    elif found and chance.random() < 0.3:
        # Nothing said, and back with the spare part another day.
        _come(year, device, timedelta(days=chance.uniform(1, 10)))
        return
    if found and chance.random() < 0.3:
        _come(year, device, timedelta(days=chance.uniform(1, 10)))
        return
    dates = replaced(year, device)
    _put_right(year, device, found)
    sign = [{"item": "sign", "ok": False}] if chance.random() < 0.01 else []
    _inspect(year, device, {"outcome": "ok", "items": sign, **dates})
    _overlooked(year, device)
    if device.card.orders:
        _come(year, device, timedelta(days=chance.uniform(4, 20)))


def _put_right(year: OwnerYear, device: Device, found: list[Fault]) -> None:
    for fault in found:
        device.faults.pop(fault, None)
        year.end(device, fault.value)
        if fault is Fault.AWAY and not device.link_lost:
            place = device.card.facts.place
            speak_of(year, device, ReportKind.LOCATION, {"latitude": place.latitude, "longitude": place.longitude})
    low = device.drains_since is not None and device.battery_percent(year.clock.now) < 40
    if low or Fault.FLAT in found:
        device.drains_since = None
        year.end(device, "drain")
    shut_door(year, device)
    if device.link_dead and device.chance.random() < 0.8:
        device.link_dead = False
        year.end(device, "link dead")


def _inspect(year: OwnerYear, device: Device, data: dict[str, Any], minutes_ago: int = 0) -> None:
    at = year.clock.now - minutes_ago * _MINUTES
    report = Evidence(ReportKind.INSPECTION, at, trusted=True, data=data, report_id=device.report_id())
    # Some write it down in the evening, or when they are back from their round.
    after = device.chance.uniform(0, 2) * DAY if device.chance.random() < 0.07 else timedelta(0)
    year.hear_later(device, report, after)
    dates = [name for name in data if name.endswith("_on")]
    if dates:
        year.clock.at(year.clock.now + after, _expect_new_dates, year, device)


def _expect_new_dates(year: OwnerYear, device: Device) -> None:
    for what, _, _ in EXPIRES:
        expect_expiry(year, device, what)


def _overlooked(year: OwnerYear, device: Device) -> None:
    """Whatever was overlooked has until the next look."""
    for each in device.troubles:
        if each.trouble is Trouble.SEEN_BY_PEOPLE and each.deadline is not None:
            people = within(device, Trouble.SEEN_BY_PEOPLE)
            if people is not None:
                each.deadline = year.clock.now + people
                year.expect(device, each)
