"""How long the disk takes by itself: a few bytes made durable again and again, beside whatever is measured.

A decision that is committed waits for the disk. Where the disk stands still for a third of a second, so does every SOS
of that time, whoever is busy: without this beside them, such figures would be told as the service's.
"""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loadtests.cpu_shares import in_a_thread
from loadtests.figures import percentile

# Seldom enough to be no load: the service commits ten to a hundred times as often.
_EVERY_S: Final = 0.1
_MS: Final = 1e6
_BYTES: Final = b"x" * 512


@dataclass(slots=True)
class Syncs:
    """When each write began, and how long it took until it was durable, both in nanoseconds of CLOCK_MONOTONIC."""

    began_took_ns: list[tuple[int, int]] = field(default_factory=list)

    def percentile_ms(self, share: float, *, from_ns: int, until_ns: int) -> float | None:
        """That share of the writes that began in between took at most so long; 1: the longest. None: there was none."""
        took_ms = [took_ns / _MS for began_ns, took_ns in self.began_took_ns if from_ns <= began_ns < until_ns]
        return percentile(took_ms, share) if took_ms else None


@contextmanager
def watched_disk(folder: Path) -> Iterator[Syncs]:
    """Write into a file in `folder`, on the disk that is meant, while the block runs."""
    syncs = Syncs()
    over = threading.Event()
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:

        def write() -> None:
            while not over.wait(_EVERY_S):
                began_ns = time.monotonic_ns()
                os.pwrite(file.fileno(), _BYTES, 0)
                os.fdatasync(file.fileno())
                syncs.began_took_ns.append((began_ns, time.monotonic_ns() - began_ns))

        with in_a_thread(write, over):
            yield syncs
