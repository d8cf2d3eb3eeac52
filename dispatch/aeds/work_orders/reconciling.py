"""What becomes of an AED's work orders when its needs are known: pure.

Never two orders are open for one cause. While an order is open it only becomes more pressing: its urgency rises, its
deadline comes nearer. It closes itself when nothing is needed any more, and what comes back is a new order. So is the
battery that was put in the place of another one, though it runs out soon, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from dispatch.aeds.health.needs import Need
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.work_orders.notices import Notice, notices_of
from dispatch.aeds.work_orders.record import (
    BY_EVIDENCE,
    Assignment,
    Escalation,
    Level,
    WhyUp,
    WorkOrder,
)

_STEPS = (Level.VENUE, Level.DISTRICT, Level.CITY)

# What runs out on a date of its own. A date that is corrected by a day, or read in another zone, is still the same one.
_DATED = frozenset({Cause.BATTERY_EXPIRY, Cause.PADS_EXPIRY})
_SAME_DATE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Changed:
    """An order before and after."""

    before: WorkOrder
    after: WorkOrder


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written of one AED's orders. Empty when nothing is different."""

    opened: tuple[WorkOrder, ...] = ()
    changed: tuple[Changed, ...] = ()
    closed: tuple[WorkOrder, ...] = ()
    notices: tuple[Notice, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.changed or self.closed)


def reconcile(
    orders: Sequence[WorkOrder],
    needs: Iterable[Need],
    *,
    aed_id: UUID,
    assignee: Assignment,
    policy: CarePolicy,
    now: datetime,
    closed_by: str = BY_EVIDENCE,
) -> Changes:
    """How one AED's orders follow from its needs.

    `orders` are those of `repository.open_of`: the open ones, and those that somebody cancelled. A need that was
    cancelled is not opened again unless it has become more urgent, or has come back since.
    For a removed AED: no needs, and `closed_by=BY_REMOVAL`.
    """
    wanted = {need.cause: need for need in needs}
    open_by_cause = {order.cause: order for order in orders if order.is_open}
    cancelled = [order for order in orders if order.was_cancelled]
    opened: list[WorkOrder] = []
    changed: list[Changed] = []
    done = {order.cause for order in open_by_cause.values() if not _is_still_wanted(order, wanted)}
    for cause, need in wanted.items():
        order = open_by_cause.get(cause)
        if order is None or cause in done:
            if not any(_covers(each, need) for each in cancelled):
                opened.append(_placed(_new(need, aed_id, policy, now), assignee, policy, now))
            continue
        after = _placed(_pressing(order, need, policy), assignee, policy, now)
        if after != order:
            changed.append(Changed(order, after))
    closed = tuple(
        replace(order, closed_at=now, closed_by=closed_by, look_again_at=None)
        for cause, order in open_by_cause.items()
        if cause in done
    )
    notices = [notice for order in opened for notice in notices_of(None, order, policy.tell, now)]
    notices += [notice for each in changed for notice in notices_of(each.before, each.after, policy.tell, now)]
    return Changes(tuple(opened), tuple(changed), closed, tuple(notices))


def escalated(order: WorkOrder, policy: CarePolicy, now: datetime) -> WorkOrder:
    """The order with every step up that has come due since its deadline, each noted with its time."""
    steps = [
        Escalation(level, at)
        for level, at in _steps_of(order, policy)
        if at <= now and level.rank > max([Level.CUSTODIAN.rank, *(each.level.rank for each in _overdue(order))])
    ]
    if not steps:
        return order
    level = max(order.level, steps[-1].level, key=lambda each: each.rank)
    return replace(order, level=level, escalations=(*order.escalations, *steps))


def _new(need: Need, aed_id: UUID, policy: CarePolicy, now: datetime) -> WorkOrder:
    return WorkOrder(
        id=uuid4(),
        aed_id=aed_id,
        cause=need.cause,
        what=_what(need),
        urgency=need.urgency,
        since=min(need.since, now),
        opened_at=now,
        due_at=_deadline(need, now, policy),
        level=Level.CUSTODIAN,
        assignee=None,
        owner_id=None,
    )


def _pressing(order: WorkOrder, need: Need, policy: CarePolicy) -> WorkOrder:
    return replace(
        order,
        what=_what(need),
        urgency=max(order.urgency, need.urgency),
        due_at=min(order.due_at, _deadline(need, order.opened_at, policy)),
        # A report that comes late may tell that it began earlier.
        since=min(order.since, need.since),
    )


def _what(need: Need) -> dict[str, str]:
    return {"zh": need.what_zh, "en": need.what_en}


def _deadline(need: Need, opened_at: datetime, policy: CarePolicy) -> datetime:
    """The need's own; where that was over before anybody could know, the policy's time from then on.

    A list taken in with batteries that ran out a year ago must not find its custodians a year late.
    """
    if need.due_at > opened_at:
        return need.due_at
    return opened_at + timedelta(seconds=policy.due_within_s[need.cause])


def _is_still_wanted(order: WorkOrder, wanted: Mapping[Cause, Need]) -> bool:
    need = wanted.get(order.cause)
    return need is not None and not _is_of_another(order, need)


def _is_of_another(order: WorkOrder, need: Need) -> bool:
    """Whether what the order is about has been replaced, by one that runs out later."""
    return need.cause in _DATED and need.due_at > order.due_at + _SAME_DATE


def _covers(cancelled: WorkOrder, need: Need) -> bool:
    """Whether the need is the one that somebody has cancelled, no more urgent than it was then."""
    if cancelled.cause != need.cause or cancelled.closed_at is None or _is_of_another(cancelled, need):
        return False
    return need.since <= cancelled.closed_at and need.urgency <= cancelled.urgency


def _placed(order: WorkOrder, assignee: Assignment, policy: CarePolicy, now: datetime) -> WorkOrder:
    """The order with the level, person and owner that it has now, and when that is to be looked at again."""
    order = _given(order, assignee.assignee, now)
    order = escalated(order, policy, now)
    # At its deadline its assignee is told so, also where nobody else answers for it until later.
    comes = [order.due_at, *(at for _, at in _steps_of(order, policy))]
    if assignee.until is not None:
        comes.append(assignee.until)
    look_again_at = min((at for at in comes if at > now), default=None)
    return replace(order, owner_id=assignee.owners.get(order.level), look_again_at=look_again_at)


def _given(order: WorkOrder, assignee: str | None, now: datetime) -> WorkOrder:
    """The order in somebody's hands; in nobody's it is the venue's."""
    if assignee != order.assignee and assignee is not None:
        # What somebody else has said about it holds no longer.
        order = replace(order, assignee=assignee, acknowledged_at=None, acknowledged_by=None)
    elif assignee is None:
        order = replace(order, assignee=None)
    reached = max((each.level for each in _overdue(order)), key=lambda each: each.rank, default=Level.CUSTODIAN)
    if assignee is not None:
        return order if order.level is reached else replace(order, level=reached)
    if order.level.rank >= Level.VENUE.rank:
        return order
    step = Escalation(Level.VENUE, now, WhyUp.NOBODY)
    return replace(order, level=Level.VENUE, escalations=(*order.escalations, step))


def _overdue(order: WorkOrder) -> list[Escalation]:
    return [each for each in order.escalations if each.why is WhyUp.OVERDUE]


def _steps_of(order: WorkOrder, policy: CarePolicy) -> list[tuple[Level, datetime]]:
    """When the order goes to each level, if it is still open then; the policy counts from its deadline."""
    return [
        (level, order.due_at + timedelta(seconds=after_s))
        for level, after_s in zip(_STEPS, policy.escalate_after_s, strict=True)
    ]
