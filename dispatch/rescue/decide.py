"""The decisions on one incident: what happens when it opens, and what follows from each command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatch.rescue.best_plan import best_plan, is_worth_the_journey
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
    Opened,
    Received,
    StageReached,
    StoodDown,
    Widened,
    Withdrawn,
)
from dispatch.rescue.incident import Alert, Incident, apply, apply_offers, begin
from dispatch.rescue.plan import Plan, Planner
from dispatch.rescue.planning import commitment, offered, plan_request, planned, reassigned
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
    incident_id: IncidentId, command: OpenIncident, scene: Scene, *, planner: Planner = best_plan
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
    course.replan(say_when_nobody=True)
    return course.decision()


def decide(incident: Incident, command: Command, scene: Scene, *, by: str, planner: Planner = best_plan) -> Decision:
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

    def what_binds(self, responder_id: ResponderId) -> Alert | None:
        """The alert that somebody is on offer for or engaged in, if any."""
        alerts = self.incident.alerts.values()
        return next((each for each in alerts if each.is_active and each.responder_id == responder_id), None)

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

    @property
    def is_over(self) -> bool:
        """Whether nobody is wanted any more."""
        return self.incident.is_ended or self.incident.ambulance_arrived_at is not None

    def replan(self, *, say_when_nobody: bool = False, is_a_second_look: bool = False) -> None:
        """Do what a fresh plan finds worth it: alert, take back offers, give somebody on the way another role.

        An empty plan is told of when somebody is lacking and nobody is left to wait for; not by every second look that
        finds nobody either.
        """
        if self.is_over:
            return
        plan = self.planner(plan_request(self.incident, self.scene, self.policy))
        self._change_roles(plan)
        self._take_back(plan)
        nobody_left = self.wants_more and not any(each.is_active for each in self.incident.alerts.values())
        if plan.alerts or say_when_nobody or (nobody_left and not is_a_second_look):
            self._send_wave(plan)

    def still_gains_from(self, alert: Alert) -> bool:
        """Whether who changes their mind is worth the journey, beside all who are under way."""
        if self.is_over:
            return False
        comes = commitment(alert, self.scene.now)
        return is_worth_the_journey(comes, plan_request(self.incident, self.scene, self.policy))

    def _change_roles(self, plan: Plan) -> None:
        by_responder = {each.responder_id: each for each in self.incident.engaged()}
        for change in plan.changes:
            self.happens(reassigned(change, by_responder[change.responder_id], self.scene.now))

    def _take_back(self, plan: Plan) -> None:
        no_longer = set(plan.withdrawn)
        others_come = bool(self.incident.engaged())
        reason = StandDownReason.ENOUGH_ACCEPTED if others_come else StandDownReason.NO_LONGER_NEEDED
        for alert in self.incident.pending():
            if alert.responder_id in no_longer:
                self.happens(Withdrawn(alert_id=alert.alert_id, reason=reason))

    def _send_wave(self, plan: Plan) -> None:
        wave = self.incident.waves + 1
        respond_by = self.scene.now + timedelta(seconds=self.scene.policy.respond_within_s)
        self.happens(planned(plan, wave))
        first = self.incident.version + 1
        offers = [
            Event(first + number, self.scene.now, "system", what)
            for number, what in enumerate(offered(plan.alerts, self.incident.incident_id, wave, respond_by))
        ]
        # Twenty offers folded in one by one would be twenty copies of the incident.
        self.incident = apply_offers(self.incident, offers)
        self.events.extend(offers)

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
    # Who was asked anew means that offer, whichever of the two the yes names.
    alert = course.what_binds(alert.responder_id) or alert
    if alert.is_engaged or alert.state is AlertState.DONE:
        return
    if alert.is_pending:
        course.happens(Accepted(alert_id=alert.alert_id, late=False), by)
    elif alert.state in _MAY_STILL_COME and course.still_gains_from(alert):
        course.happens(Accepted(alert_id=alert.alert_id, late=True), by)
    elif alert.state in _MAY_STILL_COME:
        course.happens(StoodDown(alert_id=alert.alert_id, reason=_why_not_wanted(course.incident)), by)
        return
    else:
        raise Refused("alert_ended", f"This alert is {alert.state} already; please stay where you are.")
    course.replan()


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
        course.replan()


def _progress(course: _Course, command: Progress, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.state is command.stage or (command.stage in alert.stages and alert.is_engaged):
        return
    if command.stage not in NEXT_STAGES.get(alert.state, ()):
        raise Refused("stage_out_of_order", f"An alert that is {alert.state} cannot become {command.stage}.")
    if command.stage is AlertState.AED_COLLECTED and alert.role is not AlertRole.AED:
        raise Refused("wrong_role", "Only who fetches an AED can have collected it.")
    course.happens(StageReached(alert_id=alert.alert_id, stage=command.stage), by)
    if command.stage in {AlertState.GAVE_UP, AlertState.ON_SCENE}:
        course.replan()


def _let_time_pass(course: _Course, _command: LetTimePass, by: str) -> None:
    overdue = [alert for alert in course.incident.pending() if course.scene.now >= alert.respond_by]
    for alert in overdue:
        course.happens(Expired(alert_id=alert.alert_id), by)
    if overdue or not course.incident.pending():
        course.replan(is_a_second_look=not overdue)


def _widen(course: _Course, _command: Widen, by: str) -> None:
    course.must_be_open()
    course.happens(Widened(times=course.incident.times_widened + 1), by)
    course.replan(say_when_nobody=True)


def _expect_ambulance(course: _Course, command: ExpectAmbulance, by: str) -> None:
    course.must_be_open()
    course.happens(AmbulanceExpected(arrives_at=command.arrives_at), by)
    course.replan(is_a_second_look=True)


def _ambulance_arrives(course: _Course, _command: AmbulanceArrives, by: str) -> None:
    course.must_be_open()
    if course.incident.ambulance_arrived_at is None:
        course.happens(AmbulanceArrived(), by)
        course.stand_everybody_down(StandDownReason.AMBULANCE_ARRIVED)


def _set_cpr(course: _Course, command: SetCpr, by: str) -> None:
    course.must_be_open()
    if course.incident.cpr_in_progress != command.in_progress:
        course.happens(CprChanged(in_progress=command.in_progress), by)
        course.replan(is_a_second_look=True)


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
