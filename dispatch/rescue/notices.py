"""Who must be told what, given what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dispatch.rescue.events import (
    Accepted,
    Believed,
    Declined,
    Event,
    Expired,
    Happening,
    NotReceived,
    Offered,
    Reassigned,
    Received,
    StageReached,
    StoodDown,
    Urged,
    Withdrawn,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId, AlertState


class NoticeKind(StrEnum):
    """The message that carries it."""

    ALERT = "alert"
    ASSIGNMENT = "assignment"
    STAND_DOWN = "stand_down"
    NUDGE = "nudge"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message due to the responder of one alert."""

    kind: NoticeKind
    alert_id: AlertId


def responder_notices(events: Iterable[Event], incident: Incident) -> list[Notice]:
    """The messages due to responders, in the order of what happened; `incident` is what came of it.

    Whoever is at it is also told of what changes for the others at it. Nobody's phone rings for an offer that the
    same decision has ended or turned into an assignment.
    """
    notices: dict[Notice, None] = {}
    team_changes = False
    for event in events:
        team_changes |= _changes_the_team(event.what, incident)
        match event.what:
            case Offered(alert_id=alert_id):
                notices[Notice(NoticeKind.ALERT, alert_id)] = None
            case Accepted(alert_id=alert_id) | Reassigned(alert_id=alert_id):
                notices[Notice(NoticeKind.ASSIGNMENT, alert_id)] = None
            case StageReached(alert_id=alert_id, stage=AlertState.DONE | AlertState.GAVE_UP):
                notices[Notice(NoticeKind.STAND_DOWN, alert_id)] = None
            # Who has said no knows; but their other devices still ring.
            case (
                Withdrawn(alert_id=alert_id)
                | StoodDown(alert_id=alert_id)
                | Expired(alert_id=alert_id)
                | Declined(alert_id=alert_id)
            ):
                notices[Notice(NoticeKind.STAND_DOWN, alert_id)] = None
            case Urged(alert_id=alert_id) if incident.alerts[alert_id].reply_by is not None:
                notices[Notice(NoticeKind.NUDGE, alert_id)] = None
            case _:
                pass
    if team_changes:
        notices |= {Notice(NoticeKind.ASSIGNMENT, each.alert_id): None for each in incident.engaged()}
    ended = {each.alert_id for each in notices if each.kind is NoticeKind.STAND_DOWN}
    assigned = {each.alert_id for each in notices if each.kind is NoticeKind.ASSIGNMENT} - ended
    overtaken = {NoticeKind.ASSIGNMENT: ended, NoticeKind.ALERT: assigned | ended}
    return [each for each in notices if each.alert_id not in overtaken.get(each.kind, ())]


def _changes_the_team(what: Happening, incident: Incident) -> bool:
    """Whether those at it see something else of each other by it."""
    match what:
        case Accepted() | Reassigned() | StageReached() | Believed():
            return True
        case StoodDown(alert_id=alert_id):
            return AlertState.ACCEPTED in incident.alerts[alert_id].stages
        case _:
            return False


def to_be_called_otherwise(events: Iterable[Event]) -> list[AlertId]:
    """The alerts whose devices have not said that they have them: every other channel is to be tried."""
    return [event.what.alert_id for event in events if isinstance(event.what, NotReceived)]


def concerns_caller(events: Iterable[Event]) -> bool:
    """Whether the caller's page changes; that a device has an alert is no news to the caller."""
    return any(not isinstance(event.what, Received | NotReceived | Urged) for event in events)
