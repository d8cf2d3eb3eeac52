"""Real Redis servers that tests stop, hang and start; and a line to one that tests cut."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

_HIGHEST_WITH_BUS = 55_535


class RedisServer:
    """One `redis-server` on a loopback port of its own, in memory only."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "no redis-server: make setup brings it"
        self._program = program
        self._folder = folder
        self._options = options
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.runs()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def runs(self) -> None:
        """It runs, and answers."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [
                self._program,
                *self._first_options(),
                *("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), "--enable-debug-command", "yes", *self._options),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 10
        while not self.answers():
            assert self._process.poll() is None, "Redis did not start"
            assert time.monotonic() < deadline_s, "Redis did not start in time"

    def _first_options(self) -> tuple[str, ...]:
        return ()

    def answers(self) -> bool:
        """Whether it does; that it wants a password first is an answer."""
        try:
            with Redis(port=self.port, socket_timeout=0.5) as client:
                return bool(client.ping())
        except (RedisError, OSError) as error:
            return "NOAUTH" in str(error) or "Authentication required" in str(error)

    def client(self) -> Redis:
        """A client of it."""
        return Redis(port=self.port)

    def stops(self) -> None:
        """It is gone, with everything in it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block runs it stands still: connections stay open, nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._process.pid, signal.SIGCONT)


class SentinelServer(RedisServer):
    """A Sentinel that looks after the master on a port, and alone decides that it is gone."""

    def __init__(self, folder: Path, master_port: int) -> None:
        folder.mkdir(parents=True)
        self._configuration = folder / "sentinel.conf"
        # Sentinels write into their configuration, and know each other by ids that they keep there.
        self._configuration.write_text(
            f"sentinel monitor mymaster 127.0.0.1 {master_port} 1\n"
            "sentinel down-after-milliseconds mymaster 500\n"
            "sentinel failover-timeout mymaster 3000\n"
        )
        super().__init__(folder)

    def _first_options(self) -> tuple[str, ...]:
        return (str(self._configuration), "--sentinel")


class Wire:
    """A line to a server that can be cut and mended: what connects to `port` is passed on."""

    def __init__(self, to_port: int) -> None:
        self._to_port = to_port
        self._open: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.port = 0

    def cut(self) -> None:
        """Whatever goes over it is lost from now on, and nobody is told."""
        self._is_cut = True

    def mended(self) -> None:
        """New connections get through; the old ones are gone."""
        self._is_cut = False
        for each in self._open:
            each.transport.abort()

    @contextlib.asynccontextmanager
    async def laid(self) -> AsyncIterator["Wire"]:
        """While the block runs there is this line."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for each in self._open:
                each.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
            self._open.add(far_writer)
            await asyncio.gather(self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._is_cut:
                writer.write(data)
        writer.transport.abort()


def free_port() -> int:
    """A port of loopback that nobody listens on, low enough for a cluster's bus, which is 10,000 above it."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port <= _HIGHEST_WITH_BUS:
            return port
