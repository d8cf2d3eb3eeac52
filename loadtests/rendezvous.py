"""Where the processes of a load test agree: who plays whom, who is ready, when it begins. A folder of this machine."""

import fcntl
import time
from pathlib import Path
from typing import Final

_BEGIN: Final = "begin"


class Rendezvous:
    """Counters and one instant, shared by all processes that know the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def claim(self, name: str) -> int:
        """Answer 0, 1, 2, … : each number to one asker only, whatever process it is in."""
        with (self._folder / f"{name}.count").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            number = int(file.read() or 0)
            file.truncate(0)
            file.write(str(number + 1))
        return number

    def count(self, name: str) -> int:
        """Answer how many have been claimed."""
        path = self._folder / f"{name}.count"
        # Between truncating and writing it is empty: then it is about to become more.
        return int(path.read_text() or 0) if path.exists() else 0

    def begin(self, *, in_s: float) -> int:
        """Let everybody begin so many seconds from now; answer when (nanoseconds of CLOCK_MONOTONIC)."""
        begin_ns = time.monotonic_ns() + round(in_s * 1e9)
        unfinished = self._folder / f"{_BEGIN}.unfinished"
        unfinished.write_text(str(begin_ns))
        unfinished.rename(self._folder / _BEGIN)
        return begin_ns

    def begins_at(self) -> int | None:
        """Answer when everybody begins, once that is known."""
        path = self._folder / _BEGIN
        return int(path.read_text()) if path.exists() else None
