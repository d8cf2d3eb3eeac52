"""Due times in PostgreSQL: when each incident is looked at next, claimed by whichever worker comes first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import statements
from dispatch.engine.ledger import wake_parameters
from dispatch.rescue.vocabulary import IncidentId
from dispatch.rescue.wakes import Wake
from dispatch.storage.database import Database


@dataclass(frozen=True, slots=True)
class Due:
    """A due time that has come."""

    incident_id: IncidentId
    kind: str
    due_at: datetime
    tries: int


async def claim_due(connection: AsyncConnection, now: datetime, *, lease_s: float, limit: int = 200) -> list[Due]:
    """Due times that have come. Other workers pass over those that are being claimed, and see them `lease_s` later.

    Whoever acts upon one removes it; if that worker dies, the next look after the lease finds it again. One that fails
    again and again is looked at ever more rarely.
    """
    rows = await connection.execute(
        text(
            "with due as (select id, due_at, tries from due_times where due_at <= :now"
            " order by due_at limit :limit for update skip locked)"
            " update due_times set tries = due.tries + 1,"
            " due_at = :now + :lease_s * (1 << least(due.tries, 5)) * interval '1 second'"
            " from due where due_times.id = due.id"
            " returning due_times.incident_id, due_times.kind, due.due_at, due.tries"
        ),
        {"now": now, "limit": limit, "lease_s": lease_s},
    )
    return [Due(IncidentId(str(row.incident_id)), row.kind, row.due_at.astimezone(UTC), row.tries) for row in rows]


async def overdue(connection: AsyncConnection, before: datetime) -> tuple[int, datetime | None]:
    """How many due times nobody has acted upon that were due before an instant or were tried in vain; the oldest."""
    row = (
        await connection.execute(
            text("select count(*) as number, min(due_at) as oldest from due_times where due_at < :before or tries > 2"),
            {"before": before},
        )
    ).one()
    return row.number, row.oldest


async def give_wakes(connection: AsyncConnection, incident_ids: Sequence[IncidentId], now: datetime) -> int:
    """Have those of these incidents looked at now that have no due time; how many that were."""
    given = await connection.execute(
        text(
            "insert into due_times (incident_id, kind, due_at)"
            " select wanted.id, 'look_again', :now from unnest(cast(:ids as uuid[])) as wanted(id)"
            " where not exists (select from due_times where due_times.incident_id = wanted.id)"
        ),
        {"ids": list(incident_ids), "now": now},
    )
    return int(given.rowcount)


async def dead_letters(connection: AsyncConnection) -> int:
    """How many pushes could not be sent and wait for somebody to see to them."""
    return int((await connection.execute(text("select count(*) from push_jobs where state = 'dead'"))).scalar_one())


async def put_wake(database: Database, incident_id: IncidentId, version: int, wake: Wake | None) -> bool:
    """Write when an incident in which nothing happened is looked at next; False when more is written by now."""
    parameters = {"incident_id": incident_id, "version": version, **wake_parameters(wake)}
    return bool(await database.run(statements.WAKE, parameters))


async def forget_wakes(connection: AsyncConnection, incident_id: IncidentId) -> None:
    """Remove the due times of an incident that is not there."""
    await connection.execute(
        text("delete from due_times where incident_id = cast(:incident_id as uuid)"), {"incident_id": incident_id}
    )
