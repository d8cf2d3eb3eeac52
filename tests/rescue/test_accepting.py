"""Yes: in time, late, twice, by the wrong one; and enough of them."""

import pytest

from dispatch.rescue.commands import Accept, AmbulanceArrives, Cancel, Close, Decline, Refused
from dispatch.rescue.events import Accepted, StoodDown
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import (
    AlertId,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentState,
    ResponderId,
    StandDownReason,
)
from tests.rescue.story import ONE_PAIR, Story, an_aed, kinds, people, somebody, told

ONE_IS_ENOUGH = Policy(alert_cap=2, enough_cpr_without_aed=1, benefit=ONE_PAIR)


def test_who_accepts_is_told_where_to_go() -> None:
    story = Story(people(3)).opens()
    happened = story.accepts("p1")
    assert told(story, happened) == [("p1", "assignment")]
    assert story.state_of("p1") is AlertState.ACCEPTED
    assert story.incident.state is IncidentState.RESPONDING
    assert happened[0].by == "responder:p1"


def test_whoever_could_not_be_there_sooner_is_sent_home_once_hands_and_an_aed_are_coming() -> None:
    story = Story(people(6), [an_aed("a", 150)], policy=Policy(benefit=ONE_PAIR)).opens()
    helper = next(each.responder_id for each in story.incident.alerts.values() if each.role is AlertRole.CPR)
    runner = next(each.responder_id for each in story.incident.alerts.values() if each.role is AlertRole.AED)
    story.accepts(helper)
    assert story.state_of(runner) is AlertState.OFFERED
    happened = story.accepts(runner)
    rest = {f"p{number}" for number in range(6)} - {helper, runner}
    assert story.in_state(AlertState.WITHDRAWN) == rest
    assert {who for who, what in told(story, happened) if what == "stand_down"} <= rest
    assert {story.alert_of(name).end_reason for name in rest} == {StandDownReason.ENOUGH_ACCEPTED}


def test_a_second_pair_of_hands_is_waited_for_and_a_third_is_not() -> None:
    story = Story(people(4)).opens()
    story.accepts("p0")
    assert story.in_state(AlertState.OFFERED) == {"p1", "p2", "p3"}
    story.accepts("p1")
    assert story.in_state(AlertState.WITHDRAWN) == {"p2", "p3"}


def test_an_offer_to_somebody_much_nearer_stands_though_others_have_accepted() -> None:
    story = Story([somebody("near", 50), somebody("far", 900), somebody("farther", 950)]).opens()
    story.accepts("far")
    story.accepts("farther")
    assert story.state_of("near") is AlertState.OFFERED
    story.accepts("near")
    assert story.state_of("near") is AlertState.ACCEPTED


def test_who_has_done_their_part_still_counts_for_the_team() -> None:
    story = Story(people(3)).opens()
    story.accepts("p0")
    story.reaches("p0", AlertState.ON_SCENE)
    story.reaches("p0", AlertState.DONE)
    story.accepts("p1")
    assert story.in_state(AlertState.WITHDRAWN) == {"p2"}


def test_saying_yes_twice_changes_nothing() -> None:
    story = Story(people(2)).opens()
    story.accepts("p0")
    assert story.accepts("p0") == []
    story.reaches("p0", AlertState.ON_SCENE)
    assert story.accepts("p0") == []
    story.reaches("p0", AlertState.DONE)
    assert story.accepts("p0") == []


def test_a_late_yes_is_taken_while_somebody_is_still_wanted() -> None:
    story = Story(people(4), policy=Policy(alert_cap=2)).opens()
    story.waits_in_vain()
    happened = story.accepts("p0")
    assert isinstance(happened[0].what, Accepted)
    assert happened[0].what.late
    assert told(story, happened) == [("p0", "assignment")]


def test_who_said_no_may_change_their_mind_while_somebody_is_still_wanted() -> None:
    story = Story(people(4), policy=Policy(alert_cap=2)).opens()
    story.declines("p0")
    story.accepts("p0")
    assert story.state_of("p0") is AlertState.ACCEPTED


def test_a_late_yes_that_makes_the_team_whole_sends_the_others_home() -> None:
    story = Story(people(4), policy=ONE_IS_ENOUGH).opens()
    story.waits_in_vain()
    happened = story.accepts("p1")
    assert told(story, happened) == [("p1", "assignment"), ("p2", "stand_down"), ("p3", "stand_down")]


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        (AmbulanceArrives(), StandDownReason.AMBULANCE_ARRIVED),
        (Close(), StandDownReason.INCIDENT_CLOSED),
        (Cancel(CancelReason.FALSE_ALARM), StandDownReason.FALSE_ALARM),
        (Cancel(CancelReason.DUPLICATE), StandDownReason.DUPLICATE),
        (Cancel(CancelReason.CALLER_CANCELLED), StandDownReason.INCIDENT_CANCELLED),
        (Cancel(CancelReason.OPERATOR), StandDownReason.INCIDENT_CANCELLED),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else str(value),
)
def test_a_late_yes_to_what_is_over_is_answered_with_the_reason(
    ending: AmbulanceArrives | Close | Cancel, reason: StandDownReason
) -> None:
    story = Story(people(1)).opens()
    story.waits_in_vain()
    story.does(ending)
    happened = story.accepts("p0")
    assert told(story, happened) == [("p0", "stand_down")]
    assert isinstance(happened[0].what, StoodDown)
    assert happened[0].what.reason is reason


