"""Work orders in PostgreSQL. Whoever writes orders of an AED holds that AED's row, as settling does."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.work_orders.notices import Notice
from dispatch.aeds.work_orders.reconciling import Changes
from dispatch.aeds.work_orders.record import Escalation, Level, WorkOrder
from dispatch.encoding import to_json_text

# The open ones by the index that guards them, the cancelled ones by one of their own: what was closed by evidence,
# which is nearly everything there is after a year, is not read.
_OPEN_OF = text("""
select * from work_orders where aed_id = any(:aed_ids) and closed_at is null
union all
select * from (
    select distinct on (aed_id, cause) * from work_orders
    where aed_id = any(:aed_ids) and closed_by not in ('evidence', 'removed')
    order by aed_id, cause, closed_at desc
) as cancelled
""")

# All in one round trip: every part of it sees what was before, so what takes the place of a closed one comes with the
# next. That two open one order for one cause is for the index to prevent, and no fault of a report.
_WRITE = text("""
with opened as (
    insert into work_orders (id, aed_id, cause, what, urgency, since, opened_at, due_at, level, assignee, owner_id,
                             escalations, look_again_at)
    select id, aed_id, cause, what, urgency, since, opened_at, due_at, level, assignee, owner_id,
           escalations, look_again_at
    from jsonb_to_recordset(cast(:opened as jsonb)) as given(
        id uuid, aed_id uuid, cause text, what jsonb, urgency int, since timestamptz, opened_at timestamptz,
        due_at timestamptz, level text, assignee text, owner_id uuid, escalations jsonb, look_again_at timestamptz)
    on conflict (aed_id, cause) where closed_at is null do nothing
),
changed as (
    update work_orders
    set what = given.what, urgency = given.urgency, since = given.since, due_at = given.due_at, level = given.level,
        assignee = given.assignee, owner_id = given.owner_id, escalations = given.escalations,
        acknowledged_at = given.acknowledged_at, acknowledged_by = given.acknowledged_by, note = given.note,
        look_again_at = given.look_again_at, closed_at = given.closed_at, closed_by = given.closed_by
    from jsonb_to_recordset(cast(:changed as jsonb)) as given(
        id uuid, what jsonb, urgency int, since timestamptz, due_at timestamptz, level text, assignee text,
        owner_id uuid, escalations jsonb, acknowledged_at timestamptz, acknowledged_by text, note text,
        look_again_at timestamptz, closed_at timestamptz, closed_by text)
    where work_orders.id = given.id and work_orders.closed_at is null
)
insert into work_order_notices (recipient, order_id, why, urgency, at)
select recipient, order_id, why, urgency, :now
from jsonb_to_recordset(cast(:notices as jsonb)) as given(recipient text, order_id uuid, why text, urgency int)
order by recipient, order_id
on conflict (recipient, order_id) do update
    set why = excluded.why, urgency = excluded.urgency, at = excluded.at, told_at = null
""")


async def open_of(connection: AsyncConnection, aed_ids: Sequence[UUID]) -> Mapping[UUID, list[WorkOrder]]:
    """The open orders of these AEDs, and of what somebody cancelled the newest of each cause: what `reconcile` takes.

    An AED without any is not in it.
    """
    found: defaultdict[UUID, list[WorkOrder]] = defaultdict(list)
    for row in await connection.execute(_OPEN_OF, {"aed_ids": list(aed_ids)}):
        order = order_of(row)
        found[order.aed_id].append(order)
    return found


async def write(connection: AsyncConnection, changes: Iterable[Changes], now: datetime) -> None:
    """Write what became of orders, and whom to tell, in one statement; nothing when there is nothing to write.

    Two statements where an order takes the place of one that is closed.
    """
    different = [each for each in changes if each]
    opened = [order for one in different for order in one.opened]
    changed = [each.after for one in different for each in one.changed]
    closed = [order for one in different for order in one.closed]
    notices = [notice for one in different for notice in one.notices]
    if {(order.aed_id, order.cause) for order in opened} & {(order.aed_id, order.cause) for order in closed}:
        await _write(connection, now, changed=closed)
        closed = []
    if different:
        await _write(connection, now, opened=opened, changed=[*changed, *closed], notices=notices)


async def _write(
    connection: AsyncConnection,
    now: datetime,
    *,
    opened: Sequence[WorkOrder] = (),
    changed: Sequence[WorkOrder] = (),
    notices: Sequence[Notice] = (),
) -> None:
    await connection.execute(
        _WRITE,
        {
            "opened": to_json_text([_row_of(order) for order in opened]),
            "changed": to_json_text([_row_of(order) for order in changed]),
            "now": now,
            "notices": to_json_text([_row_of_notice(notice) for notice in notices]),
        },
    )


def order_of(row: Row[Any]) -> WorkOrder:
    """The record of a row of `work_orders`."""
    return WorkOrder(
        id=row.id,
        aed_id=row.aed_id,
        cause=Cause(row.cause),
        what=row.what,
        urgency=row.urgency,
        since=row.since,
        opened_at=row.opened_at,
        due_at=row.due_at,
        level=Level(row.level),
        assignee=row.assignee,
        owner_id=row.owner_id,
        escalations=tuple(Escalation.of_json(each) for each in row.escalations),
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_by,
        note=row.note,
        look_again_at=row.look_again_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )


def _row_of(order: WorkOrder) -> dict[str, Any]:
    return {
        "id": order.id,
        "aed_id": order.aed_id,
        "cause": order.cause,
        "what": dict(order.what),
        "urgency": order.urgency,
        "since": order.since,
        "opened_at": order.opened_at,
        "due_at": order.due_at,
        "level": order.level,
        "assignee": order.assignee,
        "owner_id": order.owner_id,
        "escalations": [each.as_json() for each in order.escalations],
        "acknowledged_at": order.acknowledged_at,
        "acknowledged_by": order.acknowledged_by,
        "note": order.note,
        "look_again_at": order.look_again_at,
        "closed_at": order.closed_at,
        "closed_by": order.closed_by,
    }


def _row_of_notice(notice: Notice) -> dict[str, Any]:
    return {
        "recipient": notice.recipient,
        "order_id": notice.order_id,
        "why": notice.why,
        "urgency": notice.urgency,
    }
