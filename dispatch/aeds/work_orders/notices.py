"""Who has to be told of what became of a work order: pure."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from dispatch.aeds.work_orders.record import URGENT, Level, WorkOrder
from dispatch.push.vocabulary import custodian_recipient, owner_recipient


class Why(StrEnum):
    """What somebody is told about an order."""

    OPENED = "opened"
    HANDED = "handed"
    URGENT = "urgent"
    DUE = "due"
    ESCALATED = "escalated"


# The turns of an order as a policy names them: being handed one, or that it has become urgent, is like a new one.
_TURN = {Why.OPENED: "opened", Why.HANDED: "opened", Why.URGENT: "opened", Why.DUE: "due", Why.ESCALATED: "escalated"}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that one recipient has not heard yet: `custodian:SUBJECT` or `owner:ID`."""

    recipient: str
    order_id: UUID
    why: Why
    urgency: int


def notices_of(before: WorkOrder | None, after: WorkOrder, turns: Collection[str], now: datetime) -> list[Notice]:
    """What is to be told of an order that is new (no `before`) or changed; `turns` are those that the policy tells."""
    found = _of_new(after) if before is None else _of_changed(before, after, now)
    return [Notice(recipient, after.id, why, after.urgency) for recipient, why in found if _TURN[why] in turns]


def _of_new(order: WorkOrder) -> Iterator[tuple[str, Why]]:
    if order.assignee is not None:
        yield custodian_recipient(order.assignee), Why.OPENED
    if order.escalations and order.owner_id is not None:
        yield owner_recipient(str(order.owner_id)), Why.ESCALATED


def _of_changed(before: WorkOrder, after: WorkOrder, now: datetime) -> Iterator[tuple[str, Why]]:
    went_up = after.level.rank > before.level.rank
    why = _why_of_assignee(before, after, now, went_up=went_up)
    if after.assignee is not None and why is not None:
        yield custodian_recipient(after.assignee), why
    # Where a level has no owner of its own, the same one answers as before, and knows. A level may also be another
    # owner's from now on: the device changed hands, or the tree.
    is_news = after.owner_id != before.owner_id or (went_up and not before.escalations)
    if after.level is not Level.CUSTODIAN and after.owner_id is not None and is_news:
        yield owner_recipient(str(after.owner_id)), Why.ESCALATED


def _why_of_assignee(before: WorkOrder, after: WorkOrder, now: datetime, *, went_up: bool) -> Why | None:
    if after.assignee != before.assignee:
        return Why.HANDED
    if after.urgency > before.urgency and after.urgency >= URGENT:
        return Why.URGENT
    # A venue that answers from the deadline on is told so; for the custodian it is the deadline.
    if before.look_again_at is not None and before.look_again_at <= before.due_at <= now:
        return Why.DUE
    return Why.ESCALATED if went_up else None
