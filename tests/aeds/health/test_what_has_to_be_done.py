"""What somebody has to do about a device, how urgently and by when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings

from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.needs import needs
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.vocabulary import Cause
from tests.aeds.health.telling import (
    CONNECTED,
    FACTS,
    HISTORIES,
    NOW,
    POLICY,
    SOME_FACTS,
    SOME_POLICY,
    days,
    needed,
    said,
)

HEARD = said("heartbeat")


@pytest.mark.parametrize(("days_ahead", "urgency"), [(91, None), (90, 0), (30, 1), (7, 2), (0, 2)])
def test_what_expires_becomes_more_urgent_90_30_and_7_days_ahead(days_ahead: int, urgency: int | None) -> None:
    ends = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)
    facts = replace(FACTS, battery_expires_on=date(2026, 9, 30))
    found = needed(facts=facts, now=ends - timedelta(days=days_ahead)).get(Cause.BATTERY_EXPIRY)
    assert (None if found is None else found.urgency) == urgency
    if found is not None:
        assert found.due_at == ends


def test_the_order_for_pads_counts_the_pads_that_expire_first() -> None:
    facts = replace(FACTS, pads_adult_expires_on=date(2026, 8, 30), pads_child_expires_on=date(2026, 6, 20))
    found = needed(HEARD, facts=facts)
    assert list(found) == [Cause.PADS_EXPIRY]
    assert found[Cause.PADS_EXPIRY].urgency == 2
    assert found[Cause.PADS_EXPIRY].due_at == datetime(2026, 6, 20, 16, 0, tzinfo=UTC)
    assert "2026-08-30" in found[Cause.PADS_EXPIRY].what_en
    assert "儿童电极片有效期至 2026-06-20" in found[Cause.PADS_EXPIRY].what_zh


def test_a_fault_is_due_a_day_after_it_was_seen() -> None:
    found = needed(said("fault", 30, code="broken"))[Cause.FAULT]
    assert (found.urgency, found.since) == (2, NOW - timedelta(minutes=30))
    assert found.due_at == NOW + timedelta(hours=23, minutes=30)
    assert found.what_en == "See to the fault (a fault was reported (broken))"


def test_policy_says_how_long_somebody_has() -> None:
    policy = CarePolicy(due_within_s={**POLICY.due_within_s, Cause.USED: 600})
    assert needed(said("used", 5), policy=policy)[Cause.USED].due_at == NOW + timedelta(minutes=5)


def test_an_inspection_is_due_before_it_is_overdue() -> None:
    facts = replace(FACTS, connected=False)
    due = needed(said("inspection", days(31), outcome="ok"), facts=facts)[Cause.INSPECTION_DUE]
    assert (due.urgency, due.due_at) == (1, NOW + timedelta(days=14))
    overdue = needed(said("inspection", days(46), outcome="ok"), facts=facts)[Cause.INSPECTION_DUE]
    assert (overdue.urgency, overdue.since) == (2, NOW - timedelta(days=16))


def test_a_silent_device_wants_somebody_who_finds_out_why() -> None:
    found = needed(said("heartbeat", days(2)), facts=CONNECTED)
    assert list(found) == [Cause.SILENT]
    assert "2026-06-15 12:00" in found[Cause.SILENT].what_zh


def test_a_taxi_parked_in_a_garage_calls_nobody_before_a_day() -> None:
    facts = replace(CONNECTED, mobile=True, fix_at=NOW - timedelta(hours=2))
    assert needed(HEARD, facts=facts) == {}
    later = NOW + timedelta(hours=24)
    assert list(needed(said("heartbeat", -days(1)), facts=facts, now=later)) == [Cause.SILENT]


def test_the_most_urgent_comes_first() -> None:
    facts = replace(FACTS, battery_expires_on=date(2026, 9, 1))
    assert list(needed(said("fault"), said("heartbeat", battery_percent=10.0), facts=facts)) == [
        Cause.FAULT,
        Cause.BATTERY_LOW,
        Cause.BATTERY_EXPIRY,
    ]


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY)
def test_there_is_one_need_for_a_cause_at_the_most(evidence: list[Evidence], facts: Facts, policy: CarePolicy) -> None:
    latest = latest_of(evidence)
    found = needs(conclude(latest, facts, policy, NOW), latest, facts, policy, NOW)
    assert len({need.cause for need in found}) == len(found)
    assert all(need.due_at >= need.since for need in found)


def test_a_conclusion_that_time_has_overtaken_is_refused() -> None:
    latest = latest_of([said("heartbeat")])
    conclusion = conclude(latest, CONNECTED, POLICY, NOW)
    with pytest.raises(ValueError, match="Time has changed"):
        needs(conclusion, latest, CONNECTED, POLICY, NOW + timedelta(days=3))
