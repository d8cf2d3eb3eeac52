"""One incident as its events make it: `fold` them all, or `apply` one more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from types import MappingProxyType
from typing import Any

from dispatch.rescue.events import (
    Accepted,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    Closed,
    CprChanged,
    Declined,
    Event,
    Expired,
    Offered,
    Opened,
    Planned,
    Reassigned,
    Received,
    StageReached,
    StoodDown,
    Widened,
    Withdrawn,
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
    StandDownReason,
)
from geo.place import Place


@dataclass(frozen=True, slots=True)
class Alert:
    """One offer of one role to one responder. `stages` says when each state was reached."""

    alert_id: AlertId
    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    wave: int
    state: AlertState
    offered_at: datetime
    respond_by: datetime
    eta_s: float
    distance_m: float
    reason_en: str
    reason_zh: str
    stages: Mapping[AlertState, datetime] = field(default_factory=dict)
    end_reason: StandDownReason | None = None
    accept_probability: float | None = None

    @property
    def is_pending(self) -> bool:
        """Whether an answer is awaited."""
        return self.state in AlertState.pending_states()

    @property
    def is_engaged(self) -> bool:
        """Whether the responder has accepted and is still at it."""
        return self.state in AlertState.engaged_states()

    @property
    def is_active(self) -> bool:
        """Whether the responder is bound by it."""
        return self.is_pending or self.is_engaged

    def counts_from(self, now: datetime) -> datetime:
        """The moment from which `eta_s` counts: the offer, or the late yes of who was not coming until then."""
        if (
            AlertState.EXPIRED in self.stages
            or AlertState.DECLINED in self.stages
            or AlertState.WITHDRAWN in self.stages
        ):
            return self.stages.get(AlertState.ACCEPTED, now)
        return self.offered_at

    @property
    def arrived_at(self) -> datetime | None:
        """When the responder was with the patient, once they were."""
        return self.stages.get(AlertState.ON_SCENE)


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
    ambulance_arrives_at: datetime | None = None
    ambulance_arrived_at: datetime | None = None
    closed_at: datetime | None = None
    cancel_reason: CancelReason | None = None

    @property
    def state(self) -> IncidentState:
        """Where it stands, from what its alerts have come to."""
        if self.closed_at is not None:
            return IncidentState.CLOSED if self.cancel_reason is None else IncidentState.CANCELLED
        if any(AlertState.ON_SCENE in alert.stages for alert in self.alerts.values()):
            return IncidentState.ON_SCENE
        if any(alert.is_engaged for alert in self.alerts.values()):
            return IncidentState.RESPONDING
        return IncidentState.ALERTING if self.alerts else IncidentState.OPEN

    @property
    def is_ended(self) -> bool:
        """Whether nothing more can happen."""
        return self.closed_at is not None

    def engaged(self, role: AlertRole | None = None) -> list[Alert]:
        """Those who accepted and are still at it, of one role or all, in the order of their offers."""
        return [each for each in self.alerts.values() if each.is_engaged and role in {None, each.role}]

    def helped(self, role: AlertRole) -> list[Alert]:
        """Those of a role who are at it or have done their part."""
        return [
            each
            for each in self.alerts.values()
            if each.role is role and (each.is_engaged or each.state is AlertState.DONE)
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
    return reduce(apply, remaining, begin(incident_id, first))


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
    )


def apply(incident: Incident, event: Event) -> Incident:
    """The incident after one more event. Raises `ValueError` when a number is missing."""
    if event.number != incident.version + 1:
        raise ValueError(f"event {event.number} does not follow version {incident.version}")
    return replace(incident, version=event.number, **_changes(incident, event))


def apply_offers(incident: Incident, events: Sequence[Event]) -> Incident:
    """The incident after a wave of offers: what `apply` makes of each, one after the other, in one step.

    Raises `ValueError` when a number is missing or an event is no offer.
    """
    alerts = dict(incident.alerts)
    for number, event in enumerate(events, start=incident.version + 1):
        if event.number != number or not isinstance(event.what, Offered):
            raise ValueError(f"event {event.number}, {event.kind}, is not offer {number}")
        alerts[event.what.alert_id] = _offer(event.what, event.at)
    return replace(incident, version=incident.version + len(events), alerts=MappingProxyType(alerts))


def _changes(incident: Incident, event: Event) -> dict[str, Any]:  # noqa: C901, PLR0911 - one line for each kind
    match event.what:
        case Offered() as offered:
            return _with_alert(incident, _offer(offered, event.at))
        case Reassigned() as given:
            return _with_alert(incident, _reassigned(incident.alerts[given.alert_id], given))
        case Received() | Accepted() | Declined() | Expired() | Withdrawn() | StoodDown() | StageReached() as answered:
            return _with_alert(incident, _moved(incident.alerts[answered.alert_id], answered, event.at))
        case Planned(wave=wave):
            return {"waves": wave}
        case CprChanged(in_progress=in_progress):
            return {"cpr_in_progress": in_progress}
        case AmbulanceExpected(arrives_at=arrives_at):
            return {"ambulance_arrives_at": arrives_at}
        case AmbulanceArrived():
            return {"ambulance_arrived_at": event.at}
        case Widened(times=times):
            return {"times_widened": times}
        case Cancelled(reason=reason):
            return {"closed_at": event.at, "cancel_reason": reason}
        case Closed():
            return {"closed_at": event.at}
        case other:
            raise ValueError(f"{type(other).__name__} cannot happen to an incident that is open")


def _with_alert(incident: Incident, alert: Alert) -> dict[str, Any]:
    return {"alerts": MappingProxyType({**incident.alerts, alert.alert_id: alert})}


def _offer(offered: Offered, at: datetime) -> Alert:
    return Alert(
        alert_id=offered.alert_id,
        responder_id=offered.responder_id,
        role=offered.role,
        aed_id=offered.aed_id,
        wave=offered.wave,
        state=AlertState.OFFERED,
        offered_at=at,
        respond_by=offered.respond_by,
        eta_s=offered.eta_s,
        distance_m=offered.distance_m,
        reason_en=offered.reason_en,
        reason_zh=offered.reason_zh,
        accept_probability=offered.accept_probability,
    )


def _reassigned(alert: Alert, given: Reassigned) -> Alert:
    return replace(
        alert,
        role=given.role,
        aed_id=given.aed_id,
        eta_s=given.eta_s,
        reason_en=given.reason_en,
        reason_zh=given.reason_zh,
    )


type_of_answer = Received | Accepted | Declined | Expired | Withdrawn | StoodDown | StageReached

_STATE_AFTER: dict[type, AlertState] = {
    Received: AlertState.RECEIVED,
    Accepted: AlertState.ACCEPTED,
    Declined: AlertState.DECLINED,
    Expired: AlertState.EXPIRED,
    Withdrawn: AlertState.WITHDRAWN,
    StoodDown: AlertState.STOOD_DOWN,
}


def _moved(alert: Alert, answered: type_of_answer, at: datetime) -> Alert:
    state = answered.stage if isinstance(answered, StageReached) else _STATE_AFTER[type(answered)]
    if state is AlertState.RECEIVED and alert.state is not AlertState.OFFERED:
        # The device's word came after its owner's, or after the offer was taken back: noted, and nothing more.
        return replace(alert, stages={**alert.stages, state: at})
    reason = answered.reason if isinstance(answered, Withdrawn | StoodDown) else None
    return replace(alert, state=state, stages={**alert.stages, state: at}, end_reason=reason)
