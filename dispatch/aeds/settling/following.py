"""What other processes have settled: heard from the database, and read in parts however fast it comes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from uuid import UUID

from dispatch.aeds.repository import CHANNEL, EVERYTHING
from dispatch.aeds.settling.rows import HEALTH_CHANNEL
from dispatch.clock import Clock
from dispatch.storage.notifications import listen

# Well within the time in which a fault has to be known everywhere; a thousand reports a second are ten questions.
_GATHER_S = 0.1

Refresh = Callable[[Iterable[UUID] | None], Awaitable[None]]
CatchUp = Callable[[datetime], Awaitable[None]]


class Following:
    """Has memory follow what others write. `writer` is who we are ourselves: our own word is not listened to.

    `refresh` reads these devices, or all of them for None; `catch_up` what was written since an instant: nobody knows
    what was said while we did not listen.
    """

    def __init__(self, url: str, clock: Clock, writer: str, refresh: Refresh, catch_up: CatchUp) -> None:
        self._url = url
        self._clock = clock
        self._writer = writer
        self._refresh = refresh
        self._catch_up = catch_up
        self._away_since: datetime | None = None
        self._heard: set[UUID] = set()
        self._everything = False
        self._news = asyncio.Event()

    def note_absence(self) -> None:
        """Catch up with what was written lately.

        Nobody knows what was said while we did not listen; nor, of a commit whose answer was lost, what we said
        ourselves, to which we do not listen either.
        """
        if self._away_since is None:
            self._away_since = self._clock.now()
        self._news.set()

    async def run_single(self) -> None:
        """Hear of single devices: the way of imports and of the version before. Until cancelled."""
        async for payload in listen(self._url, CHANNEL, self.note_absence):
            if payload is None:
                self.note_absence()
            elif payload == EVERYTHING:
                self._note(None)
            elif not payload.startswith(EVERYTHING):
                self._note([UUID(payload)])
            # Else it is a settling of many, which says on the other channel which they are.

    async def run(self) -> None:
        """Hear of many devices at once, until cancelled."""
        async for payload in listen(self._url, HEALTH_CHANNEL, self.note_absence):
            if payload is None:
                self.note_absence()
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
            away_since, self._away_since = self._away_since, None
            try:
                if away_since is not None and not everything:
                    await self._catch_up(away_since)
                if everything or heard:
                    await self._refresh(None if everything else heard)
            except BaseException:
                # Heard again when this is begun again.
                self._note(None if everything else heard)
                self._away_since = away_since or self._away_since
                raise

    def _note(self, ids: Iterable[UUID] | None) -> None:
        if ids is None:
            self._everything = True
        else:
            self._heard.update(ids)
        self._news.set()
