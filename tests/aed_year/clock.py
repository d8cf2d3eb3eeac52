"""Virtual time: what comes next, in the order of its instant."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any, Final

# At one instant: what happens, then what the register has to look at again, then whether it has noticed.
HAPPENS: Final = 0
LOOK_AGAIN: Final = 1
DEADLINE: Final = 2


class Clock:
    """Instants to come. `now` moves to each in turn."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._numbers = count()
        self._to_come: list[tuple[datetime, int, int, Callable[..., object], tuple[Any, ...]]] = []

    def at(self, instant: datetime, what: Callable[..., object], *about: Any, order: int = HAPPENS) -> None:
        """Let this happen at that instant, or at once if it is over."""
        heapq.heappush(self._to_come, (max(instant, self.now), order, next(self._numbers), what, about))

    def run_until(self, end: datetime) -> None:
        """Let everything before `end` happen."""
        while self._to_come and self._to_come[0][0] < end:
            instant, _, _, what, about = heapq.heappop(self._to_come)
            self.now = instant
            what(*about)
        self.now = end
