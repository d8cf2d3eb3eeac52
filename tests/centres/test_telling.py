"""What a centre is told is the same however much of it is read at once, and wherever reading goes on."""

from functools import reduce
from random import Random
from typing import Any

import pytest

from dispatch.centres.telling import told_of
from dispatch.centres.vocabulary import Told
from dispatch.rescue.commands import (
    AmbulanceArrives,
    Close,
    Command,
    ConfirmReceipt,
    ExpectAmbulance,
    LetTimePass,
    Progress,
    Refused,
    SetCpr,
)
from dispatch.rescue.events import Event
from dispatch.rescue.incident import apply, begin, fold
from dispatch.rescue.vocabulary import AlertState
from tests.rescue.story import INCIDENT, Story, an_aed, people

_STAGES = (AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE, AlertState.DONE, AlertState.GAVE_UP)


def _something(story: Story, chance: Random) -> Command:
    """What might be said next."""
    engaged = [each for each in story.incident.alerts.values() if each.is_engaged]
    what = chance.choice(("passes", "receipt", "stage", "stage", "cpr", "ambulance", "arrives"))
    if what == "receipt":
        return ConfirmReceipt(tuple(each.alert_id for each in story.incident.pending()))
    if what == "stage" and engaged:
        alert = chance.choice(engaged)
        return Progress(alert.alert_id, alert.responder_id, chance.choice(_STAGES))
    if what == "cpr":
        return SetCpr(not story.incident.cpr_in_progress)
    if what == "ambulance":
        return ExpectAmbulance(story.now, unit="120-7")
    return AmbulanceArrives() if what == "arrives" and chance.random() < 0.1 else LetTimePass()


def _rescue(seed: int) -> list[Event]:
    """The events of an incident in which much happens, to its end."""
    chance = Random(f"telling {seed}")
    story = Story(people(30, apart_m=40), aeds=[an_aed("a", 150), an_aed("b", 300)]).opens()
    for _ in range(60):
        story.passes(chance.uniform(0.5, 6.0))
        pending = [each.responder_id for each in story.incident.pending()]
        try:
            if pending and chance.random() < 0.5:
                (story.accepts if chance.random() < 0.4 else story.declines)(chance.choice(pending))
            else:
                story.does(_something(story, chance))
        except Refused:
            continue
    if not story.incident.is_ended:
        story.does(Close())
    return story.events


def _told(events: list[Event], after: int = 0) -> list[Told]:
    return list(told_of(INCIDENT, events, _name_of, after=after))


def _name_of(aed_id: str | None) -> str | None:
    return f"AED {aed_id}"


@pytest.mark.parametrize("seed", range(6))
def test_read_at_once_or_event_by_event_or_from_the_middle(seed: int) -> None:
    events = _rescue(seed)
    assert fold(INCIDENT, events) == reduce(apply, events[1:], begin(INCIDENT, events[0]))
    at_once = _told(events)
    one_by_one = [line for end in range(1, len(events) + 1) for line in _told(events[:end], after=end - 1)]
    assert at_once == one_by_one
    for after in range(len(events) + 2):
        assert _told(events, after=after) == [line for line in at_once if line.number > after]


def test_much_happens_in_these_rescues() -> None:
    events = [event for seed in range(6) for event in _rescue(seed)]
    told = [line for seed in range(6) for line in _told(_rescue(seed))]
    kinds: dict[str, Any] = dict.fromkeys(line.type.value for line in told)
    assert {"incident.opened", "responder.accepted", "responder.en_route", "incident.closed"} <= kinds.keys()
    assert "responder.stood_down" in kinds
    assert 2 * len(told) < len(events), "most of it is no news to a centre"


def test_an_event_that_is_missing_is_not_passed_over() -> None:
    events = _rescue(0)
    for missing in (3, len(events) - 2):
        with pytest.raises(ValueError, match="events"):
            _told([*events[:missing], *events[missing + 1 :]])
    # The last is no news to a centre.
    with pytest.raises(ValueError, match="events"):
        _told([*events[:2], events[3]])
