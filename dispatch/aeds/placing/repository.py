"""Placements and the history of a device in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.storage.tables import aed_events, aed_placements, aed_reports


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A device at a site. `until` None: it hangs there. `facts`: the site as it was known at the end."""

    number: int
    site_id: UUID
    since: datetime
    until: datetime | None = None
    facts: dict[str, Any] | None = None
    moved_by: str


class PlacementRepository:
    """Reads and writes over one connection; whoever opened it commits, and holds the device while it writes."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def placements(self, aed_id: UUID) -> list[Placement]:
        """Where a device hung and hangs, the first one first; none before its first move."""
        table = aed_placements
        rows = await self._connection.execute(select(table).where(table.c.aed_id == aed_id).order_by(table.c.number))
        return [
            Placement(
                number=row.number,
                site_id=row.site_id,
                since=row.since,
                until=row.until,
                facts=row.facts,
                moved_by=row.moved_by,
            )
            for row in rows
        ]

    async def begin(self, aed_id: UUID, placement: Placement) -> None:
        """A placement begins."""
        await self._connection.execute(
            insert(aed_placements).values(
                aed_id=aed_id,
                number=placement.number,
                site_id=placement.site_id,
                since=placement.since,
                until=placement.until,
                facts=placement.facts,
                moved_by=placement.moved_by,
            )
        )

    async def end(self, aed_id: UUID, number: int, until: datetime, facts: dict[str, Any]) -> None:
        """A placement ends."""
        table = aed_placements
        await self._connection.execute(
            update(table).where(table.c.aed_id == aed_id, table.c.number == number).values(until=until, facts=facts)
        )

    async def events(self, aed_id: UUID, before: int | None, limit: int) -> Sequence[dict[str, Any]]:
        """What happened to a device, newest first, from before an event's id."""
        table = aed_events
        question = select(table).where(table.c.aed_id == aed_id).order_by(table.c.id.desc()).limit(limit)
        if before is not None:
            question = question.where(table.c.id < before)
        return [
            {
                "id": row.id,
                "at": row.at,
                "recorded_at": row.recorded_at,
                "kind": row.kind,
                "by": row.by,
                "data": row.data,
            }
            for row in await self._connection.execute(question)
        ]

    async def reports(
        self, aed_id: UUID, before: datetime | None, before_report: UUID | None, limit: int
    ) -> Sequence[dict[str, Any]]:
        """What was reported of a device, newest first, from before an instant, or of it and behind a report."""
        table = aed_reports
        question = (
            select(table).where(table.c.aed_id == aed_id).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        )
        if before is not None and before_report is not None:
            question = question.where(tuple_(table.c.at, table.c.id) < tuple_(before, before_report))
        elif before is not None:
            question = question.where(table.c.at < before)
        return [
            {
                "report_id": row.id,
                "kind": row.kind,
                "at": row.at,
                "received_at": row.received_at,
                "by": row.reported_by,
                "data": row.data,
            }
            for row in await self._connection.execute(question)
        ]
