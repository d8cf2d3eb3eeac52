"""What the figures are made of: a handful of questions, however many devices there are. Each reads its rows once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.figures.causes import PLANNED
from dispatch.aeds.record import Readiness

# More than this the office's question must not take from those who report.
_WITHIN_MS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose devices (None: all), from when until before when, and in which zone days begin."""

    owner_ids: Collection[UUID] | None
    begin: datetime
    end: datetime
    now: datetime
    timezone: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The rows of the questions, and the districts' names."""

    devices: list[Row[Any]]
    changes: list[Row[Any]]
    orders: list[Row[Any]]
    days: list[Row[Any]]
    districts: dict[str, str]


_WHOSE = "aeds.owner_id = any(:owner_ids)"

# The devices that are there, by owner, district and state; and by day when they were entered, removed ones too.
_DEVICES = """
select owner_id, district_code, readiness, cast(null as date) as day, count(*) as number,
       count(*) filter (where created_at >= :begin) as entered,
       coalesce(sum(extract(epoch from least(created_at, :end) - :begin)) filter (where created_at > :begin), 0)
           as entered_after_s
from aeds where {whose}
group by owner_id, district_code, readiness
union all
select null, null, null, (created_at at time zone :timezone)::date, count(*), 0,
       sum(extract(epoch from created_at - :begin))
from aeds where created_at >= :begin and created_at < :end and {whose}
group by 4
"""

# Of every change between usable and not: how much it changed, and when. A row by owner and district, and one a day; of
# what came after the time asked for (which has no day) only the sum is wanted, to reckon back from today.
_CHANGES = """
select owner_id, district_code, day, grouping(day) = 1 as is_by_owner,
       sum(change) as change, count(*) filter (where is_gone) as gone,
       sum(change * extract(epoch from least(at, :end) - :begin)) as changed_after_s,
       coalesce(sum(extract(epoch from least(at, :end) - :begin)) filter (where is_gone), 0) as gone_after_s
from (
    select aeds.owner_id, aeds.district_code, happened.at, happened.is_gone, happened.change,
           case when happened.at < :end then (happened.at at time zone :timezone)::date end as day
    from (
        select aed_id, at, kind = 'removed' as is_gone,
               case when kind = 'readiness' and data->>'to' = any(:usable) then 1 else 0 end
               - case when data->>'from' = any(:usable) then 1 else 0 end as change
        from aed_events
        where kind in ('readiness', 'removed') and at >= :begin
    ) as happened
        join aeds on aeds.id = happened.aed_id
    where (happened.change <> 0 or happened.is_gone) and {whose}
) as changes
group by grouping sets ((owner_id, district_code), (day))
"""

# Orders that were opened or closed in the time asked for, and those that are open now; a row by owner and district, and
# one by cause.
_ORDERS = """
select owner_id, district_code, cause, grouping(cause) = 1 as is_by_owner,
       count(*) filter (where is_opened) as opened,
       count(*) filter (where is_closed) as closed,
       count(*) filter (where is_open) as open,
       count(*) filter (where is_open and is_late) as overdue,
       count(*) filter (where is_opened and is_unplanned) as detected,
       coalesce(sum(detect_s) filter (where is_opened and is_unplanned), 0) as detect_s,
       count(*) filter (where is_closed and is_repaired) as repaired,
       coalesce(sum(repair_s) filter (where is_closed and is_repaired), 0) as repair_s
from (
    select aeds.owner_id, aeds.district_code, work_orders.cause,
           extract(epoch from opened_at - since) as detect_s,
           extract(epoch from closed_at - opened_at) as repair_s,
           closed_at is null as is_open,
           due_at < :now as is_late,
           opened_at >= :begin and opened_at < :end as is_opened,
           coalesce(closed_at >= :begin and closed_at < :end, false) as is_closed,
           coalesce(closed_by = 'evidence', false) as is_repaired,
           not cause = any(:planned) as is_unplanned
    from work_orders join aeds on aeds.id = work_orders.aed_id
    where (closed_at is null or closed_at >= :begin) and {whose}
) as orders
group by grouping sets ((owner_id, district_code), (cause))
"""

# Day by day: opened, closed, and how many more were overdue at its end than at its beginning, up to now.
_DAYS = """
select day, sum(opened) as opened, sum(closed) as closed, sum(repaired) as repaired, sum(repair_s) as repair_s,
       sum(overdue) as overdue
from (
    select (opened_at at time zone :timezone)::date as day, count(*) as opened, 0 as closed, 0 as repaired,
           0 as repair_s, 0 as overdue
    from work_orders join aeds on aeds.id = work_orders.aed_id
    where opened_at >= :begin and opened_at < :end and {whose}
    group by 1
    union all
    select (closed_at at time zone :timezone)::date, 0, count(*), count(*) filter (where closed_by = 'evidence'),
           coalesce(sum(extract(epoch from closed_at - opened_at)) filter (where closed_by = 'evidence'), 0),
           -count(*) filter (where closed_at > due_at)
    from work_orders join aeds on aeds.id = work_orders.aed_id
    where closed_at >= :begin and {whose}
    group by 1
    union all
    select (due_at at time zone :timezone)::date, 0, 0, 0, 0, count(*)
    from work_orders join aeds on aeds.id = work_orders.aed_id
    where due_at >= :begin and due_at < :now and (closed_at is null or closed_at >= :begin and closed_at > due_at)
      and {whose}
    group by 1
) as days
group by day
"""

_DISTRICTS = "select code, name from districts where code = any(:codes)"


async def ask(connection: AsyncConnection, asked: Asked) -> Answered:
    """Everything that the figures are made of. Raises what PostgreSQL raises when it takes longer than 20 s."""
    await connection.execute(text(f"set local statement_timeout = {_WITHIN_MS}"))
    # The sums are over most of what there is: to be done by one process, beside which reports go on.
    await connection.execute(text("set local max_parallel_workers_per_gather = 0"))
    parameters = {
        "begin": asked.begin,
        "end": asked.end,
        "now": asked.now,
        "timezone": asked.timezone,
        "usable": sorted(each.value for each in Readiness.dispatchable()),
        "planned": sorted(PLANNED),
        "owner_ids": list(asked.owner_ids or ()),
    }
    whose = "true" if asked.owner_ids is None else _WHOSE
    devices, changes, orders, days = [
        await _rows(connection, question.format(whose=whose), parameters)
        for question in (_DEVICES, _CHANGES, _ORDERS, _DAYS)
    ]
    codes = sorted({row.district_code for row in devices if row.district_code is not None})
    names = await connection.execute(text(_DISTRICTS), {"codes": codes})
    return Answered(devices, changes, orders, days, {row.code: row.name for row in names})


async def _rows(connection: AsyncConnection, question: str, parameters: dict[str, Any]) -> list[Row[Any]]:
    statement = text(question)
    # Each takes only what it names.
    wanted = {name: value for name, value in parameters.items() if name in statement.compile().params}
    return list(await connection.execute(statement, wanted))
