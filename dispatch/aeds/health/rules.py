"""What makes a device anything but ready, one rule for each thing that can be amiss.

A rule reads a `Case` and answers what it found. Time enters only through `Case.reached`. The reasons, and what they
mean, are listed in `docs/readiness.md`; `RULES` is their order.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Final

from dispatch.aeds.health.case import Case, last_heard, latest_of
from dispatch.aeds.health.evidence import (
    DOOR_CLOSED,
    DOOR_OPEN,
    FAULT,
    INSPECTED,
    INSPECTION_FAILED,
    SAID_BY_PUBLIC,
    SAID_GONE_BY_PUBLIC,
    SEEN_AT,
    TEST_FAILED,
    TEST_PASSED,
    USED,
    Evidence,
    items_amiss,
    serious_items,
)
from dispatch.aeds.health.facts import end_of
from dispatch.aeds.health.findings import Finding
from dispatch.aeds.health.vocabulary import Cause, Urgency
from dispatch.aeds.record import Readiness
from geo.distance import distance_m
from geo.place import Place

Found = Iterable[Finding]
NOTHING: Final = ()


def battery_expiry(case: Case) -> Found:
    """The battery's last good day is over, or comes near."""
    day = case.facts.battery_expires_on
    return NOTHING if day is None else _expiry(case, "battery", day, Cause.BATTERY_EXPIRY, Readiness.OUT_OF_SERVICE)


def pads_expiry(case: Case) -> Found:
    """The same of the pads for adults."""
    day = case.facts.pads_adult_expires_on
    return NOTHING if day is None else _expiry(case, "pads", day, Cause.PADS_EXPIRY, Readiness.OUT_OF_SERVICE)


def child_pads_expiry(case: Case) -> Found:
    """The same of the pads for children: without them the device still saves adults."""
    day = case.facts.pads_child_expires_on
    return NOTHING if day is None else _expiry(case, "pads_child", day, Cause.PADS_EXPIRY, Readiness.DEGRADED)


def _expiry(case: Case, what: str, day: date, cause: Cause, expired: Readiness) -> Found:
    policy = case.policy
    end = end_of(day, case.facts.timezone)
    if case.reached(end):
        return (Finding(f"{what}_expired", expired, cause, end, None, Urgency.NOW, end),)
    first, second, third = policy.expiry_ahead_days
    early = end - timedelta(days=first)
    degraded_at = end - timedelta(days=policy.expiry_degrades_days)
    degrades = policy.expiry_degrades_days > 0 and case.reached(degraded_at)
    state = Readiness.DEGRADED if degrades else Readiness.READY
    if not case.reached(early):
        # Used last before anybody has to do something about it, if policy has it so.
        return (Finding(f"{what}_expires_soon", state, None, degraded_at),) if degrades else NOTHING
    urgency = Urgency.PLANNED
    if case.reached(end - timedelta(days=second)):
        urgency = Urgency.NOW if case.reached(end - timedelta(days=third)) else Urgency.SOON
    return (Finding(f"{what}_expires_soon", state, cause, early, None, urgency, end),)


def use(case: Case) -> Found:
    """Somebody used it. Only a person sees that new pads are in: a self-test passes with used ones."""
    used = case.standing(USED, case.inspected)
    if used is None:
        return NOTHING
    if case.reached(used.at + timedelta(seconds=case.policy.in_use_for_s)):
        return (Finding("used_not_checked", Readiness.OUT_OF_SERVICE, Cause.USED, used.at),)
    return (Finding("used", Readiness.IN_USE, Cause.USED, used.at),)


def self_test(case: Case) -> Found:
    """Its own test failed and none has passed since."""
    failed = case.standing(TEST_FAILED, case.passed)
    if failed is None:
        return NOTHING
    return (_out("self_test_failed", Cause.SELF_TEST_FAILED, failed),)


