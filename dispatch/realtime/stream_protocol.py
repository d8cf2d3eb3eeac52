"""The server's end of a socket: greeted through ASGI like any other, and from the welcome on spoken to directly.

ASGI reads a socket through a queue, a coroutine and so a task for each client, below a dozen layers that wait for its
end: some 30 KiB for a phone that says nothing, and half of what a position costs. Once a client is known, nothing of
that is needed: frames go to a listener as they come, and text goes out as it is said.
"""

import asyncio
from functools import partial
from typing import Any, Protocol, cast

import structlog
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.protocol import State

from dispatch.realtime.turnstile import Farewells, Turnstile

log = structlog.get_logger()

# A peer that reads nothing never lets the close frame through either.
CLOSE_WITHIN_S = 5.0

# So much of what one client says is read in one turn of the loop: a flood of small frames, some fifty at a time.
_READ_AT_ONCE_BYTES = 2_048

_EXTENSION = "dispatch.line"


class Listener(Protocol):
    """Who is told what happens on a line."""

    def hear(self, frame: str | bytes) -> None:
        """The client has said this: text, or bytes that are none."""
        ...

    def drained(self) -> None:
        """The client reads again after it was slow: `send_now` may succeed."""
        ...

    def gone(self) -> None:
        """The client is gone or going; said at least once, and nothing is heard afterwards."""
        ...


class Line(Protocol):
    """The way to one client after its hello."""

    def hand_over(self, listener: Listener) -> None:
        """From now on the listener is told, also what came in the meantime."""
        ...

    def send_now(self, text: str) -> bool:
        """Write a text frame; False, and nothing written, while the peer is slow to read or the socket is ending."""
        ...

    def hold(self) -> None:
        """Read no further until `go_on`; what has been read already still comes."""
        ...

    def go_on(self) -> None:
        """Read again."""
        ...

    def end(self, code: int, reason: str) -> None:
        """Send a close frame, after all that was sent, and let the socket go."""
        ...


class _Passage:
    """Stands where uvicorn's queue stood: what it would tell the application, the listener is told."""

    __slots__ = ("_listener",)

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def put_nowait(self, event: Any) -> None:
        if event["type"] == "websocket.receive":
            text = event.get("text")
            self._listener.hear(event["bytes"] if text is None else text)
        elif event["type"] == "websocket.disconnect":
            self._listener.gone()


class _Nobody:
    """Stands there once the socket is gone."""

    def put_nowait(self, _event: Any) -> None:
        pass


class _Flag:
    """An `asyncio.Event` that nobody waits for, at a twentieth of its size."""

    __slots__ = ("_is_set",)

    def __init__(self, *, is_set: bool) -> None:
        self._is_set = is_set

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True

    def clear(self) -> None:
        self._is_set = False


_NOBODY = _Nobody()


_TURNSTILE = Turnstile()
_FAREWELLS = Farewells()


