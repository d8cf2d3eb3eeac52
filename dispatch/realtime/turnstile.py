"""A crowd that connects at once is let in a few at a time, so that an SOS between them has its turn.

Five thousand phones whose line was lost are back in the same second, and each greeting takes a millisecond. Begun all
together they stand in the loop before everything else; begun two in a turn they take as long in all, and an SOS waits
for two of them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

log = structlog.get_logger()

_IN_A_TURN: Final = 2
_FAREWELLS_IN_A_TURN: Final = 16


class Turnstile:
    """Lets so many through in each turn of the loop, in the order in which they came."""

    def __init__(self, in_a_turn: int = _IN_A_TURN) -> None:
        self._in_a_turn = in_a_turn
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def passed(self) -> None:
        """Wait until it is one's turn."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._let_in)
        self._waiting.append(turn)
        await turn

    def _let_in(self) -> None:
        for _ in range(min(self._in_a_turn, len(self._waiting))):
            turn = self._waiting.popleft()
            # Whoever has gone meanwhile was cancelled.
            if not turn.done():
                turn.set_result(None)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._let_in)


class Farewells:
    """Runs what is to be done for those who leave: at once, and for a crowd so many in each turn of the loop."""

    def __init__(self, in_a_turn: int = _FAREWELLS_IN_A_TURN) -> None:
        self._in_a_turn = in_a_turn
        self._in_this_turn = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, farewell: Callable[[], None]) -> None:
        """Run it, now or in its turn."""
        loop = asyncio.get_running_loop()
        if self._in_this_turn == 0 or loop is not self._loop:
            self._in_this_turn, self._loop = 0, loop
            loop.call_soon(self._next_turn)
        self._in_this_turn += 1
        if self._in_this_turn > self._in_a_turn:
            self._waiting.append(farewell)
        else:
            farewell()

    def _next_turn(self) -> None:
        now = [self._waiting.popleft() for _ in range(min(self._in_a_turn, len(self._waiting)))]
        # As long as some wait, others who come wait behind them.
        self._in_this_turn = self._in_a_turn if now else 0
        if now:
            asyncio.get_running_loop().call_soon(self._next_turn)
        for farewell in now:
            try:
                farewell()
            except Exception:
                # The others are gone, too.
                log.exception("somebody who left is not seen off")
