"""The service under test: a process of its own, killed and started again on one port."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from dispatch.access.tokens import Identity, Role, TokenIssuer, secret_of
from loadtests.loopback import free_port
from loadtests.processes import worker_of
from tests.faults.doors import Door
from tests.process_state import has_ended

# People compressed in time, and nobody ever asked too often: otherwise two hundred storms would tire everybody out.
POLICY: Final = {
    "respond_within_s": 2.0,
    "look_again_s": 2.0,
    "alert_cap": 6,
    "duplicate_s": 5.0,
    "price": {"recent_s": 2.0, "recent_alerts_limit": 1000},
    "acceptance": {"day": 0.35, "night": 0.35},
}

# The first start on a machine compiles the index.
_READY_WITHIN_S: Final = 120.0
_STOP_WITHIN_S: Final = 15.0
_GONE_WITHIN_S: Final = 10.0
_LOOK_AGAIN_S: Final = 0.001
_COMPLAINTS: Final = frozenset({"warning", "error", "critical"})
_TRACE_SHOWN: Final = 600
_TOKEN_LIFETIME: Final = timedelta(hours=12)


class ServiceFailedError(RuntimeError):
    """The service did not start; the message holds the end of what it wrote."""


class ServiceUnderTest:
    """`python -m dispatch serve` over a database that outlives it.

    `inside` is what its command begins with, to run in a network namespace, where it has the address `host`.
    """

    def __init__(
        self,
        folder: Path,
        database_url: str,
        environment: Mapping[str, str],
        *,
        host: str = "127.0.0.1",
        inside: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.door = Door(host, free_port())
        self._inside = list(inside)
        self.log = folder / "service.log"
        self.starts = 0
        self._folder = folder
        self._database_url = database_url
        policy = folder / "policy.json"
        policy.write_text(json.dumps(POLICY))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DISPATCH_")}
        self._environment = {
            **kept,
            "DISPATCH_SOS_PER_MINUTE": "1000000",
            "DISPATCH_LOG_LEVEL": "warning",
            "DISPATCH_LOG_FORMAT": "json",
            "DISPATCH_POLICY_FILE": str(policy),
            **environment,
        }
        self._tokens = TokenIssuer(environment.get("DISPATCH_SECRET") or secret_of(folder))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.door.host}:{self.door.port}"

    def token(self, role: Role, subject: str) -> str:
        """A token that outlives the tests."""
        return self._tokens.issue(Identity(role, subject), issued_at=datetime.now(UTC), lifetime=_TOKEN_LIFETIME)

    def start(self) -> None:
        """Start it; `until_ready` tells when it answers."""
        command = [*self._inside, sys.executable, "-m", "dispatch", "serve"]
        command += ["--host", self.door.host, "--port", str(self.door.port)]
        command += ["--data-dir", str(self._folder), "--database-url", self._database_url]
        self.starts += 1
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches us alone, and we end it in our own order.
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )

    async def until_ready(self) -> None:
        """Wait until it takes connections. Raises `ServiceFailedError`."""
        give_up_at = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < give_up_at:
            if self._process is None or self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(*self.door)
                writer.transport.abort()
                return
            await asyncio.sleep(0.02)
        raise ServiceFailedError(f"the service did not start:\n{self.log.read_text(errors='replace')[-4000:]}")

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL: it can do nothing about it, at whatever it is. All of it has ended when this returns.

        Raises `ServiceFailedError` when its worker lives on.
        """
        if self._process is None:
            return
        worker = self._worker()
        self._process.kill()
        self._process.wait()
        # The kernel ends its worker too, in its own time.
        if worker is not None:
            _wait_for_end_of(worker)

    def kill_worker(self) -> bool:
        """SIGKILL for the process that serves: the first one forks another. False while there is none.

        It has ended when this returns. Raises `ServiceFailedError` when it lives on.
        """
        worker = self._worker()
        if worker is None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
        _wait_for_end_of(worker)
        return True

    def _worker(self) -> int | None:
        """The process that serves, if there is one."""
        try:
            return None if self._process is None else worker_of(self._process.pid)
        except (LookupError, OSError):
            return None

    def close(self) -> None:
        """End it for good."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def complaints(self) -> list[str]:
        """What the service itself found wrong: its log lines from warnings up, errors with the end of their trace."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                entry = json.loads(line)
                if isinstance(entry, dict) and entry.get("level") in _COMPLAINTS:
                    trace = str(entry.get("exception", ""))[-_TRACE_SHOWN:]
                    found.append(f"{entry['level']}: {entry.get('event')} {trace}".strip())
        return found


def _wait_for_end_of(worker: int) -> None:
    """Until it has ended it takes connections, as the next one will, and all who were connected still seem to be."""
    give_up_at = time.monotonic() + _GONE_WITHIN_S
    while not has_ended(worker):
        if time.monotonic() > give_up_at:
            raise ServiceFailedError(f"its worker {worker} lives on")
        time.sleep(_LOOK_AGAIN_S)
