"""Who must be told what, given what happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dispatch.rescue.events import Accepted, Event, Offered, Reassigned, Received, StoodDown, Withdrawn
from dispatch.rescue.vocabulary import AlertId


class NoticeKind(StrEnum):
    """The message that carries it."""

    ALERT = "alert"
    ASSIGNMENT = "assignment"
    STAND_DOWN = "stand_down"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message due to the responder of one alert."""

    kind: NoticeKind
    alert_id: AlertId


def responder_notices(events: Iterable[Event]) -> list[Notice]:
    """The messages due to responders, in the order of what happened."""
    notices: list[Notice] = []
    for event in events:
        match event.what:
            case Offered(alert_id=alert_id):
                notices.append(Notice(NoticeKind.ALERT, alert_id))
            case Accepted(alert_id=alert_id) | Reassigned(alert_id=alert_id):
                notices.append(Notice(NoticeKind.ASSIGNMENT, alert_id))
            case Withdrawn(alert_id=alert_id) | StoodDown(alert_id=alert_id):
                notices.append(Notice(NoticeKind.STAND_DOWN, alert_id))
            case _:
                pass
    return notices


def concerns_caller(events: Iterable[Event]) -> bool:
    """Whether the caller's page changes; that a device has an alert is no news to the caller."""
    return any(not isinstance(event.what, Received) for event in events)
