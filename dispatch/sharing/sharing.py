"""One of several workers: what it hears from the others and tells them, and how it goes on when it hears nothing."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

import orjson
import structlog

from dispatch.access.tokens import secret_of
from dispatch.clock import Clock
from dispatch.engine.acknowledgements import Acknowledgements
from dispatch.engine.engine import Engine
from dispatch.engine.reach import Reach
from dispatch.engine.sos import SosDesk
from dispatch.metrics import COLLEAGUES, NEWS, REDIS_AWAY
from dispatch.realtime.hub import Hub
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.responders.responder import Responder
from dispatch.responders.service import ResponderService
from dispatch.settings import Settings
from dispatch.sharing.colleagues import PULSE_EVERY_S, Colleagues, checksum_of
from dispatch.sharing.deciding import Deciding, DecidingParts
from dispatch.sharing.envelope import Envelope, Everybody, NotForUs, Pulse, ToldDecision, beginning_of, read_envelope
from dispatch.sharing.following import Following
from dispatch.sharing.lagging_mailboxes import LaggingMailboxes
from dispatch.sharing.link import Link
from dispatch.sharing.live_positions import LivePositions
from dispatch.sharing.looking import Looking, LookingParts
from dispatch.sharing.out_of_hearing import OutOfHearing
from dispatch.sharing.outgoing import OutgoingNews, OutgoingParts
from dispatch.sharing.profiles import ProfilesToRead
from dispatch.sharing.seal import NotOurs, Seal
from dispatch.sharing.seldom import SeldomWarnings
from dispatch.sharing.shared_fixes import SharedFixes, SharedFixesParts
from dispatch.storage.availability import Availability
from dispatch.storage.redis_address import RedisAddress, read_redis_url

log = structlog.get_logger()

# So many recipients are named, or looked at, in one turn of the loop.
_NAMED_AT_ONCE = 1_000
_LOOKED_AT_AT_ONCE = 500
_LAST_WORD_WITHIN_S = 0.5


@dataclass(frozen=True, slots=True)
class SharingParts:
    """Those who are kept true, and who tell what is new."""

    engine: Engine
    sos: SosDesk
    acknowledgements: Acknowledgements
    hub: Hub
    reach: Reach
    responders: ResponderService
    clock: Clock


class Sharing:
    """Between this worker and the others. PostgreSQL decides what is true; this only makes it known soon."""

    def __init__(self, address: RedisAddress, secret: str, parts: SharingParts) -> None:
        self.worker = uuid4().hex[:12]
        self._parts = parts
        self._roster = parts.engine.roster
        self._recording = parts.engine.recording
        self._warn = SeldomWarnings()
        self._seal = Seal(secret)
        self._own_beginning = beginning_of(self.worker)
        self.colleagues = Colleagues()
        self.link = Link(address, sender=self.worker)
        self.positions = LivePositions(self.link.redis)
        self.following = Following(parts.engine, worker=self.worker, keeps_for=self.colleagues.is_without_database)
        mailboxes = LaggingMailboxes(parts.hub, parts.engine.database)
        self._looking = Looking(LookingParts(self.link, self._recording, self.following, mailboxes))
        self._profiles = ProfilesToRead(parts.responders, self._roster, self._recording)
        self._news = OutgoingNews(self.worker, OutgoingParts(self._publish, self._is_heard, self._not_told))
        self._fixes = SharedFixes(
            SharedFixesParts(
                self._roster,
                self.positions,
                self._profiles,
                self._news,
                parts.clock,
                warn=self._warn,
                follow_rows=parts.responders.follow_rows,
                misses=self._misses_positions,
                note_failure=self._recording.note_failure,
            )
        )
        self._deciding = Deciding(
            self.worker,
            DecidingParts(
                parts.engine,
                parts.sos,
                parts.acknowledgements,
                self.colleagues,
                self.link,
                self.following,
                self._news,
                self._warn,
            ),
        )
        self._out_of_hearing = OutOfHearing(self._roster, self._is_within_hearing, now=parts.clock.now)
        self._name_all = asyncio.Event()
        self._elsewhere_changed = asyncio.Event()
        self._untold_profiles: set[str] = set()
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
        return (
            self.link.run,
            self._news.run,
            self._pulse,
            self._keep_for_others,
            self._fixes.run_telling,
            self._fixes.run_reading,
            self._fixes.run_through_rows,
            self._tell_of_everybody,
            self._look_elsewhere,
            self._profiles.run,
            self._profiles.run_through_all,
            *self._looking.works,
        )

    def _introduce(self) -> None:
        parts, engine = self._parts, self._parts.engine
        self.link.on_news = self.hear
        self.link.on_up = self._up
        self.link.on_down = self._looking.look
        parts.hub.elsewhere = self
        parts.hub.on_arrival = partial(_both, parts.hub.on_arrival, self._arrived)
        parts.hub.on_leaving = partial(_both, parts.hub.on_leaving, self._left)
        parts.responders.on_changed = self._tell_of_profile
        engine.others = self._deciding
        engine.feed.on_shown = self._tell_shown
        engine.live.is_ours = self._deciding.is_ours
        self._roster.asks_only_here = self._deciding.asks_only_here
        self._roster.may_ask_elsewhere = self._deciding.may_ask_elsewhere
        self._roster.may_miss_ways = lambda: self.link.is_away
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
        """How many whose role `prefix` names ("responder:") have sessions elsewhere."""
        return self.colleagues.count(prefix)

    async def _publish(self, data: bytes) -> bool:
        return await self.link.publish(self._seal.put_on(data))

    def _not_told(self, envelope: Envelope) -> None:
        """What the rows do not tell others soon is told again; the rest they find there."""
        self._roster.mark_untold(ResponderId(each) for each, *_ in envelope.fixes)
        self._untold_profiles.update(envelope.profiles)

    def _is_within_hearing(self, recipient: str) -> bool:
        return self._parts.hub.has_session(recipient) or self.colleagues.has_within_hearing(recipient)

    def _arrived(self, recipient: str) -> None:
        self._out_of_hearing.is_back(recipient)
        self._say_presence(recipient, is_here=True)

    def _left(self, recipient: str) -> None:
        self._say_presence(recipient, is_here=False)

    def _say_presence(self, recipient: str, *, is_here: bool) -> None:
        count, checksum = self._here
        self._here = (count + (1 if is_here else -1), checksum ^ checksum_of([recipient]))
        news = self._news.next()
        news.presence[recipient] = is_here
        if news.pulse is not None:
            news.pulse = self._own_pulse()

    async def _tell_of_everybody(self) -> None:
        """Name all who are connected here, some at a time, whenever somebody has asked."""
        while True:
            await self._name_all.wait()
            self._name_all.clear()
            recipients = self._parts.hub.recipients()
            for begin in range(0, max(1, len(recipients)), _NAMED_AT_ONCE):
                # Whoever has left meanwhile is not named; whoever comes meanwhile is told of anyway.
                some = tuple(filter(self._parts.hub.has_session, recipients[begin : begin + _NAMED_AT_ONCE]))
                envelope = self._news.next()
                envelope.everybody = Everybody(some, begin == 0, begin + _NAMED_AT_ONCE >= len(recipients))
                await self._news.left(envelope)

    def _is_heard(self) -> bool:
        return len(self.colleagues) > 0

    def _tell_shown(self, versions: Mapping[IncidentId, int]) -> None:
        if self._news.is_needed:
            self._news.next().shown.update(versions)

    def _tell_of_profile(self, responder: Responder) -> None:
        self._roster.mark_untold([responder.responder_id])
        self._news.next().profiles.append(responder.responder_id)

    async def _pulse(self) -> None:
        last_s = time.monotonic()
        while True:
            # Whoever stood still has not heard the others, and may not take them for silent.
            now_s = time.monotonic()
            self.colleagues.excuse(max(0.0, now_s - last_s - PULSE_EVERY_S))
            last_s = now_s
            if self.link.is_away:
                self._out_of_hearing.everybody_is_back()
            else:
                self._out_of_hearing.note(self.colleagues.connected_to_hushed())
                self._out_of_hearing.look()
            for each in self.colleagues.forget_silent():
                log.warning("a worker is not heard any more", worker=each)
            self._elsewhere_changed.set()
            COLLEAGUES.set(len(self.colleagues))
            REDIS_AWAY.set(self.link.is_away)
            self._say_pulse()
            await asyncio.sleep(PULSE_EVERY_S)

    async def _keep_for_others(self) -> None:
        """Beside the pulse: a disk that hangs must not have the others take this worker for dead."""
        while True:
            await self.following.keep_for_others()
            await asyncio.sleep(PULSE_EVERY_S)

    def _own_pulse(self) -> Pulse:
        return Pulse(
            *self._here,
            has_database=not self._recording.is_away,
            keeps=self._deciding.keeps_what_it_decides(),
        )

    def database_changed(self, _availability: Availability) -> None:
        """Others are to know at once whether this worker has a database: those connected to it are its to ask."""
        self._deciding.database_changed()
        self._say_pulse()

    def _say_pulse(self) -> None:
        news = self._news.next()
        news.pulse = self._own_pulse()
        if not self.link.is_away:
            news.profiles.extend(self._untold_profiles)
            self._untold_profiles.clear()

    # --- what others tell ---

    def hear(self, data: bytes) -> None:
        """News of a worker; its own are passed over."""
        if self._seal.covers(data, self._own_beginning):
            return
        try:
            news = read_envelope(self._seal.taken_off(data))
        except NotOurs as error:
            self._warn("somebody else speaks on our channels", error=str(error))
            return
        except NotForUs as error:
            # Of a worker of another version: what it does is found in the rows.
            self._warn("news that this version does not read", error=str(error))
            self._looking.look()
            return
        NEWS.inc()
        # Those who must run are told first.
        for recipient, seq, body in news.messages:
            self._tell_here(recipient, seq, body)
        self._hear_of_worker(news)
        self._deciding.hear_reservations(news)
        for told in news.decisions:
            if not told.is_written:
                self.colleagues.has_kept(news.sender)
            self._follow(told, news.sender)
        # After the decisions: what one led to is known by the time that it is answered.
        self._deciding.hear_errands(news)
        self._hear_what_is_shown(news.shown)
        if news.fixes:
            self._fixes.hear(news.fixes)
        self._profiles.have_changed(news.profiles)
        if news.has_lost:
            self._looking.look()

    def _follow(self, told: ToldDecision, sender: str) -> None:
        try:
            self.following.take(told, sender=sender)
        except Exception:
            # The rest of the news is about others, answers that are waited for among them; this one the rows tell.
            log.exception("incident not followed", incident_id=told.incident_id, sender=sender)
            self._looking.look()

    def _hear_what_is_shown(self, shown: Mapping[IncidentId, int]) -> None:
        for incident_id, version in shown.items():
            live = self._parts.engine.live.get(incident_id)
            if live is not None:
                live.shown_version = max(live.shown_version, version)

    def _tell_here(self, recipient: str, seq: int | None, body: str) -> None:
        hub = self._parts.hub
        if seq is not None:
            hub.deliver_here(recipient, seq, body)
            if self._recording.is_away:
                # What comes before it may be nowhere but in the rows: it is said at once, and once more in its turn.
                hub.say_what_waits(recipient, seq, body)
        elif hub.has_session(recipient):
            hub.tell(recipient, orjson.loads(body))

    def _hear_of_worker(self, news: Envelope) -> None:
        colleagues, sender = self.colleagues, news.sender
        if colleagues.heard(sender):
            log.info("another worker is heard", worker=sender)
            # It learns of this one at once; what was decided here before it was known to listen is in the rows.
            self._say_pulse()
            self._news.next().has_lost = True
            self._looking.look()
        if news.everybody is not None:
            colleagues.are_named(sender, news.everybody)
        if news.presence:
            colleagues.left(sender, [each for each, is_there in news.presence.items() if not is_there])
            colleagues.arrived(sender, [each for each, is_there in news.presence.items() if is_there])
        if news.everybody is not None or news.presence:
            self._elsewhere_changed.set()
        if news.pulse is not None and colleagues.is_to_be_asked(sender, news.pulse):
            self._news.next().asks.append(sender)
        if self.worker in news.asks:
            self._name_all.set()
            # Who asks may not have heard either whether what is decided here is in no row.
            self._say_pulse()

    async def _look_elsewhere(self) -> None:
        """Know of those who came to be connected elsewhere, or left there, whether there is a way to them."""
        while True:
            await self._elsewhere_changed.wait()
            self._elsewhere_changed.clear()
            while some := self.colleagues.take_changed(_LOOKED_AT_AT_ONCE):
                for recipient in some:
                    self._parts.reach.elsewhere_changed(recipient)
                await asyncio.sleep(0)

    # --- while something is away ---

    def _up(self) -> None:
        log.info("Redis is there", worker=self.worker)
        self._say_pulse()
        # What is kept there may be gone.
        self._roster.mark_untold(ResponderId(each[len("responder:") :]) for each in self._responders_here())
        self._fixes.may_have_missed()
        self._profiles.all_may_have_changed()
        self._looking.look()

    def _responders_here(self) -> list[str]:
        return [each for each in self._parts.hub.recipients() if each.startswith("responder:")]

    def _misses_positions(self) -> bool:
        return (self.link.is_away or bool(self._out_of_hearing)) and not self._recording.is_away

    async def close(self) -> None:
        """Tell the others who has left with this worker, if that can be, and let go of Redis."""
        try:
            if self._is_heard():
                async with asyncio.timeout(_LAST_WORD_WITHIN_S):
                    await self._news.flush()
        except Exception as error:  # noqa: BLE001 - the journal and all else have still to be closed
            log.warning("other workers not told of the end", error=repr(error))
        finally:
            await self.link.close()


def sharing_of(settings: Settings, parts: SharingParts) -> Sharing | None:
    """How a worker with these settings shares; None for one that is alone."""
    if not settings.redis_url:
        return None
    secret = settings.secret.get_secret_value() if settings.secret else secret_of(settings.data_dir)
    return Sharing(read_redis_url(settings.redis_url), secret, parts)


def _both(first: Callable[[str], None], second: Callable[[str], None], recipient: str) -> None:
    first(recipient)
    second(recipient)
