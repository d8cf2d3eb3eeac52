"""The words of what 120 centres' own systems are told."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5


class EventType(StrEnum):
    """What a message to a centre tells of."""

    INCIDENT_OPENED = "incident.opened"
    INCIDENT_CASE_GIVEN = "incident.case_given"
    INCIDENT_CPR_CHANGED = "incident.cpr_changed"
    INCIDENT_MERGED = "incident.merged"
    INCIDENT_JOINED = "incident.joined"
    INCIDENT_CLOSED = "incident.closed"
    INCIDENT_CANCELLED = "incident.cancelled"
    RESPONDER_ACCEPTED = "responder.accepted"
    RESPONDER_EN_ROUTE = "responder.en_route"
    RESPONDER_REASSIGNED = "responder.reassigned"
    RESPONDER_ON_SCENE = "responder.on_scene"
    RESPONDER_DONE = "responder.done"
    RESPONDER_GAVE_UP = "responder.gave_up"
    RESPONDER_STOOD_DOWN = "responder.stood_down"
    AED_COLLECTED = "aed.collected"
    AMBULANCE_UPDATED = "ambulance.updated"

    @classmethod
    def ends(cls) -> frozenset["EventType"]:
        """Those after which there is nothing more to tell of an incident."""
        return frozenset({cls.INCIDENT_CLOSED, cls.INCIDENT_CANCELLED, cls.INCIDENT_MERGED})


class Format(StrEnum):
    """How a message is written."""

    JSON = "json"
    CAP = "cap"


class Drills(StrEnum):
    """Whether drills are told too."""

    WITH = "with"
    WITHOUT = "without"
    ONLY = "only"


class WebhookState(StrEnum):
    """Whether a webhook is told anything. `disabled`: the service stopped, for nobody took what it sent."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Told:
    """What one event of an incident is to a centre; times stay `datetime`, places are WGS-84."""

    incident_id: str
    number: int
    type: EventType
    at: datetime
    drill: bool
    centre: str | None
    case_number: str | None
    data: dict[str, Any]

    @property
    def event_id(self) -> UUID:
        """The same whoever tells it, however often: receivers know by it what they have had."""
        return event_id_of(self.incident_id, self.number, self.type, self.at)


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One line of the feed, as it is kept: `data` is plain JSON, places WGS-84."""

    cursor: int
    event_id: str
    incident_id: str
    type: EventType
    at: datetime
    drill: bool
    centre: str | None
    case_number: str | None
    district_code: str | None
    data: dict[str, Any]


def event_id_of(incident_id: str, number: int, event_type: EventType, at: datetime) -> UUID:
    """The id of what an event of an incident is told as.

    Its number alone would not do: a server that takes over without the newest commits goes on with another event there.
    """
    return uuid5(UUID(incident_id), f"{number} {event_type} {at.astimezone(UTC).isoformat(timespec='milliseconds')}")
