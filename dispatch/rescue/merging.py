"""Two calls that tell of one emergency become one incident: nobody who is coming is lost by it."""

from dispatch.rescue.alert import Alert
from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.commands import Refused
from dispatch.rescue.course import Course, Decision
from dispatch.rescue.events import (
    Accepted,
    AedLost,
    AmbulanceExpected,
    CprChanged,
    Joined,
    Merged,
    Received,
    StageReached,
    StoodDown,
    Withdrawn,
)
from dispatch.rescue.incident import Incident
from dispatch.rescue.plan import Planner
from dispatch.rescue.planning import carried_over
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AedProblem, AlertState, StandDownReason

_STAGES_IN_ORDER = (AlertState.EN_ROUTE, AlertState.AED_COLLECTED, AlertState.ON_SCENE)


def merge(
    duplicate: Incident, into: Incident, scene: Scene, *, by: str, planner: Planner = best_plan
) -> tuple[Decision, Decision]:
    """What becomes of an incident that is the same emergency as another, and of that other.

    The first ends; whoever is on offer or on the way in it goes on in the second, under a new alert. `scene` is the
    second's. Raises `Refused` when either has ended or they are one.
    """
    if duplicate.incident_id == into.incident_id:
        raise Refused("same_incident", "An incident cannot be merged into itself.")
    left, right = Course(duplicate, scene, planner), Course(into, scene, planner)
    left.must_be_open()
    right.must_be_open()
    active = [each for each in duplicate.alerts.values() if each.is_active]
    if right.is_over:
        left.stand_everybody_down(_why_over(into))
        active = []
    for alert in active:
        ends = StoodDown if alert.is_engaged else Withdrawn
        left.happens(ends(alert_id=alert.alert_id, reason=StandDownReason.MERGED))
    left.happens(Merged(into=into.incident_id), by)
    for each in (duplicate.incident_id, *duplicate.merged):
        right.happens(Joined(incident_id=each), by)
    _take_over_facts(right, duplicate)
    for alert in active:
        _take_over(right, alert)
    right.replan()
    return left.decision(), right.decision()


def _why_over(into: Incident) -> StandDownReason:
    if into.ambulance_arrived_at is not None:
        return StandDownReason.AMBULANCE_ARRIVED
    return StandDownReason.NO_LONGER_NEEDED


def _take_over_facts(course: Course, duplicate: Incident) -> None:
    if duplicate.cpr_in_progress and not course.incident.cpr_in_progress:
        course.happens(CprChanged(in_progress=True))
    if duplicate.ambulance_arrives_at is not None and course.incident.ambulance_arrives_at is None:
        course.happens(AmbulanceExpected(arrives_at=duplicate.ambulance_arrives_at))
    for aed_id in sorted(duplicate.lost_aeds - course.incident.lost_aeds):
        course.happens(AedLost(aed_id=aed_id, problem=AedProblem.UNUSABLE, alert_id=None))


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
