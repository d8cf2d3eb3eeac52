"""Connections that speak libpq straight from the event loop, for the statements that somebody's life waits for.

A session, a cursor and the task switches between them take longer than the server takes to write an SOS down.
Here a prepared statement is one write to the socket, and its answer one callback of the loop.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result

from dispatch.storage.prepared import Prepared

Row = tuple[str | None, ...]

# Planning a statement of ten parts anew for each SOS would cost more than running it.
_OPTIONS = "-c timezone=UTC -c jit=off -c plan_cache_mode=force_generic_plan -c lock_timeout=5s"

_CONNECT_WITHIN_S = 5

# A server that hangs must not hold an SOS, and all its repetitions, for ever.
_ANSWER_WITHIN_S = 10.0


class _Line:
    """One connection; one question at a time."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._pgconn = connection.pgconn
        self._pgconn.nonblocking = 1
        self._socket = self._pgconn.socket
        self._prepared: set[bytes] = set()
        self._answer: asyncio.Future[pq.abc.PGresult] | None = None
        self._result: pq.abc.PGresult | None = None
        self.is_lost = False
        # For good, not for each question: a server that goes away is noticed while nobody asks.
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def connected(cls, conninfo: str) -> Self:
        connection = await psycopg.AsyncConnection.connect(
            conninfo,
            autocommit=True,
            options=_OPTIONS,
            connect_timeout=_CONNECT_WITHIN_S,
            # What a machine's environment or an old database says otherwise.
            client_encoding="utf8",
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        return cls(connection)

    @property
    def is_free(self) -> bool:
        """Whether the next question may be asked; not while the last one's answer is to come, its asker gone."""
        return not self.is_lost and self._answer is None

    async def prepare(self, statement: Prepared) -> None:
        if statement.name not in self._prepared:
            _checked(await self._ask(self._pgconn.send_prepare, statement.name, statement.sql, statement.oids))
            self._prepared.add(statement.name)

    async def run(self, statement: Prepared, values: Sequence[bytes | None]) -> list[Row]:
        await self.prepare(statement)
        result = _checked(await self._ask(self._pgconn.send_query_prepared, statement.name, values, statement.formats))
        columns = range(result.nfields)
        return [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]

    async def close(self) -> None:
        if not self.is_lost:
            self._lose(psycopg.OperationalError("the connection is closed"))
        await self._connection.close()

    def _ask(self, send: Callable[..., None], *question: Any) -> "asyncio.Future[pq.abc.PGresult]":
        if self.is_lost:
            raise psycopg.OperationalError("the connection is lost")
        try:
            send(*question)
        except psycopg.OperationalError as error:
            self._lose(error)
            raise
        self._answer = answer = self._loop.create_future()
        self._write()
        return answer

    def _write(self) -> None:
        try:
            is_waiting = self._pgconn.flush() == 1
        except psycopg.OperationalError as error:
            self._lose(error)
            return
        if is_waiting:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._pgconn.consume_input()
            while not self._pgconn.is_busy():
                result = self._pgconn.get_result()
                if result is None:
                    self._settle()
                    return
                self._result = result
        except psycopg.OperationalError as error:
            self._lose(error)

    def _settle(self) -> None:
        result, self._result = self._result, None
        if result is not None and self._answer is not None:
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_result(result)
        if self._pgconn.status != pq.ConnStatus.OK:
            # libpq has closed the socket, whose number the next one to open may get: nobody may watch it any longer.
            self._lose(psycopg.OperationalError("the server ended the connection"))

    def _lose(self, error: psycopg.OperationalError) -> None:
        self.is_lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(error)


class DirectConnections:
    """A few such connections. The one used last is used next: its server process has everything at hand."""

    def __init__(self, conninfo: str, *, most: int) -> None:
        self._conninfo = conninfo
        self._room = asyncio.Semaphore(most)
        self._idle: list[_Line] = []

    async def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement, which is a transaction of its own: committed when it returns. Raises `psycopg.Error`."""
        values = statement.values(parameters)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S), self._room:
                line = await self._take()
                try:
                    return await line.run(statement, values)
                finally:
                    await self._give_back(line)
        except TimeoutError as error:
            raise psycopg.OperationalError(f"the database did not answer within {_ANSWER_WITHIN_S:.0f} s") from error

    async def warm(self, statements: Sequence[Prepared], *, connections: int) -> None:
        """Connect, and prepare what will be asked, before anybody waits for it."""
        for line in [await _Line.connected(self._conninfo) for _ in range(connections)]:
            for statement in statements:
                await line.prepare(statement)
            self._idle.append(line)

    async def close(self) -> None:
        """Close every connection that is not in use."""
        lines, self._idle = self._idle, []
        for line in lines:
            await line.close()

    async def _take(self) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_free:
                return line
            await line.close()
        return await _Line.connected(self._conninfo)

    async def _give_back(self, line: _Line) -> None:
        if line.is_free:
            self._idle.append(line)
        else:
            await line.close()


def _checked(result: pq.abc.PGresult) -> pq.abc.PGresult:
    if result.status in {pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY}:
        return result
    raise error_from_result(result)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
