"""One connected client: straight to its socket or through a bounded queue, and its messages in order."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from starlette.websockets import WebSocket, WebSocketDisconnect

from dispatch.access.tokens import Identity
from dispatch.encoding import to_json_text
from dispatch.metrics import SOCKETS_CLOSED
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.in_order import InOrder
from dispatch.realtime.mailboxes import Backlog, numbered
from dispatch.realtime.stream_protocol import send_now_of
from geo.bounding_box import BoundingBox

_CLOSE_WITHIN_S = 5.0
_PEER_IS_GONE = (WebSocketDisconnect, RuntimeError, OSError)


class Session:
    """A socket after its hello. Senders never wait: what does not fit into the queue closes the session.

    Sent first is the greeting, then the backlog, then what is queued. While nothing is, messages go to the socket
    at once, until it takes no more.
    """

    def __init__(self, websocket: WebSocket, identity: Identity, recipient: str, *, queue_size: int) -> None:
        self.session_id = uuid4().hex[:12]
        self.identity = identity
        self.recipient = recipient
        # What an operator looks at; None until the first `watch`, which means everywhere.
        self.watching: BoundingBox | None = None
        self.wants_full_picture = True
        self.in_order = InOrder()
        self.heard_at_s = self.now_s()
        self.gap_since_s: float | None = None
        self._websocket = websocket
        self._send_now = send_now_of(websocket.scope)
        # Nothing is between the queue and the socket: what is said now may not overtake anything.
        self._at_rest = False
        self._backlog: deque[str] = deque()
        self._begun = asyncio.Event()
        self._queue: asyncio.Queue[str] = asyncio.Queue(queue_size)
        self._closing: asyncio.Future[CloseCode] = asyncio.get_running_loop().create_future()

    def begin(self, greeting: object, backlog: Backlog) -> None:
        """Greet, send what the client lacks, then everything held since the session was attached."""
        # Not through the bounded queue: what waited for a phone that was away must not count as its slowness.
        self._backlog.append(to_json_text(greeting))
        self._backlog.extend(numbered(seq, body) for seq, body in backlog.messages)
        self._begun.set()
        for message in self.in_order.begin(backlog.last_seq):
            self.say_text(message)

    def deliver(self, seq: int, message: str) -> None:
        """A numbered message, sent when its turn comes."""
        for due in self.in_order.offer(seq, message):
            self.say_text(due)
        if not self.in_order.has_gap:
            self.gap_since_s = None
        elif self.gap_since_s is None:
            self.gap_since_s = self.now_s()

    def fill_gap(self, messages: Sequence[tuple[int, str]]) -> None:
        """Everything that is kept after what was sent, read again from the database because a message never came.

        A number that is not among it is gone: another device of the same person has acknowledged it.
        """
        for due in self.in_order.go_on_with({seq: numbered(seq, body) for seq, body in messages}):
            self.say_text(due)
        self.gap_since_s = None

    def read_again(self) -> None:
        """Perhaps something was written for it that it was not told: at the next look what is kept is read."""
        self.gap_since_s = -math.inf

    def say(self, message: object) -> None:
        """A message without a number."""
        self.say_text(to_json_text(message))

    def say_text(self, message: str) -> None:
        """A message that is JSON already."""
        if self.is_closing:
            return
        if self._at_rest and self._queue.empty() and self._send_now(message):
            return
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.close(CloseCode.SLOW_READER)

    def close(self, code: CloseCode) -> None:
        """End the session; the first reason counts."""
        if not self._closing.done():
            SOCKETS_CLOSED.labels(code.name.lower()).inc()
            self._closing.set_result(code)

    @staticmethod
    def now_s() -> float:
        """The loop's own time, for how long something has lasted."""
        return asyncio.get_running_loop().time()

    @property
    def is_closing(self) -> bool:
        """Whether the session has been told to end."""
        return self._closing.done()

    async def write(self) -> None:
        """Send until the session ends; then close the socket with the reason."""
        sender = asyncio.ensure_future(self._send())
        ends: set[asyncio.Future[Any]] = {sender, self._closing}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, *_PEER_IS_GONE):
                await sender
        if self._closing.done():
            # A peer that reads nothing never lets the close frame through either.
            with contextlib.suppress(TimeoutError, *_PEER_IS_GONE):
                async with asyncio.timeout(_CLOSE_WITHIN_S):
                    await self._say_goodbye(self._closing.result())

    async def _send(self) -> None:
        await self._begun.wait()
        while self._backlog:
            await self._websocket.send_text(self._backlog.popleft())
        while True:
            self._at_rest = True
            message = await self._queue.get()
            self._at_rest = False
            await self._websocket.send_text(message)

    async def _say_goodbye(self, code: CloseCode) -> None:
        # After a message that may not have gone out, none may: the client would acknowledge past it. It comes back.
        if code is not CloseCode.SLOW_READER and self._at_rest:
            while not self._queue.empty():
                await self._websocket.send_text(self._queue.get_nowait())
        await self._websocket.close(code.value, code.name.lower())
