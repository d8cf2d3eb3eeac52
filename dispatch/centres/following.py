"""The follower: makes the centres' feed of what incidents' events tell, after they are committed and off their way.

How nothing is skipped. A number drawn when an event is written says nothing about when it commits: a reader who has
seen 8 may find that 7 appears later. So nothing is drawn there at all. Every decision moves its incident's `version`
in the same transaction as its events, and numbers them without gaps; whatever is committed and not yet in the feed is
`fed_version < version`, one small index, however late it committed. The cursor is drawn here, by one process at a time
(an advisory lock that ends with the transaction), together with the lines: cursors become visible in their order.

A crash leaves `fed_version` where it was; the lines' key (incident, number) keeps the same event from standing there
twice. Any worker may follow; those whose turn it is not try again in a moment.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.centres import feed_rows
from dispatch.centres.feed_rows import Behind
from dispatch.centres.metrics import FEED_EVENTS, FEED_SECONDS
from dispatch.centres.telling import NameOfAed, told_of
from dispatch.centres.vocabulary import Told
from dispatch.clock import Clock
from dispatch.engine import ledger
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# What this process decides it is told of at once; other processes' decisions, and what a crash left, it looks for.
_LOOK_EVERY_S = 0.5
# What follows an SOS follows within moments: one line each, written together.
_GATHER_S = 0.05
# Where nobody is told and nobody asks, a feed that may be asked for one day is made sixty times less often: each
# look reads its incidents from their beginnings, which in a storm took a twentieth of all that the worker had to do.
_UNAWAITED_GATHER_S = 3.0
_AT_ONCE = 100
# After so long at a pile of incidents others have a turn: an SOS goes through in steps, and stands behind us at each.
_BUSY_S = 0.002
# But whose turn it is to make the feed keeps the next one waiting: after so long it waits for no SOS any more.
_PATIENT_S = 0.3
# Who finds that it is another's turn tries again after so long.
_NOT_OUR_TURN_S = 0.1
# Who wants to read what is made then, so often: a patient look and what it reads are over by then.
_ANOTHERS_TURNS = 6
# So many incidents are read at a time: what the driver makes of their rows it makes in one go.
_READ_AT_ONCE = 8
# So many lines go to the server at a time, for the same reason.
_ADDED_AT_ONCE = 25

_TRY_AGAIN_EVERY_S = 60.0

_FORGET_EVERY_S = 3600.0
KEPT_FOR = timedelta(days=30)


async def _one_turn() -> None:
    """Nobody is in a greater hurry than others."""
    await asyncio.sleep(0)


class Followed(Enum):
    """How a look ended: all is in the feed, there is more, or it is somebody else's turn."""

    ALL = "all"
    MORE = "more"
    NOT_OUR_TURN = "not our turn"


