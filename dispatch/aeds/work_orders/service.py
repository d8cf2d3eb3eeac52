"""What people do with work orders: look at them, take them in hand, cancel them. They close by evidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.custodians.register import CustodianRegister
from dispatch.aeds.owners.tree import OwnerTree
from dispatch.aeds.work_orders import listing, views
from dispatch.aeds.work_orders.listing import Cursor, OrderFilter
from dispatch.clock import Clock
from dispatch.problems import Conflict, Forbidden, NotFound
from dispatch.storage.database import Database
from dispatch.storage.tables import work_orders

# The device's row, as settling holds it: whoever settles it meanwhile waits, and then sees what was said.
_HOLD = text("""
select aeds.id from aeds join work_orders on work_orders.aed_id = aeds.id
where work_orders.id = :id for no key update of aeds
""")


class WorkOrders:
    """Orders as people see them. `tree` and `register` give names, from memory."""

    def __init__(self, database: Database, clock: Clock, tree: OwnerTree, register: CustodianRegister) -> None:
        self._database = database
        self._clock = clock
        self._tree = tree
        self._register = register

    async def page(
        self, wanted: OrderFilter, *, limit: int, after: Cursor | None = None
    ) -> tuple[list[dict[str, Any]], Cursor | None]:
        """A page of orders as JSON, and where the next one begins."""
        async with self._database.statement() as connection:
            rows, following = await listing.page(connection, wanted, limit=limit, after=after)
        now = self._clock.now()
        return [self._as_json(row, now) for row in rows], following

    async def one(self, order_id: UUID, by: Identity) -> dict[str, Any]:
        """One order. Raises `NotFound`, `Forbidden`."""
        async with self._database.statement() as connection:
            row = _found(await listing.one(connection, order_id))
        self._check_own(row, by)
        return self._as_json(row, self._clock.now())

    async def acknowledge(self, order_id: UUID, by: Identity, note: str | None) -> dict[str, Any]:
        """Somebody has it in hand; a note takes the place of the one before. Who said so first stays.

        Raises `NotFound`, `Forbidden`, and `Conflict` for one that is closed.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await self._open_to_change(connection, order_id)
            self._check_own(row, by)
            said: dict[str, Any] = {} if note is None else {"note": note}
            if row.acknowledged_at is None:
                said |= {"acknowledged_at": now, "acknowledged_by": str(by)}
            return await self._changed(connection, order_id, said, now)

    async def cancel(self, order_id: UUID, by: Identity, reason: str) -> dict[str, Any]:
        """Close it by word. It comes back when it gets more urgent, or happens anew.

        Raises `NotFound`, and `Conflict` for one that is closed.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await self._open_to_change(connection, order_id)
            note = reason if row.note is None else f"{row.note}\n{reason}"
            said = {"closed_at": now, "closed_by": str(by), "note": note, "look_again_at": None}
            return await self._changed(connection, order_id, said, now)

    async def _open_to_change(self, connection: AsyncConnection, order_id: UUID) -> Row[Any]:
        await connection.execute(_HOLD, {"id": order_id})
        row = _found(await listing.one(connection, order_id))
        if row.closed_at is not None:
            raise Conflict(f"This work order was closed by {row.closed_by}.", code="order_closed")
        return row

    async def _changed(
        self, connection: AsyncConnection, order_id: UUID, values: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        if values:
            await connection.execute(update(work_orders).where(work_orders.c.id == order_id).values(**values))
        return self._as_json(_found(await listing.one(connection, order_id)), now)

    def _check_own(self, row: Row[Any], by: Identity) -> None:
        if by.role is not Role.CUSTODIAN or row.assignee == by.subject:
            return
        if not self._register.may_act_for(by.subject, row.aed_custodian, self._clock.now()):
            raise Forbidden("A custodian may only see to the work orders of their own devices.")

    def _as_json(self, row: Row[Any], now: datetime) -> dict[str, Any]:
        return views.as_json(row, self._tree, self._register, now)


def _found(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise NotFound("There is no work order of this id.")
    return row
