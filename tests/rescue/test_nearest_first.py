"""The simple plan: soonest first, the two roles in turn."""

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.rescue.nearest_first import nearest_first
from dispatch.rescue.plan import Commitment, Plan, PlanRequest
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId, TravelMode
from tests.people import beside
from tests.rescue.story import PATIENT, TAPPED_AT, an_aed, people, somebody

CPR, AED = AlertRole.CPR, AlertRole.AED


def request(
    candidates: tuple[Candidate, ...] = (),
    aeds: tuple[AedOption, ...] = (),
    *,
    cap: int = 20,
    ambulance_s: float | None = None,
    under_way: tuple[Commitment, ...] = (),
    policy: Policy | None = None,
) -> PlanRequest:
    return PlanRequest(
        now=TAPPED_AT,
        is_night=False,
        floor=None,
        cpr_in_progress=False,
        ambulance_arrives_at=None if ambulance_s is None else TAPPED_AT + timedelta(seconds=ambulance_s),
        candidates=candidates,
        aeds=aeds,
        under_way=under_way,
        cap=cap,
        policy=policy or Policy(),
    )


def who(plan: Plan, role: AlertRole) -> list[str]:
    return [each.responder_id for each in plan.alerts if each.role is role]


def test_the_roles_are_given_in_turn_beginning_with_cpr() -> None:
    plan = nearest_first(request(people(5), (an_aed("a", 100),)))
    assert [each.role for each in plan.alerts][:4] == [CPR, AED, CPR, AED]
    assert plan.alerts[0].responder_id == "p0"


def test_one_aed_gets_three_runners_at_the_most() -> None:
    plan = nearest_first(request(people(12), (an_aed("a", 100),)))
    assert len(who(plan, AED)) == 3
    assert len(who(plan, CPR)) == 9


def test_runners_already_under_way_to_an_aed_count() -> None:
    two = tuple(Commitment(ResponderId(f"r{n}"), AED, AedId("a"), 300, accepted=False) for n in range(2))
    plan = nearest_first(request(people(6), (an_aed("a", 100),), under_way=two))
    assert len(who(plan, AED)) == 1


def test_a_second_aed_gets_runners_of_its_own() -> None:
    plan = nearest_first(request(people(12), (an_aed("a", 100), an_aed("b", 400))))
    fetched = [each.aed_id for each in plan.alerts if each.role is AED]
    assert (fetched.count(AedId("a")), fetched.count(AedId("b"))) == (3, 3)


def test_without_aeds_everybody_is_asked_for_cpr() -> None:
    plan = nearest_first(request(people(4)))
    assert who(plan, CPR) == ["p0", "p1", "p2", "p3"]
    assert who(plan, AED) == []
    assert plan.aeds_considered == 0


def test_the_cap_is_kept() -> None:
    assert len(nearest_first(request(people(9), (an_aed("a", 100),), cap=5)).alerts) == 5
    assert nearest_first(request(people(9), cap=0)).alerts == ()
    assert nearest_first(request(people(9), cap=-1)).alerts == ()


def test_faster_counts_not_nearer() -> None:
    on_foot, in_a_car = somebody("walker", 400), somebody("driver", 1500, mode=TravelMode.CAR)
    assert who(nearest_first(request((on_foot, in_a_car))), CPR) == ["driver", "walker"]


def test_an_aed_that_closes_before_its_runner_is_there_is_left_out() -> None:
    # p1 (p0 takes the CPR) is 200 m north, the AED 100 m south: 300 m * 1.3 / 1.4 m/s + 105 s = 383.6 s to the cabinet.
    closing = an_aed("a", 100, open_until=TAPPED_AT + timedelta(seconds=383))
    assert who(nearest_first(request(people(2), (closing,))), AED) == []
    still_open = replace(closing, open_until=TAPPED_AT + timedelta(seconds=385))
    assert who(nearest_first(request(people(2), (still_open,))), AED) == ["p1"]


def test_the_aed_that_stays_open_is_fetched_where_the_nearer_one_closes() -> None:
    closing = an_aed("closing", 100, open_until=TAPPED_AT + timedelta(seconds=120))
    plan = nearest_first(request(people(4), (closing, an_aed("open", 300))))
    assert {each.aed_id for each in plan.alerts if each.role is AED} == {"open"}


def test_whoever_is_slower_than_the_ambulance_is_left_out() -> None:
    # 105 s + distance * 1.3 / 1.4: p0 (100 m) 197.9 s, p1 (200 m) 290.7 s, p2 (300 m) 383.6 s.
    assert who(nearest_first(request(people(3), ambulance_s=300)), CPR) == ["p0", "p1"]
    assert nearest_first(request(people(3), ambulance_s=0)).alerts == ()


