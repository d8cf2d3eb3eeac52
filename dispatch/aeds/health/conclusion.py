"""Whether a device will work, concluded from the newest evidence about it."""

from datetime import datetime

from dispatch.aeds.health.case import Case
from dispatch.aeds.health.evidence import HEARTBEAT, INSPECTED, TEST_PASSED, Latest
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.findings import Conclusion, Finding
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.rules import RULES
from dispatch.aeds.record import UNVERIFIED_YET, Readiness

__all__ = ["Conclusion", "Facts", "Finding", "conclude"]

_WORST_FIRST = (
    Readiness.OUT_OF_SERVICE,
    Readiness.IN_USE,
    Readiness.UNVERIFIED,
    Readiness.DEGRADED,
    Readiness.READY,
)
_GOOD_NEWS = (HEARTBEAT, TEST_PASSED, INSPECTED)


def conclude(latest: Latest, facts: Facts, policy: CarePolicy, now: datetime) -> Conclusion:
    """What the evidence says at `now`: the worst finding decides, all of them are named.

    Without a finding a device is ready if there was ever good news of it, else unverified.
    """
    case = Case(latest, facts, policy, now)
    findings = tuple([finding for rule in RULES for finding in rule(case)])
    readiness = min((each.state for each in findings), key=_WORST_FIRST.index, default=Readiness.READY)
    at = latest.at
    if at is None:
        at = now if facts.in_service_since is None else facts.in_service_since
    if readiness is Readiness.READY and not any(key in latest.newest for key in _GOOD_NEWS):
        since = at if case.began_at is None else case.began_at
        findings = (*findings, Finding(UNVERIFIED_YET, Readiness.UNVERIFIED, None, since))
        readiness = Readiness.UNVERIFIED
    return Conclusion(readiness, findings, at, case.look_again_at)
