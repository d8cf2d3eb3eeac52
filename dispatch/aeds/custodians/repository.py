"""Everything that is asked of the tables of custodians and their absences."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import Row, cast, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.custodians.record import Absence, Custodian
from dispatch.storage.tables import aeds, custodian_absences, custodians

NOTIFY_CHANNEL = "dispatch_custodians"

_REMOVED = "removed"
_BATCH = 500

_BEGINNING = text("""
update custodian_absences set handed_over_at = :now
where id in (
    select id from custodian_absences
    where handed_over_at is null and from_at <= :now and until_at > :now
    order by id for update skip locked)
returning custodian
""")

# Those that were over before anybody noticed that they had begun are over too.
_ENDING = text("""
update custodian_absences set handed_back_at = :now
where id in (
    select id from custodian_absences
    where handed_back_at is null and until_at <= :now
    order by id for update skip locked)
returning custodian
""")


async def everybody(connection: AsyncConnection) -> list[Custodian]:
    """Every custodian."""
    found: list[Custodian] = []
    # Part by part: a province has thousands, and the loop has something else to do.
    for some in (await connection.execute(select(custodians))).partitions(_BATCH):
        found += map(_custodian_of, some)
        await asyncio.sleep(0)
    return found


async def absences_after(connection: AsyncConnection, moment: datetime) -> list[Absence]:
    """The absences that are not over at a moment."""
    question = select(custodian_absences).where(custodian_absences.c.until_at > moment)
    return [_absence_of(row) for row in await connection.execute(question)]


async def hold(connection: AsyncConnection) -> None:
    """Let nobody else change custodians until the transaction ends: what follows for devices is told by comparing."""
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('dispatch_custodians'))"))


async def tell_changed(connection: AsyncConnection) -> None:
    """Tell every process to read the custodians again."""
    await connection.execute(select(func.pg_notify(NOTIFY_CHANNEL, "")))


async def put(connection: AsyncConnection, custodian: Custodian) -> None:
    """Write a custodian whole, new or known; since when they are known stays."""
    row = {
        "subject": custodian.subject,
        "name": custodian.name,
        "phone": custodian.phone,
        "language": custodian.language,
        "owner_id": custodian.owner_id,
        "certificate_number": custodian.certificate_number,
        "certificate_expires_on": custodian.certificate_expires_on,
        "created_at": custodian.created_at,
        "updated_at": custodian.updated_at,
    }
    changed = {name: value for name, value in row.items() if name not in {"subject", "created_at"}}
    await connection.execute(
        insert(custodians).values(row).on_conflict_do_update(index_elements=["subject"], set_=changed)
    )


async def add_absence(connection: AsyncConnection, absence: Absence) -> None:
    """Write a new absence."""
    await connection.execute(
        insert(custodian_absences).values(
            id=absence.id,
            custodian=absence.custodian,
            from_at=absence.from_at,
            until_at=absence.until_at,
            substitute=absence.substitute,
            created_at=absence.created_at,
        )
    )


async def absence_to_change(connection: AsyncConnection, absence_id: UUID) -> Absence | None:
    """The absence of that id, held until the transaction ends."""
    question = select(custodian_absences).where(custodian_absences.c.id == absence_id).with_for_update()
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else _absence_of(row)


async def end_absence(connection: AsyncConnection, absence: Absence, at: datetime) -> None:
    """End an absence at a moment; one that has not begun by then is forgotten."""
    this = custodian_absences.c.id == absence.id
    if absence.from_at < at:
        await connection.execute(update(custodian_absences).where(this).values(until_at=at))
    else:
        await connection.execute(delete(custodian_absences).where(this))


async def count_of(connection: AsyncConnection, subject: str, moment: datetime) -> int:
    """How many absences of somebody are not over at a moment."""
    question = select(func.count()).where(
        custodian_absences.c.custodian == subject, custodian_absences.c.until_at > moment
    )
    return int((await connection.execute(question)).scalar_one())


async def turned(connection: AsyncConnection, now: datetime) -> set[str]:
    """Note which absences have begun and ended by now; whose they are. Of two that ask, one is told of each."""
    begun = await connection.execute(_BEGINNING, {"now": now})
    subjects = {row.custodian for row in begun}
    over = await connection.execute(_ENDING, {"now": now})
    return subjects | {row.custodian for row in over}


async def devices_of(connection: AsyncConnection, subjects: Collection[str], most: int) -> list[Row[Any]]:
    """The devices that are there of these custodians, in the order of their names."""
    point = cast(aeds.c.location, Geometry)
    question = (
        select(
            aeds.c.id,
            aeds.c.name,
            aeds.c.address,
            aeds.c.place_detail,
            aeds.c.floor,
            func.ST_Y(point).label("latitude"),
            func.ST_X(point).label("longitude"),
            aeds.c.custodian,
            aeds.c.readiness,
            aeds.c.readiness_reasons,
            aeds.c.readiness_at,
            aeds.c.battery_expires_on,
            aeds.c.pads_expire_on,
            aeds.c.pads_child_expire_on,
        )
        .where(aeds.c.custodian.in_(list(subjects)), aeds.c.readiness != _REMOVED)
        .order_by(aeds.c.name, aeds.c.id)
        .limit(most)
    )
    return list(await connection.execute(question))


async def absences_of(connection: AsyncConnection, subject: str, moment: datetime) -> list[Absence]:
    """The absences that concern somebody, as who is away or who stands in, not over at a moment; soonest first."""
    question = (
        select(custodian_absences)
        .where(
            or_(custodian_absences.c.custodian == subject, custodian_absences.c.substitute == subject),
            custodian_absences.c.until_at > moment,
        )
        .order_by(custodian_absences.c.from_at, custodian_absences.c.id)
    )
    return [_absence_of(row) for row in await connection.execute(question)]


def _custodian_of(row: Row[Any]) -> Custodian:
    return Custodian(
        subject=row.subject,
        name=row.name,
        phone=row.phone,
        language=row.language,
        owner_id=row.owner_id,
        certificate_number=row.certificate_number,
        certificate_expires_on=row.certificate_expires_on,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _absence_of(row: Row[Any]) -> Absence:
    return Absence(
        id=row.id,
        custodian=row.custodian,
        from_at=row.from_at,
        until_at=row.until_at,
        substitute=row.substitute,
        handed_over_at=row.handed_over_at,
        handed_back_at=row.handed_back_at,
        created_at=row.created_at,
    )
