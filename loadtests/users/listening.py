"""A stream that a greenlet of its own reads, its opening and its unwanted end told."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import gevent
from websocket import WebSocketException

from loadtests.moments import Account
from loadtests.socket_client import Message, SocketClient, StreamEndedError
from loadtests.users.stage import call, fire, note
from loadtests.wire import masked_frame

_PING: Final = masked_frame({"type": "ping"})


class Listener:
    """One recipient's stream, connected when it is made. `due_ns` is when it was due; without it: now.

    What is of a type in `unread` is taken off the line, and that is all.
    """

    def __init__(
        self,
        host: str,
        token: str,
        recipient: str,
        on_message: Callable[[Message, int], None],
        due_ns: int | None = None,
        *,
        unread: frozenset[str] = frozenset(),
    ) -> None:
        sent_ns = time.monotonic_ns()
        self._recipient = recipient
        self._on_message = on_message
        self._pinged_ns = 0
        self._cut_off = 0
        self._client = SocketClient(host, token, self._take, unread=unread)
        call("hello to welcome", sent_ns if due_ns is None else due_ns, sent_ns)
        self._reading = gevent.spawn(self._listen)

    def send(self, message: Message) -> None:
        """Send one message; a stream that has ended is told by its reader."""
        with suppress(OSError, WebSocketException, AttributeError):
            self._client.send(message)

    def write(self, frame: bytes) -> bool:
        """Send a frame that was made before; False when the stream has ended."""
        try:
            self._client.write(frame)
        except (OSError, AttributeError):
            # The library's socket is None once it is closed.
            return False
        return True

    def ping(self) -> None:
        """Ask for a pong, and note how long it takes."""
        if not self._pinged_ns:
            self._pinged_ns = time.monotonic_ns()
            self.write(_PING)

    def close(self) -> None:
        """Hang up, and note what was told here in all."""
        self._client.close()
        self._reading.kill(block=False)
        audit = self._client.audit
        note(Account(self._recipient, audit.last, audit.lost, audit.repeated, self._cut_off))

    def _take(self, message: Message, arrived_ns: int) -> None:
        if message["type"] == "pong" and self._pinged_ns:
            call("ping to pong", self._pinged_ns, self._pinged_ns)
            self._pinged_ns = 0
        self._on_message(message, arrived_ns)

    def _listen(self) -> None:
        try:
            self._client.listen()
        except StreamEndedError as error:
            self._cut_off += 1
            fire("stream", 0, error)
