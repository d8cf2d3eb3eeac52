"""Lets a TCP address of the tests' own stand for a server's unix socket: `python -m tests.faults.relay HOST PORT PATH`.

The private PostgreSQL listens on a unix socket only, which no network namespace keeps anybody from.
"""

import asyncio
import contextlib
import sys
from collections.abc import Sequence
from typing import Final

_AT_ONCE_BYTES: Final = 64 * 1024


async def relay(host: str, port: int, path: str) -> None:
    """Pass everything on between connections to that address and the unix socket, until cancelled."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            further_reader, further_writer = await asyncio.open_unix_connection(path)
            directions = (_pass(reader, further_writer), _pass(further_reader, writer))
            await asyncio.gather(*directions)
        writer.transport.abort()

    server = await asyncio.start_server(take, host, port)
    print("relaying", flush=True)
    async with server:
        await server.serve_forever()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One direction, until its source ends or its sink is gone; then the sink is closed."""
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(_AT_ONCE_BYTES):
                writer.write(data)
                await writer.drain()
    finally:
        with contextlib.suppress(OSError):
            writer.close()


def main(arguments: Sequence[str]) -> None:
    """Relay until ended."""
    host, port, path = arguments
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(relay(host, int(port), path))


if __name__ == "__main__":
    main(sys.argv[1:])