class StreamProtocol(WebSocketsSansIOProtocol):
    """Uvicorn's protocol, which the application may take over as a `Line` once it knows the client."""

    _listener: Listener | None = None
    # Read from the network and not yet from its frames: the rest of a flood.
    _unread = b""
    _is_held = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket over from the protocol that read the request."""
        before = cast("asyncio.Transport", transport).get_protocol()
        if isinstance(before, HttpToolsProtocol):
            # It and its parser point at each other, and would stay until the collector comes by.
            before.parser = None  # type: ignore[assignment] # as it does itself when it ends
        super().connection_made(transport)

    def shutdown(self) -> None:
        """Send the client away at the end of the service, unless it is going already: that must not keep others."""
        try:
            super().shutdown()
        except (InvalidState, RuntimeError):
            # Closing, or closed already and not seen off yet.
            self.transport.close()

    async def run_asgi(self) -> None:
        """Run the application, which finds this line among the scope's extensions.

        When the application returns, so does uvicorn's socket end; one that was handed over goes on.
        """
        self.scope["extensions"][_EXTENSION] = {"line": self}
        try:
            await _TURNSTILE.passed()
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("socket ended by a fault")
        finally:
            # Says nothing once the handshake has been answered.
            self.send_500_response()
            if self._listener is None and self.close_timer is None:
                self.transport.close()
            self._forget_the_greeting()

    def hand_over(self, listener: Listener) -> None:
        """From now on the listener is told, also what came in the meantime."""
        earlier = self.queue
        self._listener = listener
        self.queue = _Passage(listener)  # type: ignore[assignment] # of a queue only this is used from here on
        self.writable = _Flag(is_set=self.writable.is_set())  # type: ignore[assignment] # nobody waits for it any more
        while not earlier.empty():
            self.queue.put_nowait(earlier.get_nowait())
        if self.disconnected:
            listener.gone()
        self._read_again()

    def send_now(self, text: str) -> bool:
        """Write a text frame; False, and nothing written, while the peer is slow to read or the socket is ending."""
        if not self.writable.is_set() or self.disconnected or self.close_sent or self.transport.is_closing():
            return False
        self.transport.write(Frame(Opcode.TEXT, text.encode()).serialize(mask=False))
        return True

    def hold(self) -> None:
        """Read no further until `go_on`; what has been read already still comes."""
        self._is_held = True
        self._pause()

    def go_on(self) -> None:
        """Read again."""
        if self._is_held:
            self._is_held = False
            self._read_again()

    def end(self, code: int, reason: str) -> None:
        """Send a close frame, after all that was sent, and let the socket go."""
        if self.close_sent or self.disconnected or self.transport.is_closing() or self.conn.state is not State.OPEN:
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._is_held, self._unread = False, b""
        self._read_again()
        self.close_timer = self.loop.call_later(CLOSE_WITHIN_S, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read the frames in `data`; much of it not all at once, for others want their turn."""
        if self._listener is None or (len(data) <= _READ_AT_ONCE_BYTES and not self._unread):
            super().data_received(data)
            return
        self._unread += data
        self._pause()
        self.loop.call_soon(self._read_on)

    def resume_writing(self) -> None:
        """The peer reads again."""
        super().resume_writing()
        if self._listener is not None:
            self._listener.drained()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: tell, and let go of everything that points back here, of a crowd one after the other."""
        _FAREWELLS.run(partial(self._leave, exc))

    def _leave(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._listener is not None:
            self._listener, self._unread = None, b""
            self.queue = _NOBODY  # type: ignore[assignment] # as above
        # A generator that holds the connection that holds it.
        self.conn.parser.close()

    def send_receive_event_to_app(self) -> None:
        """A message is complete: the listener hears it at once."""
        if self._listener is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        if self.curr_msg_data_type != "text":
            self._listener.hear(bytes(data))
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError:
            self.conn.send_close(1007)
            self.handle_parser_exception()
            return
        self._listener.hear(text)

    def _read_on(self) -> None:
        if self._is_held or self.disconnected or self.transport.is_closing() or not self._unread:
            return
        now, self._unread = self._unread[:_READ_AT_ONCE_BYTES], self._unread[_READ_AT_ONCE_BYTES:]
        super().data_received(now)
        if not self._is_held:
            self._read_again()

    def _read_again(self) -> None:
        if self._unread:
            self.loop.call_soon(self._read_on)
        elif self.read_paused and not self._is_held and not self.disconnected:
            self.read_paused = False
            self.transport.resume_reading()

    def _pause(self) -> None:
        if not self.read_paused and not self.disconnected:
            self.read_paused = True
            self.transport.pause_reading()

    def _forget_the_greeting(self) -> None:
        # The request, its headers and what the layers of the application left in the scope: 5 KiB that nobody reads.
        del self.scope, self.request, self.response


def line_of(scope: Scope) -> Line:
    """The line of a socket's scope. Raises `KeyError` where another protocol than `StreamProtocol` serves."""
    return cast("Line", scope["extensions"][_EXTENSION]["line"])