class Follower:
    """Makes the feed. `on_fed` is called when there is something new in it.

    `give_way` is awaited between the steps of a look, for its first 0.3 s, for those in a greater hurry.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        name_of_aed: NameOfAed,
        on_fed: Callable[[], None],
        *,
        is_awaited: Callable[[], bool] = lambda: True,
        give_way: Callable[[], Awaitable[None]] = _one_turn,
    ) -> None:
        self._database = database
        self._clock = clock
        self._name_of_aed = name_of_aed
        self._on_fed = on_fed
        self._is_awaited = is_awaited
        self._give_way = give_way
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        # Incidents that cannot be read, and when one was last tried: they keep no other waiting.
        self._unreadable: dict[IncidentId, float] = {}

    def poke(self) -> None:
        """Something was decided: look."""
        self._news.set()

    def hurry(self) -> None:
        """Somebody has begun to await the feed: what was put off is made now."""
        self._hurry.set()

    async def catch_up(self) -> None:
        """Make now what was put off, as much as one look takes; never raises.

        Where that is another's turn this waits for its end, but not for long.
        """
        self.hurry()
        for _ in range(_ANOTHERS_TURNS):
            if await self._look() is not Followed.NOT_OUR_TURN:
                break
            await asyncio.sleep(_NOT_OUR_TURN_S)
        self.hurry()

    async def run(self) -> None:
        """Follow, again and again, until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._news.wait()
            await self._gather()
            self._news.clear()
            if await self._look() is Followed.NOT_OUR_TURN:
                await asyncio.sleep(_NOT_OUR_TURN_S)

    async def _look(self) -> Followed | None:
        """How it ended; None where it failed, which is said."""
        try:
            followed = await self.follow()
        except Exception as error:
            if not (is_outage(error) or is_contention(error)):
                log.exception("the centres' feed is not made yet")
            return None
        if followed is not Followed.ALL:
            self._news.set()
        return followed

    async def _gather(self) -> None:
        self._hurry.clear()
        if self._is_awaited():
            await asyncio.sleep(_GATHER_S)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_UNAWAITED_GATHER_S):
                await self._hurry.wait()

    async def follow(self) -> Followed:
        """Add what is committed and not in the feed, as much as one look takes."""
        async with self._database.statement() as connection:
            # Nearly always there is nothing: no transaction for that.
            if not await feed_rows.behind(connection, most=1, not_these=self._passed_over()):
                return Followed.ALL
        async with self._database.transaction() as connection:
            end = await feed_rows.take_turn(connection)
            if end is None:
                return Followed.NOT_OUR_TURN
            pause = self._pauses()
            found = await feed_rows.behind(connection, most=_AT_ONCE, not_these=self._passed_over())
            lines = await self._lines(connection, found, pause)
            for begin in range(0, len(lines), _ADDED_AT_ONCE):
                await pause()
                cursor = await feed_rows.add(connection, lines[begin : begin + _ADDED_AT_ONCE], end, self._clock.now())
                end = replace(end, cursor=cursor)
        read = {each.incident_id: each.version for each in found if each.incident_id not in self._unreadable}
        # By itself, and not in the transaction: should this process stand still there, nobody who decides waits for it.
        async with self._database.statement() as connection:
            await feed_rows.mark(connection, read)
        if lines:
            self._on_fed()
            self._measure(lines)
        return Followed.MORE if len(found) == _AT_ONCE else Followed.ALL

    async def run_forgetting(self) -> None:
        """Forget what is old, until cancelled."""
        while True:
            try:
                async with self._database.statement() as connection:
                    await feed_rows.forget_old(connection, self._clock.now() - KEPT_FOR)
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("the centres' feed: old lines not forgotten")
            await asyncio.sleep(_FORGET_EVERY_S)

    def _pauses(self) -> Callable[[], Awaitable[None]]:
        """What is awaited between the steps of a look that begins now: in a hurry it gives way to nobody."""
        patient_until_s = time.monotonic() + _PATIENT_S

        def is_patient() -> bool:
            return time.monotonic() < patient_until_s and not self._hurry.is_set()

        return lambda: self._give_way() if is_patient() else _one_turn()

    def _passed_over(self) -> list[IncidentId]:
        since_s = time.monotonic() - _TRY_AGAIN_EVERY_S
        self._unreadable = {each: at_s for each, at_s in self._unreadable.items() if at_s > since_s}
        return list(self._unreadable)

    async def _lines(
        self, connection: AsyncConnection, found: Sequence[Behind], pause: Callable[[], Awaitable[None]]
    ) -> list[Told]:
        """The new lines of these incidents, by time, those of one incident in its own order."""
        with_news = [each for each in found if each.has_news]
        lines: list[Told] = []
        for begin in range(0, len(with_news), _READ_AT_ONCE):
            some = with_news[begin : begin + _READ_AT_ONCE]
            await pause()
            rows = await ledger.event_rows(connection, [each.incident_id for each in some])
            at_it_since_s = time.monotonic()
            for each in some:
                if time.monotonic() - at_it_since_s > _BUSY_S:
                    await pause()
                    at_it_since_s = time.monotonic()
                lines += self._lines_of(each, rows[each.incident_id])
        return _by_time(lines)

    def _lines_of(self, one: Behind, rows: Sequence[ledger.EventRow]) -> list[Told]:
        """The new lines of one incident; none, for now, of one that cannot be read."""
        try:
            events = [event for event in ledger.events_of(rows) if event.number <= one.version]
            return list(told_of(one.incident_id, events, self._name_of_aed, after=one.fed))
        except Exception:
            log.exception("the centres' feed: an incident cannot be read", incident_id=one.incident_id)
            self._unreadable[one.incident_id] = time.monotonic()
            return []

    def _measure(self, lines: Sequence[Told]) -> None:
        now = self._clock.now()
        for each in lines:
            FEED_EVENTS.labels(each.type.value).inc()
            FEED_SECONDS.observe(max(0.0, (now - each.at).total_seconds()))


def _by_time(lines: Sequence[Told]) -> list[Told]:
    """Several incidents' lines by time; one incident's stay in its own order, whatever a clock did meanwhile."""
    latest: dict[str, datetime] = {}
    placed: list[tuple[datetime, Told]] = []
    for each in lines:
        latest[each.incident_id] = max(each.at, latest.get(each.incident_id, each.at))
        placed.append((latest[each.incident_id], each))
    return [line for _, line in sorted(placed, key=lambda pair: pair[0])]
