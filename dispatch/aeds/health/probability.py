"""How likely it is that a device works, from what was last seen of it and what is known of its owner's devices.

The method, its sources and how well it holds: `docs/decisions/0017-readiness-and-its-probability.md`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.case import latest_of
from dispatch.aeds.health.evidence import (
    FAULT,
    INSPECTED,
    INSPECTION_FAILED,
    SAID_BY_PUBLIC,
    SAID_GONE_BY_PUBLIC,
    TEST_PASSED,
    Latest,
)
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.findings import Conclusion
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.rates import PRIOR, Rates
from dispatch.aeds.record import Readiness

_DAY: Final = timedelta(days=1)
_DISPATCHABLE: Final = Readiness.dispatchable()

# What a finding leaves of the probability. Judgements: nothing is published.
_LEFT_BY: Final[Mapping[str, float]] = {
    # Most of these are somewhere else, some only say so.
    "moved": 0.3,
    "position_overdue": 0.7,
    # It may have been taken.
    "door_open": 0.85,
    "self_test_overdue": 0.9,
    "battery_low": 0.95,
    "temperature_low": 0.97,
    "temperature_high": 0.97,
}
# One that was to tell of itself, and never did, may never have been switched on. A judgement too.
_LEFT_OF_NEVER_HEARD: Final = 0.5
# A device that failed is likelier to fail again: its own factor is Gamma with this shape, as its owner's is.
_DEVICE_SHAPE: Final = 2.0
# People who look miss some of what is wrong; what a look misses is as old as the looks before.
_MISSED_BY_PEOPLE: Final = 0.15
_OLDER_BY: Final = _MISSED_BY_PEOPLE / (1 - _MISSED_BY_PEOPLE)
_USUAL_INTERVAL_DAYS: Final = 90.0
# How likely devices are unfit, before that is known, about which passers-by say something. A judgement.
_UNFIT_WHERE_DOUBTED: Final = 0.05


def belief_of(
    latest: Latest, conclusion: Conclusion, facts: Facts, policy: CarePolicy, now: datetime, rates: Rates = PRIOR
) -> Belief:
    """How likely the device works at `now`, and how that wears off until somebody hears of it again.

    `rates`: those of the device's owner. Nothing is expected of a device that nobody is sent for.
    """
    if conclusion.readiness not in _DISPATCHABLE:
        return Belief(0.0, now, 0.0)
    began_at = latest.first_at if facts.in_service_since is None else facts.in_service_since
    inspected, tested = latest.when(INSPECTED), latest.when(TEST_PASSED)
    by_person = inspected or began_at or now
    place_days = max(0.0, (now - by_person) / _DAY)
    if inspected is not None:
        place_days += _OLDER_BY * (policy.inspection_every_days or _USUAL_INTERVAL_DAYS)
    by_device = latest_of(tested, by_person) or now
    device_days = max(0.0, (now - by_device) / _DAY)
    if tested is None:
        device_days = place_days
    often = _own_factor(latest, facts, rates, now)
    base = (rates.place.survival(place_days) * rates.device.survival(device_days)) ** often
    if inspected is None:
        base *= 1 - _unfit_at_first(rates, is_tested=tested is not None)
    base *= _left_by_findings(latest, conclusion, rates)
    if _is_doubted(latest):
        base = _doubted(base, rates)
    return Belief(base, now, often * (rates.place.hazard(place_days) + rates.device.hazard(device_days)))


def works_probability(
    latest: Latest, conclusion: Conclusion, facts: Facts, policy: CarePolicy, at: datetime, rates: Rates = PRIOR
) -> float:
    """How likely the device works at `at`, if `conclusion` holds then: from 0 to 1."""
    return belief_of(latest, conclusion, facts, policy, at, rates).at(at)


def _own_factor(latest: Latest, facts: Facts, rates: Rates, now: datetime) -> float:
    """How much more, or less, often than its owner's others this device fails, by its own history.

    That begins no sooner than its service: one report of a clock that stood at its maker's first day would else be
    decades without a failure.
    """
    began_at = latest_of(latest.first_at, facts.in_service_since)
    if latest.first_at is None or began_at is None:
        return 1.0
    days = max(0.0, (now - began_at) / _DAY)
    expected = days * (rates.place.per_day + rates.device.per_day)
    return (_DEVICE_SHAPE + len(latest.failed_on)) / (_DEVICE_SHAPE + expected)


def _unfit_at_first(rates: Rates, *, is_tested: bool) -> float:
    """How likely it is that a device which nobody has looked at was unfit from the first."""
    unfit = 1 - rates.first_fit
    if not is_tested:
        return unfit
    return unfit * rates.place.per_day / (rates.place.per_day + rates.device.per_day)


def _left_by_findings(latest: Latest, conclusion: Conclusion, rates: Rates) -> float:
    left = 1.0
    for finding in conclusion.findings:
        if finding.reason == "heartbeat_overdue":
            if finding.state is Readiness.UNVERIFIED:
                left *= 1 - rates.silent_unfit if latest.first_at is not None else _LEFT_OF_NEVER_HEARD
        else:
            left *= _LEFT_BY.get(finding.reason, 1.0)
    return left


def _is_doubted(latest: Latest) -> bool:
    """Whether nobody has answered what the public said. The state's doubt fades; this one stays until somebody does."""
    seen = latest_of(latest.when(INSPECTED), latest.when(INSPECTION_FAILED), latest.when(FAULT))
    said, gone = latest.when(SAID_BY_PUBLIC), latest.when(SAID_GONE_BY_PUBLIC)
    if gone is not None and (seen is None or gone >= seen):
        return True
    answered = latest_of(seen, latest.when(TEST_PASSED))
    return said is not None and (answered is None or said >= answered)


def _doubted(fit: float, rates: Rates) -> float:
    """Bayes: a doubt about a device that was seen yesterday is rather false, about one never seen rather true."""
    weight = rates.doubt_true / (1 - rates.doubt_true) * (1 - _UNFIT_WHERE_DOUBTED) / _UNFIT_WHERE_DOUBTED
    return fit / (fit + weight * (1 - fit))
