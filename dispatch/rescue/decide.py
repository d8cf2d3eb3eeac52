"""The decisions on one incident: what happens when it opens, and what follows from each command."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.rescue.commands import (
    Accept,
    AmbulanceArrives,
    Cancel,
    Close,
    Command,
    ConfirmReceipt,
    Decline,
    ExpectAmbulance,
    LetTimePass,
    OpenIncident,
    Progress,
    Refused,
    SetCpr,
    Widen,
)
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
    Happening,
    Offered,
    Opened,
    Planned,
    Received,
    StageReached,
    StoodDown,
    Widened,
    Withdrawn,
)
from dispatch.rescue.incident import Alert, Incident, apply, begin
from dispatch.rescue.nearest_first import nearest_first
from dispatch.rescue.plan import Commitment, Plan, Planner, PlanRequest
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import (
    NEXT_STAGES,
    AlertId,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentId,
    ResponderId,
    StandDownReason,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What happened, in order, and the incident as it is then. No events: nothing changed.

    `look_again_at`: somebody is lacking and nobody's answer is awaited, so by then the neighbourhood is looked at anew.
    """

    incident: Incident
    events: tuple[Event, ...]
    look_again_at: datetime | None = None


def open_incident(
    incident_id: IncidentId, command: OpenIncident, scene: Scene, *, planner: Planner = nearest_first
) -> Decision:
    """An SOS becomes an incident and its first wave of alerts."""
    opened = Event(
        number=1,
        at=scene.now,
        by="caller",
        what=Opened(
            latitude=command.place.latitude,
            longitude=command.place.longitude,
            accuracy_m=command.accuracy_m,
            incident_kind=command.kind,
            floor=command.floor,
            note=command.note,
            phone=command.phone,
            cpr_in_progress=command.cpr_in_progress,
            drill=command.drill,
        ),
    )
    course = _Course(begin(incident_id, opened), scene, planner, [opened])
    course.alert_more(say_when_nobody=True)
    return course.decision()


def decide(
    incident: Incident, command: Command, scene: Scene, *, by: str, planner: Planner = nearest_first
) -> Decision:
    """What follows from `command`, asked for `by` whom. Raises `Refused` when it cannot be, and nothing has changed."""
    course = _Course(incident, scene, planner)
    _HANDLERS[type(command)](course, command, by)
    return course.decision()


