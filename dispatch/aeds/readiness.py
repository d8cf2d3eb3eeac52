"""Whether a device will work, concluded from the evidence about it. Pure: no clock, no database.

The conclusion is drawn each time from the latest report of every kind, so it does not depend on the order in which
reports arrive: one that comes late finds its place in time and cannot undo what is newer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from dispatch.aeds.record import UNVERIFIED_YET, Readiness
from geo.distance import distance_m
from geo.place import Place

# A rescue is over and the device back, or forgotten, by then (median ambulance care on scene is well under an hour).
IN_USE_FOR = timedelta(hours=2)
LOW_BATTERY_PERCENT = 20.0
# Positions of devices indoors wander by tens of metres.
FENCE_M = 100.0


class ReportKind(StrEnum):
    """What a report is about."""

    HEARTBEAT = "heartbeat"
    SELF_TEST = "self_test"
    DOOR = "door"
    LOCATION = "location"
    INSPECTION = "inspection"
    USED = "used"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One report as the rules see it. `trusted`: from the device, its custodian or an administrator."""

    kind: ReportKind
    at: datetime
    trusted: bool
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A state, why, and the time of the newest evidence for it."""

    readiness: Readiness
    reasons: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What the register itself holds that bears on readiness. Expiry dates are the last good day."""

    place: Place
    battery_expires_on: date | None
    pads_expire_on: date | None


def conclude(evidence: Iterable[Evidence], facts: KnownFacts, now: datetime) -> Conclusion:
    """What the evidence says at `now`: the worst finding decides, all of them are named."""
    latest = _latest(evidence)
    findings = [
        *_expiries(facts, now),
        *_use(latest, now),
        *_failures(latest),
        *_doubts(latest, facts),
        *_weaknesses(latest),
    ]
    at = max((each.at for each in latest.values()), default=now)
    if findings:
        return Conclusion(_worst(state for state, _ in findings), tuple(reason for _, reason in findings), at)
    if _good_news(latest) is None:
        return Conclusion(Readiness.UNVERIFIED, (UNVERIFIED_YET,), at)
    return Conclusion(Readiness.READY, (), at)


_Latest = Mapping[tuple[ReportKind, bool, bool], Evidence]
_Finding = tuple[Readiness, str]

_WORST_FIRST = (Readiness.OUT_OF_SERVICE, Readiness.IN_USE, Readiness.UNVERIFIED, Readiness.DEGRADED)


def _worst(states: Iterable[Readiness]) -> Readiness:
    return min(states, key=_WORST_FIRST.index)


def is_good(kind: ReportKind, data: Mapping[str, Any]) -> bool:
    """Whether a report of this kind says that all is well."""
    return kind is ReportKind.HEARTBEAT or data.get("outcome") == "ok"


def _latest(evidence: Iterable[Evidence]) -> _Latest:
    latest: dict[tuple[ReportKind, bool, bool], Evidence] = {}
    for each in evidence:
        key = (each.kind, each.trusted, is_good(each.kind, each.data))
        if key not in latest or each.at > latest[key].at:
            latest[key] = each
    return latest


def _good(latest: _Latest, *kinds: ReportKind) -> datetime | None:
    return max((latest[kind, True, True].at for kind in kinds if (kind, True, True) in latest), default=None)


def _bad(latest: _Latest, kind: ReportKind, *, trusted: bool = True) -> Evidence | None:
    return latest.get((kind, trusted, False))


def _good_news(latest: _Latest) -> datetime | None:
    return _good(latest, ReportKind.HEARTBEAT, ReportKind.SELF_TEST, ReportKind.INSPECTION)


def _later(at: datetime, than: datetime | None) -> bool:
    return than is None or at > than


def _expiries(facts: KnownFacts, now: datetime) -> Iterable[_Finding]:
    today = now.date()
    if facts.battery_expires_on is not None and facts.battery_expires_on < today:
        yield Readiness.OUT_OF_SERVICE, "battery_expired"
    if facts.pads_expire_on is not None and facts.pads_expire_on < today:
        yield Readiness.OUT_OF_SERVICE, "pads_expired"


def _use(latest: _Latest, now: datetime) -> Iterable[_Finding]:
    used = _bad(latest, ReportKind.USED)
    if used is None or not _later(used.at, _good(latest, ReportKind.INSPECTION)):
        return
    # Only a person sees that new pads are in: a self-test passes with used ones.
    if now - used.at <= IN_USE_FOR:
        yield Readiness.IN_USE, "used"
    else:
        yield Readiness.OUT_OF_SERVICE, "used_not_checked"


def _failures(latest: _Latest) -> Iterable[_Finding]:
    inspected = _good(latest, ReportKind.INSPECTION)
    tested = _good(latest, ReportKind.SELF_TEST, ReportKind.INSPECTION)
    self_test = _bad(latest, ReportKind.SELF_TEST)
    if self_test is not None and _later(self_test.at, tested):
        yield Readiness.OUT_OF_SERVICE, _coded("self_test_failed", self_test)
    inspection = _bad(latest, ReportKind.INSPECTION)
    if inspection is not None and _later(inspection.at, inspected):
        yield Readiness.OUT_OF_SERVICE, _coded("inspection_failed", inspection)
    fault = _bad(latest, ReportKind.FAULT)
    if fault is not None and _later(fault.at, inspected):
        yield Readiness.OUT_OF_SERVICE, _coded("fault", fault)


def _doubts(latest: _Latest, facts: KnownFacts) -> Iterable[_Finding]:
    inspected = _good(latest, ReportKind.INSPECTION)
    said = _bad(latest, ReportKind.FAULT, trusted=False)
    if said is not None and _later(said.at, _good(latest, ReportKind.SELF_TEST, ReportKind.INSPECTION)):
        yield Readiness.UNVERIFIED, "fault_said_by_public"
    seen = _bad(latest, ReportKind.LOCATION)
    if seen is not None and _later(seen.at, inspected):
        where = Place(seen.data["latitude"], seen.data["longitude"])
        if distance_m(where, facts.place) > FENCE_M:
            yield Readiness.UNVERIFIED, "moved"


def _weaknesses(latest: _Latest) -> Iterable[_Finding]:
    heartbeat = latest.get((ReportKind.HEARTBEAT, True, True))
    inspected = _good(latest, ReportKind.INSPECTION)
    if heartbeat is not None and _later(heartbeat.at, inspected):
        battery = heartbeat.data.get("battery_percent")
        if battery is not None and battery <= LOW_BATTERY_PERCENT:
            yield Readiness.DEGRADED, "battery_low"
    door = _bad(latest, ReportKind.DOOR)
    if door is not None and door.data.get("open") and _later(door.at, inspected):
        yield Readiness.DEGRADED, "door_open"


def _coded(reason: str, evidence: Evidence) -> str:
    code = evidence.data.get("code")
    return f"{reason}_{code}" if code else reason
