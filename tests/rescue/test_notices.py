"""Who must be told: an alert, an assignment, a stand-down, a question; and what is news to the caller."""

from dispatch.rescue.commands import Cancel, ConfirmReceipt, Decline, LetTimePass
from dispatch.rescue.course import Course
from dispatch.rescue.notices import concerns_caller, responder_notices, to_be_called_otherwise
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertState, CancelReason, StandDownReason
from tests.rescue.story import Story, people, told


def test_each_is_told_what_happens_to_them_in_the_order_it_happens() -> None:
    story = Story(people(4), policy=Policy(alert_cap=3, enough_cpr_without_aed=1)).opens()
    assert told(story, story.events) == [("p0", "alert"), ("p1", "alert"), ("p2", "alert")]
    assert told(story, story.declines("p1")) == [("p1", "stand_down"), ("p3", "alert")]
    assert told(story, story.accepts("p0")) == [("p0", "assignment")]
    assert told(story, story.does(Cancel(CancelReason.FALSE_ALARM))) == [
        ("p2", "stand_down"),
        ("p3", "stand_down"),
        ("p0", "stand_down"),
    ]


def test_whose_answer_is_no_is_told_so_on_their_other_devices() -> None:
    story = Story(people(2)).opens()
    assert told(story, story.declines("p0")) == [("p0", "stand_down")]
    # No reason of the service's: they said so themselves.
    assert story.alert_of("p0").end_reason is None


def test_who_goes_off_duty_is_told_that_this_was_the_answer() -> None:
    story = Story(people(2)).opens()
    alert = story.alert_of("p0")
    happened = story.does(Decline(alert.alert_id, alert.responder_id, off_duty=True))
    assert told(story, happened) == [("p0", "stand_down")]
    assert story.alert_of("p0").end_reason is StandDownReason.OFF_DUTY


def test_who_stays_silent_is_told_that_the_time_is_over() -> None:
    story = Story(people(1)).opens()
    assert told(story, story.waits_in_vain()) == [("p0", "stand_down")]


def test_whoever_is_at_it_is_told_when_somebody_else_joins_gets_on_or_leaves() -> None:
    story = Story(people(3)).opens()
    story.accepts("p0")
    assert told(story, story.accepts("p1")) == [("p1", "assignment"), ("p2", "stand_down"), ("p0", "assignment")]
    assert told(story, story.reaches("p1", AlertState.EN_ROUTE)) == [("p0", "assignment"), ("p1", "assignment")]
    left = told(story, story.reaches("p1", AlertState.GAVE_UP))
    assert ("p1", "stand_down") in left
    assert ("p0", "assignment") in left
    assert ("p1", "assignment") not in left


def test_that_a_device_has_its_alert_or_that_nobody_answers_is_no_news_to_the_others_at_it() -> None:
    story = Story(people(3)).opens()
    story.accepts("p0")
    assert told(story, story.does(ConfirmReceipt(tuple(story.incident.alerts)))) == []
    assert ("p0", "assignment") not in told(story, story.waits_in_vain())


def test_who_is_done_is_told_so_on_their_other_devices() -> None:
    story = Story(people(1)).opens()
    story.accepts("p0")
    story.reaches("p0", AlertState.ON_SCENE)
    assert told(story, story.reaches("p0", AlertState.DONE)) == [("p0", "stand_down")]


def test_devices_that_are_silent_are_called_otherwise_and_nobody_is_told_anything() -> None:
    story = Story(people(2)).opens()
    story.does(ConfirmReceipt((story.alert_of("p0").alert_id,)))
    story.passes(10)
    happened = story.does(LetTimePass())
    assert to_be_called_otherwise(happened) == [story.alert_of("p1").alert_id]
    assert told(story, happened) == []
    assert not concerns_caller(happened)


def test_that_a_device_has_its_alert_is_no_news_to_the_caller_and_all_else_is() -> None:
    story = Story(people(2)).opens()
    receipts = story.does(ConfirmReceipt(tuple(story.incident.alerts)))
    assert not concerns_caller(receipts)
    accepted = story.accepts("p0")
    assert concerns_caller(accepted)
    assert concerns_caller([*receipts, *accepted])
    assert not concerns_caller([])


def test_those_at_it_are_told_when_one_of_them_turns_out_to_be_bound_elsewhere() -> None:
    story = Story(people(3)).opens()
    story.accepts("p0")
    story.accepts("p1")
    course = Course(story.incident, story.scene)
    course.let_go({story.alert_of("p1").alert_id})
    notices = responder_notices(course.events, course.incident)
    names = [(course.incident.alerts[each.alert_id].responder_id, each.kind.value) for each in notices]
    assert names == [("p1", "stand_down"), ("p0", "assignment")]
