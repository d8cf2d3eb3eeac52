"""Who uses the processors while something is measured: seconds of processor time and memory, second by second."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
_PAGE_KIB: Final = os.sysconf("SC_PAGE_SIZE") // 1024
_EVERY_S: Final = 0.5
_S: Final = 1e9

Groups = Callable[[], Mapping[str, Iterable[int]]]
"""Answers, by name, the processes that belong together at this moment."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds since the processes began, and resident memory, of one group at one moment.

    `waited_s`: for how long they could have gone on meanwhile, had there been a core free for them.
    """

    at_ns: int
    cpu_s: float
    resident_kib: int
    waited_s: float = 0.0


@dataclass(slots=True)
class Usages:
    """What was seen of every group, in order of time."""

    by_group: dict[str, list[Usage]] = field(default_factory=dict)

    def cpu_share(self, group: str, *, from_ns: int = 0, until_ns: int | None = None) -> float:
        """Answer how many processors a group kept busy on average between two instants; 0 when nothing was seen.

        Between the last look before and the first one after them, where there are such.
        """
        return self._share(group, lambda each: each.cpu_s, from_ns, until_ns)

    def waiting_share(self, group: str, *, from_ns: int = 0, until_ns: int | None = None) -> float:
        """Answer how many of a group stood in line for a core on average; as `cpu_share` otherwise."""
        return self._share(group, lambda each: each.waited_s, from_ns, until_ns)

    def _share(self, group: str, seconds: Callable[[Usage], float], from_ns: int, until_ns: int | None) -> float:
        seen = self.by_group.get(group, [])
        if not seen:
            return 0.0
        first = next((each for each in reversed(seen) if each.at_ns <= from_ns), seen[0])
        last = seen[-1] if until_ns is None else next((each for each in seen if each.at_ns >= until_ns), seen[-1])
        if last.at_ns <= first.at_ns:
            return 0.0
        return max(0.0, seconds(last) - seconds(first)) / ((last.at_ns - first.at_ns) / _S)

    def cpu_s(self, group: str) -> float:
        """Answer the processor seconds that a group used while it was watched."""
        seen = self.by_group.get(group, [])
        return max(0.0, seen[-1].cpu_s - seen[0].cpu_s) if seen else 0.0

    def most_resident_kib(self, group: str) -> int:
        """Answer the most memory that a group had."""
        return max((each.resident_kib for each in self.by_group.get(group, [])), default=0)


@contextmanager
def watched(groups: Groups) -> Iterator[Usages]:
    """Look at the groups twice a second, and at both ends, while the block runs."""
    usages = Usages()
    over = threading.Event()

    def look() -> None:
        while True:
            _look(groups, usages)
            if over.wait(_EVERY_S):
                _look(groups, usages)
                return

    with in_a_thread(look, over):
        yield usages


@contextmanager
def in_a_thread(work: Callable[[], None], over: threading.Event) -> Iterator[None]:
    """Have `work` done beside the block; it ends when `over` is set, which the end of the block does."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _look(groups: Groups, usages: Usages) -> None:
    for name, pids in groups().items():
        cpu_s, resident_kib, waited_s = 0.0, 0, 0.0
        for pid in pids:
            with suppress(OSError, ValueError):
                cpu_s += cpu_seconds(pid)
                resident_kib += resident_now_kib(pid)
                waited_s += waited_seconds(pid)
        usages.by_group.setdefault(name, []).append(Usage(time.monotonic_ns(), cpu_s, resident_kib, waited_s))


def cpu_seconds(pid: int) -> float:
    """Answer the processor seconds of a process and of its children that have ended. Raises OSError when it is gone."""
    # The second field is the program's name in brackets, and may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(each) for each in fields[11:15]) / _TICKS_PER_S


def waited_seconds(pid: int) -> float:
    """Answer for how long a process's first thread could have gone on but stood in line for a core; 0: untold here.

    Raises OSError when it is gone.
    """
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text().split()[1]) / _S if told.exists() else 0.0


def resident_now_kib(pid: int) -> int:
    """Answer the resident memory of a process in KiB, at this moment. Raises OSError when it is gone."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_KIB


def family(pid: int) -> list[int]:
    """Answer a process and everything that it started and that still runs."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            found += [int(child) for child in Path(f"/proc/{each}/task/{each}/children").read_text().split()]
    return found


def postmaster_in(data_dir: Path) -> int | None:
    """Answer the process id of the private database in a data folder, if one runs."""
    for pid_file in data_dir.glob("*/postmaster.pid"):
        with suppress(OSError, ValueError):
            return int(pid_file.read_text().splitlines()[0])
    return None
