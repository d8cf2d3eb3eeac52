"""One pool of connections; one request, one transaction."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from typing import Any

import psycopg
import sqlalchemy.exc
from psycopg.conninfo import make_conninfo
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from dispatch.storage.direct import ANSWER_WITHIN_S, CONNECT_WITHIN_S, Busy, DirectConnections, Row
from dispatch.storage.line import patience
from dispatch.storage.own_session import KEEPALIVE, SERVERS_KEEPALIVE_OPTIONS, libpq_parts
from dispatch.storage.patience import PATIENCE_S, Patience
from dispatch.storage.pooling import KEPT_BY_POOLER
from dispatch.storage.prepared import Prepared
from dispatch.storage.replica import PAGE_READS, Replica

# How long somebody waits for a connection who only wants to see something, and everybody else.
_LOOKERS_WAIT_S = 2.0
_OTHERS_WAIT_S = 5.0

# As many decisions are written at once as two cores can plan; more connections are made when needed.
_WARM_CONNECTIONS = 2

_LOOK_AGAIN_S = 0.01

_ANSWER = Prepared("answer", "select 1", {})
_WRITTEN = Prepared("written", "select (pg_current_wal_lsn() - '0/0')::bigint", {})

# What a page from a replica may be behind.
REPLICA_LAG_S = 5.0


_IN_OWN_SESSION: dict[str, Any] = {
    "prepare_threshold": 1,
    "options": f"-c timezone=UTC -c jit=off {SERVERS_KEEPALIVE_OPTIONS}",
    **KEEPALIVE,
}
_THROUGH_POOLER: dict[str, Any] = {"prepare_threshold": None, **KEEPALIVE}


def driver_url(url: str) -> str:
    """The URL with the driver that the service uses (psycopg 3), whatever spelling of PostgreSQL came in.

    Raises `ValueError` when it is not a PostgreSQL URL.
    """
    try:
        parsed = make_url(url)
    except Exception as error:
        raise ValueError(f"not a database URL: {error}") from error
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError(f"the database must be PostgreSQL with PostGIS, not {parsed.get_backend_name()!r}")
    return parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


# Whether whoever asks does so though the database is taken to be away: only who looks whether it is back.
reaching_through: ContextVar[bool] = ContextVar("reaching_through", default=False)

# Whether whoever asks only wants to see something, and may come again: a crowd of them leaves connections to the rest.
only_looking: ContextVar[bool] = ContextVar("only_looking", default=False)


class Away(psycopg.OperationalError):
    """The database is known to be away: nobody waits to find that out again."""


class Database:
    """The service's way to PostgreSQL, three ways: whole transactions, statements that are one each, and prepared ones.

    `transaction` commits at its end or rolls back. `statement` spares the round trips of begin and commit where one
    statement is all there is. `run` is the same for the statements on the way of an SOS, straight over libpq;
    `run_together` takes several of those in one transaction. The last two answer, or fail, within `answer_within_s`;
    the first two wait for a server that hangs until `sever` cuts them off, or `patience_s` have passed in silence.
    Those have at most twice `connections`, half of which at most go to those who are `only_looking`: who gets none in
    time is told `Busy`, or what is wrong with the server where that does not answer. `direct_url` is given where `url`
    leads to a pooler, and leads past it. `reading` is for pages: from a replica, where there is one near enough.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 10,
        answer_within_s: float = ANSWER_WITHIN_S,
        connect_within_s: float = CONNECT_WITHIN_S,
        patience_s: float = PATIENCE_S,
        direct_url: str | None = None,
        replica_url: str | None = None,
        replica_lag_s: float = REPLICA_LAG_S,
    ) -> None:
        # Told by who keeps account of it; whole transactions and single statements are then refused at once.
        self.is_away: Callable[[], bool] = lambda: False
        pooled_url = driver_url(url)
        # For whoever needs a session: to hear notifications, to hold a lock.
        self.url = pooled_url if direct_url is None else driver_url(direct_url)
        self._is_pooled = direct_url is not None
        self._patience = Patience(patience_s)
        self._lookers = asyncio.Semaphore(connections)
        self._look: asyncio.Future[list[Row]] | None = None
        self._engine = self._engine_at(pooled_url, connections, is_pooled=self._is_pooled)
        # Its own pool: switching one connection between the two ways costs as much as a small statement.
        self._autocommit = self._engine_at(
            pooled_url, connections, is_pooled=self._is_pooled, isolation_level="AUTOCOMMIT", pool_reset_on_return=None
        )
        # Each of those says options of its own.
        parts = {name: value for name, value in libpq_parts(pooled_url).items() if name != "options"}
        self._direct = DirectConnections(
            make_conninfo("", **parts),
            most=2 * connections,
            answer_within_s=answer_within_s,
            connect_within_s=connect_within_s,
            is_pooled=self._is_pooled,
        )
        self.replica: Replica | None = None
        if replica_url is not None:
            engine = self._engine_at(driver_url(replica_url), connections, is_pooled=False)
            self.replica = Replica(engine, self._written, replica_lag_s)

    def _engine_at(self, url: str, connections: int, *, is_pooled: bool, **options: Any) -> AsyncEngine:
        engine = create_async_engine(
            url,
            pool_size=connections,
            max_overflow=connections,
            pool_timeout=_OTHERS_WAIT_S,
            # Names and telephone numbers are in them: not in every error's text, and so in the logs.
            hide_parameters=True,
            # The connection used last has its plans and caches at hand; the oldest would have to warm up again.
            pool_use_lifo=True,
            connect_args={"connect_timeout": 2, **(_THROUGH_POOLER if is_pooled else _IN_OWN_SESSION)},
            **options,
        )
        if is_pooled:
            event.listen(engine.sync_engine, "connect", _tell_pooler)
        self._patience.watch(engine)
        return engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction: committed when the block ends, rolled back when it raises."""
        async with self._taken_from(self._engine) as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection on which every statement is a transaction of its own: committed when it returns."""
        async with self._taken_from(self._autocommit) as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection in one transaction that only reads, of what may be some seconds old: a page's.

        From the replica while there is one that is near enough, else as `transaction`.
        """
        if self.replica is not None and self.replica.is_fresh:
            async with self.replica.reading() as connection:
                yield connection
            return
        if self.replica is not None:
            PAGE_READS.labels("primary").inc()
        async with self.transaction() as connection:
            yield connection

    async def _written(self) -> int:
        ((end,),) = await self.run(_WRITTEN, {})
        return int(end or 0)

    @property
    def works(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs by itself for as long as the service does."""
        return () if self.replica is None else (self.replica.run,)

    @asynccontextmanager
    async def _taken_from(self, pool: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        """A connection of a pool. Raises `Away`, `Busy`, and what the server's silence is called."""
        self._must_be_there()
        async with AsyncExitStack() as held:
            try:
                if only_looking.get():
                    async with patience(_LOOKERS_WAIT_S):
                        await self._lookers.acquire()
                    held.callback(self._lookers.release)
                connection = await held.enter_async_context(pool.connect())
            except (TimeoutError, sqlalchemy.exc.TimeoutError) as error:
                await self._must_answer()
                raise Busy("all connections are in use") from error
            yield connection

    async def _must_answer(self) -> None:
        """Raises what is wrong with the server, if something is. A whole crowd that wants to know asks once."""
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self.run(_ANSWER, {}))
            self._look.add_done_callback(_heard)
        await asyncio.shield(self._look)

    def _must_be_there(self) -> None:
        if self.is_away() and not reaching_through.get():
            raise Away("the database is away")

    async def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a prepared statement, committed when it returns; its rows as text. Raises `psycopg.Error`."""
        return await self._direct.run(statement, parameters)

    async def run_together(self, steps: Sequence[tuple[Prepared, Mapping[str, Any]]]) -> list[list[Row]]:
        """Run prepared statements in one transaction, all or nothing; the rows of each. Raises as `run` does."""
        return await self._direct.run_together(steps)

    async def warm(self, statements: Sequence[Prepared]) -> None:
        """Prepare what will be run, before anybody waits for it."""
        await self._direct.warm(statements, connections=_WARM_CONNECTIONS)

    async def answers(self) -> bool:
        """Whether the database answers right now, said within the answer limit."""
        try:
            await self.run(_ANSWER, {})
        except Busy:
            # It answers others.
            return True
        except psycopg.Error:
            return False
        return True

    def sever(self) -> None:
        """Cut the pooled connections, for a server that hangs: whoever waits on one gets an `OperationalError` now.

        Cancelling them would not do: psycopg first asks the server, which hangs, to cancel, for up to ten seconds.
        """
        self._patience.end()

    async def hang_up(self, within_s: float) -> None:
        """Cut the pooled connections, again and again, until nobody has one any more, or the time is over."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        while not self._patience.is_at_rest and loop.time() < until_s:
            self._patience.end()
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def renew(self) -> None:
        """Let go of every connection that is not in use: the next ones go to where the address leads by now.

        After a failover the old ones may still lead to a server that has become a standby, and works but for writing.
        """
        await self._direct.drop_idle()
        await self._engine.dispose()
        await self._autocommit.dispose()

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()
        await self._autocommit.dispose()
        if self.replica is not None:
            await self.replica.close()
        await self._direct.close()


def _tell_pooler(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(KEPT_BY_POOLER)
    cursor.close()
    connection.commit()


def _heard(look: "asyncio.Future[list[Row]]") -> None:
    """Whatever came of it was told to those who waited, if any still did."""
    if not look.cancelled():
        look.exception()