@dataclass(slots=True)
class _Course:
    """The events of one decision as they come about; each is folded in before the next is decided."""

    incident: Incident
    scene: Scene
    planner: Planner
    events: list[Event] = field(default_factory=list)

    def happens(self, what: Happening, by: str = "system") -> None:
        event = Event(self.incident.version + 1, self.scene.now, by, what)
        self.incident = apply(self.incident, event)
        self.events.append(event)

    def decision(self) -> Decision:
        waiting = self.wants_more and not self.incident.pending()
        look_again_at = self.scene.now + timedelta(seconds=self.policy.look_again_s) if waiting else None
        return Decision(self.incident, tuple(self.events), look_again_at)

    def alert_of(self, alert_id: AlertId, responder_id: ResponderId | None = None) -> Alert:
        alert = self.incident.alerts.get(alert_id)
        if alert is None or responder_id not in {None, alert.responder_id}:
            raise Refused("unknown_alert", f"There is no alert {alert_id} for you.")
        return alert

    def must_be_open(self) -> None:
        if self.incident.is_ended:
            raise Refused("incident_ended", f"The incident is {self.incident.state} already.")

    @property
    def policy(self) -> Policy:
        return self.scene.policy.widened(self.incident.times_widened)

    @property
    def wants_more(self) -> bool:
        incident = self.incident
        return not incident.is_ended and incident.ambulance_arrived_at is None and not self._team_is_whole()

    def _team_is_whole(self) -> bool:
        policy, incident = self.policy, self.incident
        on_cpr = len(incident.helped(AlertRole.CPR))
        fetching = any(each.role is AlertRole.AED for each in incident.alerts.values())
        if not fetching and not self.scene.aeds:
            return on_cpr >= policy.enough_cpr_without_aed
        return on_cpr >= policy.enough_cpr and len(incident.helped(AlertRole.AED)) >= policy.enough_aed

    def alert_more(self, *, say_when_nobody: bool = False, is_a_second_look: bool = False) -> None:
        """Alert whoever a fresh plan finds worth it.

        An empty plan is told of when nobody is left to wait for; not by every second look that finds nobody either.
        """
        if not self.wants_more:
            return
        plan = self.planner(self._request())
        nobody_left = not any(each.is_active for each in self.incident.alerts.values())
        if plan.alerts or say_when_nobody or (nobody_left and not is_a_second_look):
            self._send_wave(plan)

    def _request(self) -> PlanRequest:
        incident, scene = self.incident, self.scene
        active = [each for each in incident.alerts.values() if each.is_active]
        # Whoever was asked and is not free to be asked again: all but those whose offer was taken back unanswered.
        asked = {each.responder_id for each in incident.alerts.values() if each.state is not AlertState.WITHDRAWN}
        return PlanRequest(
            now=scene.now,
            is_night=scene.is_night,
            floor=incident.floor,
            cpr_in_progress=incident.cpr_in_progress,
            ambulance_arrives_at=incident.ambulance_arrives_at,
            candidates=tuple(each for each in scene.candidates if each.responder_id not in asked),
            aeds=scene.aeds,
            under_way=tuple(
                Commitment(
                    responder_id=each.responder_id,
                    role=each.role,
                    aed_id=each.aed_id,
                    eta_s=each.eta_s - (scene.now - each.offered_at).total_seconds(),
                    accepted=each.is_engaged,
                )
                for each in active
            ),
            cap=self.policy.alert_cap - len(active),
            policy=self.policy,
        )

    def _send_wave(self, plan: Plan) -> None:
        wave = self.incident.waves + 1
        respond_by = self.scene.now + timedelta(seconds=self.scene.policy.respond_within_s)
        self.happens(
            Planned(
                wave=wave,
                considered=plan.considered,
                aeds_considered=plan.aeds_considered,
                alerts=len(plan.alerts),
                accept_cpr_probability=round(plan.accept_probability[AlertRole.CPR], 4),
                accept_aed_probability=round(plan.accept_probability[AlertRole.AED], 4),
            )
        )
        namespace = uuid.UUID(self.incident.incident_id)
        for each in plan.alerts:
            self.happens(
                Offered(
                    # Named after what it is, so that the same decision taken twice gives the same alert.
                    alert_id=AlertId(str(uuid.uuid5(namespace, f"{wave}/{each.responder_id}"))),
                    responder_id=each.responder_id,
                    role=each.role,
                    aed_id=each.aed_id,
                    wave=wave,
                    respond_by=respond_by,
                    eta_s=round(each.eta_s, 1),
                    distance_m=round(each.distance_m, 1),
                    reason_en=each.reason_en,
                    reason_zh=each.reason_zh,
                )
            )

    def take_back_offers(self, reason: StandDownReason) -> None:
        for alert in self.incident.pending():
            self.happens(Withdrawn(alert_id=alert.alert_id, reason=reason))

    def stand_everybody_down(self, reason: StandDownReason) -> None:
        self.take_back_offers(reason)
        for alert in self.incident.engaged():
            self.happens(StoodDown(alert_id=alert.alert_id, reason=reason))


def _confirm_receipt(course: _Course, command: ConfirmReceipt, by: str) -> None:
    if course.incident.is_ended:
        return
    for alert_id in command.alert_ids:
        alert = course.incident.alerts.get(alert_id)
        if alert is not None and AlertState.RECEIVED not in alert.stages:
            course.happens(Received(alert_id=alert_id), by)


