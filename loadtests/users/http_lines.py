"""HTTP whose first byte can be timed: kept-alive lines shared by the users of one process."""

import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from loadtests.wire import request_bytes

_ANSWER_WITHIN_S: Final = 30.0
# Uvicorn closes a line that was idle for five seconds.
_IDLE_AT_MOST_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `sent_ns` is the moment before the first byte left; `status` is 0 when nothing came back."""

    sent_ns: int
    status: int
    content: bytes

    def json(self) -> Any:
        """The content, read. Raises ValueError."""
        return json.loads(self.content)


class HttpLines:
    """Lines to one service: as many as are needed at the same time, used again while they are fresh."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._idle: list[tuple[socket.socket, float]] = []

    def send(
        self, method: str, path: str, body: object = None, *, token: str | None = None, headers: str = ""
    ) -> Answer:
        """Send a request with a JSON body (or none) and wait for the answer."""
        if body is None:
            authorization = f"Authorization: Bearer {token}\r\n" if token else ""
            request = f"{method} {path} HTTP/1.1\r\nHost: {self._address[0]}\r\n{authorization}{headers}\r\n".encode()
        else:
            request = request_bytes(method, path, body, token=token)
        return self.send_bytes(request)

    def send_bytes(self, request: bytes) -> Answer:
        """Send a whole request as it is, and wait for the answer."""
        sent_ns = time.monotonic_ns()
        try:
            line = self._line()
        except OSError:
            return Answer(sent_ns, 0, b"")
        try:
            sent_ns = time.monotonic_ns()
            line.sendall(request)
            response = http.client.HTTPResponse(line)
            response.begin()
            content = response.read()
        except (OSError, http.client.HTTPException):
            line.close()
            return Answer(sent_ns, 0, b"")
        if response.will_close:
            line.close()
        else:
            self._idle.append((line, time.monotonic()))
        return Answer(sent_ns, response.status, content)

    def _line(self) -> socket.socket:
        while self._idle:
            line, since_s = self._idle.pop()
            if time.monotonic() - since_s < _IDLE_AT_MOST_S:
                return line
            line.close()
        line = socket.create_connection(self._address, timeout=_ANSWER_WITHIN_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line
