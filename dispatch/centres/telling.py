"""What of an incident's events a 120 centre's own system is told, and in which words. Pure: events in, messages out.

No first-aider's name or number is in it: a centre that has to speak to somebody does so at the console. The caller's
number is, for the centre runs the emergency; whoever is no centre gets the message without it (`envelopes`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from dispatch.centres.vocabulary import EventType, Told
from dispatch.locations import location_json
from dispatch.rescue.alert import Alert
from dispatch.rescue.events import (
    Accepted,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    CaseGiven,
    Closed,
    CprChanged,
    Event,
    Happening,
    Joined,
    Merged,
    Opened,
    Reassigned,
    StageReached,
    StoodDown,
)
from dispatch.rescue.incident import Incident, apply, begin, go_on
from dispatch.rescue.vocabulary import AlertState, IncidentId

# What an AED is called, by its id.
NameOfAed = Callable[[str | None], str | None]

_OF_STAGE = {
    AlertState.EN_ROUTE: EventType.RESPONDER_EN_ROUTE,
    AlertState.AED_COLLECTED: EventType.AED_COLLECTED,
    AlertState.ON_SCENE: EventType.RESPONDER_ON_SCENE,
    AlertState.DONE: EventType.RESPONDER_DONE,
    AlertState.GAVE_UP: EventType.RESPONDER_GAVE_UP,
}

_KINDS: tuple[type[Happening], ...] = (
    *(Opened, Accepted, StageReached, StoodDown, Reassigned, AmbulanceExpected, AmbulanceArrived),
    *(CprChanged, Merged, Joined, CaseGiven, Cancelled, Closed),
)
# The kinds of events that may be told: all others are passed over unread.
TOLD_KINDS = frozenset(each.kind for each in _KINDS)


def told_of(
    incident_id: IncidentId, events: Sequence[Event], name_of_aed: NameOfAed, *, after: int = 0
) -> Iterator[Told]:
    """What a centre is told of those `events` of an incident, from its first on, whose number is above `after`.

    Raises `ValueError` or `KeyError` for events that tell of no incident.
    """
    if not events or events[-1].number != len(events):
        raise ValueError(f"of {events[-1].number if events else 'no'} events {len(events)} are there")
    before = incident = go_on(begin(incident_id, events[0]), events[1:after])
    # Folded in together when the next is told: one by one, each would be a copy of the incident.
    passed_over: list[Event] = []
    for event in events[after:]:
        if event.number > 1:
            if not _may_be_told(incident, event.what):
                passed_over.append(event)
                continue
            before, passed_over = go_on(incident, passed_over), []
            incident = apply(before, event)
        said = _said(before, incident, event.what, name_of_aed)
        if said is not None:
            kind, data = said
            yield Told(
                incident_id=incident_id,
                number=event.number,
                type=kind,
                at=event.at,
                drill=incident.drill,
                centre=incident.centre,
                case_number=incident.case_number,
                data={**data, "incident": snapshot(incident)},
            )


def _may_be_told(incident: Incident, what: Happening) -> bool:
    """Whether this may be news to a centre, by what the incident was when something last was."""
    if isinstance(what, StoodDown):
        # Most of those who are asked never said yes; what is passed over meanwhile has nobody say so.
        alert = incident.alerts.get(what.alert_id)
        return alert is not None and alert.is_engaged
    return isinstance(what, _KINDS)


def snapshot(incident: Incident) -> dict[str, Any]:
    """The incident as it stood: enough to act upon without asking for more."""
    alerts = incident.alerts.values()
    return {
        "state": incident.state.value,
        "kind": incident.kind.value,
        "opened_at": incident.opened_at,
        "called_at": incident.called_at,
        "collapsed_at": incident.collapsed_at,
        "closed_at": incident.closed_at,
        "end_reason": None if incident.cancel_reason is None else incident.cancel_reason.value,
        "location": {**location_json(incident.place), "accuracy_m": incident.accuracy_m},
        "floor": incident.floor,
        "note": incident.note,
        "caller": {"phone": incident.phone},
        "cpr_in_progress": incident.cpr_in_progress,
        "nobody_reached": incident.nobody_reached,
        "ambulance": ambulance_json(incident),
        "responders": {
            "alerted": len(incident.alerts),
            "coming": sum(each.is_engaged and not each.is_there for each in alerts),
            "on_scene": sum(each.is_engaged and each.is_there for each in alerts),
        },
        "merged_into": incident.merged_into,
    }


def ambulance_json(incident: Incident) -> dict[str, Any]:
    """What is known of the ambulance."""
    return {
        "arrives_at": incident.ambulance_arrives_at,
        "arrived_at": incident.ambulance_arrived_at,
        "unit": incident.ambulance_unit,
    }


def responder_json(alert: Alert, name_of_aed: NameOfAed) -> dict[str, Any]:
    """Somebody who comes, by their id alone: what for, and when they will be there."""
    aed = None if alert.aed_id is None else {"id": alert.aed_id, "name": name_of_aed(alert.aed_id)}
    return {
        "alert_id": alert.alert_id,
        "responder_id": alert.responder_id,
        "role": alert.role.value,
        "state": alert.state.value,
        "aed": aed,
        "distance_m": round(alert.distance_m),
        "eta_s": round(alert.eta_s),
        "arrives_at": alert.arrived_at or alert.promised_at,
    }


def _said(  # noqa: PLR0911 - a line a kind
    before: Incident, incident: Incident, what: Happening, name_of_aed: NameOfAed
) -> tuple[EventType, dict[str, Any]] | None:
    """The type and the particulars of what happened; None for what is no news to a centre."""
    match what:
        case Opened():
            return EventType.INCIDENT_OPENED, {}
        case CaseGiven():
            return EventType.INCIDENT_CASE_GIVEN, {}
        case AmbulanceExpected() | AmbulanceArrived():
            return EventType.AMBULANCE_UPDATED, {"ambulance": ambulance_json(incident)}
        case CprChanged(in_progress=in_progress):
            return EventType.INCIDENT_CPR_CHANGED, {"cpr_in_progress": in_progress}
        case Merged(into=into):
            return EventType.INCIDENT_MERGED, {"into": into}
        case Joined(incident_id=joined, centre=centre, case_number=case_number):
            data = {"joined": {"incident_id": joined, "centre": centre, "case_number": case_number}}
            return EventType.INCIDENT_JOINED, data
        case Cancelled(reason=reason):
            return EventType.INCIDENT_CANCELLED, {"reason": reason.value}
        case Closed(note=note):
            return EventType.INCIDENT_CLOSED, {"note": note}
        case _:
            return _said_of_responder(before, incident, what, name_of_aed)


def _said_of_responder(
    before: Incident, incident: Incident, what: Happening, name_of_aed: NameOfAed
) -> tuple[EventType, dict[str, Any]] | None:
    alert = incident.alerts.get(getattr(what, "alert_id", ""))  # type: ignore[arg-type] # of another kind: none
    if alert is None:
        return None
    data = {"responder": responder_json(alert, name_of_aed)}
    match what:
        case Accepted(late=late):
            # Who was on the way in a call that was merged into this one has not said yes again.
            return EventType.RESPONDER_ACCEPTED, {
                **data,
                "late": late,
                "carried_over": alert.counted_from is not None,
            }
        case StageReached(stage=stage) if stage in _OF_STAGE:
            return _OF_STAGE[stage], data
        case Reassigned():
            return EventType.RESPONDER_REASSIGNED, data
        case StoodDown(reason=reason) if before.alerts[alert.alert_id].is_engaged:
            return EventType.RESPONDER_STOOD_DOWN, {**data, "reason": reason.value}
        case _:
            return None
