"""Keeps Python's garbage collector out of the way of an SOS.

Nearly everything is freed by counting references; what is left for the collector are rings, such as ended sockets. It
looks at all that was made since its last look, at two microseconds for three objects, and everything waits meanwhile.
An incident leaves some two hundred objects behind: with Python's own rhythm, or a slower one, one look in a storm takes
tens of milliseconds. So what was there at the start is never looked at, looks at the youngest are frequent and short,
and those at what these left are taken while nobody waits.
"""

import asyncio
import gc
from collections.abc import Callable

# So many more objects made than freed, and it looks at the youngest: three milliseconds.
_YOUNG_AFTER = 5_000
# So many of those looks, and it looks at what they left, nobody idle in all that time: a third of a second.
_MIDDLE_AFTER = 100
_OLD_AFTER = 10

_LOOK_EVERY_S = 1.0
_WORTH_A_LOOK = 1_000


def set_collector() -> None:
    """What is in memory now stays for good; from here on the collector keeps to the rhythm told above."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_AFTER, _MIDDLE_AFTER, _OLD_AFTER)


class Tidying:
    """Has the collector look while nobody waits."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            self.tidy()

    def tidy(self) -> bool:
        """Have it look, if something came together and nobody waits; whether it did."""
        young, middle, _ = gc.get_count()
        if self._is_busy() or (young < _WORTH_A_LOOK and middle == 0):
            return False
        gc.collect(1)
        return True
