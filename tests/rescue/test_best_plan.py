"""Whom the plan alerts and for what, and what it says of itself."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.plan import PlanRequest
from dispatch.rescue.policy import AcceptancePolicy, BenefitPolicy, Policy, PricePolicy
from dispatch.rescue.vocabulary import AlertRole, TravelMode
from tests.rescue.planning import a_request, coming, roles, surely
from tests.rescue.story import ONE_PAIR, TAPPED_AT, an_aed, people, somebody

FREE_ALERTS = PricePolicy(alert=0.0, journey=0.0)


def test_somebody_beside_the_patient_does_cpr_and_somebody_beside_the_aed_fetches_it() -> None:
    plan = best_plan(a_request([somebody("here", 30), somebody("there", -400)], [an_aed("a", 390)]))
    assert roles(plan) == {"here": "cpr", "there": "a"}


def test_faster_counts_not_nearer() -> None:
    near, far = somebody("walker", 300), somebody("driver", 900, mode=TravelMode.CAR)
    assert roles(best_plan(a_request([near, far], cap=1))) == {"driver": "cpr"}


def test_a_likely_yes_counts_more_than_a_few_metres() -> None:
    unlikely, likely = surely(somebody("near", 100), 0.05), surely(somebody("far", 200), 0.5)
    assert roles(best_plan(a_request([unlikely, likely], cap=1))) == {"far": "cpr"}


def test_the_cap_is_kept() -> None:
    for cap in (0, 1, 3, 20):
        assert len(best_plan(a_request(people(30, apart_m=20), [an_aed("a", 150)], cap=cap)).alerts) == cap


def test_how_many_follows_from_the_price_of_an_alert() -> None:
    counts = [
        len(best_plan(a_request(people(40), policy=Policy(price=PricePolicy(alert=alert)), cap=40)).alerts)
        for alert in (0.0, 0.001, 0.005, 0.02, 0.2)
    ]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0


def test_fewer_are_asked_where_people_say_yes() -> None:
    willing, unwilling = ([surely(each, acceptance) for each in people(40)] for acceptance in (0.6, 0.1))
    few, many = (best_plan(a_request(each, cap=40)).alerts for each in (willing, unwilling))
    assert len(few) < len(many)


def test_whoever_was_woken_lately_is_asked_later() -> None:
    tired, fresh = replace(somebody("tired", 100), recent_alerts=12), somebody("fresh", 105)
    assert roles(best_plan(a_request([tired, fresh], cap=1))) == {"fresh": "cpr"}


def test_nobody_is_asked_beyond_what_policy_lets_a_person_bear() -> None:
    worn_out = replace(somebody("worn out", 50), recent_alerts=20)
    assert best_plan(a_request([worn_out])).alerts == ()


def test_at_night_waking_somebody_costs_more_and_a_yes_is_rarer() -> None:
    policy = Policy(price=PricePolicy(alert=0.002))
    by_day = best_plan(a_request(people(40), cap=40, policy=policy))
    by_night = best_plan(a_request(people(40), cap=40, policy=policy, is_night=True))
    assert by_night.alerts[-1].acceptance == policy.acceptance.night
    dear = replace(policy, price=replace(policy.price, at_night=50.0))
    assert len(best_plan(a_request(people(40), cap=40, policy=dear, is_night=True)).alerts) < len(by_night.alerts)
    assert by_day.alerts[0].acceptance == policy.acceptance.day


def test_two_runners_go_to_different_aeds_where_one_might_not_work() -> None:
    unsure = [replace(an_aed(name, 100), works_probability=0.6) for name in ("a", "b")]
    there = (coming("there", 0),)
    plan = best_plan(a_request([surely(each, 0.9) for each in people(2)], unsure, under_way=there))
    assert sorted(roles(plan).values()) == ["a", "b"]


def test_two_runners_go_to_the_same_aed_where_it_surely_works_and_they_might_not_come() -> None:
    near, far = (replace(an_aed(name, away), works_probability=1.0) for name, away in (("near", 50), ("far", 400)))
    there = (coming("there", 0),)
    plan = best_plan(a_request(people(2), [near, far], under_way=there, policy=Policy(price=FREE_ALERTS)))
    assert list(roles(plan).values()) == ["near", "near"]


def test_an_aed_that_closes_before_its_runner_is_there_is_not_fetched_and_the_reason_says_so() -> None:
    closing = an_aed("closing", 20, open_until=TAPPED_AT + timedelta(seconds=90))
    plan = best_plan(a_request([somebody("r", 20), somebody("s", 25)], [closing, an_aed("open", 60)]))
    fetched = [each for each in plan.alerts if each.role is AlertRole.AED]
    assert {each.aed_id for each in fetched} == {"open"}
    assert "not the one at AED closing, which closes at 04:01" in fetched[0].reason_en
    assert "不取AED closing的AED：04:01关闭" in fetched[0].reason_zh


def test_an_aed_that_is_less_sure_is_passed_by_and_the_reason_says_so() -> None:
    flat, good = replace(an_aed("flat", 30), works_probability=0.2), replace(an_aed("good", 60), works_probability=0.97)
    plan = best_plan(a_request([surely(somebody("r", 20), 0.9)], [flat, good], cap=1))
    assert roles(plan) == {"r": "good"}
    assert "less sure to work" in plan.alerts[0].reason_en


def test_whoever_is_slower_than_the_ambulance_is_left_out() -> None:
    # 100 m on foot take 105 + 100 * 1.3 / 1.4 = 198 s, 500 m take 569 s.
    plan = best_plan(a_request([somebody("in time", 100), somebody("late", 500)], ambulance_s=300))
    assert set(roles(plan)) == {"in time"}


def test_an_ambulance_that_is_due_and_not_there_sends_nobody_home() -> None:
    # 50 m on foot take 151 s.
    for due_s in (60, 0, -600):
        assert set(roles(best_plan(a_request([somebody("near", 50), somebody("far", 400)], ambulance_s=due_s)))) == {
            "near"
        }


def test_stairs_count_for_the_ambulances_crew_too() -> None:
    high_up = replace(a_request(people(5), ambulance_s=600), floor=50)
    assert best_plan(high_up).alerts
    assert roles(best_plan(high_up)) == roles(best_plan(replace(high_up, floor=None)))


def test_far_from_anywhere_the_nearest_are_asked_though_they_take_half_an_hour() -> None:
    remote = [somebody("walker", 1900), somebody("farther", 2900)]
    assert set(roles(best_plan(a_request(remote)))) == {"walker", "farther"}
    # Where an ambulance has been announced it counts.
    assert best_plan(a_request(remote, ambulance_s=600)).alerts == ()


def test_nobody_under_way_is_asked_again() -> None:
    plan = best_plan(a_request(people(3), under_way=(coming("p0", 100), coming("p1", 100, accepted=False))))
    assert set(roles(plan)) <= {"p2"}


def test_a_role_that_somebody_fills_sooner_gets_nobody_more() -> None:
    alone = Policy(benefit=ONE_PAIR)
    plan = best_plan(a_request(people(10), [an_aed("a", 300)], under_way=(coming("there", 0),), policy=alone))
    assert {each.role for each in plan.alerts} == {AlertRole.AED}
    both = (coming("there", 0), coming("runner", 0, aed="a"))
    certain = replace(an_aed("a", 300), works_probability=1.0)
    assert best_plan(a_request(people(10), [certain], under_way=both, policy=alone)).alerts == ()


def test_cpr_under_way_lowers_the_worth_of_another_pair_of_hands() -> None:
    near, beside_aed = somebody("near", 100), somebody("beside", -150)
    without = best_plan(a_request([near, beside_aed], [an_aed("a", 160)]))
    with_cpr = best_plan(a_request([near, beside_aed], [an_aed("a", 160)], cpr_in_progress=True))
    assert with_cpr.value is not None
    assert without.value is not None
    assert with_cpr.value < without.value


def test_policy_may_demand_that_a_yes_is_nearly_sure() -> None:
    dear = Policy(price=PricePolicy(alert=0.05))
    demanding = replace(dear, acceptance=AcceptancePolicy(cpr_floor=0.95))
    few, enough = (best_plan(a_request(people(30), policy=policy)) for policy in (dear, demanding))
    assert few.accept_probability[AlertRole.CPR] < 0.95
    assert enough.accept_probability[AlertRole.CPR] >= 0.95
    assert len(enough.alerts) == 11  # 1 - 0.75^11 = 0.958
    assert enough.upper_bound is not None
    assert enough.value is not None
    assert enough.upper_bound >= enough.value
    # What cannot be had is not promised, and the cap holds.
    capped = best_plan(a_request(people(30), policy=demanding, cap=4))
    assert len(capped.alerts) == 4
    assert best_plan(a_request(people(2), policy=demanding)).accept_probability[AlertRole.CPR] < 0.95


def test_it_says_how_likely_each_role_is_accepted() -> None:
    plan = best_plan(a_request([surely(each, 0.5) for each in people(2)], cap=2))
    assert plan.accept_probability == {AlertRole.CPR: pytest.approx(0.75), AlertRole.AED: 0.0}
    sure = best_plan(a_request(under_way=(coming("x", 60),)))
    assert sure.accept_probability[AlertRole.CPR] == 1.0


def test_it_says_what_to_expect_with_it_and_without_it() -> None:
    one = surely(somebody("one", 0), 0.5)
    plan = best_plan(a_request([one], ambulance_s=905.0))
    # There at 105 s with one half, else the ambulance at 905 s.
    assert plan.outlook is not None
    assert plan.outlook.cpr_s == pytest.approx(505.0)
    assert plan.outlook.shock_s == pytest.approx(905.0)
    assert plan.outlook_without is not None
    assert plan.outlook_without.cpr_s == pytest.approx(905.0)
    later = best_plan(replace(a_request([one], ambulance_s=905.0), elapsed_s=60.0))
    assert later.outlook is not None
    assert later.outlook.cpr_s == pytest.approx(565.0)
    assert roles(later) == roles(plan)


def test_the_value_is_the_minutes_gained_at_their_price() -> None:
    policy = Policy(benefit=ONE_PAIR)
    one = surely(somebody("one", 0), 0.5)
    plan = best_plan(a_request([one], ambulance_s=705.0, policy=policy))
    # Ten minutes gained with one half, at 0.023 a minute; less 0.0003 for the alert and half a journey of 0.003.
    assert plan.value == pytest.approx(0.5 * 10 * 0.023 - 0.0003 - 0.5 * 0.003)
    assert plan.gap == 0.0


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_what_is_near_changes_nothing(seed: int) -> None:
    request = a_request(people(30), [an_aed(name, metres) for name, metres in (("a", 150), ("b", 150), ("c", 400))])
    rng = random.Random(seed)
    shuffled = replace(
        request,
        candidates=tuple(rng.sample(request.candidates, len(request.candidates))),
        aeds=tuple(rng.sample(request.aeds, len(request.aeds))),
    )
    assert best_plan(shuffled) == best_plan(request)


def test_with_nobody_and_nothing_near_the_plan_is_empty() -> None:
    plan = best_plan(a_request())
    assert (plan.alerts, plan.value, plan.upper_bound, plan.gap) == ((), 0.0, 0.0, 0.0)
    assert best_plan(a_request(aeds=[an_aed("a", 10)])).alerts == ()


def test_before_a_yes_distances_are_told_no_finer_than_fifty_metres() -> None:
    plan = best_plan(a_request([somebody("r", 333)], cap=1))
    assert "about 350 m from the patient" in plan.alerts[0].reason_en
    assert "距患者约350米" in plan.alerts[0].reason_zh


def _with_slopes(request: PlanRequest, cpr: float, shock: float) -> PlanRequest:
    # The same sum, so that prices weigh as much.
    share = 0.034 / (cpr + shock)
    benefit = BenefitPolicy(cpr_per_min=cpr * share, shock_per_min=shock * share)
    return replace(request, policy=replace(request.policy, benefit=benefit))


@pytest.mark.parametrize("seed", range(8))
def test_another_models_slopes_hardly_change_the_plan(seed: int) -> None:
    rng = random.Random(seed)
    everybody = [somebody(f"p{n}", rng.uniform(-900, 900), mode=rng.choice(list(TravelMode))) for n in range(40)]
    request = a_request(everybody, [an_aed(f"a{n}", rng.uniform(-700, 700)) for n in range(6)])
    ours = best_plan(request)
    # Valenzuela 1997 loses 0.106 a minute to CPR and 0.139 to the shock, in the logit: shock weighs more.
    theirs = best_plan(_with_slopes(request, 0.106, 0.139))
    assert len(theirs.alerts) >= len(ours.alerts) / 2
    assert ours.outlook is not None
    assert theirs.outlook is not None
    assert abs(theirs.outlook.cpr_s - ours.outlook.cpr_s) < 45
    assert abs(theirs.outlook.shock_s - ours.outlook.shock_s) < 60
