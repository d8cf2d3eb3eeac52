"""Whether PostgreSQL can be written to: which errors say that it cannot, since when, and whether it can again."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import psycopg
import sqlalchemy.exc
import structlog
from psycopg import errors

from dispatch.clock import Clock
from dispatch.storage.database import Database
from dispatch.storage.line import Busy, NotAnswered
from dispatch.storage.prepared import Prepared

log = structlog.get_logger()


class Outage(StrEnum):
    """Why PostgreSQL cannot be written to. Says no more than anybody may read: no address, no path."""

    UNREACHABLE = "unreachable"
    NOT_ANSWERING = "not_answering"
    STARTING_OR_STOPPING = "starting_or_stopping"
    READ_ONLY = "read_only"
    DISK_FULL = "disk_full"
    OUT_OF_CONNECTIONS = "out_of_connections"
    OUT_OF_MEMORY = "out_of_memory"
    BROKEN = "broken"


# By SQLSTATE, the whole code before its class (its first two characters):
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_BY_SQLSTATE = {
    "08": Outage.UNREACHABLE,  # connection exceptions
    "28": Outage.UNREACHABLE,  # it lets us in no longer: asked only when a connection is made
    "3D": Outage.UNREACHABLE,  # our database is not there
    "57P01": Outage.STARTING_OR_STOPPING,  # admin_shutdown
    "57P02": Outage.STARTING_OR_STOPPING,  # crash_shutdown
    "57P03": Outage.STARTING_OR_STOPPING,  # cannot_connect_now
    "57P04": Outage.UNREACHABLE,  # database_dropped
    "57P05": Outage.UNREACHABLE,  # idle_session_timeout
    "25P03": Outage.UNREACHABLE,  # idle_in_transaction_session_timeout
    "25P04": Outage.NOT_ANSWERING,  # transaction_timeout
    # Our own statement_timeout, or an administrator's: too slow to be waited for, though no lock was in the way.
    "57014": Outage.NOT_ANSWERING,
    "25006": Outage.READ_ONLY,  # after a failover to a standby, or by an administrator's order
    "53100": Outage.DISK_FULL,
    "53200": Outage.OUT_OF_MEMORY,
    "53300": Outage.OUT_OF_CONNECTIONS,
    "53": Outage.BROKEN,  # insufficient_resources, whichever
    "58": Outage.BROKEN,  # its disk or its files fail it
    "XX": Outage.BROKEN,  # internal errors, broken data and indexes
    "40003": Outage.UNREACHABLE,  # statement_completion_unknown
}

# Some in each other's way: nothing was written, and the next try may well succeed.
_CONTENTION = (Busy, errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)


def outage_of(error: BaseException) -> Outage | None:
    """What `error`, of psycopg or SQLAlchemy, says about PostgreSQL being away; None when it is not that.

    A decision that broke a constraint, data that do not fit and wrong SQL are no outage: tried again on a healthy
    server they fail again. Nor is contention (see `is_contention`).
    """
    match error:
        case Busy():
            # Too many of us asked at once, and it answers.
            return None
        case sqlalchemy.exc.DBAPIError():
            found = None if error.orig is None else outage_of(error.orig)
            return found or (Outage.UNREACHABLE if error.connection_invalidated else None)
        case NotAnswered() | errors.ConnectionTimeout():
            return Outage.NOT_ANSWERING
        case psycopg.Error() if error.sqlstate is not None:
            return _BY_SQLSTATE.get(error.sqlstate) or _BY_SQLSTATE.get(error.sqlstate[:2])
        case psycopg.OperationalError():
            # Without a state it is libpq that speaks: no connection could be made, or it broke.
            return Outage.UNREACHABLE
        case _:
            return None


def is_outage(error: BaseException) -> bool:
    """Whether an error says that PostgreSQL is away or cannot write, so that the service goes on without it."""
    return outage_of(error) is not None


def is_contention(error: BaseException) -> bool:
    """Whether a statement gave way to others, so that nothing was written and the next try may succeed.

    No connection of ours was free, a lock was held too long, or there was a deadlock.
    """
    if isinstance(error, sqlalchemy.exc.DBAPIError) and error.orig is not None:
        return is_contention(error.orig)
    return isinstance(error, _CONTENTION)


class Availability:
    """Whether PostgreSQL is there, as those who write to it have found. It begins as there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._callbacks: list[Callable[[Availability], None]] = []
        self.since: datetime | None = None
        """Since when it is away."""
        self.why: Outage | None = None
        """What the first failure said; a later one says less (a server that was stopped is then unreachable)."""

    @property
    def is_away(self) -> bool:
        """Whether the service goes on without PostgreSQL."""
        return self.since is not None

    def on_change(self, callback: Callable[["Availability"], None]) -> None:
        """Have `callback` called whenever it goes away or is back. It must not raise, nor take long."""
        self._callbacks.append(callback)

    def note_failure(self, error: BaseException) -> bool:
        """Somebody's try to write failed. Answers whether that is an outage; other errors change nothing."""
        why = outage_of(error)
        if why is None:
            return False
        if self.since is None:
            self.since, self.why = self._clock.now(), why
            said = getattr(error, "orig", None) or error
            log.error("the database is away; dispatching goes on without it", why=why.value, error=str(said).strip())
            self._tell()
        return True

    def note_success(self) -> None:
        """It is back: something has been written and committed. What was only read proves nothing (a full disk)."""
        if self.since is None:
            return
        away_s = (self._clock.now() - self.since).total_seconds()
        self.since = self.why = None
        log.warning("the database is back", away_s=away_s)
        self._tell()

    def _tell(self) -> None:
        for callback in self._callbacks:
            callback(self)


