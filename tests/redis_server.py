"""A real Redis that tests stop and start."""

import shutil
import socket
import subprocess
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError


class RedisServer:
    """One `redis-server` on a loopback port of its own, in memory only."""

    def __init__(self, folder: Path, *options: str) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "no redis-server: make setup brings it"
        self._program = program
        self._folder = folder
        self._options = options
        self.port = _free_port()
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
                *("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"),
                *("--dir", str(self._folder), "--enable-debug-command", "yes", *self._options),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 10
        while not self.answers():
            assert self._process.poll() is None, "Redis did not start"
            assert time.monotonic() < deadline_s, "Redis did not start in time"

    def answers(self) -> bool:
        """Whether it does."""
        try:
            with Redis(port=self.port, socket_timeout=0.5) as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False

    def client(self) -> "Redis[bytes]":
        """A client of it."""
        return Redis(port=self.port)

    def stops(self) -> None:
        """It is gone, with everything in it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
