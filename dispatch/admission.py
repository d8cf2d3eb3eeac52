"""The way in: connections are taken over as fast as they come, and of a crowd the greetings wait, never an SOS.

libuv takes one connection from a listening socket in a turn of its loop. When every phone of a province comes back at
once, thousands would stand in the system's queue of connections, and an SOS behind them for seconds; or find no room,
and be tried again by its system after one, three, seven seconds. So all are taken at once, and each is looked at once
it has said something: those that are about to open a stream are let in a few in a turn, everybody else before them.
"""

import asyncio
import errno
import socket
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger()

# Few enough that workers who share a socket share a crowd as well.
_TAKEN_IN_A_TURN: Final = 256
_LET_IN_IN_A_TURN: Final = 4
# As many as the system allows (net.core.somaxconn).
_BACKLOG: Final = 65_535
_STREAM: Final = b"GET /v1/stream"

# There are no more file descriptors or no more memory: what is there is served, and others may be taken soon.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_AGAIN_AFTER_S: Final = 1.0


class Admission:
    """Takes connections from a listening socket, and hands each to a protocol of its own."""

    def __init__(self, listening: socket.socket, protocol: Callable[[], asyncio.Protocol]) -> None:
        self._listening = listening
        self._protocol = protocol
        self._silent: set[socket.socket] = set()
        self._greeting: deque[socket.socket] = deque()
        self._opening: set[asyncio.Task[object]] = set()
        self._again: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Listen, and take connections until closed."""
        self._listening.setblocking(False)  # noqa: FBT003 - the standard library's own
        self._listening.listen(_BACKLOG)
        self._watch()

    async def close(self) -> None:
        """Take none any more; who has not been let in yet is hung up on, and comes back elsewhere.

        Those that are just being let in are in when this returns.
        """
        loop = asyncio.get_running_loop()
        if self._again is not None:
            self._again.cancel()
        loop.remove_reader(self._listening)
        self._listening.close()
        for line in self._silent:
            loop.remove_reader(line)
        for line in (*self._silent, *self._greeting):
            line.close()
        self._silent.clear()
        self._greeting.clear()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def _watch(self) -> None:
        asyncio.get_running_loop().add_reader(self._listening, self._take)

    def _take(self) -> None:
        for _ in range(_TAKEN_IN_A_TURN):
            try:
                line, _address = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.warning("no room for another connection", error=error.strerror, again_after_s=_AGAIN_AFTER_S)
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listening)
                self._again = loop.call_later(_AGAIN_AFTER_S, self._watch)
                return
            line.setblocking(False)  # noqa: FBT003 - as above
            self._place(line)

    def _place(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        match _begins_a_stream(line):
            case None:
                self._silent.add(line)
                loop.add_reader(line, self._has_spoken, line)
            case True:
                if not self._greeting:
                    loop.call_soon(self._let_some_in)
                self._greeting.append(line)
            case False:
                self._let_in(line)

    def _has_spoken(self, line: socket.socket) -> None:
        self._silent.discard(line)
        asyncio.get_running_loop().remove_reader(line)
        self._place(line)

    def _let_some_in(self) -> None:
        for _ in range(min(_LET_IN_IN_A_TURN, len(self._greeting))):
            self._let_in(self._greeting.popleft())
        if self._greeting:
            asyncio.get_running_loop().call_soon(self._let_some_in)

    def _let_in(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        opening = loop.create_task(loop.connect_accepted_socket(self._protocol, line))
        self._opening.add(opening)
        opening.add_done_callback(self._opened)

    def _opened(self, opening: "asyncio.Task[object]") -> None:
        self._opening.discard(opening)
        if not opening.cancelled() and (error := opening.exception()) is not None:
            log.warning("connection not opened", error=str(error))


def _begins_a_stream(line: socket.socket) -> bool | None:
    """Whether that is what it asks for; None as long as it has not said anything."""
    try:
        return line.recv(len(_STREAM), socket.MSG_PEEK) == _STREAM
    except BlockingIOError:
        return None
    except OSError:
        return False
