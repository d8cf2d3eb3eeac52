"""The decisions on one incident: what happens when it opens, and what follows from each command."""

from collections.abc import Callable

from dispatch.rescue.alert import Alert
from dispatch.rescue.best_plan import best_plan
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
    LoseAed,
    OpenIncident,
    Progress,
    Refused,
    ReportAedProblem,
    SetCpr,
    Widen,
)
from dispatch.rescue.course import Course, Decision
from dispatch.rescue.events import (
    Accepted,
    AedLost,
    AmbulanceArrived,
    AmbulanceExpected,
    Believed,
    Cancelled,
    Closed,
    CprChanged,
    Declined,
    Event,
    Opened,
    Received,
    StageReached,
    StoodDown,
    Widened,
    Withdrawn,
)
from dispatch.rescue.incident import Incident, begin
from dispatch.rescue.moving import lag_s
from dispatch.rescue.passing_time import let_time_pass
from dispatch.rescue.plan import Planner
from dispatch.rescue.planning import collects_after_all
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import (
    NEXT_STAGES,
    AedId,
    AedProblem,
    AlertId,
    AlertRole,
    AlertState,
    CancelReason,
    IncidentId,
    StandDownReason,
)


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
    course = Course(begin(incident_id, opened), scene, planner, [opened])
    course.replan(say_when_nobody=True)
    return course.decision()


def decide(incident: Incident, command: Command, scene: Scene, *, by: str, planner: Planner = best_plan) -> Decision:
    """What follows from `command`, asked for `by` whom. Raises `Refused` when it cannot be, and nothing has changed."""
    course = Course(incident, scene, planner)
    _HANDLERS[type(command)](course, command, by)
    return course.decision()


def _confirm_receipt(course: Course, command: ConfirmReceipt, by: str) -> None:
    if course.incident.is_ended:
        return
    for alert_id in command.alert_ids:
        alert = course.incident.alerts.get(alert_id)
        if alert is not None and AlertState.RECEIVED not in alert.stages:
            course.happens(Received(alert_id=alert_id), by)


