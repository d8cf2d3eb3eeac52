"""The feed in PostgreSQL: which events are not in it yet, and its lines in the order of their cursors."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.centres.telling import TOLD_KINDS
from dispatch.centres.vocabulary import Drills, EventType, FeedEvent, Told
from dispatch.encoding import to_json_text
from dispatch.rescue.vocabulary import IncidentId

# One process at a time adds to the feed: the advisory lock of this number is let go with its transaction.
_FOLLOWERS = 7_120_122

# A process that stands still in the middle, its connection open, is sent away by the server: others follow on.
STUCK_AFTER = "10s"

# A server that goes on from a backup, or a standby that takes over, may have lost the newest numbers, and receivers
# had them: what is told from then on begins far beyond.
AFTER_A_FAILOVER = 1_000_000

_TIMELINE = "case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end"


@dataclass(frozen=True, slots=True)
class Behind:
    """An incident whose events up to `version` are committed, and up to `fed` in the feed. `has_news`: worth a line."""

    incident_id: IncidentId
    fed: int
    version: int
    has_news: bool


@dataclass(frozen=True, slots=True)
class End:
    """Where the feed ends, and in which history of the server that is."""

    cursor: int
    timeline: str | None


async def take_turn(connection: AsyncConnection) -> End | None:
    """Be the one who adds to the feed until this transaction ends; None while somebody else is."""
    found = await connection.execute(
        text(
            "select pg_try_advisory_xact_lock(:key) as is_ours,"
            " set_config('idle_in_transaction_session_timeout', :stuck_after, true)"
        ),
        {"key": _FOLLOWERS, "stuck_after": STUCK_AFTER},
    )
    if not found.one().is_ours:
        return None
    await connection.execute(text("insert into centre_feed (id, last_cursor) values (1, 0) on conflict do nothing"))
    row = (
        await connection.execute(text(f"select last_cursor, timeline, {_TIMELINE} as present from centre_feed"))  # noqa: S608 - constants
    ).one()
    is_another = None not in {row.timeline, row.present} and row.timeline != row.present
    return End(row.last_cursor + (AFTER_A_FAILOVER if is_another else 0), row.present)


async def behind(connection: AsyncConnection, *, most: int, not_these: Collection[IncidentId]) -> list[Behind]:
    """Incidents with events that the feed has not been made of, those opened first first."""
    rows = await connection.execute(
        text(
            "select incident.id, incident.fed_version, incident.version, exists ("
            "  select from incident_events as decided, json_array_elements(decided.events) as happened"
            "  where decided.incident_id = incident.id and decided.number > incident.fed_version"
            "    and happened ->> 'kind' = any(:kinds)) as has_news"
            " from incidents as incident"
            " where incident.fed_version < incident.version and not incident.id = any(cast(:not_these as uuid[]))"
            " order by incident.opened_at limit :most"
        ),
        {"kinds": list(TOLD_KINDS), "not_these": list(not_these), "most": most},
    )
    return [Behind(IncidentId(str(row.id)), row.fed_version, row.version, row.has_news) for row in rows]


async def add(connection: AsyncConnection, lines: Sequence[Told], end: End, now: datetime) -> int:
    """Add lines after `end`, but for those that are there; where the feed ends then. Only whose turn it is may."""
    row = (
        await connection.execute(
            text("""
