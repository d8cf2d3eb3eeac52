"""What people said, as commands again: for an incident that went another way meanwhile."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    GiveCase,
    LoseAed,
    Progress,
    ReportAedProblem,
    SetCpr,
    TakeAed,
    Widen,
)
from dispatch.rescue.events import (
    Accepted,
    AedLost,
    AedTaken,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    CaseGiven,
    Closed,
    CprChanged,
    Declined,
    Event,
    Happening,
    Joined,
    Merged,
    Received,
    StageReached,
    StoodDown,
    Widened,
    Withdrawn,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import IncidentId


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of an incident: a command, or into which other one it is to be merged."""

    incident_id: IncidentId
    by: str
    what: Command | IncidentId


def said_in(
    stories: Mapping[IncidentId, Sequence[Event]], incidents: Mapping[IncidentId, Incident | None]
) -> list[Said]:
    """What led to these events of several incidents, in the order in which people lived it; a merger of two, once.

    `incidents` is what had come of each. Before a merger comes all that was said before it in either.
    """
    left = {incident_id: deque(story) for incident_id, story in stories.items() if story}
    said: list[Said] = []
    while left:
        told = min(left, key=lambda each: (_waits_for_merger(each, left), left[each][0].at))
        event = left[told].popleft()
        if not left[told]:
            del left[told]
        if isinstance(event.what, Merged):
            said.append(Said(told, event.by, event.what.into))
        else:
            commands = commands_of([event], incidents.get(told))
            said += [Said(told, by, command) for by, command in commands]
    return said


def _waits_for_merger(incident_id: IncidentId, left: Mapping[IncidentId, Sequence[Event]]) -> bool:
    """Whether the next event of an incident belongs to a merger that the other incident has not come to yet."""
    match left[incident_id][0].what:
        case Merged(into=into):
            return any(
                isinstance(each.what, Joined) and each.what.incident_id == incident_id for each in _rest(left, into)
            )
        case Joined(incident_id=joined):
            return any(isinstance(each.what, Merged) and each.what.into == incident_id for each in left.get(joined, ()))
        case _:
            return False


def _rest(left: Mapping[IncidentId, Sequence[Event]], incident_id: IncidentId) -> Sequence[Event]:
    """What is left of a story after its next event."""
    return list(left.get(incident_id, ()))[1:]


def named_by(events: Iterable[Event]) -> set[IncidentId]:
    """The incidents with which one was made one in these of its events."""
    merged = {each.what.into for each in events if isinstance(each.what, Merged)}
    return merged | {each.what.incident_id for each in events if isinstance(each.what, Joined)}


def before_merger(events: Sequence[Event]) -> list[Event]:
    """Those of an incident's events that came before it was merged, or another one into it; all if it was not."""
    place = next((n for n, each in enumerate(events) if isinstance(each.what, Merged | Joined)), len(events))
    if place == len(events):
        return list(events)
    at = events[place].at
    while place and events[place - 1].at == at and isinstance(events[place - 1].what, StoodDown | Withdrawn):
        # Whoever goes on in the other incident leaves this one first.
        place -= 1
    return list(events[:place])


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
        case AmbulanceExpected(arrives_at=arrives_at, unit=unit, said_at=said_at):
            return ExpectAmbulance(arrives_at, unit, said_at)
        case AmbulanceArrived():
            return AmbulanceArrives()
        case Widened():
            return Widen()
        case CaseGiven(centre=centre, case_number=case_number):
            return GiveCase(centre, case_number)
        case Cancelled(reason=reason):
            return Cancel(reason)
        case Closed(note=note):
            return Close(note)
        case Received(alert_id=alert_id):
            return ConfirmReceipt((alert_id,))
        case AedLost(aed_id=aed_id, alert_id=None):
            return LoseAed(aed_id)
        case AedTaken(aed_id=aed_id, alert_id=alert_id):
            return TakeAed(aed_id, alert_id)
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