def _accept(course: Course, command: Accept, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    # Who was asked anew means that offer, whichever of the two the yes names.
    alert = course.what_binds(alert.responder_id) or alert
    if alert.is_engaged or alert.state is AlertState.DONE:
        return
    if alert.is_pending:
        course.happens(Accepted(alert_id=alert.alert_id, late=False), by)
    elif _may_still_come(alert) and course.still_gains_from(alert):
        course.happens(Accepted(alert_id=alert.alert_id, late=True), by)
    elif alert.may_be_asked_again and alert.state is AlertState.STOOD_DOWN:
        # They have been told; the same yes again needs no other answer.
        return
    elif _may_still_come(alert):
        course.happens(StoodDown(alert_id=alert.alert_id, reason=_why_not_wanted(course.incident)), by)
        return
    else:
        raise Refused("alert_ended", f"This alert is {alert.state} already; please stay where you are.")
    course.replan()


# Their offer ended without a yes, or they turned back; who changes their mind is taken where still wanted.
_MAY_STILL_COME = frozenset({AlertState.EXPIRED, AlertState.DECLINED, AlertState.WITHDRAWN, AlertState.GAVE_UP})


def _may_still_come(alert: Alert) -> bool:
    return alert.state in _MAY_STILL_COME or alert.may_be_asked_again


def _why_not_wanted(incident: Incident) -> StandDownReason:
    if incident.cancel_reason is not None:
        return _STAND_DOWN_FOR[incident.cancel_reason]
    if incident.is_ended:
        return StandDownReason.INCIDENT_CLOSED
    if incident.ambulance_arrived_at is not None:
        return StandDownReason.AMBULANCE_ARRIVED
    return StandDownReason.ENOUGH_ACCEPTED


def _decline(course: Course, command: Decline, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.is_engaged:
        raise Refused("already_accepted", "You have accepted; say `gave_up` to turn back.")
    if alert.is_pending:
        course.happens(Declined(alert_id=alert.alert_id, off_duty=command.off_duty or None), by)
        course.replan()


def _progress(course: Course, command: Progress, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.state is command.stage or (command.stage in alert.stages and alert.is_engaged):
        _believe(course, alert, by)
        return
    if command.stage not in NEXT_STAGES.get(alert.state, ()):
        raise Refused("stage_out_of_order", f"An alert that is {alert.state} cannot become {command.stage}.")
    if command.stage is AlertState.AED_COLLECTED and alert.role is not AlertRole.AED:
        if not alert.former_aed_ids:
            raise Refused("wrong_role", "Only who fetches an AED can have collected it.")
        course.happens(collects_after_all(alert), by)
    course.happens(StageReached(alert_id=alert.alert_id, stage=command.stage), by)
    if command.stage is not AlertState.GAVE_UP:
        _believe(course, alert, by)
    if command.stage in {AlertState.GAVE_UP, AlertState.ON_SCENE}:
        course.replan()


def _believe(course: Course, alert: Alert, by: str) -> None:
    """Who was asked whether they come has answered: they are counted on again, for a new promise."""
    if alert.urged_at is None or not course.incident.alerts[alert.alert_id].is_engaged:
        return
    behind_s = lag_s(alert, course.scene, course.incident.floor)
    late_s = alert.lag_s if behind_s is None else behind_s
    course.happens(Believed(alert_id=alert.alert_id, eta_s=round(alert.eta_s + max(0.0, late_s), 1)), by)
    if alert.doubted_at is not None:
        course.replan()


def _report_aed_problem(course: Course, command: ReportAedProblem, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    if alert.aed_id is None or not alert.is_active:
        if alert.former_aed_ids and alert.former_aed_ids[-1] in course.incident.lost_aeds:
            return
        raise Refused("no_aed", "You are not on the way to an AED in this alert.")
    if AlertState.AED_COLLECTED in alert.stages and command.problem is not AedProblem.BROKEN:
        raise Refused("aed_collected", "You have this AED; only that it is broken can be reported of it.")
    _lose(course, alert.aed_id, command.problem, alert.alert_id, by)


def _lose_aed(course: Course, command: LoseAed, by: str) -> None:
    runners = [each for each in course.incident.alerts.values() if each.is_active and each.aed_id == command.aed_id]
    # In somebody's hands it is out of the registry's sight: what they say of it counts.
    if any(AlertState.AED_COLLECTED not in each.stages and not each.is_there for each in runners):
        _lose(course, command.aed_id, AedProblem.UNUSABLE, None, by)


def _lose(course: Course, aed_id: AedId, problem: AedProblem, alert_id: AlertId | None, by: str) -> None:
    if course.is_over or aed_id in course.incident.lost_aeds:
        return
    course.happens(AedLost(aed_id=aed_id, problem=problem, alert_id=alert_id), by)
    for alert in course.incident.pending():
        # Who has not answered is asked anew, for something that can be done.
        if alert.aed_id == aed_id:
            course.happens(Withdrawn(alert_id=alert.alert_id, reason=StandDownReason.NO_LONGER_NEEDED))
    course.replan()


def _widen(course: Course, _command: Widen, by: str) -> None:
    course.must_be_open()
    course.happens(Widened(times=course.incident.times_widened + 1), by)
    course.replan(say_when_nobody=True)


def _expect_ambulance(course: Course, command: ExpectAmbulance, by: str) -> None:
    course.must_be_open()
    course.happens(AmbulanceExpected(arrives_at=command.arrives_at), by)
    course.replan(is_a_second_look=True)


def _ambulance_arrives(course: Course, _command: AmbulanceArrives, by: str) -> None:
    course.must_be_open()
    if course.incident.ambulance_arrived_at is None:
        course.happens(AmbulanceArrived(), by)
        course.stand_everybody_down(StandDownReason.AMBULANCE_ARRIVED)


def _set_cpr(course: Course, command: SetCpr, by: str) -> None:
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


def _cancel(course: Course, command: Cancel, by: str) -> None:
    if course.incident.cancel_reason is not None:
        return
    course.must_be_open()
    course.stand_everybody_down(_STAND_DOWN_FOR[command.reason])
    course.happens(Cancelled(reason=command.reason), by)


def _close(course: Course, command: Close, by: str) -> None:
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
    ReportAedProblem: _report_aed_problem,
    LoseAed: _lose_aed,
    LetTimePass: let_time_pass,
    Widen: _widen,
    ExpectAmbulance: _expect_ambulance,
    AmbulanceArrives: _ambulance_arrives,
    SetCpr: _set_cpr,
    Cancel: _cancel,
    Close: _close,
}
