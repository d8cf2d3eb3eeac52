"""One client's end of a socket, lean enough for five hundred in one process, and as rough as a test wants it."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any, Final, Self, cast

from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLOSED, OPEN
from websockets.uri import parse_uri

from tests.faults.doors import Door

Message = dict[str, Any]

# What browsers report when a connection ends without a close frame (RFC 6455, section 7.1.5).
CUT_OFF: Final = 1006

# A console's first picture of a storm is large.
_MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
_CONNECT_WITHIN_S: Final = 5.0


class Line(asyncio.Protocol):
    """A WebSocket over the sans-I/O protocol of `websockets`; `lost` gives the close code once it has ended."""

    def __init__(self, door: Door, on_message: Callable[[Message], None]) -> None:
        uri = parse_uri(f"ws://{door.host}:{door.port}/v1/stream")
        self._protocol = ClientProtocol(uri, max_size=_MAX_FRAME_BYTES)
        self._on_message = on_message
        self._transport: asyncio.Transport | None = None
        self._close_code = CUT_OFF
        loop = asyncio.get_running_loop()
        self.open: asyncio.Future[None] = loop.create_future()
        self.lost: asyncio.Future[int] = loop.create_future()

    @classmethod
    async def opened(
        cls, door: Door, on_message: Callable[[Message], None], *, receive_buffer_bytes: int | None = None
    ) -> Self:
        """Connect to `/v1/stream` at that door. Raises OSError when nobody answers there."""
        loop = asyncio.get_running_loop()
        connecting = socket.socket()
        connecting.settimeout(0.0)
        if receive_buffer_bytes is not None:
            # Before connecting: it is then that the window is agreed upon.
            connecting.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        line = cls(door, on_message)
        try:
            async with asyncio.timeout(_CONNECT_WITHIN_S):
                await loop.sock_connect(connecting, door)
                await loop.create_connection(lambda: line, sock=connecting)
                await line.open
        except BaseException as error:
            connecting.close()
            line.cut()
            if isinstance(error, TimeoutError):
                raise ConnectionError("no upgrade in time") from error
            raise
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods but not the ancestry of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._on_message(json.loads(bytes(event.data)))
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self._close_code = Close.parse(bytes(event.data)).code
        if not self.open.done():
            if self._protocol.handshake_exc is not None:
                self.open.set_exception(ConnectionError(str(self._protocol.handshake_exc)))
            elif self._protocol.state is OPEN:
                self.open.set_result(None)
        self._flush()

    def eof_received(self) -> None:
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.open.done():
            self.open.set_exception(ConnectionError(f"closed before the upgrade: {exc}"))
        if not self.lost.done():
            self.lost.set_result(self._close_code)

    def send(self, message: Message) -> bool:
        """Send a message; False when the line is gone."""
        if self.lost.done() or self._transport is None or self._transport.is_closing():
            return False
        if self._protocol.state is not OPEN:
            return False
        self._protocol.send_text(json.dumps(message, separators=(",", ":")).encode())
        self._flush()
        return True

    def cut(self) -> None:
        """Tear the connection: no close frame, and what is under way is gone."""
        if self._transport is not None:
            self._transport.abort()

    def stop_reading(self) -> None:
        """Leave what comes in the system's buffer, until that is full."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def _flush(self) -> None:
        if self._transport is None or self.lost.done():
            return
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
        if self._protocol.state is CLOSED or self._protocol.close_expected():
            self._transport.close()
