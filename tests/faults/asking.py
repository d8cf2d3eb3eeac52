"""HTTP as a phone speaks it to a service that may die at any moment: one connection, one question, one answer."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.faults.doors import Door


class NoAnswerError(ConnectionError):
    """The question may have been heard or not: no whole answer came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its status and its JSON (None for an empty body)."""

    status: int
    body: Any

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


async def ask(
    door: Door, method: str, path: str, body: object = None, *, token: str | None = None, within_s: float = 10.0
) -> Answer:
    """Ask the service at that door. Raises `NoAnswerError` when that or patience ends first."""
    try:
        async with asyncio.timeout(within_s):
            return await _asked(door, _request(method, path, body, token))
    except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
        raise NoAnswerError(f"{method} {path}: {type(error).__name__} {error}") from error


async def _asked(door: Door, request: bytes) -> Answer:
    reader, writer = await asyncio.open_connection(*door)
    try:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(head[0].split(" ")[1]), json.loads(content) if content else None)
    finally:
        writer.transport.abort()


def _request(method: str, path: str, body: object, token: str | None) -> bytes:
    content = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    if body is not None:
        lines.append("Content-Type: application/json")
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content
