"""Servers of our own for the time of a test: started on loopback, waited for, ended by process id."""

import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.loopback import free_port

# A first start makes a database cluster and migrates it; a stop lets it write everything down.
_START_WITHIN_S: Final = 120.0
_STOP_WITHIN_S: Final = 30.0

# One client plays everybody, so the limit for one address must not be what is measured.
SERVICE_ENVIRONMENT: Final = {
    "DISPATCH_SOS_PER_MINUTE": "1000000",
    "DISPATCH_LOG_LEVEL": "warning",
}


class ServerFailedError(RuntimeError):
    """A server that ended or did not get ready; the message holds the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A dispatch service of our own: its address, an admin's token and its process id."""

    url: str
    admin_token: str
    pid: int


@contextmanager
def started(command: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run `command` until the block is left, in whatever way; does not wait for it to get ready."""
    with log.open("wb") as sink:
        # A session of its own: Ctrl-C reaches us alone, and we end the server in our own order.
        process = subprocess.Popen(  # noqa: S603 - our own servers, no shell
            command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, **env}, start_new_session=True
        )
    try:
        yield process
    finally:
        _end(process)


@contextmanager
def running(command: Sequence[str], *, ready_url: str, log: Path, env: Mapping[str, str]) -> Iterator[int]:
    """Run `command` until the block is left, in whatever way; yields its process id once `ready_url` answers.

    Raises ServerFailedError when it ends before or does not get ready.
    """
    with started(command, log=log, env=env) as process:
        _wait_until_ready(process, ready_url, log)
        yield process.pid


def worker_of(pid: int) -> int:
    """Answer the worker of a service: of its children the one that is the same program. Raises `LookupError`."""
    program = Path(f"/proc/{pid}/cmdline").read_bytes()
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with suppress(FileNotFoundError):
            if Path(f"/proc/{child}/cmdline").read_bytes() == program:
                return int(child)
    raise LookupError(f"process {pid} has no worker")


def serve_command(data_dir: Path, port: int) -> list[str]:
    """Answer how `dispatch serve` is called for that data folder and port of loopback."""
    dispatch = str(Path(sys.executable).with_name("dispatch"))
    return [dispatch, "serve", "--data-dir", str(data_dir), "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def running_service() -> Iterator[RunningService]:
    """Run `dispatch serve` on a free port of loopback with a data folder that is gone afterwards."""
    with data_folder() as data_dir, running_service_in(data_dir) as service:
        yield service


@contextmanager
def data_folder() -> Iterator[Path]:
    """Make a data folder for services of our own; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dispatch-load-") as folder:
        # The private database may run as another user, who has to get through to its own folder.
        Path(folder).chmod(0o755)
        yield Path(folder) / "data"


@contextmanager
def running_service_in(data_dir: Path, *, policy_file: Path | None = None) -> Iterator[RunningService]:
    """Run `dispatch serve` on a free port of loopback with that data folder, by that policy if one is given."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = serve_command(data_dir, port)
    policy = {} if policy_file is None else {"DISPATCH_POLICY_FILE": str(policy_file)}
    with (
        _no_database_left(data_dir),
        running(
            command,
            ready_url=f"{url}/health/ready",
            log=data_dir.with_name("service.log"),
            env={**SERVICE_ENVIRONMENT, **policy},
        ) as pid,
    ):
        token = subprocess.run(  # noqa: S603 - our own console script, no shell
            [command[0], "token", "--data-dir", str(data_dir), "--role", "admin", "--subject", "load"],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout.split()[-1]
        yield RunningService(url, token, worker_of(pid))


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    give_up_at = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < give_up_at:
        if process.poll() is not None:
            raise ServerFailedError(f"{process.args!r} ended with {process.returncode}:\n{_tail(log)}")
        if _answers(url):
            return
        time.sleep(0.1)
    raise ServerFailedError(f"{process.args!r} was not ready after {_START_WITHIN_S:.0f} s:\n{_tail(log)}")


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        # It leads a process group of its own, so this ends it and what it started, and nothing else.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _no_database_left(data_dir: Path) -> Iterator[None]:
    """End the private database of that folder too, should a service that was killed have left it running."""
    try:
        yield
    finally:
        for pid_file in data_dir.glob("*/postmaster.pid"):
            # Its first line is the process id, its second the folder that it serves: both must be right.
            pid, folder = pid_file.read_text().splitlines()[:2]
            if Path(folder) == pid_file.parent:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGINT)
                _wait_until_gone(pid_file)


def _wait_until_gone(path: Path) -> None:
    give_up_at = time.monotonic() + _STOP_WITHIN_S
    while path.exists() and time.monotonic() < give_up_at:
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4_000:]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what it started is ended too."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
