"""When an incident has to be looked at again though nobody says anything."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.rescue.incident import Incident
from dispatch.rescue.policy import Policy
from dispatch.rescue.vocabulary import AlertState


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
    """The first time at which something falls due, past when it is overdue; None when nothing ever does."""
    return min(wakes(incident, policy, now, wants_more=wants_more), key=lambda each: each.at, default=None)


def wakes(incident: Incident, policy: Policy, now: datetime, *, wants_more: bool) -> list[Wake]:
    """Everything that falls due, in no order. What comes again and again is due at its next turn after `now`."""
    if incident.is_ended or incident.ambulance_arrived_at is not None:
        return []
    due: list[Wake] = []
    no_ack = timedelta(seconds=policy.no_ack_s)
    is_pending = False
    for alert in incident.alerts.values():
        if alert.is_pending:
            is_pending = True
            due.append(Wake(alert.respond_by, WakeKind.RESPOND_BY))
            if AlertState.RECEIVED not in alert.stages and alert.not_received_at is None:
                due.append(Wake(alert.offered_at + no_ack, WakeKind.NO_ACK))
        elif alert.is_engaged and not alert.is_there:
            due.append(Wake(_next_tick(incident, now, policy.movement.look_every_s), WakeKind.MOVEMENT))
            if alert.reply_by is not None:
                due.append(Wake(alert.reply_by, WakeKind.REPLY_BY))
    if incident.ambulance_arrives_at is not None and incident.ambulance_arrives_at > now:
        due.append(Wake(incident.ambulance_arrives_at, WakeKind.AMBULANCE))
    if incident.search_ended_at is None:
        due.append(Wake(gives_up_at(incident, policy), WakeKind.GIVE_UP))
        if wants_more and not is_pending:
            due.append(Wake(_next_tick(incident, now, policy.look_again_s), WakeKind.LOOK_AGAIN))
    return due


def gives_up_at(incident: Incident, policy: Policy) -> datetime:
    """From when on nobody is looked for any more."""
    return (incident.searched_since or incident.opened_at) + timedelta(seconds=policy.give_up_s)


def _next_tick(incident: Incident, now: datetime, every_s: float) -> datetime:
    # Counted from the opening, not from now: an incident in which much happens must come to its turn too.
    ticks = math.floor((now - incident.opened_at).total_seconds() / every_s) + 1
    return incident.opened_at + timedelta(seconds=ticks * every_s)
