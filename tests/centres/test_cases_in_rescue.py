"""What a centre's case adds to the pure decisions: a number, times, and an ambulance that is known from the start."""

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.rescue.commands import AmbulanceArrives, Close, ExpectAmbulance, GiveCase, OpenIncident, Refused
from dispatch.rescue.decide import decide, open_incident
from dispatch.rescue.events import Event, happening_from_json, happening_to_json
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.merging import merge
from dispatch.rescue.retelling import commands_of
from dispatch.rescue.vocabulary import IncidentId
from tests.rescue.story import INCIDENT, PATIENT, TAPPED_AT, Story, kinds, people

OTHER = IncidentId("0f9c2a56-7f6e-4c36-9f0c-5d3f3e1f8a02")
SOON = TAPPED_AT + timedelta(seconds=480)


def a_case(**more: object) -> OpenIncident:
    command = OpenIncident(
        place=PATIENT,
        by="centre:hz120",
        centre="hz120",
        case_number="2026-1",
        called_at=TAPPED_AT - timedelta(seconds=30),
        collapsed_at=TAPPED_AT - timedelta(seconds=90),
        ambulance=ExpectAmbulance(SOON, "3号车", TAPPED_AT - timedelta(seconds=5)),
    )
    return replace(command, **more)  # type: ignore[arg-type] # whatever a test wants otherwise


def opened(incident_id: IncidentId = INCIDENT, **more: object) -> tuple[Incident, list[Event]]:
    decision = open_incident(incident_id, a_case(**more), Story(people(3)).scene)
    return decision.incident, list(decision.events)


def test_a_case_opens_with_its_number_and_its_ambulance() -> None:
    incident, events = opened()
    assert kinds(events)[:3] == ["opened", "ambulance_expected", "planned"]
    assert {each.by for each in events[:2]} == {"centre:hz120"}
    assert (incident.centre, incident.case_number) == ("hz120", "2026-1")
    assert (incident.ambulance_arrives_at, incident.ambulance_unit) == (SOON, "3号车")
    assert incident.called_at == TAPPED_AT - timedelta(seconds=30)
    assert incident.collapsed_at == TAPPED_AT - timedelta(seconds=90)
    # An SOS is by its caller, and tells none of it.
    sos = open_incident(INCIDENT, OpenIncident(place=PATIENT), Story(people(3)).scene)
    assert sos.events[0].by == "caller"
    assert (sos.incident.centre, sos.incident.case_number) == (None, None)


def test_nobody_is_asked_who_comes_after_an_ambulance_that_is_nearly_there() -> None:
    at_the_door = ExpectAmbulance(TAPPED_AT + timedelta(seconds=5))
    decision = open_incident(INCIDENT, a_case(ambulance=at_the_door), Story(people(3, first_m=1500)).scene)
    assert decision.incident.alerts == {}


def test_events_written_before_there_were_cases_are_still_read() -> None:
    _, events = opened()
    for event in events[:2]:
        data = happening_to_json(event.what)
        old = {name: value for name, value in data.items() if name not in {"centre", "case_number", "called_at"}}
        old = {name: value for name, value in old.items() if name not in {"collapsed_at", "unit", "said_at"}}
        if "arrives_at" in old:
            old["arrives_at"] = old["arrives_at"].isoformat()
        read = happening_from_json(event.kind, old)
        assert happening_to_json(read).keys() == data.keys()


def test_word_of_the_ambulance_is_taken_in_the_order_in_which_it_was_so() -> None:
    incident, _ = opened()
    scene = Story(people(3)).scene

    def hears(incident: Incident, eta_s: float, said_s: float) -> Incident:
        said_at = TAPPED_AT + timedelta(seconds=said_s)
        command = ExpectAmbulance(said_at + timedelta(seconds=eta_s), None, said_at)
        return decide(incident, command, scene, by="centre:hz120").incident

    newer = hears(incident, 300, 0)
    assert newer.ambulance_arrives_at == TAPPED_AT + timedelta(seconds=300)
    # Its unit is still the one that was named before.
    assert newer.ambulance_unit == "3号车"
    assert hears(newer, 900, -3) is newer
    assert hears(newer, 300, 0) is newer
    there = decide(newer, AmbulanceArrives(), scene, by="operator:ann").incident
    assert hears(there, 60, 60) is there


def test_a_case_is_given_once_and_to_what_goes_on() -> None:
    story = Story(people(2)).opens()
    events = story.does(GiveCase("hz120", "2026-7"), by="centre:hz120")
    assert kinds(events) == ["case_given"]
    assert story.does(GiveCase("hz120", "2026-7")) == []
    with pytest.raises(Refused, match="2026-7 already"):
        story.does(GiveCase("nb120", "9"))
    story.does(Close())
    # Said again, that changes nothing, and is no mistake.
    assert story.does(GiveCase("hz120", "2026-7")) == []
    over = Story().opens()
    over.does(Close())
    with pytest.raises(Refused, match="closed"):
        over.does(GiveCase("hz120", "2026-8"))


def test_the_incident_that_goes_on_has_the_number_of_the_case_that_joined_it() -> None:
    case, _ = opened(OTHER)
    sos = Story(people(3)).opens().incident
    _, goes_on = merge(case, sos, Story(people(3)).scene, by="centre:hz120")
    assert (goes_on.incident.centre, goes_on.incident.case_number) == ("hz120", "2026-1")
    assert (goes_on.incident.ambulance_arrives_at, goes_on.incident.ambulance_unit) == (SOON, "3号车")
    # One that has a number keeps it.
    second, _ = opened(IncidentId("0f9c2a56-7f6e-4c36-9f0c-5d3f3e1f8a03"), case_number="2026-2")
    _, still = merge(second, goes_on.incident, Story(people(3)).scene, by="centre:hz120")
    assert still.incident.case_number == "2026-1"


def test_what_a_centre_said_can_be_said_again() -> None:
    story = Story(people(2)).opens()
    said_at = TAPPED_AT + timedelta(seconds=1)
    events = [
        *story.does(GiveCase("hz120", "2026-7"), by="centre:hz120"),
        *story.does(ExpectAmbulance(SOON, "3号车", said_at), by="centre:hz120"),
    ]
    assert commands_of(events, story.incident)[:2] == [
        ("centre:hz120", GiveCase("hz120", "2026-7")),
        ("centre:hz120", ExpectAmbulance(SOON, "3号车", said_at)),
    ]
    assert fold(INCIDENT, story.events) == story.incident
