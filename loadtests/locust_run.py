"""One run of Locust: its processes started on loopback, begun together, ended by process id."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from loadtests.loopback import free_port
from loadtests.moments import Moments, read_moments
from loadtests.rendezvous import Rendezvous
from loadtests.scenario import VARIABLE, Scenario

_LOCUSTFILE: Final = Path(__file__).with_name("locustfile.py")
# Nobody is connected faster than that on a slow machine; a user that failed never gets ready.
_READY_WITHIN_S: Final = 120.0
_BEGIN_IN_S: Final = 1.0
# The shape ends the run by itself; this ends one that does not.
_OVERTIME_S: Final = 45.0
_STOP_WITHIN_S: Final = 15.0
_LOOK_EVERY_S: Final = 0.1


class LoadError(RuntimeError):
    """The load could not be made; the message says what was missing."""


def run_locust(
    url: str, scenario: Scenario, folder: Path, *, processes: int, table: Path, pids: list[int]
) -> tuple[int, Moments]:
    """Play a scenario; answers when it began (nanoseconds of CLOCK_MONOTONIC) and what was noted.

    Locust's own table goes to files that begin with `table`; the processes' ids are put into `pids`. Raises LoadError.
    """
    scenario.write(folder)
    rendezvous = Rendezvous(folder)
    with _processes(url, folder, processes, table) as running:
        pids += [each.pid for each in running]
        _until_ready(running, rendezvous, scenario.users)
        begin_ns = rendezvous.begin(in_s=_BEGIN_IN_S)
        _until_over(running[0], _BEGIN_IN_S + scenario.shape.ends_s + _OVERTIME_S)
        for each in running[1:]:
            each.wait(_STOP_WITHIN_S)
    return begin_ns, read_moments(sorted(folder.glob("moments-*.jsonl")))


@contextmanager
def _processes(url: str, folder: Path, processes: int, table: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    # Processes of their own: Locust patches the whole interpreter for gevent as it is imported.
    common = [sys.executable, "-m", "locust", "-f", str(_LOCUSTFILE), "--host", url, "--loglevel", "WARNING"]
    first = ["--headless", "--only-summary", "--stop-timeout", "1", "--csv", str(table), "--exit-code-on-error", "0"]
    with ExitStack() as stack:

        def start(*options: str) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                [*common, *options], env={**os.environ, VARIABLE: str(folder)}
            )
            stack.callback(_end, process)
            return process

        if processes == 1:
            yield [start(*first)]
            return
        port = str(free_port())
        master = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        running = [start(*first, *master, "--expect-workers", str(processes))]
        running += [start("--worker", "--master-host", "127.0.0.1", "--master-port", port) for _ in range(processes)]
        yield running


def _until_ready(running: Sequence["subprocess.Popen[bytes]"], rendezvous: Rendezvous, users: int) -> None:
    give_up_at = time.monotonic() + _READY_WITHIN_S
    while rendezvous.count("ready") < users:
        if any(each.poll() is not None for each in running):
            raise LoadError("Locust ended before it began; what it said is above")
        if time.monotonic() > give_up_at:
            raise LoadError(f"{rendezvous.count('ready')} of {users} users were ready after {_READY_WITHIN_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)


def _until_over(process: "subprocess.Popen[bytes]", within_s: float) -> None:
    try:
        code = process.wait(within_s)
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"Locust did not end within {within_s:.0f} s") from error
    if code != 0:
        raise LoadError(f"Locust ended with {code}; what it said is above")


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
