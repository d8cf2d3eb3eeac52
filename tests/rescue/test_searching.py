"""Nobody to alert, nobody left, and for how long somebody is looked for."""

from datetime import timedelta

import pytest

from dispatch.rescue.commands import Accept, AmbulanceArrives, LetTimePass, Widen
from dispatch.rescue.events import Planned, StoodDown
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertState, IncidentState, StandDownReason
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, kinds, people, somebody, told

S = AlertState


def test_a_caller_with_nobody_near_is_alone_from_the_beginning() -> None:
    story = Story().opens()
    assert story.incident.nobody_reached
    planned = story.events[-1].what
    assert isinstance(planned, Planned)
    assert planned.alerts == 0


def test_a_caller_is_alone_once_everybody_has_said_no_or_nothing() -> None:
    story = Story(people(2)).opens()
    alone = [story.incident.nobody_reached]
    story.declines("p0")
    alone.append(story.incident.nobody_reached)
    story.waits_in_vain()
    alone.append(story.incident.nobody_reached)
    story.accepts("p1")
    alone.append(story.incident.nobody_reached)
    assert alone == [False, False, True, False]


def test_a_caller_whose_helper_has_been_there_is_not_alone() -> None:
    story = Story(people(1)).opens()
    story.accepts("p0")
    story.reaches("p0", S.ON_SCENE)
    story.reaches("p0", S.DONE)
    assert not story.incident.nobody_reached


def test_with_the_ambulance_there_nobody_is_alone() -> None:
    story = Story().opens()
    story.does(AmbulanceArrives())
    assert not story.incident.nobody_reached


def test_whoever_comes_on_duty_or_near_is_asked_at_the_next_look() -> None:
    story = Story().opens()
    story.candidates = people(1)
    story.passes(3)
    happened = story.does(LetTimePass(), by="system")
    assert kinds(happened) == ["planned", "offered"]
    assert told(story, happened) == [("p0", "alert")]


def test_looks_that_find_nobody_make_no_noise() -> None:
    story = Story().opens()
    for _ in range(5):
        story.passes(20)
        assert story.does(LetTimePass()) == []


def test_an_incident_whose_only_helper_there_gives_up_is_not_on_scene_any_more() -> None:
    story = Story(people(2), policy=Policy(alert_cap=1)).opens()
    story.accepts("p0")
    states = []
    for stage in (S.ON_SCENE, S.GAVE_UP):
        story.reaches("p0", stage)
        states.append(story.incident.state)
    assert states == [IncidentState.ON_SCENE, IncidentState.ALERTING]
    story.declines("p1")
    assert story.incident.nobody_reached


def _given_up() -> Story:
    """One is at it, one with the patient, and two hours pass without a word from anybody."""
    story = Story(people(3)).opens()
    story.accepts("p0")
    story.reaches("p0", S.ON_SCENE)
    story.accepts("p1")
    story.passes(7199.9)
    story.does(LetTimePass())
    assert story.incident.search_ended_at is None
    story.passes(0.1)
    return story


def test_after_two_hours_nobody_is_looked_for_any_more_and_everybody_is_free() -> None:
    story = _given_up()
    happened = story.does(LetTimePass(), by="system")
    assert kinds(happened) == ["search_ended", "stood_down", "stood_down"]
    assert {who for who, what in told(story, happened) if what == "stand_down"} == {"p0", "p1"}
    assert story.alert_of("p1").end_reason is StandDownReason.NO_LONGER_NEEDED
    assert not story.incident.is_ended
    assert story.wake is None


def test_the_end_of_the_search_comes_once() -> None:
    story = _given_up()
    story.does(LetTimePass())
    story.passes(7200)
    assert story.does(LetTimePass()) == []


def test_unanswered_offers_are_taken_back_when_the_search_ends() -> None:
    story = Story(people(1), policy=Policy(give_up_s=20)).opens()
    story.passes(20)
    assert kinds(story.does(LetTimePass())) == ["search_ended", "withdrawn"]


