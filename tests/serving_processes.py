"""`dispatch serve` as processes of their own, for tests that kill some of them."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dispatch.access.tokens import Role
from tests.people import LiveService


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[LiveService]:
    """A service over the private database of a data folder; `pid` is that of its first process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatch", "serve", "--port", "0", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "DISPATCH_LOG_LEVEL": "warning"},
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        live = LiveService(line.removeprefix("listening on ").strip(), folder, process.pid)
        with live.client(Role.ADMIN, "tests") as live.admin:
            yield live
    finally:
        process.terminate()
        process.wait(20)


def worker_of(live: LiveService) -> int:
    """The process that serves: of the first one's children the one that is the same program."""
    program = Path(f"/proc/{live.pid}/cmdline").read_bytes()
    children = Path(f"/proc/{live.pid}/task/{live.pid}/children").read_text().split()
    (worker,) = [int(each) for each in children if Path(f"/proc/{each}/cmdline").read_bytes() == program]
    return worker
