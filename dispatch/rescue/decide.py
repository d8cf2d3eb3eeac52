"""The decisions on one incident: what happens when it opens, and what follows from each command."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

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
    GiveCase,
    LetTimePass,
    LookAround,
    LoseAed,
    LoseWays,
    Moved,
    OpenIncident,
    Progress,
    Refused,
    ReportAedProblem,
    SetCpr,
    TakeAed,
    Widen,
)
from dispatch.rescue.course import Course, Decision
from dispatch.rescue.events import (
    Accepted,
    AedTaken,
    AmbulanceArrived,
    AmbulanceExpected,
    Cancelled,
    CaseGiven,
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
from dispatch.rescue.losing_aeds import lose_aed
from dispatch.rescue.moving import believed, lag_s
from dispatch.rescue.passing_time import let_time_pass
from dispatch.rescue.plan import Planner
from dispatch.rescue.planning import carried_alert_id, collects_after_all
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import (
    NEXT_STAGES,
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
        by=command.by,
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
            centre=command.centre,
            case_number=command.case_number,
            called_at=command.called_at,
            collapsed_at=command.collapsed_at,
        ),
    )
    course = Course(begin(incident_id, opened), scene, planner, [opened])
    if command.ambulance is not None:
        course.happens(_expected(command.ambulance), command.by)
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
    course.has_looked = False
    alerts = (course.incident.alerts.get(each) for each in dict.fromkeys(command.alert_ids))
    is_news = [each for each in alerts if each is not None and AlertState.RECEIVED not in each.stages]
    course.all_happen((Received(alert_id=each.alert_id) for each in is_news), by)


def _accept(course: Course, command: Accept, by: str) -> None:
    # Who was asked anew means that offer, whichever of the two the yes names.
    alert = course.latest_of(course.alert_of(command.alert_id, command.responder_id).responder_id)
    _must_not_have_moved(course, alert)
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
    return StandDownReason.ENOUGH_ACCEPTED if incident.may_alert else StandDownReason.NO_LONGER_NEEDED


def _must_not_have_moved(course: Course, alert: Alert) -> None:
    """Raises `Moved` when the alert goes on in the incident that its own was merged into."""
    into = course.incident.merged_into
    if into is not None and alert.end_reason is StandDownReason.MERGED:
        raise Moved(into, carried_alert_id(alert.alert_id, into))


def _decline(course: Course, command: Decline, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    _must_not_have_moved(course, alert)
    if alert.is_engaged:
        raise Refused("already_accepted", "You have accepted; say `gave_up` to turn back.")
    if alert.is_pending:
        course.happens(Declined(alert_id=alert.alert_id, off_duty=command.off_duty or None), by)
        course.replan()


def _progress(course: Course, command: Progress, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    _must_not_have_moved(course, alert)
    if alert.state is command.stage or (command.stage in alert.stages and alert.is_engaged):
        _believe(course, alert.alert_id, by)
        return
    if command.stage not in NEXT_STAGES.get(alert.state, ()):
        raise Refused("stage_out_of_order", f"An alert that is {alert.state} cannot become {command.stage}.")
    has_it_after_all = command.stage is AlertState.AED_COLLECTED and alert.role is not AlertRole.AED
    if has_it_after_all:
        if not alert.former_aed_ids or alert.former_aed_ids[-1] in alert.useless_aed_ids:
            raise Refused("wrong_role", "Only who fetches an AED can have collected it.")
        course.happens(collects_after_all(alert), by)
    course.happens(StageReached(alert_id=alert.alert_id, stage=command.stage), by)
    _believe(course, alert.alert_id, by)
    if has_it_after_all or command.stage in {AlertState.GAVE_UP, AlertState.ON_SCENE}:
        course.replan()


def _believe(course: Course, alert_id: AlertId, by: str) -> None:
    """Who was asked whether they come has answered: they are counted on again, for a new promise."""
    alert = course.incident.alerts[alert_id]
    if alert.urged_at is None or not alert.is_engaged:
        return
    course.happens(believed(alert, lag_s(alert, course.scene, course.incident.floor)), by)
    if alert.doubted_at is not None:
        course.replan()


def _report_aed_problem(course: Course, command: ReportAedProblem, by: str) -> None:
    alert = course.alert_of(command.alert_id, command.responder_id)
    _must_not_have_moved(course, alert)
    aed_id = command.aed_id or alert.aed_id or (alert.former_aed_ids[-1] if alert.former_aed_ids else None)
    if aed_id is None or aed_id not in (alert.aed_id, *alert.former_aed_ids):
        raise Refused("no_aed", "You are not on the way to this AED.")
    if aed_id != alert.aed_id and aed_id in course.incident.lost_aeds:
        # Known already, and they have been sent elsewhere.
        return
    if not alert.is_active:
        raise Refused("no_aed", f"This alert is {alert.state} already.")
    if aed_id == alert.aed_id and alert.has_aed and not alert.is_there and command.problem is not AedProblem.BROKEN:
        raise Refused("aed_collected", "You have this AED; only that it is broken can be reported of it.")
    lose_aed(course, aed_id, command.problem, by, alert_id=alert.alert_id)


def _lose_aed(course: Course, command: LoseAed, by: str) -> None:
    runners = [each for each in course.incident.alerts.values() if each.is_active and each.aed_id == command.aed_id]
    # In somebody's hands it is out of the registry's sight: what they say of it counts.
    if any(not each.has_aed for each in runners):
        lose_aed(course, command.aed_id, AedProblem.UNUSABLE, by)


def _take_aed(course: Course, command: TakeAed, by: str) -> None:
    if course.is_over:
        return
    runner = course.incident.alerts.get(command.alert_id) if command.alert_id is not None else None
    if runner is not None and not (runner.is_engaged and runner.aed_id == command.aed_id):
        runner = None
    if command.aed_id not in course.incident.taken_aeds:
        course.happens(AedTaken(aed_id=command.aed_id, alert_id=None if runner is None else runner.alert_id), by)
    if runner is not None and AlertState.AED_COLLECTED in NEXT_STAGES.get(runner.state, ()):
        # They have better to do than to tap.
        course.happens(StageReached(alert_id=runner.alert_id, stage=AlertState.AED_COLLECTED), by)
        _believe(course, runner.alert_id, by)


def _look_around(course: Course, _command: LookAround, _by: str) -> None:
    course.replan(is_a_second_look=True)


def _lose_ways(course: Course, command: LoseWays, _by: str) -> None:
    """Somebody else is asked at once, not when the time to answer is over; that nobody can be is said."""
    pending = [each for each in course.incident.pending() if each.alert_id in command.alert_ids]
    unheard = {each.alert_id: each.responder_id for each in pending if AlertState.RECEIVED not in each.stages}
    if not unheard:
        return
    course.all_happen(Withdrawn(alert_id=each, reason=StandDownReason.NO_LONGER_NEEDED) for each in unheard)
    # Whose offer is taken back may be asked for something else at once; not these.
    there = [each for each in course.scene.under_way if each.responder_id not in unheard.values()]
    course.scene = replace(course.scene, under_way=tuple(there))
    course.replan(say_when_nobody=not any(each.is_active for each in course.incident.alerts.values()))


def _widen(course: Course, _command: Widen, by: str) -> None:
    course.must_be_open()
    course.happens(Widened(times=course.incident.times_widened + 1), by)
    course.replan(say_when_nobody=True)


def _expect_ambulance(course: Course, command: ExpectAmbulance, by: str) -> None:
    course.must_be_open()
    if command.said_at is not None and _knows_better(course.incident, command.said_at):
        return
    course.happens(_expected(command), by)
    course.replan(is_a_second_look=True)


def _expected(command: ExpectAmbulance) -> AmbulanceExpected:
    return AmbulanceExpected(arrives_at=command.arrives_at, unit=command.unit, said_at=command.said_at)


def _knows_better(incident: Incident, said_at: datetime) -> bool:
    """Whether word of the ambulance that is as old as `said_at` comes too late to be news."""
    newest = incident.ambulance_said_at
    return incident.ambulance_arrived_at is not None or (newest is not None and said_at <= newest)


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


def _give_case(course: Course, command: GiveCase, by: str) -> None:
    incident = course.incident
    if (incident.centre, incident.case_number) == (command.centre, command.case_number):
        return
    course.must_be_open()
    if incident.case_number is not None:
        raise Refused("has_case", f"It is {incident.centre}'s case {incident.case_number} already.")
    course.happens(CaseGiven(centre=command.centre, case_number=command.case_number), by)


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
    TakeAed: _take_aed,
    LookAround: _look_around,
    LoseWays: _lose_ways,
    LetTimePass: let_time_pass,
    Widen: _widen,
    ExpectAmbulance: _expect_ambulance,
    AmbulanceArrives: _ambulance_arrives,
    SetCpr: _set_cpr,
    GiveCase: _give_case,
    Cancel: _cancel,
    Close: _close,
}
