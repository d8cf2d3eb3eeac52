"""How long a pooled connection may be silent: a server that hangs must not hold those who wait for it for ever."""

import asyncio
import os
import socket
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import psycopg
import structlog
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncEngine

log = structlog.get_logger()

# The longest that one statement of ours takes: a million first-aiders are read in some ten seconds at a start.
PATIENCE_S = 30.0

_Line = psycopg.AsyncConnection[Any]


class Patience:
    """Hangs up on a server that has not answered a connection in use for `patience_s`, or when it `end`s.

    Whoever waits there gets an `OperationalError` at once. Cancelling them would not do: psycopg first asks the server,
    which hangs, to cancel, and waits up to ten seconds for that.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        # The connections in use; the timer runs from the last time that something was asked on each.
        self._in_use: WeakKeyDictionary[_Line, asyncio.TimerHandle] = WeakKeyDictionary()
        # Those too that were cut, until whoever waits there has heard of it.
        self._taken_out: WeakSet[_Line] = WeakSet()

    def watch(self, engine: AsyncEngine) -> None:
        """Watch over the connections of an engine."""
        event.listen(engine.sync_engine, "checkout", self._taken)
        event.listen(engine.sync_engine, "checkin", self._given_back)
        event.listen(engine.sync_engine, "invalidate", self._given_back)
        event.listen(engine.sync_engine, "before_cursor_execute", self._asked)
        event.listen(engine.sync_engine, "commit", self._asked)
        event.listen(engine.sync_engine, "rollback", self._asked)

    @property
    def is_at_rest(self) -> bool:
        """Whether nobody has one of the connections."""
        return not self._taken_out

    def end(self) -> None:
        """Hang up on every connection in use."""
        for line in list(self._in_use):
            self._hang_up(line)

    def _taken(self, connection: Any, *_more: object) -> None:
        self._taken_out.add(connection.driver_connection)
        self._begin(connection.driver_connection)

    def _asked(self, connection: Connection, *_more: object) -> None:
        # One that is found broken is rolled back too, and has no line any more.
        if not connection.invalidated:
            self._begin(connection.connection.driver_connection)

    def _given_back(self, connection: Any, *_more: object) -> None:
        # None when it was found broken and thrown away, which has been said before.
        if connection is None:
            return
        self._taken_out.discard(connection.driver_connection)
        if (timer := self._in_use.pop(connection.driver_connection, None)) is not None:
            timer.cancel()

    def _begin(self, line: Any) -> None:
        if (timer := self._in_use.get(line)) is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._in_use[line] = loop.call_later(self._patience_s, self._lose_patience, line)

    def _lose_patience(self, line: _Line) -> None:
        log.error("the database did not answer; its connection is cut", after_s=self._patience_s)
        self._hang_up(line)

    def _hang_up(self, line: _Line) -> None:
        if (timer := self._in_use.pop(line, None)) is not None:
            timer.cancel()
        if line.closed:
            return
        # On a copy of the descriptor: the connection's own stays open, so that its number cannot become another's.
        with suppress(OSError), socket.socket(fileno=os.dup(line.pgconn.socket)) as copy:
            copy.shutdown(socket.SHUT_RDWR)
