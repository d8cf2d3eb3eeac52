"""Work that one of all workers does: whoever holds PostgreSQL's advisory lock, and another when that one is no more."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

import psycopg
import structlog

from dispatch.by_itself import ended
from dispatch.storage.own_session import own_session

log = structlog.get_logger()

# Advisory locks of this class are turns; the other half of the key says of what.
_LOCK_CLASS = 7_120_122

_TRY_EVERY_S = 1.0


class OneOfAll:
    """Runs `work` in this process for as long as it is this one's turn. `turn` is the number of what is done."""

    def __init__(self, url: str, turn: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._conninfo = own_session(url)
        self._turn = turn
        self._work = work

    async def run(self) -> None:
        """Wait for the turn, and work while it lasts, until cancelled. Raises what the work raises."""
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                await self._hold()
            await asyncio.sleep(_TRY_EVERY_S)

    async def _hold(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True) as connection:
            taken = await connection.execute("select pg_try_advisory_lock(%s::int, %s::int)", (_LOCK_CLASS, self._turn))
            if (await taken.fetchone()) != (True,):
                return
            working = asyncio.ensure_future(self._work())
            try:
                while not working.done():
                    # Asked, for the lock is gone with the connection: another works then.
                    await asyncio.wait([working], timeout=_TRY_EVERY_S)
                    await connection.execute("select 1")
            finally:
                if not working.done():
                    await ended([working])
            working.result()
