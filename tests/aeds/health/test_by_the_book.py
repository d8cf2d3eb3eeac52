"""The rules, the merging and the page that explains them to people agree, whatever was reported."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.aeds.health.conclusion import Conclusion, Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Readiness
from tests.aeds.health.by_the_book import Said, by_the_book
from tests.aeds.health.telling import HERE, HISTORIES, NOW, POLICY, SOME_FACTS, SOME_POLICY, said, verdict

_WORST_LAST = (
    Readiness.READY,
    Readiness.DEGRADED,
    Readiness.UNVERIFIED,
    Readiness.IN_USE,
    Readiness.OUT_OF_SERVICE,
)


def _as_the_book(conclusion: Conclusion) -> tuple[str, set[Said]]:
    return conclusion.readiness.value, {
        (each.text, each.state.value, None if each.cause is None else each.cause.value) for each in conclusion.findings
    }


@settings(max_examples=400, deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY, st.sampled_from([0, 1, 60, 60 * 24, 60 * 24 * 30, 60 * 24 * 91]))
def test_what_is_concluded_is_what_the_page_says(
    evidence: list[Evidence], facts: Facts, policy: CarePolicy, minutes_later: int
) -> None:
    now = NOW + timedelta(minutes=minutes_later)
    concluded = conclude(latest_of(evidence), facts, policy, now)
    assert _as_the_book(concluded) == by_the_book(evidence, facts, policy, now)


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY, st.sampled_from(["used", "fault"]), st.integers(0, 60 * 24 * 120))
def test_bad_news_never_makes_a_device_better(
    evidence: list[Evidence], facts: Facts, policy: CarePolicy, kind: str, minutes_ago: int
) -> None:
    worse = Evidence(ReportKind(kind), NOW - timedelta(minutes=minutes_ago), trusted=True, data={}, report_id="bad")
    before = conclude(latest_of(evidence), facts, policy, NOW).readiness
    after = conclude(latest_of([*evidence, worse]), facts, policy, NOW).readiness
    # Only the hours after a use are a better word than that nobody has looked since an older one.
    if not (kind == "used" and after is Readiness.IN_USE):
        assert _WORST_LAST.index(after) >= _WORST_LAST.index(before)


@pytest.mark.parametrize(
    ("bad", "good", "state"),
    [
        (said("fault", 5), said("inspection", 5, outcome="ok"), "out_of_service"),
        (said("used", 5), said("inspection", 5, outcome="ok"), "in_use"),
        (said("self_test", 5, outcome="failed"), said("self_test", 5, outcome="ok"), "out_of_service"),
        (said("inspection", 5, outcome="failed"), said("inspection", 5, outcome="ok"), "out_of_service"),
        (said("heartbeat", 5, battery_percent=1.0), said("inspection", 5, outcome="ok"), "out_of_service"),
        (said("fault", 5, trusted=False), said("inspection", 5, outcome="ok"), "unverified"),
        (said("door", 15, open=True), said("door", 15, open=False), "degraded"),
    ],
)
def test_of_two_words_of_one_moment_the_bad_one_counts(bad: Evidence, good: Evidence, state: str) -> None:
    heard = said("heartbeat", 20)
    assert verdict(heard, bad, good)[0] == verdict(good, bad, heard)[0] == state
    # A moment later the good one does.
    assert verdict(heard, bad, replace(good, at=good.at + timedelta(seconds=1)))[0] == "ready"


def test_a_door_shut_and_opened_again_counts_from_the_second_time() -> None:
    told = [said("heartbeat"), said("door", 29, open=True), said("door", 25, open=False)]
    told += [said("door", minutes, open=True) for minutes in range(24, -1, -2)]
    concluded = conclude(latest_of(told), Facts(place=HERE), POLICY, NOW)
    (found,) = [each for each in concluded.findings if each.reason == "door_open"]
    assert found.since == NOW - timedelta(minutes=24)


def test_an_inspection_is_not_passed_by_its_outcome_alone() -> None:
    amiss = said("inspection", 1, outcome="ok", items=[{"item": "pads_adult", "ok": False}])
    assert verdict(said("used", 300), amiss)[1] == ("used_not_checked", "inspection_failed_pads_adult")
