"""One connected client: a bounded queue to its socket, and its messages in order."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from dispatch.access.tokens import Identity
from dispatch.metrics import SOCKETS_CLOSED
from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.in_order import InOrder
from dispatch.realtime.mailboxes import Backlog, numbered
from geo.bounding_box import BoundingBox


class Session:
    """A socket after its hello. Senders never wait: what does not fit into the queue closes the session."""

    def __init__(self, websocket: WebSocket, identity: Identity, recipient: str, *, queue_size: int) -> None:
        self.session_id = uuid4().hex[:12]
        self.identity = identity
        self.recipient = recipient
        # What an operator looks at; None until the first `watch`, which means everywhere.
        self.watching: BoundingBox | None = None
        self.wants_full_picture = True
        self.in_order = InOrder()
        self._websocket = websocket
        self._queue: asyncio.Queue[str] = asyncio.Queue(queue_size)
        self._closing: asyncio.Future[CloseCode] = asyncio.get_running_loop().create_future()

    def begin(self, backlog: Backlog) -> None:
        """Send what the client lacks, then everything held since the session was attached."""
        for seq, body in backlog.messages:
            self.say_text(numbered(seq, body))
        for message in self.in_order.begin(backlog.last_seq):
            self.say_text(message)

    def deliver(self, seq: int, message: str) -> None:
        """A numbered message, sent when its turn comes."""
        for due in self.in_order.offer(seq, message):
            self.say_text(due)

    def fill_gap(self, messages: Sequence[tuple[int, str]]) -> None:
        """Messages read again from the database because one never came."""
        for seq, body in messages:
            self.deliver(seq, numbered(seq, body))

    def say(self, message: object) -> None:
        """A message without a number."""
        self.say_text(orjson.dumps(message).decode())

    def say_text(self, message: str) -> None:
        """A message that is JSON already."""
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self.close(CloseCode.SLOW_READER)

    def close(self, code: CloseCode) -> None:
        """End the session; the first reason counts."""
        if not self._closing.done():
            SOCKETS_CLOSED.labels(code.name.lower()).inc()
            self._closing.set_result(code)

    @property
    def is_closing(self) -> bool:
        """Whether the session has been told to end."""
        return self._closing.done()

    async def write(self) -> None:
        """Send what is queued until the session ends; then close the socket with the reason."""
        sender = asyncio.ensure_future(self._send_queued())
        ends: set[asyncio.Future[Any]] = {sender, self._closing}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
                await sender
        if self._closing.done():
            code = self._closing.result()
            if code is not CloseCode.SLOW_READER:
                await self._send_rest()
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError):
                await self._websocket.close(code.value, code.name.lower())

    async def _send_queued(self) -> None:
        while True:
            await self._websocket.send_text(await self._queue.get())

    async def _send_rest(self) -> None:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, OSError, asyncio.QueueEmpty):
            while True:
                await self._websocket.send_text(self._queue.get_nowait())
