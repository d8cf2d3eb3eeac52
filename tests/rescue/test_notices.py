"""Who must be told: an alert, an assignment, a stand-down; and what is news to the caller."""

from dispatch.rescue.commands import Cancel, ConfirmReceipt
from dispatch.rescue.notices import concerns_caller
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertState, CancelReason
from tests.rescue.story import Story, people, told


def test_each_is_told_what_happens_to_them_in_the_order_it_happens() -> None:
    story = Story(people(4), policy=Policy(alert_cap=3, enough_cpr_without_aed=1)).opens()
    story.declines("p1")
    story.accepts("p0")
    story.does(Cancel(CancelReason.FALSE_ALARM))
    assert told(story, story.events) == [
        ("p0", "alert"),
        ("p1", "alert"),
        ("p2", "alert"),
        ("p3", "alert"),
        ("p0", "assignment"),
        ("p2", "stand_down"),
        ("p3", "stand_down"),
        ("p0", "stand_down"),
    ]


def test_silence_a_no_and_stages_send_nothing_to_responders() -> None:
    story = Story(people(2)).opens()
    assert told(story, story.declines("p0")) == []
    story.accepts("p1")
    assert told(story, story.reaches("p1", AlertState.EN_ROUTE)) == []
    story = Story(people(1)).opens()
    assert told(story, story.waits_in_vain()) == []


def test_that_a_device_has_its_alert_is_no_news_to_the_caller_and_all_else_is() -> None:
    story = Story(people(2)).opens()
    receipts = story.does(ConfirmReceipt(tuple(story.incident.alerts)))
    assert not concerns_caller(receipts)
    accepted = story.accepts("p0")
    assert concerns_caller(accepted)
    assert concerns_caller([*receipts, *accepted])
    assert not concerns_caller([])
