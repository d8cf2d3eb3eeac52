"""The ambulance, a cancel or a close sends everybody home with the right reason."""

import pytest

from dispatch.rescue.commands import (
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ExpectAmbulance,
    Refused,
    SetCpr,
    Widen,
)
from dispatch.rescue.vocabulary import AlertState, CancelReason, IncidentState, StandDownReason
from tests.rescue.story import TAPPED_AT, Story, kinds, people, told

ENDINGS = [
    (AmbulanceArrives(), StandDownReason.AMBULANCE_ARRIVED),
    (Close("家属已接手"), StandDownReason.INCIDENT_CLOSED),
    (Cancel(CancelReason.FALSE_ALARM), StandDownReason.FALSE_ALARM),
    (Cancel(CancelReason.DUPLICATE), StandDownReason.DUPLICATE),
    (Cancel(CancelReason.CALLER_CANCELLED), StandDownReason.INCIDENT_CANCELLED),
    (Cancel(CancelReason.OPERATOR), StandDownReason.INCIDENT_CANCELLED),
]


def _in_the_middle() -> Story:
    """p0 on scene, p1 done, p2 turned back, p3 silent, p4 said no, p5 asked."""
    story = Story(people(6)).opens()
    story.declines("p4")
    story.accepts("p0")
    story.reaches("p0", AlertState.ON_SCENE)
    return story


@pytest.mark.parametrize(
    ("ending", "reason"), ENDINGS, ids=[str(reason) for _, reason in ENDINGS[:4]] + ["caller", "op"]
)
def test_everybody_asked_or_at_it_is_sent_home_with_the_reason(ending: Command, reason: StandDownReason) -> None:
    story = _in_the_middle()
    bound = {each.responder_id for each in story.incident.alerts.values() if each.is_active}
    happened = story.does(ending)
    assert (
        {who for who, what in told(story, happened) if what == "stand_down"} == bound == {"p0", "p1", "p2", "p3", "p5"}
    )
    assert story.state_of("p0") is AlertState.STOOD_DOWN
    assert story.state_of("p1") is AlertState.WITHDRAWN
    assert {story.alert_of(name).end_reason for name in bound} == {reason}


@pytest.mark.parametrize("ending", [ending for ending, _ in ENDINGS], ids=[str(number) for number in range(6)])
def test_who_declined_or_has_done_their_part_is_left_in_peace(ending: Command) -> None:
    story = _in_the_middle()
    story.reaches("p0", AlertState.DONE)
    happened = story.does(ending)
    assert {"p0", "p4"}.isdisjoint(who for who, _ in told(story, happened))
    assert story.state_of("p0") is AlertState.DONE


def test_the_stand_downs_come_before_the_end_in_the_timeline() -> None:
    for ending in (Close(), Cancel(CancelReason.OPERATOR)):
        happened = kinds(_in_the_middle().does(ending))
        assert happened[-1] in {"closed", "cancelled"}
        assert set(happened[:-1]) == {"withdrawn", "stood_down"}


def test_the_ambulances_arrival_does_not_close_the_incident() -> None:
    story = _in_the_middle()
    story.does(AmbulanceArrives())
    assert not story.incident.is_ended
    assert story.incident.ambulance_arrived_at == TAPPED_AT
    story.does(Close())
    assert story.incident.state is IncidentState.CLOSED


def test_once_the_ambulance_is_there_nobody_else_is_asked() -> None:
    story = Story(people(20)).opens()
    story.does(AmbulanceArrives())
    assert kinds(story.does(Widen())) == ["widened"]
    assert not story.incident.pending()


@pytest.mark.parametrize("ending", [Close(), Cancel(CancelReason.FALSE_ALARM)])
@pytest.mark.parametrize(
    "command",
    [Widen(), ExpectAmbulance(TAPPED_AT), AmbulanceArrives(), SetCpr(in_progress=True)],
    ids=lambda command: type(command).__name__,
)
def test_nothing_more_is_done_to_what_has_ended(ending: Command, command: Command) -> None:
    story = _in_the_middle()
    story.does(ending)
    with pytest.raises(Refused) as refused:
        story.does(command)
    assert refused.value.code == "incident_ended"


def test_ending_twice_the_same_way_changes_nothing() -> None:
    story = _in_the_middle()
    story.does(Close())
    assert story.does(Close("again")) == []
    story = _in_the_middle()
    story.does(Cancel(CancelReason.FALSE_ALARM))
    assert story.does(Cancel(CancelReason.OPERATOR)) == []
    assert story.incident.cancel_reason is CancelReason.FALSE_ALARM


def test_an_end_is_not_changed_into_the_other() -> None:
    story = _in_the_middle()
    story.does(Close())
    with pytest.raises(Refused):
        story.does(Cancel(CancelReason.FALSE_ALARM))
    story = _in_the_middle()
    story.does(Cancel(CancelReason.FALSE_ALARM))
    with pytest.raises(Refused):
        story.does(Close())
    assert story.incident.state is IncidentState.CANCELLED


def test_the_ambulance_arriving_twice_changes_nothing() -> None:
    story = _in_the_middle()
    story.does(AmbulanceArrives())
    story.passes(60)
    assert story.does(AmbulanceArrives()) == []
    assert story.incident.ambulance_arrived_at == TAPPED_AT
