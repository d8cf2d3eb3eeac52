"""The world as it really is, which the register is never told: how devices fail, what people do, owner by owner.

None of these numbers is read by the model that is judged (`dispatch/aeds/health/rates.py` has its own, from the
literature): the world has other means, and every owner is better or worse than the mean.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from dispatch.aeds.health.policy import CarePolicy, care_policy

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
YEAR: Final = timedelta(days=365)
DAY: Final = timedelta(days=1)
_NEVER_DAYS: Final = 1e5
ZONE: Final = ZoneInfo("Asia/Shanghai")


class Build(StrEnum):
    """How a device makes itself heard."""

    ALONE = "alone"  # Only people tell of it.
    WEEKLY = "weekly"  # The result of its weekly self-test.
    DAILY = "daily"  # A heartbeat a day, a self-test a week, and where it is when it was moved.
    CABINET = "cabinet"  # A heartbeat every six hours with the temperature, the door, a self-test a day.
    MOBILE = "mobile"  # A heartbeat a day, a self-test a week, its position every six hours.


# Which owners there are, and what they decide otherwise than the province does.
_BUILDS: Final = ((Build.ALONE, 0.66), (Build.WEEKLY, 0.12), (Build.DAILY, 0.11), (Build.CABINET, 0.08))
_PARTS: Final[Mapping[Build, Mapping[str, Any]]] = {
    Build.ALONE: {},
    Build.WEEKLY: {"heartbeat_overdue_s": 8.5 * 86_400, "self_test_overdue_s": 9 * 86_400},
    Build.DAILY: {},
    Build.CABINET: {"self_test_overdue_s": 3 * 86_400},
    Build.MOBILE: {"fix_overdue_s": 13 * 3600},
}
_WHIMS: Final[tuple[Mapping[str, Any], ...]] = (
    {},
    {},
    {"inspection_every_days": 14, "inspection_overdue_days": 7},
    {"inspection_every_days": 60},
    {"inspection_every_days": None},
    {"public_doubt_days": 10, "expiry_degrades_days": 7},
    {"door_open_for_s": 1800, "in_use_for_s": 3600},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerTruth:
    """One owner's world. Rates a day; shares from 0 to 1; delays in days.

    `sees`: how likely a person who looks sees what is wrong. `careless`: comes late, if at all.
    `says_so`: how likely what was found is reported as a failed inspection, and not only put right.
    """

    build: Build
    policy: CarePolicy
    devices: int
    device_fault: float
    place_fault: float
    first_unfit: float
    sees: float
    careless: bool
    visit_delay: float
    says_so: float
    false_word: float
    true_word: float
    link_lost: float
    link_dead: float
    dead_is_silent: float


def owners(total: int, seed: int, *, worse: float = 1.0) -> list[OwnerTruth]:
    """Owners with so many devices together. `worse`: how many times as often everything goes wrong."""
    chance = random.Random(f"{seed} owners")
    found: list[OwnerTruth] = []
    left = total
    while left > 0:
        size = min(left, 1 + int(chance.lognormvariate(math.log(25), 1.1)))
        found.append(_owner(chance, size, worse))
        left -= size
    return found


def _owner(chance: random.Random, size: int, worse: float) -> OwnerTruth:
    build = _build(chance)
    careless = chance.random() < 0.08
    return OwnerTruth(
        build=build,
        policy=care_policy([_PARTS[build], chance.choice(_WHIMS)]),
        devices=size,
        device_fault=worse * 0.033 / 365 * chance.lognormvariate(-0.18, 0.6),
        place_fault=worse * 0.048 / 365 * chance.lognormvariate(-0.32, 0.8),
        first_unfit=min(0.9, worse * chance.betavariate(2.2, 11.0)),
        sees=chance.uniform(0.7, 0.98),
        careless=careless,
        visit_delay=chance.uniform(20, 80) if careless else chance.lognormvariate(math.log(2.5), 0.7),
        says_so=chance.uniform(0.6, 1.0),
        false_word=0.03 / 365 * chance.lognormvariate(-0.25, 0.7),
        true_word=0.012 * chance.lognormvariate(-0.25, 0.7),
        link_lost=0.8 / 365 * chance.lognormvariate(-0.25, 0.7),
        link_dead=0.12 / 365 * chance.lognormvariate(-0.25, 0.7),
        dead_is_silent=chance.uniform(0.1, 0.6),
    )


def _build(chance: random.Random) -> Build:
    drawn = chance.random()
    for build, share in _BUILDS:
        if drawn < share:
            return build
        drawn -= share
    return Build.MOBILE


def later(chance: random.Random, rate_per_day: float) -> timedelta:
    """When something that happens at this rate happens next; hardly ever is never."""
    days = chance.expovariate(rate_per_day) if rate_per_day > 0 else _NEVER_DAYS
    return timedelta(days=min(days, _NEVER_DAYS))
