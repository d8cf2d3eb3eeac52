"""What other processes tell through PostgreSQL's NOTIFY."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import structlog
from sqlalchemy.engine import make_url

log = structlog.get_logger()

_PAUSE_S = 1.0


async def listen(url: str, channel: str) -> AsyncIterator[str | None]:
    """The payloads notified on `channel`, for ever. None, at each (re)connect: anything may have happened."""
    conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                await connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
                yield None
                async for notify in connection.notifies():
                    yield notify.payload
        except psycopg.OperationalError:
            log.warning("lost the database's notifications, trying again", channel=channel)
        await asyncio.sleep(_PAUSE_S)
