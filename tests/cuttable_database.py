"""A way of one worker's own to PostgreSQL, which a test cuts: nothing comes through, and nobody is told so."""

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Self

from sqlalchemy import make_url

_SOCKET: Final = ".s.PGSQL.5432"
_AT_ONCE_BYTES: Final = 64 * 1024


class CuttableDatabase:
    """Stands between a worker and the unix socket of the server at `url`; its own `url` is where it is found."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._further = Path(str(parsed.query["host"])) / f".s.PGSQL.{parsed.query.get('port', 5432)}"
        # A short name: a unix socket's has room for about a hundred characters.
        folder = mkdtemp(prefix="way-")
        self._here = Path(folder) / _SOCKET
        self.url = parsed.set(port=5432).update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)
        self._is_whole = asyncio.Event()
        self._is_whole.set()
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.contextmanager
    def cut(self) -> Iterator[None]:
        """While the block runs nothing comes through; afterwards all of it does, late."""
        self._is_whole.clear()
        try:
            yield
        finally:
            self._is_whole.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._take, path=self._here)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        for each in list(self._tasks):
            each.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        shutil.rmtree(self._here.parent)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._is_whole.wait()
            further_reader, further_writer = await asyncio.open_unix_connection(self._further)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass(reader, further_writer))
                both.create_task(self._pass(further_reader, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_AT_ONCE_BYTES):
                await self._is_whole.wait()
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()
