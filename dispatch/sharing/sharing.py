"""One of several workers: what it hears from the others and tells them, and how it goes on when it hears nothing."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import structlog
from redis.exceptions import RedisError

from dispatch.clock import Clock, SteadyClock
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import HERE, LiveIncident
from dispatch.engine.reach import Reach
from dispatch.metrics import COLLEAGUES, NEWS, REDIS_AWAY
from dispatch.realtime.hub import Hub
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.responders.responder import Fix, Responder
from dispatch.responders.service import ResponderService
from dispatch.settings import Settings
from dispatch.sharing.colleagues import PULSE_EVERY_S, Colleagues, checksum_of
from dispatch.sharing.envelope import Envelope, NotForUs, Pulse, ToldDecision, read_envelope
from dispatch.sharing.following import Following
from dispatch.sharing.lagging_mailboxes import LaggingMailboxes
from dispatch.sharing.link import Link
from dispatch.sharing.live_positions import FixRow, LivePositions, row_of
from dispatch.sharing.outgoing import OutgoingNews, OutgoingParts
from dispatch.storage.redis_address import RedisAddress, read_redis_url
from geo.place import Place

log = structlog.get_logger()

# A position is nothing that anybody waits for; together they cost a fraction.
_TELL_FIXES_EVERY_S = 0.25
_FIXES_AT_ONCE = 1_000

# What is told by nobody is found in the database: soon while nobody can be heard, else now and then.
_CHECK_EVERY_S = 3.0
_CHECK_ALONE_EVERY_S = 0.4
_FIXES_FROM_ROWS_EVERY_S = 10.0
# Positions are written every five seconds; those of the last look may have come just after it.
_FIXES_OVERLAP = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class SharingParts:
    """Those who are kept true, and who tell what is new."""

    engine: Engine
    hub: Hub
    reach: Reach
    responders: ResponderService
    clock: Clock


class Sharing:
    """Between this worker and the others. PostgreSQL decides what is true; this only makes it known soon."""

    def __init__(self, address: RedisAddress, parts: SharingParts) -> None:
        self.worker = uuid4().hex[:12]
        self._parts = parts
        self._roster = parts.engine.roster
        self.colleagues = Colleagues()
        self.link = Link(address, sender=self.worker)
        self.positions = LivePositions(self.link.redis)
        self.following = Following(parts.engine)
        self._mailboxes = LaggingMailboxes(parts.hub, parts.engine.database)
        self._news = OutgoingNews(self.worker, OutgoingParts(self.link.publish, self._is_heard))
        self._to_read: set[ResponderId] = set()
        self._asked_at_s: dict[str, float] = {}
        self._look = asyncio.Event()
        self._rows_read_at: datetime | None = None
        self._rows_read_at_s = 0.0
        # How many are connected here, and the checksum over who that is.
        self._here = (0, 0)
        self._introduce()

    @property
    def is_away(self) -> bool:
        """Whether other workers cannot be heard now."""
        return self.link.is_away

    @property
    def works(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs by itself for as long as the service does."""
        return self.link.run, self._news.run, self._pulse, self._tell_fixes, self._check

    def _introduce(self) -> None:
        parts, engine = self._parts, self._parts.engine
        self.link.on_news = self.hear
        self.link.on_up = self._up
        self.link.on_down = self._down
        self.colleagues.on_arrival = self.colleagues.on_leaving = parts.reach.elsewhere_changed
        parts.hub.elsewhere = self
        parts.hub.on_arrival = partial(_both, parts.hub.on_arrival, self._arrived)
        parts.hub.on_leaving = partial(_both, parts.hub.on_leaving, self._left)
        parts.responders.on_changed = self._tell_of_profile
        engine.freshen = self._freshen
        engine.on_standing = self._tell_of_decisions
        engine.feed.on_shown = self._tell_shown
        engine.live.is_ours = self._is_ours
        self._roster.asks_only_here = self._asks_only_here
        self._roster.tell_others()

    # --- what others are told ---

    def relay(self, recipient: str, seq: int | None, body: str) -> None:
        """Have a message told to the sessions that a recipient has elsewhere."""
        if self._news.is_needed:
            self._news.next().messages.append((recipient, seq, body))

    def has(self, recipient: str) -> bool:
        """Whether a recipient has a session elsewhere."""
        return self.colleagues.has(recipient)

    def count(self, prefix: str) -> int:
        """How many recipients whose name begins with `prefix` have a session elsewhere."""
        return self.colleagues.count(prefix)

    def _arrived(self, recipient: str) -> None:
        self._say_presence(recipient, is_here=True)

    def _left(self, recipient: str) -> None:
        self._say_presence(recipient, is_here=False)

    def _say_presence(self, recipient: str, *, is_here: bool) -> None:
        count, checksum = self._here
        self._here = (count + (1 if is_here else -1), checksum ^ checksum_of([recipient]))
        news = self._news.next()
        news.presence[recipient] = is_here
        if news.pulse is not None:
            news.pulse = Pulse(*self._here)

    def _is_heard(self) -> bool:
        return len(self.colleagues) > 0

    def _tell_of_decisions(self, decisions: Sequence[Decision], is_written: bool) -> None:  # noqa: FBT001 - as it is told
        if self._news.is_needed:
            told = [
                ToldDecision(each.incident.incident_id, each.events, is_written) for each in decisions if each.events
            ]
            self._news.next().decisions.extend(told)

    def _tell_shown(self, versions: Mapping[IncidentId, int]) -> None:
        if self._news.is_needed:
            self._news.next().shown.update(versions)

    def _tell_of_profile(self, responder: Responder) -> None:
        self._roster.mark_untold([responder.responder_id])
        self._news.next().profiles.append(responder.responder_id)

    async def _pulse(self) -> None:
        while True:
            for each in self.colleagues.forget_silent():
                self._asked_at_s.pop(each, None)
                log.warning("a worker is not heard any more", worker=each)
            COLLEAGUES.set(len(self.colleagues))
            REDIS_AWAY.set(self.link.is_away)
            self._say_pulse()
            await asyncio.sleep(PULSE_EVERY_S)

    def _say_pulse(self) -> None:
        self._news.next().pulse = Pulse(*self._here)

    async def _tell_fixes(self) -> None:
        while True:
            await asyncio.sleep(_TELL_FIXES_EVERY_S)
            try:
                await self.tell_fixes()
            except (RedisError, OSError, TimeoutError) as error:
                if not self.link.is_away:
                    log.warning("positions not shared yet", error=str(error))

    async def tell_fixes(self) -> int:
        """Tell where those are who moved or changed here; returns how many. Raises `RedisError` and `OSError`."""
        told = 0
        while moved := self._roster.take_untold(_FIXES_AT_ONCE):
            if self._news.is_needed:
                self._news.next().fixes.extend(row for each in moved if (row := row_of(each)) is not None)
            try:
                await self.positions.write(moved)
            except BaseException:
                self._roster.mark_untold(each.responder_id for each in moved)
                raise
            told += len(moved)
        return told

    # --- what others tell ---

    def hear(self, data: bytes) -> None:
        """News of a worker."""
        try:
            news = read_envelope(data)
        except NotForUs as error:
            # Of a worker of another version: what it does is found in the rows.
            log.warning("news that this version does not read", error=str(error))
            self._look.set()
            return
        if news.sender == self.worker:
            return
        NEWS.inc()
        # Those who must run are told first.
        for recipient, seq, body in news.messages:
            self._tell_here(recipient, seq, body)
        self._hear_of_worker(news)
        for told in news.decisions:
            self._keep_up_with(told.events[-1].at)
            self.following.take(told, sender=news.sender)
        for incident_id, version in news.shown.items():
            live = self._parts.engine.live.get(incident_id)
            if live is not None:
                live.shown_version = max(live.shown_version, version)
        if news.fixes:
            self._to_read.update(self._roster.follow_fixes(map(fix_of, news.fixes)))
        if news.profiles:
            self._to_read.update(map(ResponderId, news.profiles))
        if news.has_lost or self._to_read:
            self._look.set()

    def _tell_here(self, recipient: str, seq: int | None, body: str) -> None:
        hub = self._parts.hub
        if seq is not None:
            hub.deliver_here(recipient, seq, body)
        elif hub.has_session(recipient):
            hub.tell(recipient, orjson.loads(body))

    def _hear_of_worker(self, news: Envelope) -> None:
        colleagues, sender = self.colleagues, news.sender
        if colleagues.heard(sender):
            log.info("another worker is heard", worker=sender)
            # It learns of this one at once, and what was decided before it listened is in the rows.
            self._say_pulse()
            self._look.set()
        if news.everybody is not None:
            colleagues.everybody(sender, news.everybody)
        colleagues.left(sender, [each for each, is_there in news.presence.items() if not is_there])
        colleagues.arrived(sender, [each for each, is_there in news.presence.items() if is_there])
        if news.pulse is not None and not colleagues.agrees(sender, news.pulse):
            self._news.next().asks = sender
        if news.asks == self.worker:
            self._news.next().everybody = self._parts.hub.recipients()

    def _keep_up_with(self, at: datetime) -> None:
        """Facts stay in order though another machine's clock is a little ahead."""
        clock = self._parts.clock
        if isinstance(clock, SteadyClock) and at > clock.now():
            clock.start_not_before(at)

    # --- while something is away ---

    def _up(self) -> None:
        log.info("Redis is there", worker=self.worker)
        self._say_pulse()
        # What is kept there may be gone.
        self._roster.mark_untold(ResponderId(each[len("responder:") :]) for each in self._responders_here())
        self._look.set()

    def _down(self) -> None:
        self._look.set()

    def _responders_here(self) -> list[str]:
        return [each for each in self._parts.hub.recipients() if each.startswith("responder:")]

    def _is_ours(self, live: LiveIncident) -> bool:
        """Whether this worker looks after an incident while the database cannot say who does."""
        if live.home == HERE:
            return True
        if self.link.is_away or (live.home is not None and live.home in self.colleagues):
            return False
        return self.worker <= min(self.colleagues.ids(), default=self.worker)

    def _asks_only_here(self) -> bool:
        """Without the database nothing keeps two workers from asking one person: each asks those connected to it."""
        return self._parts.engine.recording.is_away and (self._is_heard() or self.link.is_away)

    async def _check(self) -> None:
        """Find in the database what was not told, until cancelled."""
        was_away = True
        while True:
            try:
                every_s = _CHECK_ALONE_EVERY_S if self.link.is_away else _CHECK_EVERY_S
                async with asyncio.timeout(every_s):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()
            is_away = self.link.is_away
            try:
                if was_away and not is_away:
                    await self._read_positions()
                if not self._parts.engine.recording.is_away:
                    await self.check()
            except (RedisError, TimeoutError):
                continue
            except Exception as error:
                if not self._parts.engine.recording.note_failure(error):
                    log.exception("other workers are not followed")
                await asyncio.sleep(_CHECK_ALONE_EVERY_S)
                self._look.set()
                continue
            was_away = is_away

    async def check(self) -> None:
        """Follow everything through the rows. Raises `psycopg.Error` or SQLAlchemy's."""
        to_read, self._to_read = list(self._to_read), set()
        if to_read:
            try:
                await self._parts.responders.read_again(to_read)
            except BaseException:
                self._to_read.update(to_read)
                raise
        await self._mailboxes.fill()
        await self.following.check()
        if self.link.is_away and time.monotonic() - self._rows_read_at_s > _FIXES_FROM_ROWS_EVERY_S:
            now = self._parts.clock.now()
            since = (self._rows_read_at or now) - _FIXES_OVERLAP
            await self._parts.responders.follow_rows(since)
            self._rows_read_at, self._rows_read_at_s = now, time.monotonic()

    async def _freshen(self, incident_id: IncidentId) -> None:
        """Who asks one worker a moment after another has decided is shown what that one decided."""
        recording = self._parts.engine.recording
        if (self._is_heard() or self.link.is_away) and not recording.is_away:
            with recording.outage_suppressed():
                await self.following.bring_up_to_date(incident_id)

    async def _read_positions(self) -> None:
        """Know where everybody is as Redis has it. Raises `RedisError` and `OSError`."""
        async for rows in self.positions.read_all():
            self._roster.follow_fixes(map(fix_of, rows))
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Let go of Redis."""
        await self.link.close()


def sharing_of(settings: Settings, parts: SharingParts) -> Sharing | None:
    """How a worker with these settings shares; None for one that is alone."""
    return Sharing(read_redis_url(settings.redis_url), parts) if settings.redis_url else None


def fix_of(row: FixRow) -> tuple[str, Fix]:
    """A row as it is told, read: whose fix it is, and the fix."""
    responder_id, latitude, longitude, accuracy_m, at_s = row
    at = datetime.fromtimestamp(at_s, UTC)
    return responder_id, Fix(Place(latitude, longitude), at, None if accuracy_m < 0 else accuracy_m)


def _both(first: Callable[[str], None], second: Callable[[str], None], recipient: str) -> None:
    first(recipient)
    second(recipient)
