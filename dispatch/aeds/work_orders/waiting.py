"""Notices of work orders that wait to be told, in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.work_orders.record import URGENT
from dispatch.push.vocabulary import custodian_recipient, owner_recipient

# Orders of one night, or of one settling, are one message; who has just been told waits a while.
GATHER_S, GATHER_URGENT_S = 60.0, 3.0
APART_S, APART_URGENT_S = 900.0, 60.0

# Whoever has just been told something is looked up by it.
_TOLD_KEPT_FOR = timedelta(days=1)

_READY = text("""
select waiting.recipient
from (
    select recipient, min(at) as first_at, max(urgency) as urgency
    from work_order_notices where told_at is null and not recipient = any(:passed_over)
    group by recipient
) as waiting
    left join lateral (
        select max(told_at) as told_at from work_order_notices as told where told.recipient = waiting.recipient
    ) as last on true
where waiting.first_at <= :gathered and (last.told_at is null or last.told_at <= :apart)
   or waiting.urgency >= :urgent and waiting.first_at <= :gathered_urgent
      and (last.told_at is null or last.told_at <= :apart_urgent)
order by waiting.urgency desc, waiting.first_at, waiting.recipient
limit :most
""")

# Two who ask at once do not get the same ones.
_TAKE = text("""
select recipient, order_id, why from work_order_notices
where recipient = any(:recipients) and told_at is null
order by recipient, order_id
for update skip locked
""")

# What was closed meanwhile, or given to somebody else, is no news to them any more.
_ORDERS = text("""
select work_orders.id, work_orders.aed_id, work_orders.cause, work_orders.what, work_orders.urgency,
       work_orders.due_at, work_orders.assignee, work_orders.owner_id, aeds.name as aed_name
from work_orders join aeds on aeds.id = work_orders.aed_id
where work_orders.id = any(:ids) and work_orders.closed_at is null
""")

_OPEN = text("""
select 'custodian:' || assignee as recipient, count(*) as number from work_orders
where closed_at is null and assignee = any(:custodians) group by assignee
union all
select 'owner:' || owner_id, count(*) from work_orders
where closed_at is null and owner_id = any(:owners) and level <> 'custodian' group by owner_id
""")

_TOLD = text("""
update work_order_notices set told_at = :now
from unnest(cast(:recipients as text[]), cast(:orders as uuid[])) as given(recipient, order_id)
where work_order_notices.recipient = given.recipient and work_order_notices.order_id = given.order_id
""")

_DROP = text("""
delete from work_order_notices
using unnest(cast(:recipients as text[]), cast(:orders as uuid[])) as given(recipient, order_id)
where work_order_notices.recipient = given.recipient and work_order_notices.order_id = given.order_id
""")

_FORGET = text("delete from work_order_notices where told_at < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderTold:
    """An order as it is told: `why` it is news."""

    order_id: UUID
    aed_id: UUID
    aed_name: str
    cause: str
    what: dict[str, str]
    urgency: int
    due_at: datetime
    why: str

    def as_json(self) -> dict[str, Any]:
        """As a message has it."""
        return {
            "id": str(self.order_id),
            "aed_id": str(self.aed_id),
            "aed_name": self.aed_name,
            "cause": self.cause,
            "what": {"zh": self.what.get("zh", ""), "en": self.what.get("en", "")},
            "urgency": self.urgency,
            "due_at": self.due_at.isoformat(),
            "why": self.why,
        }


async def ready(
    connection: AsyncConnection, now: datetime, *, most: int, passed_over: Collection[str] = ()
) -> list[str]:
    """The recipients whose turn it is to be told something, the most urgent first."""
    rows = await connection.execute(
        _READY,
        {
            "gathered": now - timedelta(seconds=GATHER_S),
            "apart": now - timedelta(seconds=APART_S),
            "gathered_urgent": now - timedelta(seconds=GATHER_URGENT_S),
            "apart_urgent": now - timedelta(seconds=APART_URGENT_S),
            "urgent": URGENT,
            "most": most,
            "passed_over": list(passed_over),
        },
    )
    return [row.recipient for row in rows]


async def take(connection: AsyncConnection, recipients: Sequence[str]) -> dict[str, dict[UUID, str]]:
    """What waits for these recipients, held until the transaction ends: of each order why it is news."""
    found: defaultdict[str, dict[UUID, str]] = defaultdict(dict)
    for row in await connection.execute(_TAKE, {"recipients": list(recipients)}):
        found[row.recipient][row.order_id] = row.why
    return found


async def still_news(connection: AsyncConnection, waiting: dict[str, dict[UUID, str]]) -> dict[str, list[OrderTold]]:
    """Of what waits, the orders that are open and theirs still: the most urgent first, then the soonest due."""
    ids = {order_id for of_one in waiting.values() for order_id in of_one}
    rows = {row.id: row for row in await connection.execute(_ORDERS, {"ids": list(ids)})}
    found: dict[str, list[OrderTold]] = {}
    for recipient, of_one in waiting.items():
        told = [
            OrderTold(
                order_id=row.id,
                aed_id=row.aed_id,
                aed_name=row.aed_name,
                cause=row.cause,
                what=row.what,
                urgency=row.urgency,
                due_at=row.due_at,
                why=why,
            )
            for order_id, why in of_one.items()
            if (row := rows.get(order_id)) is not None
            and recipient in {custodian_recipient(row.assignee or ""), owner_recipient(str(row.owner_id))}
        ]
        if told:
            found[recipient] = sorted(told, key=lambda each: (-each.urgency, each.due_at, each.order_id))
    return found


async def open_orders(connection: AsyncConnection, custodians: Sequence[str], owners: Sequence[str]) -> dict[str, int]:
    """How many open orders each of these custodians (subjects) and owners (ids) has; by recipient."""
    rows = await connection.execute(_OPEN, {"custodians": list(custodians), "owners": [UUID(each) for each in owners]})
    return {row.recipient: row.number for row in rows}


async def mark_told(connection: AsyncConnection, told: Mapping[str, Iterable[UUID]], now: datetime) -> None:
    """Of these orders each recipient has been told."""
    await _of_each(connection, _TOLD, told, now=now)


async def drop(connection: AsyncConnection, needless: Mapping[str, Iterable[UUID]]) -> None:
    """Of these orders nobody need be told, and nobody was: what comes next does not wait because of them."""
    await _of_each(connection, _DROP, needless)


async def _of_each(
    connection: AsyncConnection, statement: TextClause, pairs: Mapping[str, Iterable[UUID]], **more: Any
) -> None:
    listed = [(recipient, order_id) for recipient, order_ids in pairs.items() for order_id in order_ids]
    if listed:
        recipients, orders = zip(*listed, strict=True)
        await connection.execute(statement, {"recipients": list(recipients), "orders": list(orders)} | more)


async def forget_old(connection: AsyncConnection, now: datetime) -> None:
    """Forget what was told long ago."""
    await connection.execute(_FORGET, {"before": now - _TOLD_KEPT_FOR})