def test_a_runner_slower_than_the_ambulance_is_left_out_though_they_would_be_in_time_for_cpr() -> None:
    plan = nearest_first(request(people(3), (an_aed("a", 500),), ambulance_s=300))
    assert who(plan, CPR) == ["p0", "p1"]
    assert who(plan, AED) == []


def test_a_role_that_has_somebody_on_the_way_gets_nobody_more() -> None:
    helper = Commitment(ResponderId("h"), CPR, None, 100, accepted=True)
    plan = nearest_first(request(people(4), (an_aed("a", 100),), under_way=(helper,)))
    assert who(plan, CPR) == []
    assert len(who(plan, AED)) == 3


def test_the_role_with_fewer_asked_comes_first() -> None:
    asked = tuple(Commitment(ResponderId(f"h{n}"), CPR, None, 100, accepted=False) for n in range(3))
    plan = nearest_first(request(people(6), (an_aed("a", 100), an_aed("b", 200)), under_way=asked, cap=3))
    assert [each.role for each in plan.alerts] == [AED, AED, AED]


def test_nobody_under_way_is_asked_again() -> None:
    asked = (Commitment(ResponderId("p0"), CPR, None, 100, accepted=False),)
    assert "p0" not in who(nearest_first(request(people(3), under_way=asked)), CPR)


def test_the_probability_of_a_yes_grows_with_everyone_asked_and_is_sure_once_given() -> None:
    plan = nearest_first(request(people(2)))
    assert plan.accept_probability[CPR] == 1 - 0.75**2
    assert plan.accept_probability[AED] == 0
    helper = Commitment(ResponderId("h"), CPR, None, 100, accepted=True)
    assert nearest_first(request(under_way=(helper,))).accept_probability[CPR] == 1


def test_an_alert_gives_distances_no_finer_than_fifty_metres_in_words() -> None:
    plan = nearest_first(request((somebody("near", 7), somebody("far", 333))))
    reasons = {each.responder_id: each.reason_en for each in plan.alerts}
    assert "about 50 m" in reasons[ResponderId("near")]
    assert "about 350 m" in reasons[ResponderId("far")]
    assert all(each.reason_zh for each in plan.alerts)


def test_of_two_aeds_in_one_place_the_same_one_is_chosen_whatever_their_order() -> None:
    here = beside(PATIENT, north_m=-100)
    twins = tuple(AedOption(AedId(name), name, here, 100.0, 0.97) for name in ("x", "y"))
    first = nearest_first(request(people(4), twins))
    assert nearest_first(request(people(4), twins[::-1])).alerts == first.alerts


@st.composite
def _requests(draw: st.DrawFn) -> PlanRequest:
    metres = st.sampled_from([0.0, 50.0, 100.0, 200.0, 500.0, 1500.0])
    candidates = tuple(
        somebody(f"p{number}", draw(metres), mode=draw(st.sampled_from(TravelMode)))
        for number in range(draw(st.integers(0, 12)))
    )
    closing = st.sampled_from([None, 100, 250, 600])
    aeds = []
    for number in range(draw(st.integers(0, 4))):
        closes_s = draw(closing)
        until = None if closes_s is None else TAPPED_AT + timedelta(seconds=closes_s)
        aeds.append(an_aed(f"a{number}", draw(metres), open_until=until))
    return request(
        candidates, tuple(aeds), cap=draw(st.integers(0, 15)), ambulance_s=draw(st.sampled_from([None, 150, 300, 900]))
    )


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(_requests(), st.integers(0, 1000))
def test_a_plan_keeps_its_promises_whatever_is_near_and_in_whatever_order(plan_for: PlanRequest, seed: int) -> None:
    plan = nearest_first(plan_for)
    names = [each.responder_id for each in plan.alerts]
    assert len(set(names)) == len(names) <= plan_for.cap
    assert set(names) <= {each.responder_id for each in plan_for.candidates}
    for aed in plan_for.aeds:
        assert sum(each.aed_id == aed.aed_id for each in plan.alerts) <= plan_for.policy.runners_per_aed
    if plan_for.ambulance_arrives_at is not None:
        limit_s = (plan_for.ambulance_arrives_at - plan_for.now).total_seconds()
        assert all(each.eta_s < limit_s for each in plan.alerts)
    candidates, aeds = list(plan_for.candidates), list(plan_for.aeds)
    random.Random(seed).shuffle(candidates)
    random.Random(seed).shuffle(aeds)
    assert nearest_first(replace(plan_for, candidates=tuple(candidates), aeds=tuple(aeds))).alerts == plan.alerts
