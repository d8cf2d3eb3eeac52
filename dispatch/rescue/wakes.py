"""When an incident has to be looked at again though nobody says anything."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.rescue.incident import Incident
from dispatch.rescue.policy import Policy


class WakeKind(StrEnum):
    """What falls due."""

    RESPOND_BY = "respond_by"
    NO_ACK = "no_ack"
    REPLY_BY = "reply_by"
    MOVEMENT = "movement"
    LOOK_AGAIN = "look_again"
    AMBULANCE = "ambulance"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Wake:
    """A time at which something falls due in an incident."""

    at: datetime
    kind: WakeKind


def next_wake(incident: Incident, policy: Policy, now: datetime, *, wants_more: bool) -> Wake | None:
    """The first time at which something falls due, past when it is overdue; None when nothing ever does.

    What comes again and again is due at its next turn after `now`. This is asked after every decision, and on the way
    of every SOS.
    """
    if not incident.may_alert:
        return None
    alerts = incident.alerts.values()
    pending = [each for each in alerts if each.is_pending]
    moving = [each for each in alerts if each.is_engaged and not each.is_there]
    due = [(gives_up_at(incident, policy), WakeKind.GIVE_UP)]
    if pending:
        due.append((min(each.respond_by for each in pending), WakeKind.RESPOND_BY))
        silent = [each.offered_at for each in pending if each.may_not_have_it]
        if silent:
            due.append((min(silent) + timedelta(seconds=policy.no_ack_s), WakeKind.NO_ACK))
    elif wants_more:
        due.append((_next_turn(incident, now, policy.look_again_s), WakeKind.LOOK_AGAIN))
    if moving:
        due.append((_next_turn(incident, now, policy.movement.look_every_s), WakeKind.MOVEMENT))
        due += [(each.reply_by, WakeKind.REPLY_BY) for each in moving if each.reply_by is not None]
    if incident.ambulance_arrives_at is not None and incident.ambulance_arrives_at > now:
        due.append((incident.ambulance_arrives_at, WakeKind.AMBULANCE))
    return Wake(*min(due))


def gives_up_at(incident: Incident, policy: Policy) -> datetime:
    """From when on nobody is looked for any more."""
    return (incident.searched_since or incident.opened_at) + timedelta(seconds=policy.give_up_s)


def _next_turn(incident: Incident, now: datetime, every_s: float) -> datetime:
    # Counted from the opening, not from now: an incident in which much happens must come to its turn too. In whole
    # microseconds: a turn that rounding puts at `now` would come again and again without end.
    every = timedelta(seconds=every_s)
    return incident.opened_at + ((now - incident.opened_at) // every + 1) * every
