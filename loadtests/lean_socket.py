"""A WebSocket client that costs next to nothing, for thousands of them that come back in the same second.

With a general client the crowd would be what is measured: the library's handshake takes a third of a millisecond, a
prepared one a hundredth. It reads what the contract has and no more: whole text frames, pings, and a close.
"""

import asyncio
import json
import socket
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha1
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

_HEAD_END: Final = b"\r\n\r\n"
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_PONG: Final = 0x8A
_SHORT, _MIDDLE = 126, 127
# One key for all: it proves that the server speaks the protocol (RFC 6455, 4.2.2), and is no secret.
_KEY: Final = b64encode(b"sixteen bytes ok")
_ACCEPT: Final = b64encode(sha1(_KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11", usedforsecurity=False).digest())
# Linux: the port is chosen at the connect, so that addresses do not share one range of ports.
_BIND_ADDRESS_NO_PORT: Final = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
# Loopback is 127.0.0.0/8: from each of these addresses one may connect to the same server 28,000 times.
_SOURCES: Final = tuple(f"127.0.0.{last}" for last in range(2, 10))


class Ear(Protocol):
    """Who is told what happens on a socket."""

    def heard(self, text: bytes) -> None:
        """The server has said this."""

    def closed(self, code: int) -> None:
        """The connection is gone; `code` is the close code, 0 without one. Said once."""


class LeanSocket(asyncio.Protocol):
    """One connection. `upgraded` is done when the server has taken the upgrade, or fails with ConnectionError."""

    __slots__ = ("_buffer", "_code", "_ear", "_is_open", "_request", "_transport", "upgraded")

    def __init__(self, request: bytes, ear: Ear) -> None:
        self._request = request
        self._ear: Ear | None = ear
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_open = False
        self._code = 0
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        # uvloop's transports have the methods but not the ancestry of asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        self._buffer += data
        if not self._is_open:
            head, found, rest = self._buffer.partition(_HEAD_END)
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101") or _ACCEPT not in head:
                self._fail(head[:200].decode("latin-1"))
                return
            self._is_open, self._buffer = True, rest
            if not self.upgraded.done():
                self.upgraded.set_result(None)
        self._read_frames()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is gone."""
        if not self.upgraded.done():
            self.upgraded.set_exception(ConnectionError(f"closed before the upgrade: {exc}"))
        ear, self._ear, self._transport = self._ear, None, None
        if ear is not None:
            ear.closed(self._code)

    def write(self, frame: bytes) -> None:
        """Send a masked frame; to a server that has gone, nothing."""
        if self._transport is not None:
            self._transport.write(frame)

    def drop(self) -> None:
        """Let the connection go without a word, as a network does; nobody is told of its end."""
        self._ear = None
        if self._transport is not None:
            self._transport.abort()

    def _read_frames(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2:  # noqa: PLR2004 - the shortest head of a frame
            length, begins = buffer[at + 1] & 0x7F, at + 2
            if length == _SHORT:
                length, begins = int.from_bytes(buffer[at + 2 : at + 4]), at + 4
            elif length == _MIDDLE:
                length, begins = int.from_bytes(buffer[at + 2 : at + 10]), at + 10
            if len(buffer) < begins + length or (length >= _SHORT and len(buffer) < begins):
                break
            self._take(buffer[at], buffer[begins : begins + length])
            at = begins + length
        self._buffer = buffer[at:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            if self._ear is not None:
                self._ear.heard(payload)
        elif opcode == _PING:
            self.write(masked(_PONG, payload))
        elif opcode == _CLOSE:
            self._code = int.from_bytes(payload[:2])
            if self._transport is not None:
                self._transport.close()

    def _fail(self, answer: str) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(ConnectionError(f"no upgrade: {answer}"))
        if self._transport is not None:
            self._transport.abort()


def upgrade_request(url: str) -> bytes:
    """Answer the request that opens a socket at `ws://host:port/path`."""
    parts = urlsplit(url)
    return (
        f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {_KEY.decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """Answer a client's frame. Its mask is zero: allowed, and what it guards against is not on loopback."""
    length = len(payload)
    if length < _SHORT:
        head = bytes((opcode, 0x80 | length))
    elif length < 1 << 16:
        head = bytes((opcode, 0x80 | _SHORT)) + length.to_bytes(2)
    else:
        head = bytes((opcode, 0x80 | _MIDDLE)) + length.to_bytes(8)
    return head + b"\0\0\0\0" + payload


def text_frame(message: dict[str, Any]) -> bytes:
    """Answer a client's text frame, ready to be written, more than once if need be."""
    return masked(_TEXT, json.dumps(message, separators=(",", ":")).encode())


async def connected(url: str, make: Callable[[], LeanSocket], number: int) -> LeanSocket:
    """Connect to `ws://127.0.0.1:port/path` from the `number`-th source address, and have the upgrade taken.

    Raises OSError (ConnectionError) when the server does not take it.
    """
    parts = urlsplit(url)
    raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    loop = asyncio.get_running_loop()
    try:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if parts.hostname == "127.0.0.1":
            raw.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
            raw.bind((_SOURCES[number % len(_SOURCES)], 0))
        await loop.sock_connect(raw, (parts.hostname or "", parts.port or 80))
        _, made = await loop.create_connection(make, sock=raw)
    except BaseException:
        raw.close()
        raise
    try:
        await made.upgraded
    except BaseException:
        made.drop()
        raise
    return made