def inspection(case: Case) -> Found:
    """What the person found who looked last. Small things amiss do not keep it from saving a life."""
    if case.looked_at is None:
        return NOTHING
    failed = case.standing(INSPECTION_FAILED, case.inspected)
    last = case.newest[INSPECTED] if failed is None else failed
    amiss, serious = items_amiss(last.data), serious_items(last.data)
    if serious or (failed is not None and not amiss):
        code = last.data.get("code") or (serious[0] if serious else None)
        return (Finding("inspection_failed", Readiness.OUT_OF_SERVICE, Cause.FAULT, last.at, code),)
    return tuple(
        Finding("inspection_found", Readiness.DEGRADED, Cause.FAULT, last.at, each, Urgency.SOON)
        for each in dict.fromkeys(amiss)
    )


def fault(case: Case) -> Found:
    """The device itself, its custodian, a first-aider or the source of an import says that it cannot be used."""
    said = case.standing(FAULT, case.inspected)
    return NOTHING if said is None else (_out("fault", Cause.FAULT, said),)


def pads_sensed(case: Case) -> Found:
    """The device senses no pads that it takes for good."""
    reading = case.reading("pads_ok")
    if reading is None or reading[1]:
        return NOTHING
    return (Finding("pads_not_ok", Readiness.OUT_OF_SERVICE, Cause.SELF_TEST_FAILED, reading[0]),)


def battery_flat(case: Case) -> Found:
    """Too little is left for a shock."""
    reading = case.reading("battery_percent")
    if reading is None or reading[1] > case.policy.battery_flat_percent:
        return NOTHING
    return (Finding("battery_flat", Readiness.OUT_OF_SERVICE, Cause.BATTERY_LOW, reading[0]),)


def public_word(case: Case) -> Found:
    """A passer-by says that something is wrong: a doubt, which fades, or ends with what answers it."""
    seen = case.looked_at
    said = case.standing(SAID_BY_PUBLIC, latest_of(seen, case.latest.when(TEST_PASSED)))
    gone = case.standing(SAID_GONE_BY_PUBLIC, seen)
    newest = latest_of(None if said is None else said.at, None if gone is None else gone.at)
    if newest is None or case.reached(newest + timedelta(days=case.policy.public_doubt_days)):
        return NOTHING
    return (Finding("fault_said_by_public", Readiness.UNVERIFIED, Cause.SAID_BY_PUBLIC, newest, urgency=Urgency.SOON),)


def fence(case: Case) -> Found:
    """It says that it is elsewhere. The accuracy that it claims is taken off the distance."""
    if case.facts.mobile:
        return NOTHING
    seen = case.standing(SEEN_AT, case.inspected)
    if seen is None:
        return NOTHING
    away_m = distance_m(Place(seen.data["latitude"], seen.data["longitude"]), case.facts.place)
    fence_m = case.policy.fence_m if case.facts.fence_m is None else case.facts.fence_m
    if away_m - seen.data.get("accuracy_m", 0.0) <= fence_m:
        return NOTHING
    return (Finding("moved", Readiness.UNVERIFIED, Cause.MOVED, seen.at),)


def hearing(case: Case) -> Found:
    """A device that tells of itself does so no longer; or still does, and no longer of its self-tests."""
    if not case.connected:
        return NOTHING
    heard = last_heard(case.latest)
    heard = case.began_at if heard is None else heard
    if heard is None:
        return NOTHING
    silent = heard + timedelta(seconds=case.policy.heartbeat_overdue_s)
    if case.reached(silent):
        return (Finding("heartbeat_overdue", _unless_seen(case, silent), Cause.SILENT, silent),)
    tested = latest_of(case.latest.when(TEST_PASSED), case.latest.when(TEST_FAILED))
    if tested is None or case.facts.has_self_test is False or case.standing(TEST_FAILED, case.passed) is not None:
        return NOTHING
    overdue = tested + timedelta(seconds=case.policy.self_test_overdue_s)
    if not case.reached(overdue):
        return NOTHING
    return (Finding("self_test_overdue", _unless_seen(case, overdue), Cause.SELF_TEST_FAILED, overdue),)


