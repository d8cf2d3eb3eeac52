"""What other processes tell through PostgreSQL's NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import structlog

from dispatch.storage.own_session import own_session

log = structlog.get_logger()

_PAUSE_S = 1.0


async def listen(url: str, channel: str, on_lost: Callable[[], object] = lambda: None) -> AsyncIterator[str | None]:
    """The payloads notified on `channel`, for ever. None, at each (re)connect: anything may have happened.

    `on_lost` is called as soon as the connection is known to be lost.
    """
    conninfo = own_session(url)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
                yield None
                async for notify in connection.notifies():
                    yield notify.payload
        except psycopg.OperationalError:
            on_lost()
            log.warning("lost the database's notifications, trying again", channel=channel)
        await asyncio.sleep(_PAUSE_S)
