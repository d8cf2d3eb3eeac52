"""An SOS becomes an incident and its first wave."""

import random

from dispatch.rescue.commands import OpenIncident
from dispatch.rescue.decide import open_incident
from dispatch.rescue.events import Offered, Opened, Planned
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AlertRole, AlertState, IncidentKind, IncidentState
from tests.rescue.story import INCIDENT, PATIENT, TAPPED_AT, Story, an_aed, kinds, people, told


def test_the_first_wave_goes_to_the_nearest_up_to_the_cap() -> None:
    story = Story(people(9), policy=Policy(alert_cap=4)).opens()
    assert story.in_state(AlertState.OFFERED) == {"p0", "p1", "p2", "p3"}
    assert story.incident.state is IncidentState.ALERTING
    assert story.incident.waves == 1


def test_the_tap_is_the_first_event_and_holds_everything_the_caller_said() -> None:
    said = OpenIncident(
        place=PATIENT,
        accuracy_m=12.5,
        kind=IncidentKind.DROWNING,
        floor=-1,
        note="后门",
        phone="13912345678",
        cpr_in_progress=True,
        drill=True,
    )
    decision = open_incident(INCIDENT, said, Scene(TAPPED_AT))
    first = decision.events[0]
    assert (first.number, first.at, first.by) == (1, TAPPED_AT, "caller")
    assert isinstance(first.what, Opened)
    incident = decision.incident
    assert (incident.place, incident.accuracy_m, incident.kind) == (PATIENT, 12.5, IncidentKind.DROWNING)
    assert (incident.floor, incident.note, incident.phone) == (-1, "后门", "13912345678")
    assert incident.cpr_in_progress
    assert incident.drill


def test_with_nobody_there_the_incident_is_open_and_an_empty_plan_says_so() -> None:
    story = Story().opens()
    assert story.incident.state is IncidentState.OPEN
    assert kinds(story.events) == ["opened", "planned"]
    planned = story.events[1].what
    assert isinstance(planned, Planned)
    assert (planned.alerts, planned.considered) == (0, 0)


def test_every_offer_waits_twenty_seconds_for_its_answer() -> None:
    story = Story(people(2)).opens()
    waits = {(alert.respond_by - alert.offered_at).total_seconds() for alert in story.incident.alerts.values()}
    assert waits == {20.0}


def test_everybody_offered_is_sent_an_alert_in_the_order_of_the_plan() -> None:
    story = Story(people(3)).opens()
    assert told(story, story.events) == [("p0", "alert"), ("p1", "alert"), ("p2", "alert")]


def test_both_roles_are_asked_for_where_there_is_an_aed() -> None:
    story = Story(people(6), [an_aed("a", 150)]).opens()
    roles = [alert.role for alert in story.incident.alerts.values()]
    assert roles.count(AlertRole.CPR) >= 2
    assert roles.count(AlertRole.AED) >= 2
    assert {alert.aed_id for alert in story.incident.alerts.values() if alert.role is AlertRole.AED} == {"a"}


def test_the_same_tap_decided_twice_gives_the_same_alerts_whatever_the_order_of_what_is_near() -> None:
    everybody, aeds = list(people(12)), [an_aed("a", 150), an_aed("b", 300), an_aed("c", 300)]
    first = Story(everybody, aeds).opens()
    for seed in range(5):
        shuffled_people, shuffled_aeds = everybody.copy(), aeds.copy()
        random.Random(seed).shuffle(shuffled_people)
        random.Random(seed).shuffle(shuffled_aeds)
        again = Story(shuffled_people, shuffled_aeds).opens()
        assert again.events == first.events
    names = [event.what.alert_id for event in first.events if isinstance(event.what, Offered)]
    assert len(set(names)) == len(names)
