"""Devices as they are when the register begins: most are old, some are unfit, of some little is known."""

import random
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from dispatch.aeds.health.conclusion import Facts
from dispatch.aeds.health.rates import Rates
from dispatch.aeds.health.vocabulary import ReportKind
from geo.place import Place
from tests.aed_year.card import Card
from tests.aed_year.device import Device, Stream
from tests.aed_year.world import DAY, START, YEAR, ZONE, Build, OwnerTruth

_HOUR: Final = timedelta(hours=1)
_RHYTHM: Final = {
    Build.ALONE: (),
    Build.WEEKLY: ((ReportKind.SELF_TEST, 7 * DAY),),
    Build.DAILY: ((ReportKind.HEARTBEAT, DAY), (ReportKind.SELF_TEST, 7 * DAY)),
    Build.CABINET: ((ReportKind.HEARTBEAT, 6 * _HOUR), (ReportKind.SELF_TEST, DAY)),
    Build.MOBILE: ((ReportKind.HEARTBEAT, DAY), (ReportKind.SELF_TEST, 7 * DAY), (ReportKind.LOCATION, 6 * _HOUR)),
}
_NEW_DURING_THE_YEAR: Final = 0.1
_LIKE_THE_OWNERS_OTHERS: Final = 0.8


def new_device(truth: OwnerTruth, name: str, number: int, rates: Rates) -> Device:
    """A device of that owner. Its life is drawn from its name: whatever else happens, it befalls it the same."""
    chance = random.Random(name)
    build = truth.build if chance.random() < _LIKE_THE_OWNERS_OTHERS else Build.ALONE
    is_new = chance.random() < _NEW_DURING_THE_YEAR
    begins_at = START + chance.random() * YEAR if is_new else START
    age = timedelta(0) if is_new else timedelta(days=chance.uniform(0, 1400))
    facts = Facts(
        place=Place(30.25 + chance.uniform(-0.5, 0.5), 120.15 + chance.uniform(-0.5, 0.5)),
        has_self_test=True,
        connected=build is not Build.ALONE,
        mobile=build is Build.MOBILE,
        battery_expires_on=_good_until(begins_at, age, 1500, 0.75, chance),
        pads_adult_expires_on=_good_until(begins_at, age, 800, 0.8, chance),
        pads_child_expires_on=_good_until(begins_at, age, 800, 0.3, chance),
        in_service_since=begins_at,
        fix_at=begins_at if build is Build.MOBILE else None,
        timezone=ZONE,
    )
    card = Card.new(UUID(int=chance.getrandbits(128)), facts, truth.policy, begins_at, rates)
    streams = [Stream(kind, begins_at + chance.random() * every, every) for kind, every in _RHYTHM[build]]
    return Device(number, name, truth, build, begins_at, card, streams, chance)


def _good_until(
    begins_at: datetime, age: timedelta, lasts_days: float, known: float, chance: random.Random
) -> date | None:
    """The stored date, if there is one: replaced in time more often than not."""
    if chance.random() >= known:
        return None
    left_days = lasts_days * chance.random() if age else lasts_days * chance.uniform(0.8, 1.0)
    if age and chance.random() < 0.05:
        left_days = -chance.uniform(0, 200)
    return (begins_at + timedelta(days=left_days)).astimezone(ZONE).date()


def later_date(now: datetime, days: float) -> str:
    """A new date of expiry, as an inspection reports it."""
    return (now + timedelta(days=days)).astimezone(ZONE).date().isoformat()
