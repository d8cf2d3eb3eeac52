"""A standby of the database, for pages that may be some seconds old: how far it is behind, and whether it may be read.

Nothing that an incident's decision depends on is read here. How old what it shows can be at most is measured by the
write-ahead log: the last instant at which the primary had written no more than the standby has replayed by now. So an
idle primary makes no standby look old, and one that has lost its primary grows old, whatever it says of itself.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg
import sqlalchemy.exc
import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from dispatch.storage.line import Busy

log = structlog.get_logger()

REPLICA_LAG = Gauge("dispatch_replica_lag_seconds", "How old at most what the replica shows is; none: infinite.")
PAGE_READS = Counter("dispatch_page_reads_total", "Reads for pages that may be some seconds old, by where.", ["where"])

_LOOK_EVERY_S = 1.0
_MARKS = 600

# Only a standby: a server that was promoted by mistake writes a history of its own.
_REPLAYED = text("select case when pg_is_in_recovery() then cast(pg_last_wal_replay_lsn() - '0/0' as bigint) end")

# Its own statement_timeout says nothing about the server.
_CANCELLED = "57014"


class Replica:
    """Reads from a standby while that is no more than `lag_s` behind. `written` is where the primary's log ends."""

    def __init__(self, engine: AsyncEngine, written: Callable[[], Awaitable[int]], lag_s: float) -> None:
        self._engine = engine
        self._written = written
        self._lag_s = lag_s
        # When the primary's log ended where, as it was seen; by the loop's clock.
        self._marks: deque[tuple[float, int]] = deque(maxlen=_MARKS)
        self._current_until = -math.inf
        self._was_fresh: bool | None = None

    @property
    def lag_s(self) -> float:
        """How old what it shows is at most."""
        return asyncio.get_running_loop().time() - self._current_until

    @property
    def is_fresh(self) -> bool:
        """Whether it may be read from."""
        return self.lag_s <= self._lag_s

    async def run(self) -> None:
        """Measure how far it is behind, again and again."""
        while True:
            try:
                await self.look()
            except (psycopg.Error, sqlalchemy.exc.SQLAlchemyError, OSError) as error:
                log.debug("the replica cannot be compared", error=str(error).strip())
            self._say()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def look(self) -> None:
        """Compare what it has replayed with what the primary has written. Raises what keeps one from being asked."""
        at = asyncio.get_running_loop().time()
        self._marks.append((at, await self._written()))
        async with self._engine.connect() as connection:
            replayed = (await connection.execute(_REPLAYED)).scalar_one()
        if replayed is None:
            self._current_until = -math.inf
            return
        while self._marks and self._marks[0][1] <= replayed:
            self._current_until = self._marks.popleft()[0]

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction that only reads. Raises `Busy` when the standby goes away in the middle."""
        try:
            async with self._engine.connect() as connection, connection.begin():
                PAGE_READS.labels("replica").inc()
                yield connection
        except sqlalchemy.exc.DBAPIError as error:
            if not _went_away(error):
                raise
            # It is not the database that is away: whoever asks again is answered by the primary.
            self._current_until = -math.inf
            raise Busy("the replica went away") from error

    def _say(self) -> None:
        REPLICA_LAG.set(self.lag_s)
        if self.is_fresh is not self._was_fresh:
            self._was_fresh = self.is_fresh
            log.info("pages are read from the replica" if self.is_fresh else "the replica is away or too far behind")

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _went_away(error: sqlalchemy.exc.DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state is None:
        return isinstance(error.orig, psycopg.OperationalError)
    return bool(state[:2] in {"08", "57"} and state != _CANCELLED)