def test_a_late_yes_when_enough_are_coming_is_answered_with_thanks() -> None:
    story = Story(people(3), policy=ONE_IS_ENOUGH).opens()
    story.waits_in_vain()
    story.accepts("p0")
    story.accepts("p1")
    assert story.alert_of("p1").end_reason is StandDownReason.ENOUGH_ACCEPTED
    assert not story.alert_of("p1").is_active


def test_a_late_yes_of_somebody_much_nearer_is_taken_though_others_are_coming() -> None:
    story = Story([somebody("near", 50), somebody("far", 900)], policy=ONE_IS_ENOUGH).opens()
    story.declines("near")
    story.accepts("far")
    story.accepts("near")
    assert story.state_of("near") is AlertState.ACCEPTED


def test_a_yes_that_crossed_with_the_offer_being_taken_back_is_answered_with_thanks() -> None:
    story = Story(people(3), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    assert told(story, story.accepts("p1")) == [("p1", "stand_down")]
    assert story.alert_of("p1").end_reason is StandDownReason.ENOUGH_ACCEPTED


def test_a_yes_to_an_offer_taken_back_is_taken_once_somebody_is_wanted_again() -> None:
    story = Story(people(2), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    assert story.state_of("p1") is AlertState.WITHDRAWN
    story.candidates = ()
    story.reaches("p0", AlertState.GAVE_UP)
    story.accepts("p1")
    assert story.state_of("p1") is AlertState.ACCEPTED


def test_a_yes_to_an_offer_taken_back_is_a_yes_to_the_offer_that_followed_it() -> None:
    story = Story(people(2), policy=ONE_IS_ENOUGH).opens()
    old = story.alert_of("p1")
    story.accepts("p0")
    story.reaches("p0", AlertState.GAVE_UP)
    assert story.alert_of("p1").alert_id != old.alert_id
    story.does(Accept(old.alert_id, old.responder_id))
    bound = [each for each in story.incident.alerts.values() if each.is_active and each.responder_id == "p1"]
    assert [each.state for each in bound] == [AlertState.ACCEPTED]
    assert story.incident.alerts[old.alert_id].state is AlertState.WITHDRAWN


def test_a_change_of_mind_after_enough_have_accepted_is_answered_with_thanks() -> None:
    story = Story(people(3), policy=ONE_IS_ENOUGH).opens()
    story.declines("p1")
    story.accepts("p0")
    story.accepts("p1")
    assert story.alert_of("p1").end_reason is StandDownReason.ENOUGH_ACCEPTED


def test_a_second_yes_after_the_answer_that_enough_are_coming_changes_nothing() -> None:
    story = Story(people(3), policy=ONE_IS_ENOUGH).opens()
    story.accepts("p0")
    story.accepts("p1")
    assert story.accepts("p1") == []


def test_a_second_yes_is_taken_once_somebody_is_wanted_again() -> None:
    story = Story(people(2), policy=ONE_IS_ENOUGH).opens()
    story.declines("p1")
    story.accepts("p0")
    story.accepts("p1")
    assert story.alert_of("p1").end_reason is StandDownReason.ENOUGH_ACCEPTED
    story.candidates = ()
    story.reaches("p0", AlertState.GAVE_UP)
    happened = story.accepts("p1")
    assert told(story, happened) == [("p1", "assignment")]
    assert story.alert_of("p1").end_reason is None


def test_a_yes_after_the_answer_that_it_is_over_is_refused() -> None:
    story = Story(people(1)).opens()
    story.waits_in_vain()
    story.does(AmbulanceArrives())
    story.accepts("p0")
    before = story.incident
    with pytest.raises(Refused) as refused:
        story.accepts("p0")
    assert refused.value.code == "alert_ended"
    assert story.incident == before


def test_who_has_accepted_cannot_decline_any_more() -> None:
    story = Story(people(2)).opens()
    story.accepts("p0")
    with pytest.raises(Refused) as refused:
        story.declines("p0")
    assert refused.value.code == "already_accepted"


@pytest.mark.parametrize("answer", [Accept, Decline])
def test_an_answer_to_somebody_elses_alert_is_refused(answer: type[Accept] | type[Decline]) -> None:
    story = Story(people(2)).opens()
    with pytest.raises(Refused) as refused:
        story.does(answer(story.alert_of("p0").alert_id, ResponderId("p1")))
    assert refused.value.code == "unknown_alert"
    with pytest.raises(Refused) as refused:
        story.does(answer(AlertId("none such"), ResponderId("p1")))
    assert refused.value.code == "unknown_alert"


def test_an_answer_in_the_last_moment_before_the_timer_is_in_time() -> None:
    story = Story(people(1)).opens()
    story.passes(25)
    happened = story.accepts("p0")
    assert kinds(happened) == ["accepted"]
    assert isinstance(happened[0].what, Accepted)
    assert not happened[0].what.late
