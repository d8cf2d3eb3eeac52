"""Where people are, between this worker, the others and Redis: told soon, kept for who joins, read when needed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from dispatch.clock import Clock
from dispatch.rescue.vocabulary import ResponderId
from dispatch.responders.responder import Responder
from dispatch.responders.roster import Roster
from dispatch.sharing.live_positions import FixRow, LivePositions, fixes_of, row_of
from dispatch.sharing.outgoing import OutgoingNews
from dispatch.sharing.profiles import ProfilesToRead
from dispatch.storage.redis_address import REDIS_AWAY

log = structlog.get_logger()

# A position is nothing that anybody waits for; together they cost a fraction.
_TELL_EVERY_S = 0.25
_AT_ONCE = 500
_TIMES_AT_ONCE = 40
_READ_AGAIN_AFTER_S = 1.0
_ROWS_EVERY_S = 10.0
# Positions are written every five seconds; those of the last look may have come just after it.
_ROWS_OVERLAP = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class SharedFixesParts:
    """`warn` says what is wrong, not with every position; `misses` whether some are told that are not heard here."""

    roster: Roster
    positions: LivePositions
    profiles: ProfilesToRead
    news: OutgoingNews
    clock: Clock
    warn: Callable[..., Any]
    follow_rows: Callable[[datetime], Awaitable[None]]
    misses: Callable[[], bool]
    note_failure: Callable[[Exception], bool]


class SharedFixes:
    """Tells and follows. What Redis cannot take now is told all the same, and written when it can."""

    def __init__(self, parts: SharedFixesParts) -> None:
        self._parts = parts
        self._read = asyncio.Event()

    async def run_telling(self) -> None:
        """Tell where those are who moved or changed here, until cancelled."""
        while True:
            await asyncio.sleep(_TELL_EVERY_S)
            # Whether there is somebody to tell again, a pulse finds out.
            if not self._parts.news.has_lost:
                await self.tell()

    async def tell(self) -> int:
        """Tell where they are; returns how many."""
        told = 0
        for _ in range(_TIMES_AT_ONCE):
            moved = self._parts.roster.take_untold(_AT_ONCE)
            if not moved:
                break
            try:
                await self._write(moved)
            finally:
                # Also while nobody is known to listen: who joins now has read what is in Redis, or hears of it here.
                rows = (row_of(each) for each in moved)
                self._parts.news.next().fixes.extend(row for row in rows if row is not None)
            told += len(moved)
        return told

    async def _write(self, moved: Sequence[Responder]) -> None:
        try:
            await self._parts.positions.write(moved)
        except REDIS_AWAY as error:
            self._parts.warn("positions not in Redis yet", error=str(error))

    def hear(self, rows: Sequence[FixRow]) -> None:
        """Another worker tells where these are."""
        self._parts.positions.note_elsewhere(rows)
        self._follow(rows)

    def _follow(self, rows: Sequence[FixRow]) -> None:
        fixes = fixes_of(rows, now=self._parts.clock.now())
        unknown = set(self._parts.roster.follow_fixes(fixes))
        if unknown:
            self._parts.profiles.are_unknown({ResponderId(each): fix for each, fix in fixes if each in unknown})

    def may_have_missed(self) -> None:
        """Others could not be heard for some time: what they said is in Redis."""
        self._read.set()

    async def run_reading(self) -> None:
        """Know where everybody is as Redis has it, whenever something may have been missed, until cancelled."""
        while True:
            await self._read.wait()
            self._read.clear()
            try:
                async for rows in self._parts.positions.read_all():
                    self._follow(rows)
                    await asyncio.sleep(0)
            except REDIS_AWAY as error:
                # They are in the database too, seconds behind.
                self._parts.warn("positions not read", error=str(error))
                self._read.set()
            await asyncio.sleep(_READ_AGAIN_AFTER_S)

    async def run_through_rows(self) -> None:
        """Follow those who are not heard of through the database, until cancelled."""
        read_at: datetime | None = None
        while True:
            await asyncio.sleep(_READ_AGAIN_AFTER_S)
            if not self._parts.misses():
                continue
            now = self._parts.clock.now()
            try:
                await self._parts.follow_rows((read_at or now) - _ROWS_OVERLAP)
            except Exception as error:
                if not self._parts.note_failure(error):
                    log.exception("positions not followed")
                continue
            read_at = now
            await asyncio.sleep(_ROWS_EVERY_S - _READ_AGAIN_AFTER_S)
