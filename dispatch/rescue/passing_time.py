"""What happens by itself as time passes: answers overdue, devices silent, people who do not move, nobody found."""

from datetime import timedelta

from dispatch.rescue.alert import Alert
from dispatch.rescue.commands import LetTimePass
from dispatch.rescue.course import Course
from dispatch.rescue.events import Doubted, Expired, NotReceived, SearchEnded, Urged
from dispatch.rescue.moving import believed, lag_s
from dispatch.rescue.vocabulary import StandDownReason
from dispatch.rescue.wakes import gives_up_at


def let_time_pass(course: Course, _command: LetTimePass, by: str) -> None:
    """Everything that is overdue happens; then somebody is looked for, if somebody is lacking."""
    incident, now = course.incident, course.scene.now
    if not incident.may_alert:
        return
    if now >= gives_up_at(incident, course.policy):
        _give_up(course, by)
        return
    overdue = [alert for alert in incident.pending() if now >= alert.respond_by]
    course.all_happen((Expired(alert_id=each.alert_id) for each in overdue), by)
    _call_otherwise(course, by)
    changed = _look_at_movement(course, by)
    if overdue or changed or not course.incident.pending():
        course.replan(is_a_second_look=not overdue and not changed)


def _give_up(course: Course, by: str) -> None:
    """Nobody has ended it: those who never said that they are done are free again, and nobody else is woken."""
    course.happens(SearchEnded(), by)
    course.stand_everybody_down(StandDownReason.NO_LONGER_NEEDED)


def _call_otherwise(course: Course, by: str) -> None:
    waited = timedelta(seconds=course.policy.no_ack_s)
    silent = [each for each in course.incident.pending() if each.may_not_have_it]
    overdue = [each for each in silent if course.scene.now >= each.offered_at + waited]
    course.all_happen((NotReceived(alert_id=each.alert_id) for each in overdue), by)


def _look_at_movement(course: Course, by: str) -> bool:
    """Ask those who fall behind, give up on those who were asked, believe those who move; whether a plan changes."""
    changed = False
    for alert in course.incident.engaged():
        if alert.is_there:
            continue
        behind_s = lag_s(alert, course.scene, course.incident.floor)
        if alert.urged_at is None:
            if behind_s is not None and behind_s >= course.policy.movement.lag_s:
                _urge(course, alert, behind_s, by)
        elif alert.reply_by is not None and course.scene.now < alert.reply_by:
            # A jump of their position in the first seconds is no answer yet.
            continue
        elif behind_s is not None and _is_moving(course, alert, behind_s):
            course.happens(believed(alert, behind_s), by)
            changed = True
        elif alert.doubted_at is None:
            known_s = alert.lag_s if behind_s is None else behind_s
            course.happens(Doubted(alert_id=alert.alert_id, lag_s=round(known_s, 1)), by)
            changed = True
    return changed


def _urge(course: Course, alert: Alert, behind_s: float, by: str) -> None:
    reply_by = course.scene.now + timedelta(seconds=course.policy.movement.reply_within_s)
    course.happens(Urged(alert_id=alert.alert_id, lag_s=round(behind_s, 1), reply_by=reply_by), by)


def _is_moving(course: Course, alert: Alert, behind_s: float) -> bool:
    """Whether they have fallen behind by clearly less than the time since they were last looked at."""
    since = alert.doubted_at or alert.urged_at
    passed_s = 0.0 if since is None else (course.scene.now - since).total_seconds()
    return passed_s > 0.0 and behind_s - alert.lag_s < passed_s * course.policy.movement.still_share