def _accept(course: _Course, command: Accept, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.is_engaged or alert.state is AlertState.DONE:
        return
    if alert.is_pending:
        course.happens(Accepted(alert_id=alert.alert_id, late=False), by)
    elif alert.state in _MAY_STILL_COME and course.wants_more:
        course.happens(Accepted(alert_id=alert.alert_id, late=True), by)
    elif alert.state in _MAY_STILL_COME:
        course.happens(StoodDown(alert_id=alert.alert_id, reason=_why_not_wanted(course.incident)), by)
        return
    else:
        raise Refused("alert_ended", f"This alert is {alert.state} already; please stay where you are.")
    if not course.wants_more:
        course.take_back_offers(StandDownReason.ENOUGH_ACCEPTED)


# Their offer ended without a yes; who changes their mind, or was overtaken on the way, is taken where still wanted.
_MAY_STILL_COME = frozenset({AlertState.EXPIRED, AlertState.DECLINED, AlertState.WITHDRAWN})


def _why_not_wanted(incident: Incident) -> StandDownReason:
    if incident.cancel_reason is not None:
        return _STAND_DOWN_FOR[incident.cancel_reason]
    if incident.is_ended:
        return StandDownReason.INCIDENT_CLOSED
    if incident.ambulance_arrived_at is not None:
        return StandDownReason.AMBULANCE_ARRIVED
    return StandDownReason.ENOUGH_ACCEPTED


def _decline(course: _Course, command: Decline, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.is_engaged:
        raise Refused("already_accepted", "You have accepted; say `gave_up` to turn back.")
    if alert.is_pending:
        course.happens(Declined(alert_id=alert.alert_id), by)
        course.alert_more()


def _progress(course: _Course, command: Progress, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.state is command.stage or (command.stage in alert.stages and alert.is_engaged):
        return
    if command.stage not in NEXT_STAGES.get(alert.state, ()):
        raise Refused("stage_out_of_order", f"An alert that is {alert.state} cannot become {command.stage}.")
    if command.stage is AlertState.AED_COLLECTED and alert.role is not AlertRole.AED:
        raise Refused("wrong_role", "Only who fetches an AED can have collected it.")
    course.happens(StageReached(alert_id=alert.alert_id, stage=command.stage), by)
    if command.stage is AlertState.GAVE_UP:
        course.alert_more()


def _let_time_pass(course: _Course, _command: LetTimePass, by: str) -> None:
    overdue = [alert for alert in course.incident.pending() if course.scene.now >= alert.respond_by]
    for alert in overdue:
        course.happens(Expired(alert_id=alert.alert_id), by)
    if overdue or not course.incident.pending():
        course.alert_more(is_a_second_look=not overdue)


def _widen(course: _Course, _command: Widen, by: str) -> None:
    course.must_be_open()
    course.happens(Widened(times=course.incident.times_widened + 1), by)
    course.alert_more(say_when_nobody=True)


def _expect_ambulance(course: _Course, command: ExpectAmbulance, by: str) -> None:
    course.must_be_open()
    course.happens(AmbulanceExpected(arrives_at=command.arrives_at), by)


def _ambulance_arrives(course: _Course, _command: AmbulanceArrives, by: str) -> None:
    course.must_be_open()
    if course.incident.ambulance_arrived_at is None:
        course.happens(AmbulanceArrived(), by)
        course.stand_everybody_down(StandDownReason.AMBULANCE_ARRIVED)


def _set_cpr(course: _Course, command: SetCpr, by: str) -> None:
    course.must_be_open()
    if course.incident.cpr_in_progress != command.in_progress:
        course.happens(CprChanged(in_progress=command.in_progress), by)


_STAND_DOWN_FOR = {
    CancelReason.FALSE_ALARM: StandDownReason.FALSE_ALARM,
    CancelReason.DUPLICATE: StandDownReason.DUPLICATE,
    CancelReason.CALLER_CANCELLED: StandDownReason.INCIDENT_CANCELLED,
    CancelReason.OPERATOR: StandDownReason.INCIDENT_CANCELLED,
}


def _cancel(course: _Course, command: Cancel, by: str) -> None:
    if course.incident.cancel_reason is not None:
        return
    course.must_be_open()
    course.stand_everybody_down(_STAND_DOWN_FOR[command.reason])
    course.happens(Cancelled(reason=command.reason), by)


def _close(course: _Course, command: Close, by: str) -> None:
    if course.incident.is_ended and course.incident.cancel_reason is None:
        return
    course.must_be_open()
    course.stand_everybody_down(StandDownReason.INCIDENT_CLOSED)
    course.happens(Closed(note=command.note), by)


# One handler a command; the table's typing is looser than each handler's own.
_HANDLERS: dict[type, Callable[..., None]] = {
    ConfirmReceipt: _confirm_receipt,
    Accept: _accept,
    Decline: _decline,
    Progress: _progress,
    LetTimePass: _let_time_pass,
    Widen: _widen,
    ExpectAmbulance: _expect_ambulance,
    AmbulanceArrives: _ambulance_arrives,
    SetCpr: _set_cpr,
    Cancel: _cancel,
    Close: _close,
}
