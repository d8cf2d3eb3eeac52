"""Connections that are kept for the next message to the same service.

The HTTP library's own pool looks at every connection it has for every request, twice, and asks the system about each
idle one: with 256 of them that took 20 ms of this process a message. Here the one used last is simply used next.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpcore

_MOST_KEPT = 256
# Services close what is idle; a connection that is closed under a message costs that message an attempt.
_KEPT_FOR_S = 20.0


class Connections:
    """Whoever sends bounds how many are in use at once; here only those that are idle are counted."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend, tls: ssl.SSLContext) -> None:
        self._backend = backend
        self._tls = tls
        self._idle: dict[str, list[httpcore.AsyncHTTPConnection]] = {}
        self._count = 0

    @asynccontextmanager
    async def to(self, origin: httpcore.Origin) -> AsyncIterator[httpcore.AsyncHTTPConnection]:
        """A connection for one message; kept afterwards when its answer was read to the end."""
        name = str(origin)
        connection = await self._take(name) or httpcore.AsyncHTTPConnection(
            origin=origin, ssl_context=self._tls, keepalive_expiry=_KEPT_FOR_S, network_backend=self._backend
        )
        try:
            yield connection
        finally:
            if connection.is_idle() and not connection.is_closed():
                await self._keep(name, connection)
            else:
                await connection.aclose()

    async def close(self) -> None:
        """Close what is idle."""
        for name in list(self._idle):
            await self._forget(name)

    async def _take(self, name: str) -> httpcore.AsyncHTTPConnection | None:
        kept = self._idle.get(name)
        while kept:
            connection = kept.pop()
            self._count -= 1
            if connection.is_available() and not connection.has_expired():
                return connection
            await connection.aclose()
        self._idle.pop(name, None)
        return None

    async def _keep(self, name: str, connection: httpcore.AsyncHTTPConnection) -> None:
        if self._count >= _MOST_KEPT:
            await self._forget(next(iter(self._idle)))
        self._idle.setdefault(name, []).append(connection)
        self._count += 1

    async def _forget(self, name: str) -> None:
        forgotten = self._idle.pop(name, [])
        self._count -= len(forgotten)
        for connection in forgotten:
            await connection.aclose()
