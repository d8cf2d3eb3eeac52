"""A plan in the middle of a rescue: what stands, what changes and what is taken back."""

from dataclasses import replace
from datetime import timedelta

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.commands import ExpectAmbulance, LetTimePass
from dispatch.rescue.events import Reassigned
from dispatch.rescue.policy import AcceptancePolicy, Policy, PricePolicy
from dispatch.rescue.vocabulary import AlertRole, AlertState, StandDownReason
from tests.rescue.planning import a_request, coming
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, an_aed, kinds, people, somebody, told


def test_an_offer_that_could_bring_nothing_any_more_is_taken_back() -> None:
    plan = best_plan(
        a_request(under_way=(coming("near", 60), coming("far", 500, accepted=False)), policy=Policy(benefit=ONE_PAIR))
    )
    assert plan.withdrawn == ("far",)


def test_an_offer_to_somebody_sooner_stands() -> None:
    plan = best_plan(
        a_request(under_way=(coming("far", 500), coming("near", 60, accepted=False)), policy=Policy(benefit=ONE_PAIR))
    )
    assert plan.withdrawn == ()


def test_a_second_aed_is_still_waited_for_where_the_first_may_fail() -> None:
    unsure = [replace(an_aed(name, 100), works_probability=0.7) for name in ("a", "b")]
    sure = [replace(each, works_probability=1.0) for each in unsure]
    under_way = (coming("there", 0), coming("one", 200, aed="a"), coming("two", 260, aed="b", accepted=False))
    assert best_plan(a_request(aeds=unsure, under_way=under_way, policy=Policy(benefit=ONE_PAIR))).withdrawn == ()
    assert best_plan(a_request(aeds=sure, under_way=under_way, policy=Policy(benefit=ONE_PAIR))).withdrawn == ("two",)


def test_a_runner_whose_aed_is_lost_is_sent_to_another() -> None:
    runner = somebody("runner", 50)
    lost = coming("runner", 300, aed="gone")
    plan = best_plan(a_request(aeds=[an_aed("b", 100)], under_way=(lost, coming("there", 0)), engaged=(runner,)))
    (change,) = plan.changes
    assert (change.responder_id, change.role, change.aed_id) == ("runner", AlertRole.AED, "b")
    assert "the first one cannot be used" in change.reason_en


def test_a_runner_whose_aed_is_lost_goes_to_the_patient_where_there_is_no_other() -> None:
    lost = replace(coming("runner", 900, aed="gone"), turnout_behind_s=float("inf"))
    plan = best_plan(a_request(under_way=(lost,), engaged=(somebody("runner", 50),)))
    (change,) = plan.changes
    assert (change.role, change.aed_id) == (AlertRole.CPR, None)
    assert change.eta_s < 60


def test_who_carries_an_aed_or_is_there_keeps_their_role() -> None:
    carrying = replace(coming("runner", 600, aed="gone"), has_aed=True, stays=True)
    plan = best_plan(a_request(aeds=[an_aed("b", 10)], under_way=(carrying,), engaged=(somebody("runner", 5),)))
    assert plan.changes == ()


def test_a_role_under_way_changes_only_for_more_than_the_confusion_costs() -> None:
    # The other AED lies a little better.
    aeds = [an_aed("a", 200), an_aed("b", 150)]
    runner = somebody("runner", 10)
    mine = coming("runner", 0, aed="a")
    easily = Policy(price=PricePolicy(change=0.0))
    stubborn = Policy(price=PricePolicy(change=0.2))
    request = a_request(aeds=aeds, under_way=(mine, coming("there", 0)), engaged=(runner,))
    assert [each.aed_id for each in best_plan(replace(request, policy=easily)).changes] == ["b"]
    assert best_plan(replace(request, policy=stubborn)).changes == ()


def test_the_story_of_a_runner_sent_elsewhere() -> None:
    story = Story(people(4), [an_aed("a", 100), an_aed("b", 160)], policy=Policy(benefit=ONE_PAIR)).opens()
    helper = next(each.responder_id for each in story.incident.pending() if each.aed_id is None)
    runner = next(each.responder_id for each in story.incident.pending() if each.aed_id == "a")
    story.accepts(runner)
    story.engaged = [each for each in story.candidates if each.responder_id == runner]
    story.aeds = [an_aed("b", 160)]
    happened = story.accepts(helper)
    (reassigned,) = [event.what for event in happened if isinstance(event.what, Reassigned)]
    assert reassigned.aed_id == "b"
    assert (runner, "assignment") in told(story, happened)
    alert = story.alert_of(runner)
    assert (alert.aed_id, alert.state, alert.reason_en) == ("b", AlertState.ACCEPTED, reassigned.reason_en)


