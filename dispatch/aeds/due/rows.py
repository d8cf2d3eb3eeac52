"""Which devices are due: claimed by whichever worker comes first, and never all looked at to find them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

# The device's own row is what is claimed: whoever settles reports holds that one too, and holding another one first
# would have the two wait for each other. Those that somebody else holds are passed over; that one looks at the time
# as well.
_CLAIM_HEALTH = text("""
select aeds.id from aed_health join aeds on aeds.id = aed_health.aed_id
where aed_health.look_again_at <= :now
order by aed_health.look_again_at limit :limit
for no key update of aeds skip locked
""")

_CLAIM_ORDERS = text("""
select aeds.id from work_orders join aeds on aeds.id = work_orders.aed_id
where work_orders.closed_at is null and work_orders.look_again_at <= :now
order by work_orders.look_again_at limit :limit
for no key update of aeds skip locked
""")

# Asked of the claimed: another worker may have settled them after the claim began to look, and given them free before
# it came to them. Where that is so of all of them, there may be more.
_STILL_DUE = text("""
select aed_id, min(due_at) as due_at from (
    select aed_id, look_again_at as due_at from aed_health where aed_id = any(:ids) and look_again_at <= :now
    union all
    select aed_id, look_again_at from work_orders
    where aed_id = any(:ids) and closed_at is null and look_again_at <= :now
) as due group by aed_id
""")

_OVERDUE = text("""
select count(*) as number, min(due_at) as oldest from (
    select look_again_at as due_at from aed_health where look_again_at < :before
    union all
    select look_again_at from work_orders where closed_at is null and look_again_at < :before
) as due
""")

# Devices that an older version of the service has entered, or whose upgrade was not finished.
_CLAIM_UNKNOWN = text("""
select aeds.id from aeds
where aeds.readiness <> 'removed' and not exists (select from aed_health where aed_health.aed_id = aeds.id)
  and aeds.id <> all(cast(:but as uuid[]))
order by aeds.id limit :limit
for no key update of aeds skip locked
""")

_STILL_UNKNOWN = text("""
select id from aeds
where id = any(:ids) and not exists (select from aed_health where aed_health.aed_id = aeds.id) order by id
""")

# In the order of their ids, as settling writes them: who only wants them looked at must not block who settles.
_LOOK_AGAIN = """
with meant as (
    select aed_health.aed_id from aed_health join aeds on aeds.id = aed_health.aed_id
    where aeds.readiness <> 'removed' and {whose}
    order by aed_health.aed_id for update of aed_health
)
update aed_health set look_again_at = least(look_again_at, :now) from meant where aed_health.aed_id = meant.aed_id
"""
_LOOK_AGAIN_AT_OWNERS = text(_LOOK_AGAIN.format(whose="aeds.owner_id = any(:owner_ids)"))
_LOOK_AGAIN_AT_CUSTODIANS = text(_LOOK_AGAIN.format(whose="aeds.custodian = any(:custodians)"))
_LOOK_AGAIN_AT_ALL = text(_LOOK_AGAIN.format(whose="true"))

_PUT_OFF = (
    text("update aed_health set look_again_at = :until where aed_id = any(:ids) and look_again_at < :until"),
    text(
        "update work_orders set look_again_at = :until"
        " where aed_id = any(:ids) and closed_at is null and look_again_at < :until"
    ),
)


async def claim_due(connection: AsyncConnection, now: datetime, limit: int) -> dict[UUID, datetime]:
    """Devices that are due, each with since when; nobody else settles them until the transaction ends."""
    while True:
        claimed: list[UUID] = []
        for claim in (_CLAIM_HEALTH, _CLAIM_ORDERS):
            claimed += (await connection.execute(claim, {"now": now, "limit": limit})).scalars()
        rows = await connection.execute(_STILL_DUE, {"now": now, "ids": claimed}) if claimed else ()
        due = {row.aed_id: row.due_at for row in rows}
        if due or not claimed:
            return {aed_id: due[aed_id] for aed_id in claimed if aed_id in due}


async def claim_unknown(connection: AsyncConnection, limit: int, but: Collection[UUID] = ()) -> list[UUID]:
    """Devices of which nothing is kept yet, but these; nobody else settles them until the transaction ends."""
    while True:
        claimed = list((await connection.execute(_CLAIM_UNKNOWN, {"limit": limit, "but": list(but)})).scalars())
        unknown = list((await connection.execute(_STILL_UNKNOWN, {"ids": claimed})).scalars()) if claimed else []
        if unknown or not claimed:
            return unknown


async def overdue(connection: AsyncConnection, before: datetime) -> tuple[int, datetime | None]:
    """How many devices and orders were due before that instant and were not looked at, and since when the oldest."""
    row = (await connection.execute(_OVERDUE, {"before": before})).one()
    return row.number, row.oldest


async def put_off(connection: AsyncConnection, aed_ids: Sequence[UUID], until: datetime) -> None:
    """Look at devices that are due no sooner than then."""
    for statement in _PUT_OFF:
        await connection.execute(statement, {"ids": list(aed_ids), "until": until})


async def look_again_at_owners(connection: AsyncConnection, owner_ids: Sequence[UUID] | None, now: datetime) -> int:
    """Have every device of these owners (None: every device there is) looked at now; how many that are.

    For a policy that has changed: whoever changes one of an owner names all of that owner's subtree.
    """
    if owner_ids is None:
        return int((await connection.execute(_LOOK_AGAIN_AT_ALL, {"now": now})).rowcount)
    return int((await connection.execute(_LOOK_AGAIN_AT_OWNERS, {"now": now, "owner_ids": list(owner_ids)})).rowcount)


async def look_again_at_custodians(connection: AsyncConnection, custodians: Sequence[str], now: datetime) -> int:
    """Have every device of these custodians looked at now, for their orders go to somebody else; how many that are."""
    parameters = {"now": now, "custodians": list(custodians)}
    return int((await connection.execute(_LOOK_AGAIN_AT_CUSTODIANS, parameters)).rowcount)
