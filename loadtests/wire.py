"""The cheapest client that is still correct: bytes are stamped as they arrive and read afterwards.

What the client costs is part of both servers' times and would hide the difference between them. So while a
time is being taken nothing is parsed: arriving bytes are kept, and an alert is known by a mark in them.
"""

import asyncio
import json
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, Final, cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

# Alerts say until when to answer; no other message has this field.
ALERT_MARK: Final = b'"respond_by"'
_HEAD_END: Final = b"\r\n\r\n"

Message = dict[str, Any]


class StopWatch:
    """Shared by all sockets of one server: counts the alerts that arrive, keeps the moment of the last."""

    def __init__(self) -> None:
        self.running = False
        self.last_ns = 0
        self._arrived = 0
        self._expected = 0
        self._all_here: asyncio.Future[None] | None = None

    def start(self) -> None:
        """Begin to count."""
        self._arrived = 0
        self._all_here = None
        self.running = True

    def stop(self) -> None:
        """Stop counting: from here on messages are read as they come."""
        self.running = False

    def count(self, alerts: int, at_ns: int) -> None:
        """Note that so many alerts arrived at that moment."""
        self._arrived += alerts
        self.last_ns = at_ns
        self._tell()

    def until(self, alerts: int) -> asyncio.Future[None]:
        """Wait for so many alerts in all; the future is done when they are here."""
        self._expected = alerts
        self._all_here = asyncio.get_running_loop().create_future()
        self._tell()
        return self._all_here

    def _tell(self) -> None:
        if self._all_here is not None and not self._all_here.done() and self._arrived >= self._expected:
            self._all_here.set_result(None)


class AlertSocket(asyncio.Protocol):
    """One responder's WebSocket over the sans-I/O protocol of `websockets`, without compression."""

    def __init__(self, url: str, watch: StopWatch, on_message: Callable[["AlertSocket", str], None]) -> None:
        self._protocol = ClientProtocol(parse_uri(url))
        self._watch = watch
        self._on_message = on_message
        self._kept: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._lost = False
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        # uvloop's transports have the methods but not the ancestry of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._protocol.send_request(self._protocol.connect())
        self._flush()

    def data_received(self, data: bytes) -> None:
        """Stamp, count and keep; read at once only while no time is being taken."""
        if not self._watch.running:
            self._read(data)
            return
        at_ns = perf_counter_ns()
        self._kept.append(data)
        alerts = data.count(ALERT_MARK)
        if alerts:
            self._watch.count(alerts, at_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        """Remember, so that the next one to send learns of it."""
        self._lost = True
        if not self.open.done():
            self.open.set_exception(ConnectionError(f"the server closed before the upgrade: {exc}"))

    def catch_up(self) -> None:
        """Read what was kept while a time was taken."""
        kept, self._kept = self._kept, []
        for data in kept:
            self._read(data)

    def send(self, message: Message) -> None:
        """Send one text frame. Raises ConnectionError when the server has gone."""
        if self._lost:
            raise ConnectionError("the server closed a responder's socket")
        self._protocol.send_text(json.dumps(message, separators=(",", ":")).encode())
        self._flush()

    def write(self, frame: bytes) -> None:
        """Send a frame that was made before, as `masked_frame` makes them; to a server that has gone, nothing."""
        if self._transport is not None and not self._lost:
            self._transport.write(frame)

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()

    def _read(self, data: bytes) -> None:
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                self._on_message(self, bytes(event.data).decode())
        if self._protocol.handshake_exc is not None and not self.open.done():
            self.open.set_exception(self._protocol.handshake_exc)
        elif self._protocol.state is OPEN and not self.open.done():
            self.open.set_result(None)
        self._flush()

    def _flush(self) -> None:
        if self._transport is not None and not self._lost:
            for data in self._protocol.data_to_send():
                if data:
                    self._transport.write(data)


async def socket_for(url: str, watch: StopWatch, on_message: Callable[[AlertSocket, str], None]) -> AlertSocket:
    """Connect to `ws://host:port/path`. Raises ConnectionError when the server does not take the upgrade."""
    parts = urlsplit(url)
    socket = AlertSocket(url, watch, on_message)
    await asyncio.get_running_loop().create_connection(lambda: socket, parts.hostname or "", parts.port or 80)
    await socket.open
    return socket


def masked_frame(message: Message) -> bytes:
    """Answer a text frame as a client sends it, ready to be written more than once."""
    text = json.dumps(message, separators=(",", ":")).encode()
    return bytes(Frame(Opcode.TEXT, text).serialize(mask=True))


class HttpLine(asyncio.Protocol):
    """One kept-alive HTTP/1.1 connection that sends a prepared request in a single write."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Complete the answer under way once all of it is here."""
        self._received += data
        head, found, rest = bytes(self._received).partition(_HEAD_END)
        if not found or self._answer is None:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if len(rest) >= int(headers.get("content-length", "0")):
            self._received.clear()
            self._answer.set_result((int(lines[0].split(" ")[1]), rest))
            self._answer = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail whoever waits for an answer."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError(f"the server closed the HTTP connection: {exc}"))

    @property
    def is_gone(self) -> bool:
        """Whether the server has closed it, as it does with a line that was idle for some seconds."""
        return self._transport is None or self._transport.is_closing()

    def send(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a prepared request; the future gives status and body."""
        if self._transport is None or self.is_gone:
            raise ConnectionError("the server closed the HTTP connection")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()


def request_bytes(method: str, path: str, body: object, *, token: str | None = None) -> bytes:
    """Answer a whole HTTP/1.1 request with a JSON body."""
    content = json.dumps(body, separators=(",", ":")).encode()
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{authorization}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
