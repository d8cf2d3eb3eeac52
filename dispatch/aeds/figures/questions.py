"""What the figures are made of: three questions, however many devices there are. Each reads its rows once or twice."""

# ruff: noqa: S608 - statements are put together from constants; everything from outside is a bound parameter

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.figures.causes import PLANNED
from dispatch.aeds.record import Readiness

# More than this the office's question must not take from those who report.
_WITHIN_MS = 20_000
_MEMORY = "32MB"
_FETCHED_AT_ONCE = 500


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
    districts: dict[str, str]


_WHOSE = "aeds.owner_id = any(:owner_ids)"

# In these somebody may be sent for a device. Written out: the index of such changes says the same, and is found by it.
_USABLE = ", ".join(f"'{each}'" for each in sorted(each.value for each in Readiness.dispatchable()))
_WAS_USABLE = f"coalesce(data ->> 'from' in ({_USABLE}), false)"
_IS_USABLE = f"coalesce(data ->> 'to' in ({_USABLE}), false)"

# How many devices are there in each state, removed ones too, by owner and district; and by day when they were entered.
# Seconds as a float: `extract` would reckon in decimals, which takes several times as long.
_BY_STATE = ", ".join(f"count(*) filter (where readiness = '{each.value}') as {each.value}" for each in Readiness)
_NO_STATE = ", ".join("0" for _ in Readiness)
_DEVICES = f"""
select owner_id, district_code, cast(null as date) as day, count(*) filter (where created_at >= :begin) as entered,
       coalesce(sum(date_part('epoch', least(created_at, :end) - :begin)) filter (where created_at > :begin), 0)
           as entered_after_s, {_BY_STATE}
from aeds where {{whose}}
group by owner_id, district_code
union all
select null, null, (created_at at time zone :timezone)::date, count(*), sum(date_part('epoch', created_at - :begin)),
       {_NO_STATE}
from aeds where created_at >= :begin and created_at < :end and {{whose}}
group by 3
"""

# Of every change between usable and not: how much it changed, and when. A row by owner and district, and one a day; of
# what came after the time asked for (which has no day) only the sum is wanted, to reckon back from today. What a device
# says of the time before it was entered (reports that come late, a list from another register) holds from then on.
_USABLE_CHANGES = f"(kind = 'removed' or kind = 'readiness' and {_IS_USABLE} <> {_WAS_USABLE})"
_CHANGE = f"cast(kind = 'readiness' and {_IS_USABLE} as int) - cast({_WAS_USABLE} as int) as change"
_CHANGES = f"""
select owner_id, district_code, day, grouping(day) = 1 as is_by_owner,
       sum(change) as change, count(*) filter (where is_gone) as gone,
       sum(change * date_part('epoch', least(at, :end) - :begin)) as changed_after_s,
       coalesce(sum(date_part('epoch', least(at, :end) - :begin)) filter (where is_gone), 0) as gone_after_s
from (
    select owner_id, district_code, at, is_gone, change,
           case when at < :end then (at at time zone :timezone)::date end as day
    from (
        select aeds.owner_id, aeds.district_code, happened.is_gone, happened.change,
               case when happened.is_first then aeds.created_at else greatest(happened.at, aeds.created_at) end as at
        from (
            select aed_id, at, kind = 'removed' as is_gone, kind = 'readiness' and data ->> 'from' is null as is_first,
                   {_CHANGE}
            from aed_events
            where {_USABLE_CHANGES} and at >= :begin
            union all
            select aeds.id, told.at, false, told.is_first, told.change
            from aeds cross join lateral (
                select at, kind = 'readiness' and data ->> 'from' is null as is_first, {_CHANGE}
                from aed_events
                where aed_id = aeds.id and {_USABLE_CHANGES} and at < :begin
                offset 0
            ) as told
            where aeds.created_at >= :begin and {{whose}}
        ) as happened
            join aeds on aeds.id = happened.aed_id
        where {{whose}}
    ) as known
    where at >= :begin
) as changes
group by grouping sets ((owner_id, district_code), (day))
"""

