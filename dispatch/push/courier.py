"""Posts a body to somebody else's server: with a deadline for all of it, no redirects, and a bounded answer."""

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

from dispatch.push.addresses import GuardedBackend, Networks
from dispatch.push.connections import Connections

_CONNECT_WITHIN_S = 3.0
_ANSWER_WITHIN_S = 6.0
# All of one attempt. An alert that a hanging service holds up longer is better tried anew.
_ALL_WITHIN_S = 8.0
# The status has been read by then; what else a service says is for people who look for a fault.
_REST_WITHIN_S = 1.0
_MOST_ANSWER_BYTES = 2048
_MOST_SAID = 200

_NO_ANSWER = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ConnectionNotAvailable,
    OSError,
)

_NOT_PLAIN = re.compile(r"[^\x20-\x7e一-鿿]+")


class NoAnswer(Exception):
    """Nothing came back in time, or nothing that is HTTP; trying again may help."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; `said` is the beginning of its body, for people."""

    status: int
    retry_after: str | None
    said: str

    @property
    def is_success(self) -> bool:
        """Whether it took the message."""
        return httpx.codes.is_success(self.status)

    def __str__(self) -> str:
        return f"{self.status} {self.said}".strip()


class Courier:
    """One client to all servers; connections are kept a while."""

    def __init__(self, *, allow_private: bool, tls: ssl.SSLContext, networks: Networks = ()) -> None:
        self._backend = GuardedBackend(allow_private=allow_private, networks=networks)
        self._connections = Connections(self._backend, tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connections.close()
        self._backend.close()

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post once. Raises `NoAnswer`, and `Blocked` for a name that leads where we may not go."""
        try:
            async with asyncio.timeout(_ALL_WITHIN_S):
                return await self._post(url, headers, body)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {_ALL_WITHIN_S:.0f} s") from error
        except _NO_ANSWER as error:
            raise NoAnswer(_plain(f"{type(error).__name__}: {error}")) from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = httpx.URL(url)
        target = httpcore.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path)
        sent = [(b"Accept", b"*/*"), *((name.encode(), value.encode()) for name, value in headers.items())]
        limits = {"connect": _CONNECT_WITHIN_S, "read": _ANSWER_WITHIN_S, "write": _ANSWER_WITHIN_S}
        async with (
            self._connections.to(target.origin) as connection,
            connection.stream("POST", target, headers=sent, content=body, extensions={"timeout": limits}) as response,
        ):
            asked = [value for name, value in response.headers if name.lower() == b"retry-after"]
            # Also of a success, whose words nobody needs: an answer read to its end leaves the connection for the next.
            said = await _beginning_of(response)
            return Answer(response.status, asked[0].decode("latin-1") if asked else None, said)


async def _beginning_of(response: httpcore.Response) -> str:
    read = b""
    try:
        async with asyncio.timeout(_REST_WITHIN_S):
            async for part in response.aiter_stream():
                read += part
                if len(read) >= _MOST_ANSWER_BYTES:
                    break
    except (TimeoutError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        # The status stands without it.
        pass
    return _plain(read[:_MOST_ANSWER_BYTES].decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """One line that can be kept in a table and shown: no control characters, not long."""
    return _NOT_PLAIN.sub(" ", text).strip()[:_MOST_SAID]
