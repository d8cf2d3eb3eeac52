"""Has every process of a PostgreSQL stand still: connections stay open, the kernel takes new ones, nothing answers."""

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from dispatch.storage.postmaster import postgres_processes, running_postmaster
from tests.process_state import stands_still

_STANDS_STILL_WITHIN_S: Final = 20.0
_LOOK_AGAIN_S: Final = 0.001


def freeze(data: Path) -> list[int]:
    """Stop all processes of the cluster in `data` where they stand; returns their ids, once every one of them does.

    First the one that begins the others: one that it was just beginning would be missed, and answer.
    Raises `RuntimeError` when there is no server, and `TimeoutError`.
    """
    server = running_postmaster(data)
    if server is None:
        raise RuntimeError(f"no server runs in {data}")
    pids = {server.pid}
    try:
        _stop_where_they_stand(pids)
        pids |= postgres_processes(data)
        _stop_where_they_stand(pids)
    except BaseException:
        thaw(pids)
        raise
    return sorted(pids)


def thaw(pids: Iterable[int]) -> None:
    """Let processes go on that stand still."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _stop_where_they_stand(pids: Iterable[int]) -> None:
    still = set(pids)
    for pid in still:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    until_s = time.monotonic() + _STANDS_STILL_WITHIN_S
    while still := {pid for pid in still if not stands_still(pid)}:
        if time.monotonic() > until_s:
            raise TimeoutError(f"processes {sorted(still)} do not stand still")
        time.sleep(_LOOK_AGAIN_S)