with told as (
    select * from unnest(cast(:incident_ids as uuid[]), cast(:numbers as int[]), cast(:ids as uuid[]),
                         cast(:types as text[]), cast(:ats as timestamptz[]), cast(:drills as bool[]),
                         cast(:centres as text[]), cast(:case_numbers as text[]), cast(:datas as text[]))
        with ordinality as told(incident_id, number, id, type, at, drill, centre, case_number, data, place)
),
fresh as (
    select *, row_number() over (order by place) as step from told
    where not exists (select from centre_events as kept
                      where kept.incident_id = told.incident_id and kept.number = told.number)
),
places as (
    select incidents.id, coalesce(
        (select max(kept.district_code) from centre_events as kept where kept.incident_id = incidents.id),
        (select min(districts.code) from districts
         where districts.level = 'district' and ST_Covers(districts.outline, incidents.location::geometry))) as district
    from incidents where incidents.id in (select incident_id from fresh)
),
added as (
    insert into centre_events (cursor, id, incident_id, number, type, at, fed_at, drill, centre, case_number,
                               district_code, data)
    select :last + step, fresh.id, incident_id, number, type, at, :now, drill, centre, case_number, district, data::json
    from fresh join places on places.id = fresh.incident_id
)
update centre_feed set last_cursor = :last + (select count(*) from fresh), timeline = :timeline
returning last_cursor
"""),
            {
                "incident_ids": [each.incident_id for each in lines],
                "numbers": [each.number for each in lines],
                "ids": [each.event_id for each in lines],
                "types": [each.type.value for each in lines],
                "ats": [each.at for each in lines],
                "drills": [each.drill for each in lines],
                "centres": [each.centre for each in lines],
                "case_numbers": [each.case_number for each in lines],
                "datas": [to_json_text(each.data) for each in lines],
                "last": end.cursor,
                "timeline": end.timeline,
                "now": now,
            },
        )
    ).one()
    return int(row.last_cursor)


async def mark(connection: AsyncConnection, fed: Mapping[IncidentId, int]) -> None:
    """Note up to which event the feed has been made of each incident.

    Who decides on an incident this very moment is not waited for: it is looked at once more, which adds nothing.
    """
    await connection.execute(
        text("""
with free as (
    select incidents.id, fed.version
    from unnest(cast(:ids as uuid[]), cast(:versions as int[])) as fed(id, version) join incidents using (id)
    for no key update of incidents skip locked
)
update incidents set fed_version = greatest(fed_version, free.version) from free where incidents.id = free.id
"""),
        {"ids": list(fed), "versions": list(fed.values())},
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which lines somebody wants, and may have. `centre`: its own cases, and those that are no centre's; None: all."""

    centre: str | None = None
    types: Sequence[str] = ()
    districts: Sequence[str] = ()
    drills: Drills = Drills.WITH


async def read(
    connection: AsyncConnection, choice: Choice, *, after: int, most: int, but: Collection[int] = ()
) -> tuple[list[FeedEvent], int]:
    """Up to `most` lines after a cursor, but for those cursors; and where the feed ends, at the same instant."""
    rows = await connection.execute(
        text("""
with line as (
    select * from centre_events
    where cursor > :after and not cursor = any(cast(:but as bigint[]))
      and (cast(:centre as text) is null or centre is null or centre = :centre)
      and (cardinality(cast(:types as text[])) = 0 or type = any(:types))
      and (cardinality(cast(:districts as text[])) = 0
           or exists (select from unnest(cast(:districts as text[])) as wanted(code)
                      where starts_with(district_code, wanted.code)))
      and (:drills = 'with' or drill = (:drills = 'only'))
    order by cursor limit :most
)
select line.*, coalesce((select last_cursor from centre_feed), 0) as feed_ends
from (select 1) as always left join line on true order by line.cursor
"""),
        {
            "after": after,
            "but": list(but),
            "centre": choice.centre,
            "types": list(choice.types),
            "districts": list(choice.districts),
            "drills": choice.drills.value,
            "most": most,
        },
    )
    found = list(rows)
    return [_line(row) for row in found if row.cursor is not None], int(found[0].feed_ends)


async def earlier_of(connection: AsyncConnection, incident_id: str, before: int) -> list[FeedEvent]:
    """The lines of an incident before a cursor."""
    rows = await connection.execute(
        text("select * from centre_events where incident_id = cast(:id as uuid) and cursor < :before order by cursor"),
        {"id": incident_id, "before": before},
    )
    return [_line(row) for row in rows]


async def oldest(connection: AsyncConnection) -> int | None:
    """The cursor of the oldest line that is kept; None when there is none."""
    found = await connection.execute(text("select min(cursor) from centre_events"))
    cursor: int | None = found.scalar_one()
    return cursor


async def forget_old(connection: AsyncConnection, before: datetime) -> None:
    """Forget lines, and which request was which case, from before that."""
    await connection.execute(text("delete from centre_events where fed_at < :before"), {"before": before})
    await connection.execute(text("delete from centre_requests where created_at < :before"), {"before": before})


def _line(row: Any) -> FeedEvent:
    return FeedEvent(
        cursor=row.cursor,
        event_id=str(row.id),
        incident_id=str(row.incident_id),
        type=EventType(row.type),
        at=row.at.astimezone(UTC),
        drill=row.drill,
        centre=row.centre,
        case_number=row.case_number,
        district_code=row.district_code,
        data=row.data,
    )
