"""Keeps split tables in order: parts are there before they are needed, and go when nobody may keep them any longer.

Any worker does it, one at a time (`parts.py` says why nobody who alerts is held up by it).
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import psycopg
import structlog
from prometheus_client import Counter, Gauge
from psycopg import sql

from dispatch.clock import Clock
from dispatch.settings import Settings
from dispatch.storage import leftovers
from dispatch.storage.own_session import own_session
from dispatch.storage.partitions import (
    AED_EVENTS,
    AED_REPORTS,
    INCIDENT_EVENTS,
    POSITIONS,
    SPLITS,
    Split,
    expired,
    lacking,
)
from dispatch.storage.parts import Connection, detach, make_part, parts_of

log = structlog.get_logger()

PARTS_MISSING = Gauge(
    "dispatch_partitions_missing", "Tables without a part of their own for what happens now: an alarm unless zero."
)
PARTS_LET_GO = Counter("dispatch_partitions_let_go_total", "Parts that nobody may keep longer.", ["table"])

_AT_FIRST_S = 1.0
_EVERY_S = 3600.0
_AGAIN_S = 60.0
# Whole tables are read for single rows that are too old: once a day, when it is three o'clock in China.
_READING_HOUR_UTC = 19

# Advisory locks of this key: only one looks after the parts.
_LOCK_KEY = 7_120_123

# So long others may stand behind us in the queue for a lock.
_LOCK_TIMEOUT: Final = "100ms"

# A part made less than so long before it is needed counts as late: clocks differ.
_IN_TIME = timedelta(hours=1)

# A clock that has gone wrong must not fill the catalogue.
_MOST_AT_ONCE = 64

# Of a split table as a whole PostgreSQL counts only when it is told to.
_COUNTED = """
select coalesce(last_analyze > now() - interval '1 day', false) from pg_stat_user_tables where relid = %s::regclass
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long rows are kept; None: as long as there is room."""

    positions: timedelta | None = None
    reports: timedelta | None = None
    aed_events: timedelta | None = None
    incidents: timedelta | None = None
    messages: timedelta | None = None

    @classmethod
    def by(cls, settings: Settings) -> "Keeping":
        """As the settings say."""
        return cls(
            # Who wants none kept has what there is forgotten.
            positions=timedelta(days=settings.keep_positions_days),
            reports=_days(settings.keep_reports_days),
            aed_events=_days(settings.keep_aed_events_days),
            incidents=_days(settings.keep_incidents_days),
            messages=_days(settings.keep_messages_days),
        )

    def of(self, split: Split) -> timedelta | None:
        """How long the rows of a split table are kept."""
        kept: Mapping[str, timedelta | None] = {
            POSITIONS.table: self.positions,
            AED_REPORTS.table: self.reports,
            AED_EVENTS.table: self.aed_events,
            INCIDENT_EVENTS.table: self.incidents,
        }
        return kept[split.table]


class Retention:
    """Looks after the parts over a session of its own."""

    def __init__(self, session_url: str, clock: Clock, keeping: Keeping) -> None:
        # Bounds are read as they are written: in UTC.
        self._conninfo = own_session(session_url, options=f"-c timezone=UTC -c lock_timeout={_LOCK_TIMEOUT}")
        self._clock = clock
        self._keeping = keeping

    async def run(self) -> None:
        """Put things in order soon after the start, and every hour."""
        await asyncio.sleep(_AT_FIRST_S)
        while True:
            try:
                await self.look_after()
            except psycopg.Error as error:
                # Away, somebody holds a table for long, or we may not: with the parts that are there all goes on.
                log.warning("tables are looked after later", error=str(error).strip())
                await asyncio.sleep(_AGAIN_S)
            else:
                await asyncio.sleep(_EVERY_S)

    async def look_after(self, now: datetime | None = None) -> bool:
        """Make what is lacking and let go of what is too old. False when another process is at it.

        Raises `LockNotAvailable` when somebody holds a table for long.
        """
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            now = await self._surely_past(connection) if now is None else now
            try:
                # It is let go of with the connection.
                held = await connection.execute("select pg_try_advisory_lock(%s)", (_LOCK_KEY,))
                ((is_ours,),) = await held.fetchall()
                if is_ours:
                    for split in SPLITS:
                        await _make(connection, split, now)
            except psycopg.Error:
                with contextlib.suppress(psycopg.Error):
                    PARTS_MISSING.set(await missing(connection, now))
                raise
            PARTS_MISSING.set(await missing(connection, now))
            if is_ours:
                for split in SPLITS:
                    await self._let_go(connection, split, now)
                    await _count(connection, split)
                if now.hour == _READING_HOUR_UTC:
                    if self._keeping.messages is not None:
                        await leftovers.forget_messages(connection, now - self._keeping.messages)
                    if self._keeping.incidents is not None:
                        await leftovers.forget_cases(connection, now - self._keeping.incidents)
            return bool(is_ours)

    async def _surely_past(self, connection: Connection) -> datetime:
        """The present instant; of two clocks that differ the slower one's, for what is thrown away is gone."""
        found = await connection.execute("select now()")
        theirs: datetime
        ((theirs,),) = await found.fetchall()
        return min(self._clock.now(), theirs.astimezone(UTC))

    async def _let_go(self, connection: Connection, split: Split, now: datetime) -> None:
        kept = self._keeping.of(split)
        if kept is None:
            return
        for part in expired(await parts_of(connection, split), now - kept):
            if split is INCIDENT_EVENTS:
                if not await leftovers.archive_incidents(connection, part):
                    continue
            else:
                await detach(connection, split, part)
                await connection.execute(sql.SQL("drop table {}").format(sql.Identifier(part.name)))
            PARTS_LET_GO.labels(split.table).inc()
            log.info("a part of a table is let go of", part=part.name)
        if not split.by_id and now.hour == _READING_HOUR_UTC:
            await leftovers.forget_rows(connection, split, now - kept)


async def missing(connection: Connection, now: datetime) -> int:
    """How many of the tables have no part of their own for what happens now."""
    ends = [[each.end for each in await parts_of(connection, split) if each.end is not None] for split in SPLITS]
    return sum(max(each, default=now) <= now for each in ends)


async def _make(connection: Connection, split: Split, now: datetime) -> None:
    for begin, end in lacking(split, await parts_of(connection, split), now)[:_MOST_AT_ONCE]:
        await make_part(connection, split, begin, end, ahead=begin > now + _IN_TIME)
        log.info("a part of a table is there", part=split.name(begin))


async def _count(connection: Connection, split: Split) -> None:
    found = await connection.execute(_COUNTED, (split.table,))
    if (await found.fetchall()) != [(True,)]:
        await connection.execute(sql.SQL("analyze {}").format(sql.Identifier(split.table)))


def _days(days: int) -> timedelta | None:
    return timedelta(days=days) if days else None
