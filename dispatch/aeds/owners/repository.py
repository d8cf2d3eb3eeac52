"""Everything that is asked of the table of owners."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.owners.tree import Owner, OwnerLevel
from dispatch.storage.tables import aeds, custodians, owners

NOTIFY_CHANNEL = "dispatch_owners"

_REMOVED = "removed"
_BATCH = 500


async def all_owners(connection: AsyncConnection) -> list[Owner]:
    """Every owner."""
    found: list[Owner] = []
    # Part by part: a province has thousands, and the loop has something else to do.
    for some in (await connection.execute(select(owners))).partitions(_BATCH):
        found += map(_owner_of, some)
        await asyncio.sleep(0)
    return found


async def hold(connection: AsyncConnection) -> None:
    """Let nobody else change the tree until the transaction ends: two moves at once could make a circle."""
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('dispatch_owners'))"))


async def tell_changed(connection: AsyncConnection) -> None:
    """Tell every process to read the tree again."""
    await connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, "")))


async def add(connection: AsyncConnection, owner: Owner) -> None:
    """Write a new owner."""
    await connection.execute(insert(owners).values(_row_of(owner)))


async def put(connection: AsyncConnection, owner: Owner) -> None:
    """Write a known owner whole."""
    await connection.execute(update(owners).where(owners.c.id == owner.id).values(_row_of(owner)))


async def hanging_on(connection: AsyncConnection, owner_id: UUID) -> dict[str, int]:
    """How many owners, devices that are there, and custodians hang on an owner; no more until the transaction ends."""
    # Whoever hangs something on it this very moment is waited for, and whoever comes later waits.
    await connection.execute(select(owners.c.id).where(owners.c.id == owner_id).with_for_update())
    question = select(
        select(func.count()).where(owners.c.parent_id == owner_id).scalar_subquery().label("owners"),
        select(func.count())
        .where(aeds.c.owner_id == owner_id, aeds.c.readiness != _REMOVED)
        .scalar_subquery()
        .label("devices"),
        select(func.count()).where(custodians.c.owner_id == owner_id).scalar_subquery().label("custodians"),
    )
    row = (await connection.execute(question)).one()
    return {"owners": row.owners, "devices": row.devices, "custodians": row.custodians}


async def remove(connection: AsyncConnection, owner: Owner) -> None:
    """Forget an owner; what hung on it once and is removed is the next one's above, where it counts in the figures."""
    await connection.execute(update(aeds).where(aeds.c.owner_id == owner.id).values(owner_id=owner.parent_id))
    await connection.execute(delete(owners).where(owners.c.id == owner.id))


def _owner_of(row: Row[Any]) -> Owner:
    return Owner(
        id=row.id,
        parent_id=row.parent_id,
        level=OwnerLevel(row.level),
        name=row.name,
        district_code=row.district_code,
        phone=row.phone,
        policy=row.policy,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _row_of(owner: Owner) -> dict[str, Any]:
    return {
        "id": owner.id,
        "parent_id": owner.parent_id,
        "level": owner.level.value,
        "name": owner.name,
        "district_code": owner.district_code,
        "phone": owner.phone,
        "policy": dict(owner.policy),
        "created_at": owner.created_at,
        "updated_at": owner.updated_at,
    }
