"""One connection that says that this desk lives, and hears what other processes change."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

import psycopg
import structlog

from dispatch.storage.availability import is_outage
from dispatch.storage.own_session import own_session

log = structlog.get_logger()

# Advisory locks of this class are desks; jobs whose desk holds none are free again.
LOCK_CLASS = 7_120_121
NOTIFY_CHANNEL = "dispatch_push"

_PAUSE_S = 0.5


class Presence:
    """Holds a lock that PostgreSQL lets go of the moment this process is dead, however it died."""

    def __init__(self, database_url: str, on_change: Callable[[str | None], Awaitable[None]]) -> None:
        self._conninfo = own_session(database_url)
        self._on_change = on_change
        # A new one with each connection: an old one may be held still by a server that has not noticed our leaving.
        self.desk_id: int | None = None

    async def run(self) -> None:
        """Hold the lock, and pass on what is notified: a responder's id, or None when anything may have changed."""
        while True:
            try:
                await self._hold()
            except psycopg.OperationalError as error:
                # Said once, when it was there before; the rest of an outage is said by those who write decisions.
                if self.desk_id is not None:
                    log.warning("push: the database's connection is lost, trying again", error=str(error).strip())
            except Exception as error:
                if not is_outage(error):
                    log.exception("push: the database's connection is given up, trying again")
            finally:
                self.desk_id = None
            await asyncio.sleep(_PAUSE_S)

    async def _hold(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            desk_id = secrets.randbelow(2**31)
            await connection.execute("select pg_advisory_lock(%s::int, %s::int)", (LOCK_CLASS, desk_id))
            await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(NOTIFY_CHANNEL)))
            await self._on_change(None)
            self.desk_id = desk_id
            async for notify in connection.notifies():
                await self._on_change(notify.payload)
