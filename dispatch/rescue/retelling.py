"""What people said, as commands again: for an incident that went another way meanwhile."""

from collections.abc import Iterable

from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LoseAed,
    Progress,
    ReportAedProblem,
    SetCpr,
    Widen,
)
from dispatch.rescue.events import (
    Accepted,
    AedLost,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    Closed,
    CprChanged,
    Declined,
    Event,
    Happening,
    Received,
    StageReached,
    Widened,
)
from dispatch.rescue.incident import Incident


def commands_of(events: Iterable[Event], incident: Incident | None) -> list[tuple[str, Command]]:
    """By whom, and what: the commands that led to `events`; `incident` is what had come of them.

    What the service did by itself (plans, offers, expiries) is no command: it follows from what is said again.
    """
    said: list[tuple[str, Command]] = []
    for event in events:
        command = _command_of(event.what, incident)
        if command is not None:
            said.append((event.by, command))
    return said


def _command_of(what: Happening, incident: Incident | None) -> Command | None:  # noqa: C901, PLR0911, PLR0912 - a line a kind
    match what:
        case CprChanged(in_progress=in_progress):
            return SetCpr(in_progress)
        case AmbulanceExpected(arrives_at=arrives_at):
            return ExpectAmbulance(arrives_at)
        case AmbulanceArrived():
            return AmbulanceArrives()
        case Widened():
            return Widen()
        case Cancelled(reason=reason):
            return Cancel(reason)
        case Closed(note=note):
            return Close(note)
        case Received(alert_id=alert_id):
            return ConfirmReceipt((alert_id,))
        case AedLost(aed_id=aed_id, alert_id=None):
            return LoseAed(aed_id)
        case _:
            pass
    about = getattr(what, "alert_id", None)
    alert = None if incident is None or about is None else incident.alerts.get(about)
    if alert is None:
        return None
    match what:
        case Accepted():
            return Accept(alert.alert_id, alert.responder_id)
        case Declined(off_duty=off_duty):
            return Decline(alert.alert_id, alert.responder_id, off_duty=bool(off_duty))
        case StageReached(stage=stage):
            return Progress(alert.alert_id, alert.responder_id, stage)
        case AedLost(aed_id=aed_id, problem=problem):
            return ReportAedProblem(alert.alert_id, alert.responder_id, problem, aed_id)
        case _:
            return None