_MAY_BE_WRITTEN = Prepared(
    "may_be_written",
    # A commit that must reach the disk, and leaves nothing behind but a line in the write-ahead log.
    "select case when pg_is_in_recovery() or current_setting('transaction_read_only')::bool then null"
    " else pg_logical_emit_message(true, 'dispatch', 'is anybody there?') end",
    {},
)
_HAS_ROOM = (
    Prepared(
        "little_memory",
        "select set_config('work_mem', '64kB', true), set_config('temp_tablespaces', '', true)",
        {},
    ),
    # The write-ahead log is written into files made beforehand, so that a full disk is not felt there. A sort that does
    # not fit into memory takes room beside the tables, and gives it back: 1 MiB, in some 2 ms.
    Prepared(
        "sort_on_disk",
        "select count(*) from (select from generate_series(1, 1024) as each(n),"
        " repeat(chr(65 + n % 26), 1000) as filler order by filler, n offset 0) as sorted",
        {},
    ),
)


_TIMELINE = Prepared(
    "timeline",
    "select case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end",
    {},
)


async def timeline(database: Database) -> str:
    """Which history the server goes on with: another after a failover or a recovery to a point in time.

    Raises `ReadOnlySqlTransaction` for a standby, which does not say.
    """
    ((found,),) = await database.run(_TIMELINE, {})
    if found is None:
        # It is waited for: it may be the one that takes over.
        await database.renew()
        raise errors.ReadOnlySqlTransaction("the server may only be read from")
    return str(found)


async def probe(database: Database) -> None:
    """One quick look whether the server answers, may be written to, commits to disk, and has room on it.

    Within `database`'s answer limit. Raises the `psycopg.Error` that says why not (`outage_of` names it). Where it may
    only be read from, connections are let go of: after a failover the next look finds the server that may be written.
    """
    nothing: dict[str, object] = {}
    ((written,),), *_ = await database.run_together([(each, nothing) for each in (_MAY_BE_WRITTEN, *_HAS_ROOM)])
    if written is None:
        await database.renew()
        raise errors.ReadOnlySqlTransaction("the server may only be read from")
