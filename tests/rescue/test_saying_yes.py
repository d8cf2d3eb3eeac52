"""How likely a yes is depends on the hour and on the way, where policy says how much."""

from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.plan import PlanRequest
from dispatch.rescue.policy import AcceptancePolicy, Policy
from dispatch.rescue.scene import Candidate
from tests.rescue.planning import a_request, surely
from tests.rescue.story import TAPPED_AT, somebody

# Twice the odds of the day's figure from six in the evening, local time.
EVENINGS = AcceptancePolicy(day=0.25, by_hour=(0.25,) * 18 + (0.4,) * 6)


def expected(request: PlanRequest) -> float | None:
    """With what probability the only one who is asked is expected to say yes."""
    (alert,) = best_plan(request).alerts
    return alert.acceptance


def asking(candidate: Candidate, acceptance: AcceptancePolicy, *, hour: int = 12) -> PlanRequest:
    """One candidate, at that hour in a town eight hours ahead."""
    now = TAPPED_AT.replace(hour=(hour - 8) % 24)
    request = a_request([candidate], policy=Policy(acceptance=acceptance), now=now, ambulance_s=1500.0)
    return replace(request, zone=timezone(timedelta(hours=8)))


def test_without_word_of_the_policy_neither_hour_nor_distance_matters() -> None:
    for metres in (10, 600, 1200):
        assert expected(asking(surely(somebody("r", metres), 0.37), AcceptancePolicy())) == 0.37


def test_the_figure_of_the_hour_moves_the_odds_of_everybody() -> None:
    unknown, willing = somebody("r", 300), surely(somebody("r", 300), 0.8)
    assert expected(asking(unknown, EVENINGS)) == 0.25
    assert expected(asking(unknown, EVENINGS, hour=18)) == pytest.approx(0.4)
    # From 4 to 1 to 8 to 1.
    assert expected(asking(willing, EVENINGS, hour=18)) == pytest.approx(8 / 9)


def test_who_is_farther_away_than_usual_is_less_likely_to_come_and_who_is_nearer_more() -> None:
    policy = AcceptancePolicy(odds_per_km=-0.5, usual_km=0.5)
    near, usual, far = (expected(asking(surely(somebody("r", metres), 0.3), policy)) for metres in (100, 500, 1300))
    assert near is not None
    assert far is not None
    assert near > 0.3 > far
    assert usual == pytest.approx(0.3, abs=1e-3)


def test_who_always_comes_always_comes() -> None:
    policy = replace(EVENINGS, odds_per_km=-0.5)
    assert expected(asking(surely(somebody("r", 900), 1.0), policy, hour=20)) == 1.0
