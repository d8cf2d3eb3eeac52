"""Neither the order in which reports arrive, nor one that comes twice, changes what is known."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import EMPTY, Evidence, Latest, latest_of
from dispatch.aeds.health.policy import CarePolicy
from tests.aeds.health.telling import HISTORIES, NOW, SOME_FACTS, SOME_POLICY, said


@settings(deadline=None)
@given(HISTORIES, st.randoms(use_true_random=False), SOME_FACTS, SOME_POLICY)
def test_the_order_of_arrival_changes_nothing(
    evidence: list[Evidence], random: Any, facts: Facts, policy: CarePolicy
) -> None:
    mixed = [*evidence, *random.sample(evidence, len(evidence) // 2)]
    random.shuffle(mixed)
    at_once, one_by_one = latest_of(evidence), EMPTY
    for each in mixed:
        one_by_one = one_by_one.with_(each)
    assert one_by_one == at_once
    assert conclude(one_by_one, facts, policy, NOW) == conclude(at_once, facts, policy, NOW)


@settings(deadline=None)
@given(HISTORIES)
def test_what_is_kept_comes_back_the_same(evidence: list[Evidence]) -> None:
    latest = latest_of(evidence)
    kept = json.dumps(latest.as_json())
    assert Latest.of_json(json.loads(kept)) == latest
    assert Latest.of_json(json.loads(kept)).with_(*evidence) == latest


def test_nothing_known_is_an_empty_row() -> None:
    assert Latest.of_json({}) == EMPTY == Latest.of_json(EMPTY.as_json())


def test_reports_of_one_moment_are_told_apart_by_their_ids() -> None:
    first, second = said("heartbeat", 5, battery_percent=50.0), said("heartbeat", 5, battery_percent=10.0)
    assert latest_of([first, second]) == latest_of([second, first])
    assert latest_of([second, first]).readings["battery_percent"].value == 10.0


def test_what_no_rule_reads_is_not_kept() -> None:
    wordy = said("inspection", outcome="ok", note="…" * 1000, photos=["https://example.org/1.jpg"])
    assert len(json.dumps(latest_of([wordy]).as_json())) < 300
