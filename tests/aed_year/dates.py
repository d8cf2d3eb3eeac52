"""Dates of expiry: when the register must say so, and what a visit replaces."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from dispatch.aeds.health.deadlines import Trouble
from dispatch.aeds.health.facts import end_of
from dispatch.aeds.health.vocabulary import Cause
from tests.aed_year.clock import LOOK_AGAIN
from tests.aed_year.device import Device
from tests.aed_year.making import later_date
from tests.aed_year.world import DAY, START, YEAR

if TYPE_CHECKING:
    from tests.aed_year.owner_year import OwnerYear

EXPIRES: Final = (
    ("battery", "battery_expires_on", Cause.BATTERY_EXPIRY),
    ("pads", "pads_adult_expires_on", Cause.PADS_EXPIRY),
    ("pads_child", "pads_child_expires_on", Cause.PADS_EXPIRY),
)


def expect_expiry(year: OwnerYear, device: Device, what: str) -> None:
    """The register must say so when it expires."""
    field = next(name for each, name, _ in EXPIRES if each == what)
    day = getattr(device.card.facts, field)
    if day is not None:
        instant = end_of(day, device.card.facts.timezone)
        if START <= instant < START + YEAR:
            # After what the register does at that instant by itself: it has no time more.
            year.clock.at(instant, _expires, year, device, what, day, order=LOOK_AGAIN)


def _expires(year: OwnerYear, device: Device, what: str, day: date) -> None:
    _, field, _cause = next(each for each in EXPIRES if each[0] == what)
    if getattr(device.card.facts, field) == day:
        expired = frozenset({f"{what}_expired"})
        year.trouble(device, Trouble.EXPIRED, f"{what} expired", timedelta(0), frozenset(), expired)


def replaced(year: OwnerYear, device: Device) -> dict[str, str]:
    """New dates of all that a visit finds near its end, as the inspection reports them."""
    found: dict[str, str] = {}
    now = year.clock.now
    for _, field, cause in EXPIRES:
        day = getattr(device.card.facts, field)
        if day is not None and end_of(day, device.card.facts.timezone) - now < 100 * DAY:
            found[field] = later_date(now, 1400 if cause is Cause.BATTERY_EXPIRY else 750)
    return found
