"""Accuracy and age of a fix widen where somebody may be; too old a fix leaves them out."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dispatch.rescue.policy import FixPolicy, Policy
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId, TravelMode
from dispatch.responders.responder import Engagement, Fix, Responder
from dispatch.responders.roster import Roster
from tests.people import WULIN, beside

NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
POLICY = Policy(fix=FixPolicy(lifetime_s=600.0, drift_m_s=0.5))


def _somebody(name: str, away_m: float, *, accuracy_m: float | None = 0.0, age_s: float = 0.0) -> Responder:
    return Responder(
        responder_id=ResponderId(name),
        name=name,
        phone=None,
        certificate_number=name,
        certificate_expires_on=date(2027, 1, 1),
        mode=TravelMode.WALK,
        language="zh",
        on_duty=True,
        created_at=NOW,
        fix=Fix(beside(WULIN, north_m=away_m), NOW - timedelta(seconds=age_s), accuracy_m),
    )


@pytest.fixture
def roster() -> Roster:
    """A roster in which everybody is connected, whenever they last said where they are."""
    roster = Roster(ZoneInfo("Asia/Shanghai"))
    for name in ("sure", "vague", "old", "in time", "too old"):
        roster.set_way(ResponderId(name), is_there=True)
    return roster


def _order(roster: Roster, policy: Policy = POLICY) -> list[str]:
    return [each.responder_id for each in roster.candidates(WULIN, now=NOW, policy=policy)]


def test_who_is_surely_near_comes_before_who_may_be_anywhere(roster: Roster) -> None:
    roster.fill([_somebody("vague", 50, accuracy_m=500), _somebody("old", 60, age_s=590), _somebody("sure", 100)])
    assert _order(roster) == ["sure", "vague", "old"]


def test_how_far_somebody_may_be_is_part_of_the_candidate(roster: Roster) -> None:
    roster.fill([_somebody("sure", 100), _somebody("old", 200, age_s=400), _somebody("vague", 300, accuracy_m=100)])
    spread_m = {each.responder_id: each.spread_m for each in roster.candidates(WULIN, now=NOW, policy=POLICY)}
    # 400 s at 0.5 m/s; and a 95 % radius of 100 m is a root mean square of 100 / sqrt(ln 20).
    assert spread_m == {"sure": 0.0, "old": pytest.approx(200.0), "vague": pytest.approx(57.8, abs=0.1)}


def test_a_fix_too_old_leaves_its_owner_out(roster: Roster) -> None:
    roster.fill([_somebody("in time", 100, age_s=599), _somebody("too old", 50, age_s=601)])
    assert _order(roster) == ["in time"]
    patient = replace(POLICY, fix=FixPolicy(lifetime_s=900.0, drift_m_s=0.0))
    assert _order(roster, patient) == ["too old", "in time"]
    assert roster.whereabouts([ResponderId("too old")], WULIN, now=NOW, policy=POLICY) == ()


def test_whoever_was_not_heard_lately_is_no_candidate_without_a_way_to_them(roster: Roster) -> None:
    roster.fill(
        [_somebody("heard", 300, age_s=119), _somebody("silent", 100, age_s=121), _somebody("old", 200, age_s=400)]
    )
    assert _order(roster) == ["old", "heard"]
    roster.set_way(ResponderId("silent"), is_there=True)
    roster.set_way(ResponderId("old"), is_there=False)
    assert _order(roster) == ["silent", "heard"]


def test_who_is_bound_is_no_candidate_until_released_even_if_they_move(roster: Roster) -> None:
    roster.fill([_somebody("bound", 50), _somebody("free", 100)])
    bound = ResponderId("bound")
    roster.engage(bound, Engagement(IncidentId("i"), AlertId("a"), accepted=True))
    assert _order(roster) == ["free"]
    roster.move(bound, Fix(beside(WULIN, north_m=20), NOW))
    assert _order(roster) == ["free"]
    assert [each.responder_id for each in roster.whereabouts([bound], WULIN, now=NOW, policy=POLICY)] == ["bound"]
    roster.release(bound, "a")
    assert _order(roster) == ["bound", "free"]


def test_taking_everybody_in_at_once_is_the_same_as_one_by_one(roster: Roster) -> None:
    everybody = [_somebody(f"r{n}", 10.0 * n, accuracy_m=n, age_s=n) for n in range(30)]
    roster.engage(ResponderId("r3"), Engagement(IncidentId("i"), AlertId("a"), accepted=False))
    roster.fill(everybody)
    singly = Roster(ZoneInfo("Asia/Shanghai"))
    singly.engage(ResponderId("r3"), Engagement(IncidentId("i"), AlertId("a"), accepted=False))
    for each in everybody:
        singly.put(each)
    assert roster.candidates(WULIN, now=NOW, policy=POLICY) == singly.candidates(WULIN, now=NOW, policy=POLICY)
    assert len(_order(roster)) == 29


def test_a_phone_that_does_not_say_how_exact_it_is_is_not_taken_for_exact(roster: Roster) -> None:
    roster.fill([_somebody("untold", 100, accuracy_m=None)])
    (candidate,) = roster.candidates(WULIN, now=NOW, policy=POLICY)
    assert candidate.spread_m == pytest.approx(50 / math.sqrt(math.log(20)), abs=0.01)


def test_who_was_asked_already_does_not_take_the_place_of_who_was_not(roster: Roster) -> None:
    roster.fill([_somebody(f"r{number:03}", 10.0 * number) for number in range(150)])
    few = replace(POLICY, candidates=20)
    asked: set[ResponderId] = set()
    for _ in range(7):
        found = roster.candidates(WULIN, now=NOW, policy=few, leaving_out=asked)
        assert len(found) == 20
        assert not asked & {each.responder_id for each in found}
        asked |= {each.responder_id for each in found}
    assert len(roster.candidates(WULIN, now=NOW, policy=few, leaving_out=asked)) == 10


def test_who_was_taken_while_an_answer_was_awaited_is_no_longer_free(roster: Roster) -> None:
    roster.fill([_somebody("one", 50), _somebody("two", 60)])
    found = roster.candidates(WULIN, now=NOW, policy=POLICY)
    roster.engage(ResponderId("one"), Engagement(IncidentId("i"), AlertId("a"), accepted=False))
    assert [each.responder_id for each in roster.still_free(found)] == ["two"]
