"""Who was heard a moment ago, but to whom nothing leads now, is asked and counted on for less; others are asked too."""

from dataclasses import replace

import pytest

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.commands import Accept, ConfirmReceipt, LookAround
from dispatch.rescue.events import Event, Offered
from dispatch.rescue.policy import AcceptancePolicy, Policy
from dispatch.rescue.scene import Candidate
from dispatch.rescue.vocabulary import AlertRole, ResponderId
from tests.rescue.planning import a_request, surely
from tests.rescue.story import Story, people, somebody

FEW = Policy(alert_cap=3)


def lost(candidate: Candidate) -> Candidate:
    """The same person after their line was lost."""
    return replace(candidate, has_way=False)


def asked(events: list[Event]) -> list[ResponderId]:
    """Who was asked by these."""
    return [each.what.responder_id for each in events if isinstance(each.what, Offered)]


def away_all() -> Story:
    """An incident whose three were all asked without a line."""
    story = Story([lost(each) for each in people(3)], policy=FEW).opens()
    assert len(story.incident.pending()) == 3
    story.engaged, story.candidates = list(story.candidates), [somebody("here", 600), lost(somebody("gone", 500))]
    return story


def test_somebody_to_whom_nothing_leads_is_half_as_likely_to_come_but_no_less_willing() -> None:
    plan = best_plan(a_request([lost(surely(somebody("r", 300), 0.5))]))
    assert plan.accept_probability[AlertRole.CPR] == pytest.approx(0.25)
    assert [each.acceptance for each in plan.alerts] == [0.5]


def test_policy_says_how_much_less() -> None:
    policy = Policy(acceptance=AcceptancePolicy(without_way=0.9))
    plan = best_plan(a_request([lost(surely(somebody("r", 300), 0.5))], policy=policy))
    assert plan.accept_probability[AlertRole.CPR] == pytest.approx(0.45)


def test_of_two_alike_the_one_who_can_be_told_is_asked() -> None:
    plan = best_plan(a_request([lost(somebody("gone", 300)), somebody("here", 310)], cap=1))
    assert [each.responder_id for each in plan.alerts] == ["here"]


def test_where_all_lines_are_lost_more_are_asked_for_the_same_hope() -> None:
    policy = Policy(acceptance=AcceptancePolicy(cpr_floor=0.9), price=replace(Policy().price, alert=0.05))
    crowd = people(30)
    there, away = (best_plan(a_request(those, policy=policy)) for those in (crowd, [lost(each) for each in crowd]))
    assert len(away.alerts) > len(there.alerts)


def test_who_cannot_be_told_takes_no_place_from_who_can() -> None:
    story = away_all()
    assert asked(story.does(LookAround())) == ["here"], "whoever else is lost would only ring later, with all others"
    assert len(story.incident.pending()) == 4, "nobody's offer is taken back"


def test_where_nobody_is_there_the_cap_holds() -> None:
    story = away_all()
    story.candidates = [lost(each) for each in people(9, first_m=500)]
    assert asked(story.does(LookAround())) == []


def test_who_has_the_alert_or_can_be_told_again_takes_a_place() -> None:
    told = away_all()
    told.does(ConfirmReceipt(tuple(each.alert_id for each in told.incident.pending())))
    assert asked(told.does(LookAround())) == []
    back = away_all()
    back.engaged = [replace(each, has_way=True) for each in back.engaged]
    assert asked(back.does(LookAround())) == []


def test_help_is_looked_out_for_as_long_as_nobody_who_was_asked_can_be_told() -> None:
    story = away_all()
    hands = [each for each in story.incident.pending() if each.role is AlertRole.CPR]
    assert story.incident.cpr_probability(lambda _each: False) == 0.0
    assert story.incident.cpr_probability(lambda _each: True) == pytest.approx(1 - 0.75 ** len(hands))
    story.does(ConfirmReceipt((hands[0].alert_id,)))
    assert story.incident.cpr_probability(lambda _each: False) == pytest.approx(0.25)


def test_nobody_can_be_told_while_all_who_were_asked_are_cut_off_and_none_has_the_alert() -> None:
    story = away_all()
    first = story.incident.pending()[0]
    assert story.incident.can_nobody_be_told(lambda _each: False)
    assert not story.incident.can_nobody_be_told(lambda each: each == first.responder_id)
    story.does(ConfirmReceipt((first.alert_id,)))
    assert not story.incident.can_nobody_be_told(lambda _each: False)
    # Whoever says yes has it, however they came to know.
    late = away_all()
    late.does(Accept(late.incident.pending()[0].alert_id, late.incident.pending()[0].responder_id))
    assert not late.incident.can_nobody_be_told(lambda _each: False)
    assert not Story([], policy=FEW).opens().incident.can_nobody_be_told(lambda _each: False)
