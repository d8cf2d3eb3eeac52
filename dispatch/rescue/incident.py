"""One incident as its events make it: `fold` them all, or `apply` one more."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from itertools import groupby
from types import MappingProxyType
from typing import Any, cast

from dispatch.rescue.alert import Alert, HappensToAlert, apply_to_alert, begin_alert, with_useless_aed
from dispatch.rescue.events import (
    AedLost,
    AedTaken,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    CaseGiven,
    Closed,
    CprChanged,
    Event,
    Joined,
    Merged,
    Offered,
    Opened,
    Planned,
    SearchEnded,
    Widened,
)
from dispatch.rescue.vocabulary import (
    AedId,
    AlertId,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentId,
    IncidentKind,
    IncidentState,
    ResponderId,
)
from geo.place import Place

_AboutAlert = Offered | HappensToAlert


@dataclass(frozen=True, slots=True)
class Incident:
    """One emergency, as told by its events up to `version`."""

    incident_id: IncidentId
    version: int
    opened_at: datetime
    place: Place
    accuracy_m: float | None
    kind: IncidentKind
    floor: int | None
    note: str | None
    phone: str | None
    cpr_in_progress: bool
    drill: bool
    alerts: Mapping[AlertId, Alert] = field(default_factory=dict)
    waves: int = 0
    times_widened: int = 0
    # From when the time to look for somebody counts; and since when nobody is looked for any more.
    searched_since: datetime | None = None
    search_ended_at: datetime | None = None
    lost_aeds: frozenset[AedId] = frozenset()
    taken_aeds: frozenset[AedId] = frozenset()
    # The incident that this one was merged into, and those that were merged into this one.
    merged_into: IncidentId | None = None
    merged: tuple[IncidentId, ...] = ()
    # Those who answered one of these, or let it pass: they are not asked for the same emergency again.
    asked_there: frozenset[ResponderId] = frozenset()
    ambulance_arrives_at: datetime | None = None
    ambulance_arrived_at: datetime | None = None
    ambulance_unit: str | None = None
    ambulance_said_at: datetime | None = None
    closed_at: datetime | None = None
    cancel_reason: CancelReason | None = None
    # The case of a 120 centre that this is: its own, or that of a call that was merged into this one.
    centre: str | None = None
    case_number: str | None = None
    called_at: datetime | None = None
    collapsed_at: datetime | None = None

    @property
    def state(self) -> IncidentState:
        """Where it stands, from what its alerts have come to."""
        if self.closed_at is not None:
            return IncidentState.CLOSED if self.cancel_reason is None else IncidentState.CANCELLED
        if self.ambulance_arrived_at is not None or any(alert.is_there for alert in self.alerts.values()):
            return IncidentState.ON_SCENE
        if any(alert.is_engaged for alert in self.alerts.values()):
            return IncidentState.RESPONDING
        return IncidentState.ALERTING if self.alerts else IncidentState.OPEN

    @property
    def is_ended(self) -> bool:
        """Whether nothing more can happen."""
        return self.closed_at is not None

    @property
    def nobody_reached(self) -> bool:
        """Whether the caller is alone: nobody asked who could still come, nobody on the way, nobody there."""
        if self.is_ended or self.ambulance_arrived_at is not None:
            return False
        return not any(alert.is_pending or alert.is_counted_on or alert.is_there for alert in self.alerts.values())

    def cpr_probability(self, has_way: Callable[[ResponderId], bool]) -> float:
        """How likely somebody who was asked to do CPR comes: one who does for certain, those asked by what is expected.

        Somebody of whom nothing is expected counts as a no, and so does whose device has not said that it has the alert
        while they have no way (`has_way`) by which it could come.
        """
        nobody = 1.0
        for alert in self.alerts.values():
            if alert.role is AlertRole.CPR:
                if alert.is_counted_on or alert.is_there:
                    return 1.0
                if alert.is_pending and (alert.has_arrived or has_way(alert.responder_id)):
                    nobody *= 1.0 - (alert.accept_probability or 0.0)
        return 1.0 - nobody

    def can_nobody_be_told(self, has_way: Callable[[ResponderId], bool]) -> bool:
        """Whether somebody was asked, nobody is on the way, and none of those has the alert or a way to get it."""
        active = [alert for alert in self.alerts.values() if alert.is_active]
        told = (alert.is_engaged or alert.has_arrived or has_way(alert.responder_id) for alert in active)
        return bool(active) and not any(told)

    @property
    def may_alert(self) -> bool:
        """Whether anybody may be asked at all: it goes on, without the ambulance, and has not gone on too long."""
        return not self.is_ended and self.ambulance_arrived_at is None and self.search_ended_at is None

    def engaged(self, role: AlertRole | None = None) -> list[Alert]:
        """Those who accepted and are still at it, of one role or all, in the order of their offers."""
        return [each for each in self.alerts.values() if each.is_engaged and role in {None, each.role}]

    def helped(self, role: AlertRole) -> list[Alert]:
        """Those of a role who are at it, as far as is known, or have done their part."""
        return [
            each
            for each in self.alerts.values()
            if each.role is role and (each.is_counted_on or each.state is AlertState.DONE)
        ]

    def pending(self) -> list[Alert]:
        """Those whose answer is awaited."""
        return [each for each in self.alerts.values() if each.is_pending]


def fold(incident_id: IncidentId, events: Iterable[Event]) -> Incident:
    """The incident that `events`, in order from number 1, tell of. Raises `ValueError` unless `opened` is first."""
    remaining = iter(events)
    first = next(remaining, None)
    if first is None:
        raise ValueError("an incident begins with an event")
    return go_on(begin(incident_id, first), remaining)


def begin(incident_id: IncidentId, event: Event) -> Incident:
    """The incident that its first event opens."""
    opened = event.what
    if not isinstance(opened, Opened) or event.number != 1:
        raise ValueError(f"an incident begins with `opened`, number 1, not {event.kind}, number {event.number}")
    return Incident(
        incident_id=incident_id,
        version=1,
        opened_at=event.at,
        place=Place(opened.latitude, opened.longitude),
        accuracy_m=opened.accuracy_m,
        kind=opened.incident_kind,
        floor=opened.floor,
        note=opened.note,
        phone=opened.phone,
        cpr_in_progress=opened.cpr_in_progress,
        drill=opened.drill,
        centre=opened.centre,
        case_number=opened.case_number,
        called_at=opened.called_at,
        collapsed_at=opened.collapsed_at,
    )


def apply(incident: Incident, event: Event) -> Incident:
    """The incident after one more event. Raises `ValueError` when a number is missing."""
    if event.number != incident.version + 1:
        raise ValueError(f"event {event.number} does not follow version {incident.version}")
    return replace(incident, version=event.number, **_changes(incident, event))


def go_on(incident: Incident, events: Iterable[Event]) -> Incident:
    """The incident after all of these, in order. Raises `ValueError` when a number is missing."""
    for is_about_alerts, some in groupby(events, _is_about_alerts):
        together = list(some)
        incident = apply_to_alerts(incident, together) if is_about_alerts else reduce(apply, together, incident)
    return incident


def _is_about_alerts(event: Event) -> bool:
    return isinstance(event.what, _AboutAlert)


def apply_to_alerts(incident: Incident, events: Sequence[Event]) -> Incident:
    """The incident after offers, or what happens to alerts: what `apply` makes of each in turn, in one step.

    Twenty folded in one by one would be twenty copies of the incident. Raises `ValueError` when a number is missing
    or an event is about no alert.
    """
    alerts = dict(incident.alerts)
    for number, event in enumerate(events, start=incident.version + 1):
        if event.number != number:
            raise ValueError(f"event {event.number} does not follow {number - 1}")
        match event.what:
            case Offered() as offered:
                alerts[offered.alert_id] = begin_alert(offered, event.at)
            case what if isinstance(what, HappensToAlert):
                alerts[what.alert_id] = apply_to_alert(alerts[what.alert_id], what, event.at)
            case _:
                raise ValueError(f"event {number}, {event.kind}, is about no alert")
    return replace(incident, version=incident.version + len(events), alerts=MappingProxyType(alerts))


def _changes(incident: Incident, event: Event) -> dict[str, Any]:  # noqa: C901, PLR0911, PLR0912 - one line for each kind
    match event.what:
        case Offered() as offered:
            return _with_alert(incident, begin_alert(offered, event.at))
        case Planned(wave=wave):
            return {"waves": wave}
        case CprChanged(in_progress=in_progress):
            return {"cpr_in_progress": in_progress}
        case AedTaken(aed_id=aed_id):
            return {"taken_aeds": incident.taken_aeds | {aed_id}}
        case AmbulanceExpected(arrives_at=arrives_at, unit=unit, said_at=said_at):
            return {
                "ambulance_arrives_at": arrives_at,
                "ambulance_unit": unit or incident.ambulance_unit,
                "ambulance_said_at": said_at or event.at,
            }
        case AmbulanceArrived():
            return {"ambulance_arrived_at": event.at}
        case AedLost(aed_id=aed_id, alert_id=alert_id):
            told_by = incident.alerts.get(alert_id) if alert_id is not None else None
            if told_by is None or not told_by.has_aed:
                return {"lost_aeds": incident.lost_aeds | {aed_id}}
            changed = _with_alert(incident, with_useless_aed(told_by, aed_id))
            return {"lost_aeds": incident.lost_aeds | {aed_id}, **changed}
        case Widened(times=times):
            return {"times_widened": times, "searched_since": event.at, "search_ended_at": None}
        case SearchEnded():
            return {"search_ended_at": event.at}
        case Merged(into=into):
            return {"merged_into": into, "closed_at": event.at, "cancel_reason": CancelReason.DUPLICATE}
        case Joined(incident_id=joined, asked=asked, centre=centre, case_number=case_number):
            changed = {"merged": (*incident.merged, joined), "asked_there": incident.asked_there | set(asked)}
            is_first_case = incident.case_number is None and case_number is not None
            return {**changed, "centre": centre, "case_number": case_number} if is_first_case else changed
        case CaseGiven(centre=centre, case_number=case_number):
            return {"centre": centre, "case_number": case_number}
        case Cancelled(reason=reason):
            return {"closed_at": event.at, "cancel_reason": reason}
        case Closed():
            return {"closed_at": event.at}
        case Opened():
            raise ValueError("Opened cannot happen to an incident that is open")
        case to_alert:
            return _with_alert(incident, _after(incident, cast("HappensToAlert", to_alert), event.at))


def _after(incident: Incident, what: HappensToAlert, at: datetime) -> Alert:
    return apply_to_alert(incident.alerts[what.alert_id], what, at)


def _with_alert(incident: Incident, alert: Alert) -> dict[str, Any]:
    return {"alerts": MappingProxyType({**incident.alerts, alert.alert_id: alert})}
