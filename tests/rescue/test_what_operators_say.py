"""Widening, the ambulance's time, CPR on the spot, devices that have their alert."""

from datetime import timedelta

from dispatch.rescue.commands import ConfirmReceipt, ExpectAmbulance, SetCpr, Widen
from dispatch.rescue.events import Planned
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertId, AlertState
from tests.rescue.story import ONE_PAIR, TAPPED_AT, Story, kinds, people, told


def test_widening_alerts_more_at_once() -> None:
    story = Story(people(9), policy=Policy(alert_cap=2, widen_cap=3)).opens()
    happened = story.does(Widen(), by="operator:ann")
    assert kinds(happened) == ["widened", "planned", "offered", "offered", "offered"]
    assert happened[0].by == "operator:ann"
    story.does(Widen())
    assert story.incident.times_widened == 2
    assert len(story.incident.pending()) == 8


def test_widening_asks_for_one_more_whole_team() -> None:
    story = Story(
        people(6), policy=Policy(alert_cap=2, widen_cap=2, enough_cpr_without_aed=1, benefit=ONE_PAIR)
    ).opens()
    story.accepts("p0")
    assert not story.incident.pending()
    happened = story.does(Widen())
    assert [who for who, what in told(story, happened) if what == "alert"] == ["p1", "p2", "p3"]
    story.accepts("p2")
    assert story.in_state(AlertState.WITHDRAWN) == {"p1", "p3"}


def test_widening_that_finds_nobody_says_so() -> None:
    story = Story(people(2)).opens()
    happened = story.does(Widen())
    assert kinds(happened) == ["widened", "planned"]
    assert isinstance(happened[1].what, Planned)
    assert happened[1].what.alerts == 0


def test_a_widened_policy_reaches_farther_and_asks_more() -> None:
    policy = Policy().widened(2)
    assert policy.reach_m == 4 * Policy().reach_m
    assert policy.aed_reach_m == 4 * Policy().aed_reach_m
    assert policy.alert_cap == Policy().alert_cap + 2 * Policy().widen_cap
    assert (policy.enough_cpr, policy.enough_aed, policy.enough_cpr_without_aed) == (3, 3, 6)
    assert Policy().widened(0) == Policy()


def test_who_would_come_after_the_ambulance_is_not_asked_any_more() -> None:
    story = Story(people(8, apart_m=150), policy=Policy(alert_cap=2)).opens()
    # Walking 400 m takes 105 + 400 * 1.3 / 1.4 = 476 s, 550 m takes 616 s.
    story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=500)))
    assert kinds(story.declines("p0")) == ["declined", "planned", "offered"]
    assert story.in_state(AlertState.OFFERED) == {"p1", "p2"}
    assert kinds(story.declines("p1")) == ["declined"]


def test_the_ambulances_time_may_change() -> None:
    story = Story(people(1)).opens()
    story.does(ExpectAmbulance(TAPPED_AT + timedelta(seconds=500)))
    later = TAPPED_AT + timedelta(seconds=800)
    assert kinds(story.does(ExpectAmbulance(later))) == ["ambulance_expected"]
    assert story.incident.ambulance_arrives_at == later


def test_cpr_begins_and_stops() -> None:
    story = Story().opens()
    assert kinds(story.does(SetCpr(in_progress=True), by="caller")) == ["cpr_changed"]
    assert story.incident.cpr_in_progress
    assert story.does(SetCpr(in_progress=True)) == []
    assert kinds(story.does(SetCpr(in_progress=False))) == ["cpr_changed"]


def test_a_device_says_once_that_it_has_its_alert() -> None:
    story = Story(people(2)).opens()
    both = ConfirmReceipt(tuple(story.incident.alerts))
    assert kinds(story.does(both)) == ["received", "received"]
    assert story.in_state(AlertState.RECEIVED) == {"p0", "p1"}
    assert story.does(both) == []


def test_a_receipt_that_comes_after_the_answer_is_noted_and_changes_no_state() -> None:
    story = Story(people(3), policy=Policy(alert_cap=2)).opens()
    story.accepts("p0")
    story.declines("p1")
    story.passes(1)
    assert kinds(story.does(ConfirmReceipt(tuple(story.incident.alerts)))) == ["received"] * 3
    assert story.state_of("p0") is AlertState.ACCEPTED
    assert story.state_of("p1") is AlertState.DECLINED
    assert story.alert_of("p0").stages[AlertState.RECEIVED] == story.now


def test_a_receipt_of_an_alert_that_there_is_not_changes_nothing() -> None:
    story = Story(people(1)).opens()
    assert story.does(ConfirmReceipt((AlertId("none such"),))) == []


def test_a_received_alert_is_answered_and_expires_like_any_other() -> None:
    story = Story(people(2)).opens()
    story.does(ConfirmReceipt(tuple(story.incident.alerts)))
    story.accepts("p0")
    story.waits_in_vain()
    assert story.state_of("p0") is AlertState.ACCEPTED
    assert story.state_of("p1") is AlertState.EXPIRED
