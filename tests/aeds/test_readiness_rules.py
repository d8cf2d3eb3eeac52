"""What follows from evidence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.aeds.readiness import Evidence, KnownFacts, ReportKind, conclude
from dispatch.aeds.record import Readiness
from geo.place import Place

NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
HERE = Place(30.25, 120.15)
FACTS = KnownFacts(HERE, None, None)


def said(kind: str, minutes_ago: float = 0, *, trusted: bool = True, **data: Any) -> Evidence:
    return Evidence(ReportKind(kind), NOW - timedelta(minutes=minutes_ago), trusted, data)


def verdict(*evidence: Evidence, facts: KnownFacts = FACTS, now: datetime = NOW) -> tuple[str, tuple[str, ...]]:
    conclusion = conclude(evidence, facts, now)
    return conclusion.readiness.value, conclusion.reasons


def test_without_evidence_a_device_is_unverified() -> None:
    assert verdict() == ("unverified", ("no_evidence_yet",))


@pytest.mark.parametrize("good", [said("heartbeat"), said("self_test", outcome="ok"), said("inspection", outcome="ok")])
def test_any_good_news_makes_it_ready(good: Evidence) -> None:
    assert verdict(good) == ("ready", ())


def test_a_used_device_is_out_until_a_person_has_checked_it() -> None:
    used = said("used", 30)
    assert verdict(said("inspection", 60, outcome="ok"), used) == ("in_use", ("used",))
    assert verdict(used, said("self_test", 10, outcome="ok")) == ("in_use", ("used",))
    assert verdict(used, now=NOW + timedelta(hours=3)) == ("out_of_service", ("used_not_checked",))
    assert verdict(used, said("inspection", 5, outcome="ok")) == ("ready", ())


def test_a_fault_by_device_or_custodian_takes_it_out_with_its_code() -> None:
    assert verdict(said("heartbeat"), said("fault", 1, code="battery")) == ("out_of_service", ("fault_battery",))
    assert verdict(said("fault", 5), said("self_test", 1, outcome="ok")) == ("out_of_service", ("fault",))
    assert verdict(said("fault", 5), said("inspection", 1, outcome="ok")) == ("ready", ())


def test_a_fault_by_the_public_only_raises_doubt() -> None:
    doubt = said("fault", 5, trusted=False)
    assert verdict(said("heartbeat", 1), doubt) == ("unverified", ("fault_said_by_public",))
    assert verdict(doubt, said("self_test", 1, outcome="ok")) == ("ready", ())


def test_a_failed_self_test_stands_until_one_passes() -> None:
    failed = said("self_test", 10, outcome="failed", code="pads")
    assert verdict(said("self_test", 20, outcome="ok"), failed) == ("out_of_service", ("self_test_failed_pads",))
    assert verdict(failed, said("self_test", 5, outcome="ok")) == ("ready", ())


def test_a_failed_inspection_outweighs_a_passed_self_test() -> None:
    evidence = said("inspection", 10, outcome="failed"), said("self_test", 1, outcome="ok")
    assert verdict(*evidence) == ("out_of_service", ("inspection_failed",))


def test_a_low_battery_or_an_open_door_degrades() -> None:
    assert verdict(said("heartbeat", battery_percent=12.0)) == ("degraded", ("battery_low",))
    assert verdict(said("heartbeat"), said("door", open=True)) == ("degraded", ("door_open",))
    assert verdict(said("heartbeat"), said("door", 9, open=True), said("door", 1, open=False)) == ("ready", ())


def test_a_device_far_from_its_place_is_unverified() -> None:
    near, far = said("location", latitude=30.2503, longitude=120.15), said("location", latitude=30.26, longitude=120.15)
    assert verdict(said("heartbeat"), near) == ("ready", ())
    assert verdict(said("heartbeat"), far) == ("unverified", ("moved",))


def test_what_has_expired_is_out_from_the_day_after() -> None:
    last_day = KnownFacts(HERE, date(2026, 6, 17), None)
    assert verdict(said("heartbeat"), facts=last_day) == ("ready", ())
    assert verdict(said("heartbeat"), facts=last_day, now=NOW + timedelta(days=1)) == (
        "out_of_service",
        ("battery_expired",),
    )
    assert verdict(said("heartbeat"), facts=KnownFacts(HERE, None, date(2026, 6, 16)))[1] == ("pads_expired",)


def test_the_worst_finding_decides_and_all_are_named() -> None:
    evidence = said("heartbeat", battery_percent=5.0), said("used", 5), said("fault", 1, code="lid")
    assert verdict(*evidence) == ("out_of_service", ("used", "fault_lid", "battery_low"))


_REPORTS = st.builds(
    said,
    kind=st.sampled_from([kind.value for kind in ReportKind if kind is not ReportKind.LOCATION]),
    minutes_ago=st.integers(0, 300).map(float),
    trusted=st.booleans(),
    outcome=st.sampled_from(["ok", "failed"]),
    open=st.booleans(),
    battery_percent=st.sampled_from([5.0, 90.0]),
)


@given(st.lists(_REPORTS, max_size=8, unique_by=lambda each: each.at), st.randoms())
def test_the_order_of_arrival_changes_nothing(evidence: list[Evidence], random: Any) -> None:
    mixed = list(evidence)
    random.shuffle(mixed)
    assert conclude(evidence, FACTS, NOW) == conclude(mixed, FACTS, NOW)


@given(st.lists(_REPORTS, max_size=8))
def test_ready_means_good_news_and_no_finding(evidence: list[Evidence]) -> None:
    conclusion = conclude(evidence, FACTS, NOW)
    assert (conclusion.readiness is Readiness.READY) == (not conclusion.reasons)
