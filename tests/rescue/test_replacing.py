"""Whoever declines, stays silent or turns back is replaced; nobody is asked twice."""

import itertools

from dispatch.rescue.commands import LetTimePass
from dispatch.rescue.events import Offered, Planned
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertState
from tests.rescue.story import ONE_PAIR, Story, an_aed, kinds, people, told

TWO_AT_ONCE = Policy(alert_cap=2)


def test_a_decline_is_replaced_at_once_by_the_next_nearest() -> None:
    story = Story(people(4), policy=TWO_AT_ONCE).opens()
    happened = story.declines("p0")
    assert kinds(happened) == ["declined", "planned", "offered"]
    assert told(story, happened) == [("p0", "stand_down"), ("p2", "alert")]
    assert story.alert_of("p2").wave == 2


def test_a_second_decline_of_the_same_alert_changes_nothing() -> None:
    story = Story(people(4), policy=TWO_AT_ONCE).opens()
    story.declines("p0")
    assert story.declines("p0") == []


def test_silence_is_replaced_when_the_time_to_answer_is_over() -> None:
    story = Story(people(4), policy=TWO_AT_ONCE).opens()
    happened = story.waits_in_vain()
    assert kinds(happened) == ["expired", "expired", "planned", "offered", "offered"]
    assert story.in_state(AlertState.EXPIRED) == {"p0", "p1"}
    assert story.in_state(AlertState.OFFERED) == {"p2", "p3"}


def test_a_timer_that_rings_too_early_changes_nothing() -> None:
    story = Story(people(4), policy=TWO_AT_ONCE).opens()
    story.passes(9.9)
    assert story.does(LetTimePass()) == []
    story.passes(10)
    assert kinds(story.does(LetTimePass())) == ["not_received", "not_received"]
    assert story.does(LetTimePass()) == []


def test_a_timer_that_rings_twice_or_for_somebody_who_answered_changes_nothing() -> None:
    story = Story(people(2), policy=TWO_AT_ONCE).opens()
    story.declines("p0")
    story.passes(20)
    assert kinds(story.does(LetTimePass())) == ["expired", "planned"]
    assert story.state_of("p0") is AlertState.DECLINED
    assert story.does(LetTimePass()) == []


def test_a_timer_takes_only_those_whose_own_time_is_over() -> None:
    story = Story(people(4), policy=TWO_AT_ONCE).opens()
    story.passes(15)
    story.declines("p0")
    story.passes(5)
    story.does(LetTimePass())
    assert story.in_state(AlertState.EXPIRED) == {"p1"}
    assert story.state_of("p2") is AlertState.OFFERED


def test_who_turns_back_is_replaced() -> None:
    story = Story(people(3), policy=Policy(alert_cap=1, enough_cpr_without_aed=1)).opens()
    story.accepts("p0")
    happened = story.reaches("p0", AlertState.GAVE_UP)
    assert kinds(happened) == ["stage_reached", "planned", "offered"]
    assert story.in_state(AlertState.OFFERED) == {"p1"}


def test_a_runner_who_turns_back_is_replaced_by_a_runner() -> None:
    story = Story(people(6), [an_aed("a", 150)], policy=Policy(benefit=ONE_PAIR)).opens()
    helper = next(each.responder_id for each in story.incident.pending() if each.aed_id is None)
    runner = next(each.responder_id for each in story.incident.pending() if each.aed_id == "a")
    story.accepts(helper)
    story.accepts(runner)
    assert not [each for each in story.incident.pending() if each.aed_id == "a"]
    story.reaches(runner, AlertState.GAVE_UP)
    fetching = [each.responder_id for each in story.incident.pending() if each.aed_id == "a"]
    assert fetching
    assert runner not in fetching


def test_nobody_is_asked_twice_who_declined_or_stayed_silent_or_turned_back() -> None:
    story = Story(people(7), policy=Policy(alert_cap=2)).opens()
    story.declines("p0")
    story.accepts("p1")
    story.reaches("p1", AlertState.GAVE_UP)
    while story.incident.pending():
        story.waits_in_vain()
    asked = [event.what.responder_id for event in story.events if isinstance(event.what, Offered)]
    assert sorted(asked) == [f"p{number}" for number in range(7)]


def test_who_was_sent_home_unanswered_may_be_asked_again() -> None:
    story = Story(people(3), policy=Policy(enough_cpr_without_aed=1, benefit=ONE_PAIR)).opens()
    story.accepts("p0")
    assert story.in_state(AlertState.WITHDRAWN) == {"p1", "p2"}
    story.reaches("p0", AlertState.GAVE_UP)
    assert {each.responder_id for each in story.incident.pending()} == {"p1", "p2"}
    ids = [event.what.alert_id for event in story.events if isinstance(event.what, Offered)]
    assert len(set(ids)) == len(ids) == 5


def test_when_the_last_one_declines_an_empty_plan_tells_that_nobody_is_left() -> None:
    story = Story(people(1)).opens()
    happened = story.declines("p0")
    assert kinds(happened) == ["declined", "planned"]
    planned = happened[-1].what
    assert isinstance(planned, Planned)
    assert planned.alerts == 0


def test_while_others_are_still_asked_a_decline_without_replacement_makes_no_noise() -> None:
    story = Story(people(2)).opens()
    assert kinds(story.declines("p0")) == ["declined"]


def test_the_cap_bounds_those_on_offer_and_at_it_together() -> None:
    story = Story(people(30), [an_aed("a", 200)], policy=Policy(alert_cap=5)).opens()
    story.accepts("p0")
    for name in itertools.islice((each.responder_id for each in list(story.incident.pending())), 3):
        story.declines(name)
        assert len(story.incident.pending()) + len(story.incident.engaged()) <= 5
