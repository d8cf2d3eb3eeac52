"""What other processes have settled: heard from the database, and read in parts however fast it comes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

from dispatch.aeds.repository import CHANNEL, EVERYTHING
from dispatch.aeds.settling.rows import HEALTH_CHANNEL
from dispatch.storage.notifications import listen

# Well within the time in which a fault has to be known everywhere; a thousand reports a second are ten questions.
_GATHER_S = 0.1

Refresh = Callable[[Iterable[UUID] | None], Awaitable[None]]
CatchUp = Callable[[], Awaitable[None]]


class Following:
    """Has memory follow what others write. `writer` is who we are ourselves: our own word is not listened to.

    `refresh` reads these devices, or all of them for None; `catch_up` what was written lately: nobody knows
    what was said before we listened.
    """

    def __init__(self, url: str, writer: str, refresh: Refresh, catch_up: CatchUp) -> None:
        self._url = url
        self._writer = writer
        self._refresh = refresh
        self._catch_up = catch_up
        self._has_been_away = False
        self._heard: set[UUID] = set()
        self._everything = False
        self._news = asyncio.Event()

    async def run_single(self) -> None:
        """Hear of single devices: the way of imports and of the version before. Until cancelled."""
        async for payload in listen(self._url, CHANNEL):
            if payload is None:
                self._note_absence()
            elif payload == EVERYTHING:
                self._note(None)
            elif not payload.startswith(EVERYTHING):
                self._note([UUID(payload)])
            # Else it is a settling of many, which says on the other channel which they are.

    async def run(self) -> None:
        """Hear of many devices at once, until cancelled."""
        async for payload in listen(self._url, HEALTH_CHANNEL):
            if payload is None:
                self._note_absence()
                continue
            writer, *ids = payload.split("\n")
            if writer != self._writer:
                self._note([UUID(each) for each in ids])

    async def run_refreshing(self) -> None:
        """Read what has been heard of, until cancelled."""
        while True:
            await self._news.wait()
            # Several come at once: a batch, or two channels that begin.
            await asyncio.sleep(_GATHER_S)
            self._news.clear()
            heard, self._heard = self._heard, set()
            everything, self._everything = self._everything, False
            has_been_away, self._has_been_away = self._has_been_away, False
            try:
                if has_been_away and not everything:
                    await self._catch_up()
                if everything or heard:
                    await self._refresh(None if everything else heard)
            except BaseException:
                # Heard again when this is begun again.
                self._note(None if everything else heard)
                self._has_been_away |= has_been_away
                raise

    def _note_absence(self) -> None:
        self._has_been_away = True
        self._news.set()

    def _note(self, ids: Iterable[UUID] | None) -> None:
        if ids is None:
            self._everything = True
        else:
            self._heard.update(ids)
        self._news.set()
