"""An AED that was counted on cannot be had, or is of no use: whoever counts on it does something else."""

from dispatch.rescue.course import Course
from dispatch.rescue.events import AedLost, Withdrawn
from dispatch.rescue.vocabulary import AedId, AedProblem, AlertId, StandDownReason


def lose_aed(course: Course, aed_id: AedId, problem: AedProblem, by: str, *, alert_id: AlertId | None = None) -> None:
    """Note that an AED is lost, and plan anew without it. `alert_id`: whose runner says so; None: the registry.

    Whoever has it in their hands keeps it, unless it is they who say so: what is missing from its place, or locked
    away for the next one, works all the same.
    """
    if course.is_over:
        return
    told_by = course.incident.alerts.get(alert_id) if alert_id is not None else None
    is_in_hand = told_by is not None and told_by.aed_id == aed_id and told_by.has_aed
    if aed_id in course.incident.lost_aeds and not is_in_hand:
        return
    course.happens(AedLost(aed_id=aed_id, problem=problem, alert_id=alert_id), by)
    ask_for_something_else(course, aed_id)
    course.replan()


def ask_for_something_else(course: Course, aed_id: AedId) -> None:
    """Take back the unanswered offers to fetch an AED that is lost: the plan asks for what can be done."""
    for alert in course.incident.pending():
        if alert.aed_id == aed_id:
            course.happens(Withdrawn(alert_id=alert.alert_id, reason=StandDownReason.NO_LONGER_NEEDED))
