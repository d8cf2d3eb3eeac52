"""The words of an incident: states with their allowed transitions, roles, reasons."""

from enum import StrEnum
from typing import NewType

IncidentId = NewType("IncidentId", str)
AlertId = NewType("AlertId", str)
ResponderId = NewType("ResponderId", str)
AedId = NewType("AedId", str)


class IncidentKind(StrEnum):
    """What the caller says has happened."""

    CARDIAC_ARREST = "cardiac_arrest"
    UNCONSCIOUS = "unconscious"
    CHOKING = "choking"
    DROWNING = "drowning"
    TRAUMA = "trauma"
    OTHER = "other"


class IncidentState(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ALERTING = "alerting"
    RESPONDING = "responding"
    ON_SCENE = "on_scene"
    CLOSED = "closed"
    CANCELLED = "cancelled"

    @classmethod
    def ended_states(cls) -> frozenset["IncidentState"]:
        """The states that an incident never leaves."""
        return frozenset({cls.CLOSED, cls.CANCELLED})


class AlertRole(StrEnum):
    """What a responder is asked to do: go to the patient, or fetch a named AED and then go."""

    CPR = "cpr"
    AED = "aed"


class AlertState(StrEnum):
    """Where one offer stands."""

    OFFERED = "offered"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    EN_ROUTE = "en_route"
    AED_COLLECTED = "aed_collected"
    ON_SCENE = "on_scene"
    DONE = "done"
    GAVE_UP = "gave_up"
    STOOD_DOWN = "stood_down"

    @classmethod
    def pending_states(cls) -> frozenset["AlertState"]:
        """Offered and not yet answered."""
        return _PENDING

    @classmethod
    def engaged_states(cls) -> frozenset["AlertState"]:
        """Accepted and still at it."""
        return _ENGAGED

    @classmethod
    def active_states(cls) -> frozenset["AlertState"]:
        """On offer or engaged: a responder has at most one such alert, everywhere."""
        return _PENDING | _ENGAGED


_PENDING = frozenset({AlertState.OFFERED, AlertState.RECEIVED})
_ENGAGED = frozenset({AlertState.ACCEPTED, AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE})

# Stages may be skipped (people in a hurry forget to tap) but never run backwards.
NEXT_STAGES: dict[AlertState, frozenset[AlertState]] = {
    AlertState.ACCEPTED: frozenset(
        {AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE, AlertState.GAVE_UP}
    ),
    AlertState.EN_ROUTE: frozenset({AlertState.AED_COLLECTED, AlertState.ON_SCENE, AlertState.GAVE_UP}),
    AlertState.AED_COLLECTED: frozenset({AlertState.ON_SCENE, AlertState.GAVE_UP}),
    AlertState.ON_SCENE: frozenset({AlertState.DONE, AlertState.GAVE_UP}),
}

STAGES = frozenset(
    {AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE, AlertState.DONE, AlertState.GAVE_UP}
)


class CancelReason(StrEnum):
    """Why an incident was cancelled."""

    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"
    CALLER_CANCELLED = "caller_cancelled"
    OPERATOR = "operator"


class StandDownReason(StrEnum):
    """Why a responder is told to stop."""

    ENOUGH_ACCEPTED = "enough_accepted"
    AMBULANCE_ARRIVED = "ambulance_arrived"
    INCIDENT_CLOSED = "incident_closed"
    INCIDENT_CANCELLED = "incident_cancelled"
    FALSE_ALARM = "false_alarm"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"
    NO_LONGER_NEEDED = "no_longer_needed"
    OFF_DUTY = "off_duty"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    DONE = "done"
    GAVE_UP = "gave_up"
    MERGED = "merged"


class AedProblem(StrEnum):
    """Why an AED that somebody was sent for cannot be had."""

    MISSING = "missing"
    LOCKED = "locked"
    BROKEN = "broken"
    # What the registry says of it, rather than who stands before it.
    UNUSABLE = "unusable"


class TravelMode(StrEnum):
    """How a responder gets about."""

    WALK = "walk"
    RUN = "run"
    BIKE = "bike"
    EBIKE = "ebike"
    CAR = "car"