def test_a_yes_after_the_search_has_ended_is_answered_by_that() -> None:
    story = Story(people(1)).opens()
    story.waits_in_vain()
    story.now = TAPPED_AT + timedelta(hours=2)
    story.does(LetTimePass())
    happened = story.accepts("p0")
    assert isinstance(happened[0].what, StoodDown)
    assert happened[0].what.reason is StandDownReason.NO_LONGER_NEEDED
    assert story.accepts("p0") == []


def test_widening_begins_the_search_anew_and_those_sent_home_may_be_asked_again() -> None:
    story = _given_up()
    story.does(LetTimePass())
    happened = story.does(Widen(), by="operator:ann")
    assert kinds(happened)[:2] == ["widened", "planned"]
    assert {"p0", "p1"} <= {each.responder_id for each in story.incident.pending()}
    assert story.wake is not None
    story.passes(7199)
    story.does(LetTimePass())
    assert story.incident.search_ended_at is None
    story.passes(1)
    assert "search_ended" in kinds(story.does(LetTimePass()))


def test_widening_counts_the_time_to_search_anew() -> None:
    story = Story().opens()
    story.passes(7000)
    story.does(Widen())
    story.passes(300)
    assert story.does(LetTimePass()) == []
    assert story.incident.search_ended_at is None


@pytest.mark.parametrize("reason", [StandDownReason.ENOUGH_ACCEPTED, StandDownReason.AMBULANCE_ARRIVED])
def test_who_was_sent_home_because_enough_came_may_be_asked_again(reason: StandDownReason) -> None:
    story = Story(
        [somebody("p0", 100), somebody("p1", 120)], policy=Policy(enough_cpr_without_aed=1, benefit=ONE_PAIR)
    ).opens()
    story.declines("p1")
    story.accepts("p0")
    if reason is StandDownReason.AMBULANCE_ARRIVED:
        story.does(AmbulanceArrives())
    story.accepts("p1")
    assert story.alert_of("p1").end_reason is reason
    assert story.alert_of("p1").may_be_asked_again == (reason is StandDownReason.ENOUGH_ACCEPTED)
    if reason is StandDownReason.ENOUGH_ACCEPTED:
        story.reaches("p0", S.GAVE_UP)
        assert story.state_of("p1") is S.OFFERED


def test_who_turned_back_is_not_asked_again_and_may_come_all_the_same() -> None:
    story = Story(people(1)).opens()
    story.accepts("p0")
    story.reaches("p0", S.EN_ROUTE)
    story.reaches("p0", S.GAVE_UP)
    story.passes(60)
    assert story.does(LetTimePass()) == []
    happened = story.accepts("p0")
    assert kinds(happened) == ["accepted"]
    assert told(story, happened) == [("p0", "assignment")]


def test_who_changes_their_mind_after_turning_back_sets_out_anew() -> None:
    story = Story(people(1)).opens()
    story.accepts("p0")
    for stage in (S.EN_ROUTE, S.ON_SCENE, S.GAVE_UP):
        story.reaches("p0", stage)
    story.passes(600)
    story.accepts("p0")
    alert = story.alert_of("p0")
    # They are not there for having been there, nor on the move; and their time counts from now.
    assert story.incident.state is IncidentState.RESPONDING
    assert not alert.is_moving
    assert alert.counts_from(story.now) == story.now
    assert kinds(story.reaches("p0", S.ON_SCENE)) == ["stage_reached"]


def test_a_yes_named_by_an_old_offer_is_the_answer_to_the_newest() -> None:
    story = Story(people(2), policy=Policy(alert_cap=2, enough_cpr_without_aed=1, benefit=ONE_PAIR)).opens()
    old = story.alert_of("p1")
    story.accepts("p0")
    story.reaches("p0", S.GAVE_UP)
    new = story.alert_of("p1")
    assert new.alert_id != old.alert_id
    story.declines("p1")
    story.does(Accept(old.alert_id, old.responder_id))
    assert story.incident.alerts[old.alert_id].state is S.WITHDRAWN
    assert story.incident.alerts[new.alert_id].state is S.ACCEPTED