def test_when_the_ambulance_is_near_offers_that_come_too_late_are_taken_back() -> None:
    story = Story([somebody("near", 20), somebody("far", 900)]).opens()
    happened = story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=300)), by="operator:ann")
    assert kinds(happened) == ["ambulance_expected", "withdrawn"]
    assert story.state_of("far") is AlertState.WITHDRAWN
    assert story.alert_of("far").end_reason is StandDownReason.NO_LONGER_NEEDED
    assert story.state_of("near") is AlertState.OFFERED


def test_the_ambulance_delayed_brings_more_people() -> None:
    story = Story([somebody("near", 20), somebody("far", 900)])
    story.opens()
    story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=300)))
    happened = story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=1500)))
    assert kinds(happened) == ["ambulance_expected", "planned", "offered"]
    assert story.state_of("far") is AlertState.OFFERED


def test_others_who_have_not_answered_either_push_nobody_out() -> None:
    under_way = (coming("slow", 700, accepted=False), coming("sure", 500))
    fast = [somebody(f"fast{number}", 10 + number) for number in range(6)]
    plan = best_plan(a_request(fast, under_way=under_way, policy=Policy(benefit=ONE_PAIR)))
    assert plan.alerts
    assert plan.withdrawn == ("slow",)
    alone = best_plan(a_request(fast, under_way=under_way[:1], policy=Policy(benefit=ONE_PAIR)))
    assert alone.alerts
    assert alone.withdrawn == ()


def test_a_floor_that_policy_demands_keeps_the_offers_that_meet_it() -> None:
    demanding = Policy(benefit=ONE_PAIR, acceptance=AcceptancePolicy(aed_floor=0.5))
    lost = (
        coming("there", 0),
        coming("one", 900, aed="a", accepted=False),
        coming("two", 950, aed="a", accepted=False),
    )
    dear = replace(demanding, price=PricePolicy(journey=0.5))
    kept = best_plan(a_request(aeds=[an_aed("a", 100)], under_way=lost, policy=dear))
    assert kept.withdrawn == ()
    assert best_plan(
        a_request(aeds=[an_aed("a", 100)], under_way=lost, policy=replace(dear, acceptance=AcceptancePolicy()))
    ).withdrawn == ("one", "two")


def test_an_aed_that_closes_before_its_runner_is_there_counts_for_nothing() -> None:
    closing = an_aed("a", 100, open_until=TAPPED_AT + timedelta(seconds=30))
    runner = coming("runner", 300, aed="a")
    plan = best_plan(
        a_request(aeds=[closing], under_way=(runner,), engaged=(somebody("runner", 200),), ambulance_s=1200.0)
    )
    assert plan.accept_probability[AlertRole.AED] == 0.0
    assert plan.outlook is not None
    assert plan.outlook.shock_s == 1200.0


def test_a_late_yes_counts_from_when_it_was_said() -> None:
    story = Story([somebody("late", 100), somebody("other", 120)], policy=Policy(benefit=ONE_PAIR)).opens()
    story.waits_in_vain()
    story.passes(600)
    story.candidates = [somebody("beside", 10)]
    story.does(LetTimePass())
    story.accepts("late")
    # They are only setting out: who is beside the patient is still waited for.
    assert story.state_of("late") is AlertState.ACCEPTED
    assert story.state_of("beside") is AlertState.OFFERED


def test_whoever_is_not_asked_any_longer_leaves_their_place_under_the_cap() -> None:
    under_way = (coming("sure", 500), coming("slow", 700, accepted=False))
    fast = [somebody(f"fast{number}", 10 + number) for number in range(6)]
    # The two of before are as many as may be at it: one goes, so one comes.
    plan = best_plan(a_request(fast, under_way=under_way, policy=Policy(benefit=ONE_PAIR), cap=0))
    assert plan.withdrawn == ("slow",)
    assert len(plan.alerts) == 1


def test_a_full_cap_lets_nobody_in_where_nobody_is_taken_back() -> None:
    fast = [somebody(f"fast{number}", 10 + number) for number in range(6)]
    plan = best_plan(a_request(fast, under_way=(coming("sure", 500),), policy=Policy(benefit=ONE_PAIR), cap=0))
    assert (plan.withdrawn, plan.alerts) == ((), ())
