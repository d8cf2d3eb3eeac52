"""The events are the truth: the incident is their fold, and nothing else."""

from dataclasses import replace

import pytest

from dispatch.rescue.commands import ConfirmReceipt
from dispatch.rescue.events import Event, Opened, Planned
from dispatch.rescue.incident import apply, begin, fold
from dispatch.rescue.vocabulary import AlertState, IncidentState
from tests.rescue.story import INCIDENT, TAPPED_AT, Story, people


def test_an_incident_begins_with_an_event() -> None:
    with pytest.raises(ValueError, match="begins"):
        fold(INCIDENT, [])


def test_an_incident_begins_with_the_tap() -> None:
    story = Story(people(1)).opens()
    with pytest.raises(ValueError, match="opened"):
        fold(INCIDENT, story.events[1:])
    with pytest.raises(ValueError, match="opened"):
        begin(INCIDENT, replace(story.events[0], number=2))


def test_a_missing_or_repeated_event_is_noticed() -> None:
    story = Story(people(2)).opens()
    with pytest.raises(ValueError, match="does not follow"):
        fold(INCIDENT, [story.events[0], *story.events[2:]])
    with pytest.raises(ValueError, match="does not follow"):
        fold(INCIDENT, [*story.events, story.events[-1]])


def test_nothing_opens_twice() -> None:
    story = Story().opens()
    tap = story.events[0].what
    assert isinstance(tap, Opened)
    with pytest.raises(ValueError, match="Opened"):
        apply(story.incident, Event(story.incident.version + 1, TAPPED_AT, "caller", tap))


def test_applying_an_event_leaves_the_incident_before_it_as_it_was() -> None:
    story = Story(people(2)).opens()
    before, alerts_before = story.incident, dict(story.incident.alerts)
    story.accepts("p0")
    assert dict(before.alerts) == alerts_before
    assert before.alerts is not story.incident.alerts


def test_the_version_is_the_number_of_the_newest_event() -> None:
    story = Story(people(3)).opens()
    assert story.incident.version == len(story.events) == 5
    story.declines("p0")
    assert story.incident.version == story.events[-1].number


def test_any_beginning_of_the_list_is_the_incident_as_it_was_then() -> None:
    story = Story(people(3)).opens()
    versions = [story.incident]
    story.does(ConfirmReceipt(tuple(story.incident.alerts)))
    versions.append(story.incident)
    story.accepts("p0")
    versions.append(story.incident)
    story.reaches("p0", AlertState.ON_SCENE)
    versions.append(story.incident)
    story.waits_in_vain()
    versions.append(story.incident)
    for incident in versions:
        assert fold(INCIDENT, story.events[: incident.version]) == incident
    assert [each.state for each in versions] == [
        IncidentState.ALERTING,
        IncidentState.ALERTING,
        IncidentState.RESPONDING,
        IncidentState.ON_SCENE,
        IncidentState.ON_SCENE,
    ]


def test_a_plan_without_alerts_counts_as_a_wave_so_that_alert_names_never_repeat() -> None:
    story = Story(people(1)).opens()
    story.declines("p0")
    assert story.incident.waves == 2
    assert [event.what.wave for event in story.events if isinstance(event.what, Planned)] == [1, 2]
