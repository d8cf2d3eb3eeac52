"""Whose command is carried out next where more is asked for than this worker can do at once.

Without a bound everything under way gets slower together: an SOS stands in line behind each of a hundred half-done
commands, and a yes comes later than the time to answer it. So few are under way, and who waits goes by what it is.
SOS take no turns: they never wait. While one is under way no turn begins, for a moment at the most: it goes through in
steps, and would stand behind all that has begun meanwhile before each of them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import IntEnum
from heapq import heappop, heappush
from itertools import count
from typing import Final

from dispatch.rescue.commands import Accept, Command, ConfirmReceipt, Decline, Progress
from dispatch.rescue.vocabulary import AlertState

# Enough that a database in another building keeps none waiting: eight at 10 ms are 800 a second, and a worker decides a
# quarter of that. Few enough that an SOS among them takes its 20 ms, and that most of the decisions' 20 connections are
# always an SOS's.
_AT_ONCE: Final = 8

# So long at the most nothing begins because of SOS; for as long as it was everything does after that, however many SOS
# there are.
_HELD_S: Final = 0.05


class Urgency(IntEnum):
    """What goes first."""

    # Somebody comes, or does not: nobody else is asked, or the next one is.
    ANSWER = 0
    ORDINARY = 1
    # What happened is written down: nothing follows from it that could not wait.
    NOTICE = 2


def urgency_of(command: Command) -> Urgency:
    """How urgent a command is."""
    match command:
        case Accept() | Decline() | Progress(stage=AlertState.GAVE_UP):
            return Urgency.ANSWER
        case ConfirmReceipt():
            return Urgency.NOTICE
        case _:
            return Urgency.ORDINARY


class Turns:
    """At most so many at once; the others by urgency, and among equals in the order in which they came."""

    def __init__(self, at_once: int = _AT_ONCE) -> None:
        self._free = at_once
        self._order = count()
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._sos = 0
        self._no_sos = asyncio.Event()
        self._no_sos.set()
        # While nothing begins because of SOS: since when, and what ends that.
        self._held_since_s = 0.0
        self._reopening: asyncio.Handle | None = None
        self._may_be_held_from_s = 0.0

    def __len__(self) -> int:
        """How many wait."""
        return sum(not each.done() for _, _, each in self._waiting)

    @asynccontextmanager
    async def turn_of(self, command: Command) -> AsyncIterator[None]:
        """Entered when it is a command's turn, which lasts until the block is left."""
        await self._take(urgency_of(command))
        try:
            yield
        finally:
            self._give_back()

    @contextmanager
    def sos(self) -> Iterator[None]:
        """While an SOS is under way no turn begins, but for a moment at the most."""
        self._sos += 1
        self._no_sos.clear()
        now_s = time.monotonic()
        if self._reopening is None and now_s >= self._may_be_held_from_s:
            self._held_since_s = now_s
            self._reopening = asyncio.get_running_loop().call_later(_HELD_S, self._reopen)
        try:
            yield
        finally:
            self._sos -= 1
            if self._sos == 0:
                self._no_more_sos()

    def _no_more_sos(self) -> None:
        self._no_sos.set()
        if self._reopening is not None:
            self._reopening.cancel()
            # Not at once: whoever waits for what came of the SOS has the next turn of the loop.
            self._reopening = asyncio.get_running_loop().call_soon(self._reopen)

    async def give_way(self) -> None:
        """For who is at something long that nobody waits for: others have their turn, and an SOS under way its time.

        That is a moment at the most, however many SOS there are.
        """
        await asyncio.sleep(0)
        if not self._no_sos.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_HELD_S):
                    await self._no_sos.wait()
            # Whoever waits for what came of the SOS has this turn of the loop.
            await asyncio.sleep(0)

    def _reopen(self) -> None:
        self._reopening = None
        now_s = time.monotonic()
        self._may_be_held_from_s = now_s + (now_s - self._held_since_s)
        while self._free > 0 and self._give_on():
            self._free -= 1

    async def _take(self, urgency: Urgency) -> None:
        if self._free > 0 and self._reopening is None:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (urgency, next(self._order), turn))
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                # It was given, and is not taken.
                self._give_back()
            raise

    def _give_back(self) -> None:
        if self._reopening is not None or not self._give_on():
            self._free += 1

    def _give_on(self) -> bool:
        """Give a turn to whoever is next; False when nobody waits."""
        while self._waiting:
            *_, turn = heappop(self._waiting)
            if not turn.done():
                turn.set_result(None)
                return True
        return False