def _unless_seen(case: Case, since: datetime) -> Readiness:
    """Nobody knows how it is, unless a person found it in order after it had fallen silent: then it is used last."""
    return Readiness.DEGRADED if case.inspected is not None and case.inspected > since else Readiness.UNVERIFIED


def position(case: Case) -> Found:
    """A mobile device has not said lately where it is. Long enough, and somebody has to see why."""
    if not case.facts.mobile:
        return NOTHING
    fix_at = latest_of(case.facts.fix_at, case.latest.when(SEEN_AT))
    fix_at = case.began_at if fix_at is None else fix_at
    if fix_at is None:
        return NOTHING
    lost = fix_at + timedelta(seconds=case.policy.fix_overdue_s)
    if not case.reached(lost):
        return NOTHING
    needs_care = case.reached(max(lost, fix_at + timedelta(seconds=case.policy.heartbeat_overdue_s)))
    return (Finding("position_overdue", Readiness.UNVERIFIED, Cause.SILENT if needs_care else None, lost),)


def inspection_interval(case: Case) -> Found:
    """A person has to look at it, and has not for too long."""
    every = case.policy.inspection_interval_days(connected=case.connected)
    last = case.began_at if case.looked_at is None else case.looked_at
    if every is None or last is None:
        return NOTHING
    due = last + timedelta(days=every)
    if not case.reached(due):
        return NOTHING
    if case.reached(due + timedelta(days=case.policy.inspection_overdue_days)):
        return (Finding("inspection_overdue", Readiness.UNVERIFIED, Cause.INSPECTION_DUE, due),)
    return (Finding("inspection_due", Readiness.READY, Cause.INSPECTION_DUE, due, urgency=Urgency.SOON),)


def battery_low(case: Case) -> Found:
    """The battery runs down."""
    reading = case.reading("battery_percent")
    policy = case.policy
    if reading is None or not policy.battery_flat_percent < reading[1] <= policy.battery_low_percent:
        return NOTHING
    return (Finding("battery_low", Readiness.DEGRADED, Cause.BATTERY_LOW, reading[0], urgency=Urgency.SOON),)


def temperature(case: Case) -> Found:
    """Where it hangs it is colder or hotter than it is made for."""
    reading = case.reading("temperature_c")
    if reading is None:
        return NOTHING
    at, degrees = reading
    if degrees < case.policy.temperature_least_c:
        reason = "temperature_low"
    elif degrees > case.policy.temperature_most_c:
        reason = "temperature_high"
    else:
        return NOTHING
    return (Finding(reason, Readiness.DEGRADED, Cause.TEMPERATURE, at, urgency=Urgency.SOON),)


def door(case: Case) -> Found:
    """The cabinet stands open for longer than taking it out, or looking at it, takes."""
    shut = latest_of(case.latest.when(DOOR_CLOSED), case.inspected)
    said = case.standing(DOOR_OPEN, shut)
    if said is None:
        return NOTHING
    since = min((each for each in case.latest.opened if shut is None or each >= shut), default=said.at)
    since = min(since, said.at)
    if not case.reached(since + timedelta(seconds=case.policy.door_open_for_s)):
        return NOTHING
    return (Finding("door_open", Readiness.DEGRADED, Cause.DOOR_OPEN, since, urgency=Urgency.SOON),)


def _out(reason: str, cause: Cause, said: Evidence) -> Finding:
    return Finding(reason, Readiness.OUT_OF_SERVICE, cause, said.at, said.data.get("code"))


RULES: Final[tuple[Callable[[Case], Found], ...]] = (
    battery_expiry,
    pads_expiry,
    child_pads_expiry,
    use,
    self_test,
    inspection,
    fault,
    pads_sensed,
    battery_flat,
    public_word,
    fence,
    hearing,
    position,
    inspection_interval,
    battery_low,
    temperature,
    door,
)
