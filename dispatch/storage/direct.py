"""A few connections straight over libpq, for the statements that somebody's life waits for.

A session, a cursor and the task switches between them take longer than the server takes to write an SOS down.
Nothing here waits longer than the answer limit: a server that hangs must not hold an SOS.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

import psycopg

from dispatch.storage.line import Busy, Line, NotAnswered, Row, patience
from dispatch.storage.prepared import Prepared

__all__ = ["ANSWER_WITHIN_S", "CONNECT_WITHIN_S", "Busy", "DirectConnections", "NotAnswered", "Row"]

# An SOS is written in a millisecond. A server that has not done so in two thousand times that is away.
ANSWER_WITHIN_S = 2.0

# A new connection takes some 5 ms, over a city's network some 30.
CONNECT_WITHIN_S = 1.0

_Answer = TypeVar("_Answer")


class DirectConnections:
    """At most `most` such connections. The one used last is used next: its server process has everything at hand.

    `answer_within_s` is the longest that a caller waits, for a free connection, a new one and the answer together; who
    had to wait for a free one has half of it for the rest all the same, or a crowd would look like a server that hangs.
    The server gives up on a lock after 0.6 of it and on the statement after 0.9. `is_pooled`: see `Line`.
    """

    def __init__(
        self,
        conninfo: str,
        *,
        most: int,
        answer_within_s: float = ANSWER_WITHIN_S,
        connect_within_s: float = CONNECT_WITHIN_S,
        is_pooled: bool = False,
    ) -> None:
        self._conninfo = conninfo
        self._is_pooled = is_pooled
        self._most = most
        self._answer_within_s = answer_within_s
        self._connect_within_s = connect_within_s
        self._room = asyncio.Semaphore(most)
        self._idle: list[Line] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._is_closed = False
        # When last something was answered, by the loop's clock.
        self._answered_at_s = -math.inf

    async def run(self, statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement, which is a transaction of its own: committed when it returns.

        Raises `psycopg.Error` (`NotAnswered` when time is up, `Busy` when others took it all), and `ValueError` for a
        text with a NUL in it.
        """
        step = (statement, statement.values(parameters))
        return await self._on_a_line(lambda line, by: line.run(step, by=by))

    async def run_together(self, steps: Sequence[tuple[Prepared, Mapping[str, Any]]]) -> list[list[Row]]:
        """Run statements in order in one transaction, one round trip: all or nothing. Each one's rows.

        Raises what `run` raises: of the first statement that fails, and then nothing has changed.
        """
        ready = [(statement, statement.values(parameters)) for statement, parameters in steps]
        if not ready:
            return []
        return await self._on_a_line(lambda line, by: line.run_together(ready, by=by))

    async def warm(self, statements: Sequence[Prepared], *, connections: int) -> None:
        """Connect, and prepare what will be asked, before anybody waits for it."""
        for _ in range(connections):
            line = await self._connected()
            try:
                for statement in statements:
                    await line.prepare(statement, by=self._latest())
            except BaseException:
                await line.close()
                raise
            self._idle.append(line)

    async def close(self) -> None:
        """Let those in the middle of it finish, which the answer limit bounds, and close every connection."""
        if self._is_closed:
            return
        self._is_closed = True
        for _ in range(self._most):
            await self._room.acquire()
        await self.drop_idle()
        await asyncio.gather(*self._leaving, return_exceptions=True)

    async def _on_a_line(self, ask: Callable[[Line, float], Awaitable[_Answer]]) -> _Answer:
        if self._is_closed:
            raise psycopg.OperationalError("the connections are closed")
        by = self._latest()
        try:
            async with patience(self._answer_within_s):
                await self._room.acquire()
        except TimeoutError as error:
            waited = f"no connection was free within {self._answer_within_s:.1f} s"
            # Where others were answered meanwhile there were too many of us, and it is not the server that is away.
            raise (Busy if self._answered_at_s > by - self._answer_within_s else NotAnswered)(waited) from error
        try:
            line = await self._take()
            try:
                answer = await ask(line, max(by, self._latest() - self._answer_within_s / 2))
            except NotAnswered:
                # What one server does not answer, it will not answer on its other connections.
                await self.drop_idle()
                raise
            else:
                self._answered_at_s = asyncio.get_running_loop().time()
                return answer
            finally:
                self._give_back(line)
        finally:
            self._room.release()

    def _latest(self) -> float:
        return asyncio.get_running_loop().time() + self._answer_within_s

    async def _connected(self) -> Line:
        return await Line.connected(
            self._conninfo,
            within_s=min(self._connect_within_s, self._answer_within_s),
            answer_within_s=self._answer_within_s,
            is_pooled=self._is_pooled,
        )

    async def _take(self) -> Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_still_there():
                return line
            await line.close()
        return await self._connected()

    async def drop_idle(self) -> None:
        """Close every connection that is not in use."""
        lines, self._idle = self._idle, []
        for line in lines:
            await line.close()

    def _give_back(self, line: Line) -> None:
        if line.is_free and not self._is_closed:
            self._idle.append(line)
            return
        leaving = asyncio.create_task(line.abandon())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
