"""Which work orders there are: filtered, in pages whose order never changes."""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import Row, Select, and_, cast, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.health.vocabulary import Cause
from dispatch.aeds.work_orders.record import Level
from dispatch.storage.tables import aeds, work_orders


class OrderState(StrEnum):
    """Which orders are asked for."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


class BadCursor(ValueError):
    """A page's `after` that no page has given out."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ends: orders are opened once, so what lies behind it stays the same."""

    opened_at: datetime
    order_id: UUID

    def __str__(self) -> str:
        written = f"{self.opened_at.astimezone(UTC).isoformat()} {self.order_id}"
        return base64.urlsafe_b64encode(written.encode()).decode().rstrip("=")

    @staticmethod
    def of(text: str) -> "Cursor":
        """The cursor of an answer's `next`. Raises `BadCursor`."""
        try:
            written = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            at, _, order_id = written.partition(" ")
            opened_at = datetime.fromisoformat(at)
            if opened_at.tzinfo is None:
                raise BadCursor("must be the `next` of a page")
            return Cursor(opened_at.astimezone(UTC), UUID(order_id))
        except (ValueError, OverflowError, binascii.Error) as error:
            raise BadCursor("must be the `next` of a page") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFilter:
    """What orders are asked for; None: any. `concerns`: given to that custodian, or nobody's and about their device."""

    state: OrderState = OrderState.OPEN
    assignee: str | None = None
    concerns: str | None = None
    owner_ids: Collection[UUID] | None = None
    cause: Cause | None = None
    level: Level | None = None
    aed_id: UUID | None = None
    overdue_at: datetime | None = None


async def page(
    connection: AsyncConnection, wanted: OrderFilter, *, limit: int, after: Cursor | None = None
) -> tuple[list[Row[Any]], Cursor | None]:
    """Up to `limit` orders, newest first, each with its AED's name and place; and where the next page begins."""
    question = _filtered(_selected(), wanted)
    if after is not None:
        question = question.where(
            tuple_(work_orders.c.opened_at, work_orders.c.id) < tuple_(after.opened_at, after.order_id)
        )
    question = question.order_by(work_orders.c.opened_at.desc(), work_orders.c.id.desc()).limit(limit + 1)
    rows = list(await connection.execute(question))
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], Cursor(rows[limit - 1].opened_at, rows[limit - 1].id)


async def one(connection: AsyncConnection, order_id: UUID) -> Row[Any] | None:
    """One order, with its AED's name, place and custodian."""
    found: Row[Any] | None = (await connection.execute(_selected().where(work_orders.c.id == order_id))).one_or_none()
    return found


def _selected() -> Select[Any]:
    point = cast(aeds.c.location, Geometry)
    return select(
        work_orders,
        aeds.c.name.label("aed_name"),
        aeds.c.custodian.label("aed_custodian"),
        func.ST_Y(point).label("latitude"),
        func.ST_X(point).label("longitude"),
    ).join(aeds, aeds.c.id == work_orders.c.aed_id)


def _filtered(question: Select[Any], wanted: OrderFilter) -> Select[Any]:
    if wanted.state is OrderState.OPEN:
        question = question.where(work_orders.c.closed_at.is_(None))
    elif wanted.state is OrderState.CLOSED:
        question = question.where(work_orders.c.closed_at.is_not(None))
    if wanted.concerns is not None:
        question = question.where(
            or_(
                work_orders.c.assignee == wanted.concerns,
                and_(work_orders.c.assignee.is_(None), aeds.c.custodian == wanted.concerns),
            )
        )
    if wanted.owner_ids is not None:
        question = question.where(aeds.c.owner_id == func.any(list(wanted.owner_ids)))
    if wanted.overdue_at is not None:
        question = question.where(work_orders.c.due_at < func.coalesce(work_orders.c.closed_at, wanted.overdue_at))
    exact = {
        work_orders.c.assignee: wanted.assignee,
        work_orders.c.cause: wanted.cause,
        work_orders.c.level: wanted.level,
        work_orders.c.aed_id: wanted.aed_id,
    }
    return question.where(*(column == value for column, value in exact.items() if value is not None))
