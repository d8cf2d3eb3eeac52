"""What other processes tell through PostgreSQL's NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

log = structlog.get_logger()

_PAUSE_S = 1.0
# Who only listens would not notice that the other end is gone without a word.
_KEEPALIVE: Final = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "connect_timeout": 5}


async def listen(url: str, channel: str, on_lost: Callable[[], object] = lambda: None) -> AsyncIterator[str | None]:
    """The payloads notified on `channel`, for ever. None, at each (re)connect: anything may have happened.

    `on_lost` is called as soon as the connection is known to be lost.
    """
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    conninfo = make_conninfo(address, **_KEEPALIVE)
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
