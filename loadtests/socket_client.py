"""The contract's socket for Locust: websocket-client, whose blocking calls gevent makes cooperative."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import gevent
import websocket

from loadtests.seq_audit import SeqAudit

Message = dict[str, Any]


class StreamEndedError(ConnectionError):
    """The service closed a stream that nobody had asked to close."""


class SocketClient:
    """One recipient's stream: hello, acknowledgements, pings; `on_message` gets each message and its arrival.

    Arrivals are nanoseconds of CLOCK_MONOTONIC, read as soon as this process gets to see the frame. What has been
    here before is acknowledged and not handed over. `audit` may be that of an earlier stream of the same recipient:
    then this one resumes. Messages of the types in `unread`, unnumbered ones, are taken off the line and no more.
    """

    def __init__(
        self,
        host: str,
        token: str,
        on_message: Callable[[Message, int], None],
        audit: SeqAudit | None = None,
        *,
        unread: frozenset[str] = frozenset(),
    ) -> None:
        self.audit = audit or SeqAudit()
        self._on_message = on_message
        self._unread = tuple(f'{{"type":"{each}",' for each in sorted(unread))
        self._closing = False
        self._socket = websocket.create_connection(
            "ws" + host.removeprefix("http").rstrip("/") + "/v1/stream",
            timeout=30,
            http_no_proxy=["*"],
            enable_multithread=True,
            # It would look at every byte in Python: 300 ms for what an operator is told at once, all others waiting.
            # `_read` decodes strictly instead.
            skip_utf8_validation=True,
        )
        hello: Message = {"type": "hello", "token": token}
        if self.audit.epoch:
            hello["resume"] = {"epoch": self.audit.epoch, "seq": self.audit.last}
        self.send(hello)
        self.welcome = self._read_welcome()
        # The service answers each ping, so silence of two heartbeats means that the line is dead.
        self._socket.settimeout(2 * float(self.welcome["heartbeat_s"]))

    def _read_welcome(self) -> Message:
        while True:
            message: Message = json.loads(self._read())
            if message["type"] == "welcome":
                self.audit.welcomed(message["epoch"], int(message["seq"]), resumed=bool(message["resumed"]))
                return message

    def _read(self) -> str:
        """The next text. Raises StreamEndedError with the code and reason by which the service ends the stream.

        What is not UTF-8 ends it too: the contract's texts are.
        """
        opcode, data = self._socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code, reason = int.from_bytes(data[:2]), data[2:].decode(errors="replace")
            raise StreamEndedError(f"the service closed the stream: {code} {reason}")
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise StreamEndedError(f"the service sent what is not UTF-8: {error}") from error

    def send(self, message: Message) -> None:
        """Send one message."""
        self._socket.send(json.dumps(message, separators=(",", ":")))

    def write(self, frame: bytes) -> None:
        """Send a frame that was made before, as `wire.masked_frame` makes them."""
        with self._socket.lock:
            line = self._socket.sock
            if line is None:
                raise StreamEndedError("the stream is closed")
            line.sendall(frame)

    def listen(self) -> None:
        """Hand over messages until closed. Raises StreamEndedError when the service ends it."""
        pinging = gevent.spawn(self._keep_alive)
        try:
            while True:
                text = self._read()
                arrived_ns = time.monotonic_ns()
                if text.startswith(self._unread):
                    continue
                message = json.loads(text)
                is_new = "seq" not in message or self.audit.took(int(message["seq"]))
                if is_new:
                    self._on_message(message, arrived_ns)
                if "seq" in message:
                    self.send({"type": "ack", "seq": message["seq"]})
        except (OSError, websocket.WebSocketException) as error:
            if not self._closing:
                raise StreamEndedError(str(error)) from error
        finally:
            pinging.kill(block=False)

    def close(self) -> None:
        """Hang up, without waiting for the goodbye: another greenlet may be reading."""
        self._closing = True
        with suppress(OSError, websocket.WebSocketException):
            self._socket.send_close()
        self._socket.shutdown()  # type: ignore[no-untyped-call] # without annotations there

    def _keep_alive(self) -> None:
        while True:
            gevent.sleep(float(self.welcome["heartbeat_s"]) * 0.8)
            with suppress(OSError, websocket.WebSocketException):
                self.send({"type": "ping"})