# Orders that were opened or closed in the time asked for, and those that are open now. A row by owner and district, one
# by cause, and of each day one for what was opened, one for what was closed, one for what became due on it.
_ORDERS = """
select owner_id, district_code, cause, opened_on, closed_on, due_on,
       grouping(owner_id, cause, opened_on, closed_on, due_on) as grouped,
       count(*) filter (where is_opened) as opened,
       count(*) filter (where is_closed) as closed,
       count(*) filter (where is_open) as open,
       count(*) filter (where is_open and due_at < :now) as overdue,
       count(*) filter (where is_late) as became_late,
       count(*) filter (where is_late_closed) as closed_late,
       count(*) filter (where is_opened and is_unplanned) as detected,
       coalesce(sum(detect_s) filter (where is_opened and is_unplanned), 0) as detect_s,
       count(*) filter (where is_closed and is_repaired) as repaired,
       coalesce(sum(repair_s) filter (where is_closed and is_repaired), 0) as repair_s
from (
    select aeds.owner_id, aeds.district_code, cause, due_at,
           date_part('epoch', opened_at - since) as detect_s,
           date_part('epoch', closed_at - opened_at) as repair_s,
           closed_at is null as is_open,
           opened_at >= :begin and opened_at < :end as is_opened,
           closed_at >= :begin and closed_at < :end as is_closed,
           closed_by = 'evidence' as is_repaired,
           not cause = any(:planned) as is_unplanned,
           due_at >= :begin and due_at < :now and (closed_at is null or closed_at > due_at) as is_late,
           closed_at > due_at as is_late_closed,
           case when opened_at >= :begin and opened_at < :end
                then (opened_at at time zone :timezone)::date end as opened_on,
           (closed_at at time zone :timezone)::date as closed_on,
           case when due_at >= :begin and due_at < :now then (due_at at time zone :timezone)::date end as due_on
    from work_orders join aeds on aeds.id = work_orders.aed_id
    where (closed_at is null or closed_at >= :begin) and {whose}
) as orders
group by grouping sets ((owner_id, district_code), (cause), (opened_on), (closed_on), (due_on))
"""


class Group(IntEnum):
    """What a row of `_ORDERS` is about: PostgreSQL's bits of what it is not."""

    PLACE = 0b01111
    CAUSE = 0b10111
    OPENED_ON = 0b11011
    CLOSED_ON = 0b11101
    DUE_ON = 0b11110


_DISTRICTS = "select code, name from districts where code = any(:codes)"


async def ask(connection: AsyncConnection, asked: Asked) -> Answered:
    """Everything that the figures are made of. Raises what PostgreSQL raises when it takes longer than 20 s."""
    await connection.execute(text(f"set local statement_timeout = {_WITHIN_MS}"))
    await connection.execute(text(f"set local work_mem = '{_MEMORY}'"))
    # A year has 366 days, however many PostgreSQL expects: there is no need to sort for want of memory.
    await connection.execute(text("set local hash_mem_multiplier = 32"))
    # All rows are wanted, not the first of them soon.
    await connection.execute(text("set local cursor_tuple_fraction = 1"))
    # The sums are over most of what there is: to be done by one process, beside which reports go on.
    await connection.execute(text("set local max_parallel_workers_per_gather = 0"))
    parameters = {
        "begin": asked.begin,
        "end": asked.end,
        "now": asked.now,
        "timezone": asked.timezone,
        "planned": sorted(PLANNED),
        "owner_ids": list(asked.owner_ids or ()),
    }
    whose = "true" if asked.owner_ids is None else _WHOSE
    devices, changes, orders = [
        await _rows(connection, question.format(whose=whose), parameters) for question in (_DEVICES, _CHANGES, _ORDERS)
    ]
    codes = sorted({row.district_code for row in devices if row.district_code is not None})
    names = await connection.execute(text(_DISTRICTS), {"codes": codes})
    return Answered(devices, changes, orders, {row.code: row.name for row in names})


async def _rows(connection: AsyncConnection, question: str, parameters: dict[str, Any]) -> list[Row[Any]]:
    statement = text(question)
    # Each takes only what it names.
    wanted = {name: value for name, value in parameters.items() if name in statement.compile().params}
    # Part by part: thousands of owners' rows at once would hold up the loop that answers an SOS.
    answer = await connection.stream(statement, wanted, execution_options={"yield_per": _FETCHED_AT_ONCE})
    return [row async for some in answer.partitions() for row in some]
