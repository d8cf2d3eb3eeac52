"""Two calls that tell of one emergency become one incident: nobody who is coming is lost by it."""

from dispatch.rescue.alert import Alert
from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.commands import Refused
from dispatch.rescue.course import Course, Decision
from dispatch.rescue.events import (
    Accepted,
    AedLost,
    AmbulanceArrived,
    AmbulanceExpected,
    CprChanged,
    Doubted,
    Joined,
    Merged,
    Received,
    StageReached,
    StoodDown,
    Urged,
    Withdrawn,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.losing_aeds import ask_for_something_else
from dispatch.rescue.plan import Planner
from dispatch.rescue.planning import asked_already, carried_over
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AedProblem, AlertState, StandDownReason

_STAGES_IN_ORDER = (AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE)


def merge(
    duplicate: Incident, into: Incident, scene: Scene, *, by: str, planner: Planner = best_plan
) -> tuple[Decision, Decision]:
    """What becomes of an incident that is the same emergency as another, and of that other.

    The first ends; whoever is on offer or on the way in it goes on in the second, under a new alert, or is sent home
    where the ambulance is there. `scene` is the second's. Raises `Refused` when either has ended, when they are one,
    or when people are coming in the first and nobody is looked for in the second any more.
    """
    if duplicate.incident_id == into.incident_id:
        raise Refused("same_incident", "An incident cannot be merged into itself.")
    left, right = Course(duplicate, scene, planner), Course(into, scene, planner)
    left.must_be_open()
    right.must_be_open()
    if into.search_ended_at is not None and duplicate.may_alert:
        raise Refused("search_ended", "Nobody is looked for there any more: merge the other way round, or widen it.")
    goes_on = _leave(left, into)
    left.happens(Merged(into=into.incident_id), by)
    bound = {each.responder_id for each in duplicate.alerts.values() if each.is_active}
    asked = tuple(sorted(asked_already(duplicate) - bound))
    joined = Joined(
        incident_id=duplicate.incident_id, asked=asked, centre=duplicate.centre, case_number=duplicate.case_number
    )
    right.happens(joined, by)
    for each in duplicate.merged:
        right.happens(Joined(incident_id=each), by)
    _take_over_facts(right, duplicate, by)
    for alert in goes_on:
        _take_over(right, alert)
    right.replan()
    return left.decision(), right.decision()


def _leave(left: Course, into: Incident) -> list[Alert]:
    """End every alert of the incident that ends; answers those that go on in the other."""
    if into.ambulance_arrived_at is not None:
        left.stand_everybody_down(StandDownReason.AMBULANCE_ARRIVED)
        return []
    goes_on: list[Alert] = []
    for alert in [each for each in left.incident.alerts.values() if each.is_active]:
        ends = StoodDown if alert.is_engaged else Withdrawn
        # Nobody is asked a second time for an AED that is known to be lost; the plan may ask them for something else.
        is_pointless = alert.is_pending and alert.aed_id in into.lost_aeds
        reason = StandDownReason.NO_LONGER_NEEDED if is_pointless else StandDownReason.MERGED
        left.happens(ends(alert_id=alert.alert_id, reason=reason))
        if not is_pointless:
            goes_on.append(alert)
    return goes_on


def _take_over_facts(course: Course, duplicate: Incident, by: str) -> None:
    if duplicate.cpr_in_progress and not course.incident.cpr_in_progress:
        course.happens(CprChanged(in_progress=True), by)
    if duplicate.ambulance_arrives_at is not None and course.incident.ambulance_arrives_at is None:
        expected = AmbulanceExpected(
            arrives_at=duplicate.ambulance_arrives_at,
            unit=duplicate.ambulance_unit,
            said_at=duplicate.ambulance_said_at,
        )
        course.happens(expected, by)
    if duplicate.ambulance_arrived_at is not None and course.incident.ambulance_arrived_at is None:
        course.happens(AmbulanceArrived(), by)
        course.stand_everybody_down(StandDownReason.AMBULANCE_ARRIVED)
    for aed_id in sorted(duplicate.lost_aeds - course.incident.lost_aeds):
        course.happens(AedLost(aed_id=aed_id, problem=AedProblem.UNUSABLE, alert_id=None), by)
        ask_for_something_else(course, aed_id)


def _take_over(course: Course, alert: Alert) -> None:
    offer = carried_over(alert, course.incident, course.scene)
    course.happens(offer)
    if AlertState.RECEIVED in alert.stages:
        course.happens(Received(alert_id=offer.alert_id))
    if not alert.is_engaged:
        return
    course.happens(Accepted(alert_id=offer.alert_id, late=False))
    for stage in _STAGES_IN_ORDER:
        if stage in alert.stages:
            course.happens(StageReached(alert_id=offer.alert_id, stage=stage))
    if alert.urged_at is not None:
        reply_by = alert.reply_by or course.scene.now
        course.happens(Urged(alert_id=offer.alert_id, lag_s=alert.lag_s, reply_by=reply_by))
    if alert.doubted_at is not None:
        course.happens(Doubted(alert_id=offer.alert_id, lag_s=alert.lag_s))
