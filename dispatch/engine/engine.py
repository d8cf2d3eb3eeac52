"""Runs the decisions: takes a command, lets `rescue` decide, writes it down, and only then sends the messages."""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import orjson
import structlog
from psycopg import Error, IntegrityError

from dispatch.clock import Clock
from dispatch.engine import due_rows, ledger
from dispatch.engine.counting import count
from dispatch.engine.decision_codec import Opening
from dispatch.engine.engagements import Engagements, bound_by
from dispatch.engine.ledger import RESPONDER_TAKEN, Outgoing, Owed, Sent
from dispatch.engine.live_incident import LiveIncident, LiveIncidents
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.operator_feed import OperatorFeed
from dispatch.engine.outbox import Outbox, Telephones
from dispatch.engine.recording import Recording
from dispatch.engine.survey import Surveyor
from dispatch.engine.views import IncidentViews
from dispatch.metrics import COMMAND_SECONDS, CONFLICTS, OPEN_INCIDENTS, SOS_STEP_SECONDS
from dispatch.problems import NotFound
from dispatch.realtime.hub import Hub
from dispatch.rescue.commands import (
    Accept,
    Command,
    LetTimePass,
    LookAround,
    LoseWays,
    Refused,
)
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.merging import merge
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.rescue.wakes import Wake
from dispatch.storage.database import Away, Database
from dispatch.storage.time_ordered import time_ordered_id

log = structlog.get_logger()

# A decision that lost to another worker's, or to a responder who has just been taken, is decided anew this often.
_TRIES = 12
# From this one on it waits a little before: workers that hear each other through the rows only run into each other.
_IN_HURRY = 4
_GIVES_WAY_S = 0.05


class Engine:
    """Commands in, events and messages out. Holds nothing that the database could not give back."""

    def __init__(
        self,
        database: Database,
        surveyor: Surveyor,
        hub: Hub,
        clock: Clock,
        views: IncidentViews,
        messages: ResponderMessages,
        recording: Recording,
        telephones: Telephones,
    ) -> None:
        self.database = database
        self.recording = recording
        self.surveyor = surveyor
        self.roster = surveyor.roster
        self.hub = hub
        self.clock = clock
        self.views = views
        self.messages = messages
        self.outbox = Outbox(messages, views, hub.is_connected, telephones)
        self.answer_history = surveyor.answer_history()
        self.live = LiveIncidents()
        self.engagements = Engagements(self.roster, database, self.live)
        self.feed = OperatorFeed(database, hub, self)
        # Counted when somebody asks: after every decision it would be a look through all of them.
        OPEN_INCIDENTS.set_function(lambda: sum(1 for _ in self.live.going_on()))
        # Told that phones are to be woken by other channels than their sockets.
        self.on_calls: Callable[[], None] = _nobody_calls
        # Knows an incident as well as its rows do, where other workers decide too.
        self.freshen: Callable[[IncidentId], Awaitable[None]] = _is_fresh
        # Whether its rows know more of an incident than memory does, where other workers decide too.
        self.is_outdated: Callable[[IncidentId], Awaitable[bool]] = _is_not_outdated
        # Has another worker carry a command out that goes on deciding in the incident; False where this one is to.
        self.decided_elsewhere: Callable[[IncidentId, Command, str], Awaitable[bool]] = _nobody_else
        # Entered while decisions are being written down: other workers may have to know whom these are about to bind.
        self.reserving: Callable[[Sequence[Decision]], contextlib.AbstractContextManager[None]] = _nobody_to_tell
        # Told of every decision in the moment that it stands, and whether it is in the database.
        self.on_standing: Callable[[Sequence[Decision], bool], None] = _nobody_follows
        # Told of every decision that stands, after its messages are on their way.
        self.on_decided: list[Callable[[Decision], None]] = []

    # --- what there is ---

    async def incident(self, incident_id: IncidentId) -> LiveIncident:
        """The incident of that id, from memory or the database. Raises `NotFound`."""
        live = self.live.place_for(incident_id)
        async with live.lock:
            await self.loaded(incident_id, live)
        return live

    def open_incidents(self) -> list[LiveIncident]:
        """The incidents in memory that have not ended, newest first."""
        return sorted(self.live.going_on(), key=lambda each: each.present.opened_at, reverse=True)

    def forget_ended(self) -> None:
        """Let go of incidents that have ended and been told; a later question loads them again."""
        lately = self.clock.now() - timedelta(seconds=self.surveyor.policy.duplicate_s)
        for incident_id, live in self.live.items():
            is_over = live.incident is None or (live.incident.is_ended and live.incident.opened_at < lately)
            is_kept = live.lock.locked() or incident_id in self.recording.unwritten
            if is_over and not is_kept and not self.feed.is_waiting(incident_id):
                self.live.drop(incident_id)

    # --- what happens ---

    async def command(self, incident_id: IncidentId, command: Command, *, by: str) -> Incident:
        """Carry out one command. Raises `NotFound` and `rescue.commands.Refused`; then nothing has changed.

        Once begun it goes on to its end, whatever becomes of who asked: what is committed must also be told.
        """
        if not self.recording.is_away and await self._is_sure(incident_id):
            try:
                return await self.command_here(incident_id, command, by=by)
            except Error:
                # Or else the database has gone in the middle of it.
                if not self.recording.is_away:
                    raise
        if await self.decided_elsewhere(incident_id, command, by):
            return (await self.incident(incident_id)).present
        return await self.command_here(incident_id, command, by=by, insists=True)

    async def command_here(
        self, incident_id: IncidentId, command: Command, *, by: str, insists: bool = False
    ) -> Incident:
        """As `command`, by this worker and no other.

        Should the database go away, and another worker be the one that goes on deciding in the incident, this raises
        `psycopg.Error`, unless it `insists`: nobody else has done it.
        """
        carrying = self._carry_out(incident_id, command, by, insists=insists)
        decision = await asyncio.shield(asyncio.ensure_future(carrying))
        return decision.incident

    async def let_time_pass(self, incident_id: IncidentId) -> None:
        """Do what has come due in an incident, and see to it that it is looked at again when the next is due."""
        if not self.recording.is_away and not await self._is_sure(incident_id, unless_ours=True):
            # Its row comes again, and by then what its worker has decided is written.
            return
        await self._carry_out(incident_id, LetTimePass(), "system")

    async def look_around(self, incident_id: IncidentId) -> None:
        """Ask whoever has come near, where that is worth it and not another worker's to decide."""
        if self.recording.is_away and not self.live.is_ours(self.live.place_for(incident_id)):
            return
        await self._carry_out(incident_id, LookAround(), "system")

    async def _is_sure(self, incident_id: IncidentId, *, unless_ours: bool = False) -> bool:
        """Whether what is known of an incident is written, as far as is known; read again where it may be by now."""
        live = self.live.get(incident_id)
        if live is None or not live.is_unsure:
            return True
        async with live.lock:
            with self.recording.outage_suppressed():
                await self._make_sure(incident_id, live)
        return self._is_settled(live) or (unless_ours and self.live.is_ours(live))

    @staticmethod
    def _is_settled(live: LiveIncident) -> bool:
        return not live.is_unsure

    async def _make_sure(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Know as its rows tell it what was in another worker's journal only. Whoever asks holds the lock."""
        before = live.incident
        if before is None or not live.is_unsure or incident_id in self.recording.unwritten:
            return
        async with self.database.statement() as connection:
            events = await ledger.load_events(connection, incident_id)
        if len(events) < before.version:
            return
        incident = self.remember(incident_id, live, events, live.shown_version)
        for alert_id, alert in before.alerts.items():
            if alert_id not in incident.alerts:
                self.roster.release(alert.responder_id, alert_id)
        self.engagements.bind(incident)

    async def _carry_out(
        self, incident_id: IncidentId, command: Command, by: str, *, insists: bool = False
    ) -> Decision:
        started = time.perf_counter()
        live = self.live.place_for(incident_id)
        async with live.lock:
            try:
                decision = await self._decided(incident_id, live, command, by, insists=insists)
            finally:
                if live.incident is not None:
                    # Another service may have ended what memory still held somebody for.
                    self.engagements.let_go(live.incident)
        COMMAND_SECONDS.labels(type(command).__name__).observe(time.perf_counter() - started)
        return decision

    async def _decided(
        self, incident_id: IncidentId, live: LiveIncident, command: Command, by: str, *, insists: bool
    ) -> Decision:
        for number in range(_TRIES):
            if number >= _IN_HURRY:
                await asyncio.sleep(random.uniform(0.0, _GIVES_WAY_S))  # noqa: S311 - who goes first is no secret
            incident = await self.loaded(incident_id, live)
            try:
                self._must_not_be_bound_elsewhere(incident, command)
                scene = await self.surveyor.scene_for(incident, command, now=self.clock.now())
                decision = decide(incident, command, scene, by=by)
            except Refused:
                # What another worker has just taken in may be what makes it possible.
                if incident_id in self.recording.unwritten or not await self.is_outdated(incident_id):
                    raise
                live.forget()
                continue
            # A due time that was claimed comes back unless it is put anew, whatever has come of it.
            rewake = isinstance(command, LetTimePass) or not live.knows_wake or decision.wake != live.wake
            if not decision.events:
                if rewake and not await self._put_off(incident, decision.wake):
                    live.forget()
                    continue
                live.wakes_at(decision.wake)
                return decision
            if await self._recorded((live,), (decision,), rewake=rewake, insists=insists):
                return decision
        raise RuntimeError(f"{type(command).__name__} on {incident_id} lost to other decisions {_TRIES} times")

    async def _put_off(self, incident: Incident, wake: Wake | None) -> bool:
        """Write when an incident in which nothing happened is looked at next; False when it is another by now."""
        live = self.live.place_for(incident.incident_id)
        if self.recording.is_away or live.is_unsure or incident.incident_id in self.recording.unwritten:
            return True
        return await due_rows.put_wake(self.database, incident.incident_id, incident.version, wake)

    def _must_not_be_bound_elsewhere(self, incident: Incident, command: Command) -> None:
        """Raises `Refused` when somebody says yes who has been asked in another incident meanwhile."""
        if not isinstance(command, Accept) or incident.merged_into is not None:
            return
        engagement = self.roster.engagement_of(command.responder_id)
        if engagement is not None and engagement.incident_id != incident.incident_id:
            raise Refused("engaged_elsewhere", "You are on another alert.")

    async def carry_out_again(self, incident_id: IncidentId, live: LiveIncident, command: Command, by: str) -> None:
        """Carry out what was said before, whose lock the asker holds; what no longer can be is let be."""
        with contextlib.suppress(Refused):
            await self._decided(incident_id, live, command, by, insists=True)

    async def open(self, decision: Decision, opening: Opening) -> bool:
        """Write down and send a decision that opens an incident; whether it is in the database, not in the journal.

        Raises `IntegrityError` when it may not be. The caller sees to it that this is not cancelled half-way.
        """
        live = self.live.place_for(decision.incident.incident_id)
        # Whom it binds may ask for it before it is written: they wait for that.
        async with live.lock:
            is_kept = await self._opened(live, decision, opening)
            if not is_kept:
                await self._ask_others_than_unheard(decision.incident.incident_id, live)
            return is_kept

    async def _ask_others_than_unheard(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """That the database is away was found out too late: some who are asked will not hear of it."""
        now = self.clock.now()
        lost = self._not_ours_to_ask(live.present)
        for alert in live.present.pending():
            responder = self.roster.get(alert.responder_id)
            # Pushes wait in the database.
            if responder is not None and not self.roster.is_reachable(responder, now):
                lost.add(alert.alert_id)
        if not lost:
            return
        try:
            await self._decided(incident_id, live, LoseWays(tuple(sorted(lost))), "system", insists=True)
        except Exception:
            # The SOS is kept and its alerts are out; the next is asked when the time to answer is over.
            log.exception("who does not hear of it is not replaced yet", incident_id=incident_id)

    def _not_ours_to_ask(self, incident: Incident) -> set[AlertId]:
        """The offers to whom another worker has asked, or may be asking, with no database to keep two from that."""
        roster = self.roster
        held = {each.alert_id: roster.engagement_of(each.responder_id) for each in incident.pending()}
        lost = {alert_id for alert_id, by in held.items() if by is not None and by.alert_id != alert_id}
        if roster.asks_only_here():
            lost |= {each.alert_id for each in incident.pending() if not roster.is_here(each.responder_id)}
        return lost

    async def _opened(self, live: LiveIncident, decision: Decision, opening: Opening) -> bool:
        self.engagements.reserve(decision)
        try:
            with SOS_STEP_SECONDS.labels("render").time():
                owed = self.outbox.owed(decision)
            with SOS_STEP_SECONDS.labels("commit").time(), self.reserving((decision,)):
                sent = await self.recording.open(decision, owed, opening)
        except BaseException:
            self.engagements.release(decision)
            self.live.drop_place(decision.incident.incident_id, live)
            raise
        live.opening = opening
        live.take_in(decision)
        self.live.note_place(decision.incident)
        if sent is None:
            owed = _without(owed, self._not_ours_to_ask(decision.incident))
        with SOS_STEP_SECONDS.labels("deliver").time():
            self._after_commit([decision], [owed], sent)
        for other in self.likely_duplicates(decision.incident):
            self.feed.show_again(other)
        return sent is not None

    async def merge(self, duplicate_id: IncidentId, into_id: IncidentId, *, by: str) -> None:
        """Make two calls for one emergency one incident, in one transaction. Raises `NotFound` and `Refused`."""
        await asyncio.shield(asyncio.ensure_future(self._merge(duplicate_id, into_id, by)))

    async def _merge(self, duplicate_id: IncidentId, into_id: IncidentId, by: str) -> None:
        if duplicate_id == into_id:
            raise Refused("same_incident", "An incident cannot be merged into itself.")
        # Always in the same order: two merges the other way round must not wait for each other.
        first, second = sorted((duplicate_id, into_id))
        async with self.live.place_for(first).lock, self.live.place_for(second).lock:
            left, right = self.live.place_for(duplicate_id), self.live.place_for(into_id)
            await self._made_one((duplicate_id, left), (into_id, right), by)

    async def merge_again(
        self, duplicate: tuple[IncidentId, LiveIncident], into: tuple[IncidentId, LiveIncident], by: str
    ) -> None:
        """As `carry_out_again`: make two incidents one whose locks the asker holds, if that can still be."""
        with contextlib.suppress(Refused):
            await self._made_one(duplicate, into, by)

    async def _made_one(
        self, duplicate: tuple[IncidentId, LiveIncident], into: tuple[IncidentId, LiveIncident], by: str
    ) -> None:
        lives = duplicate[1], into[1]
        for _ in range(_TRIES):
            ends, goes_on = await self.loaded(*duplicate), await self.loaded(*into)
            decisions = merge(
                ends, goes_on, await self.surveyor.scene_for(goes_on, LookAround(), now=self.clock.now()), by=by
            )
            if await self._recorded(lives, decisions, rewake=True, insists=True):
                return
        raise RuntimeError(f"merging {duplicate[0]} into {into[0]} lost to other decisions {_TRIES} times")

    def likely_duplicates(self, incident: Incident) -> list[IncidentId]:
        """Other incidents so near in place and time that they are likely the same emergency."""
        policy = self.surveyor.policy
        return [
            other.incident_id
            for other in self.live.near(incident, policy.duplicate_m)
            if abs((other.opened_at - incident.opened_at).total_seconds()) <= policy.duplicate_s
            and not (incident.is_ended or other.is_ended)
        ]

    # --- how ---

    async def loaded(self, incident_id: IncidentId, live: LiveIncident) -> Incident:
        """The incident, from the database where memory has none. Whoever asks holds its lock. Raises `NotFound`."""
        if live.incident is not None:
            return live.incident
        events, shown_version = await self._read(incident_id)
        opened: Incident | None = live.incident
        if opened is not None:
            # While the database was being asked: memory knows more.
            return opened
        if not events:
            self.live.drop_place(incident_id, live)
            raise NotFound(f"There is no incident {incident_id}.")
        return self.remember(incident_id, live, events, shown_version)

    async def _read(self, incident_id: IncidentId) -> tuple[list[Event], int]:
        """Its events, and up to which the operators have been told, as the rows tell it."""
        async with self.database.statement() as connection:
            events = await ledger.load_events(connection, incident_id)
            shown = await ledger.shown_versions(connection, [incident_id])
        return events, shown.get(incident_id, 0)

    def remember(
        self, incident_id: IncidentId, live: LiveIncident, events: list[Event], shown_version: int
    ) -> Incident:
        """Hold an incident in memory as its rows tell it. Raises `ValueError` or `KeyError` where they tell nothing."""
        live.forget()
        live.shown_version = shown_version
        live.incident = fold(incident_id, events)
        live.events = events
        self.live.note_place(live.incident)
        return live.incident

    async def _recorded(
        self, lives: Sequence[LiveIncident], decisions: Sequence[Decision], *, rewake: bool, insists: bool
    ) -> bool:
        """Write decisions down as one and send them; False when somebody else was faster: decide them anew."""
        if not self.engagements.are_free(decisions):
            # Somebody was asked elsewhere while streets were being asked about.
            return False
        if self.recording.is_away and not insists and not self._may_be_kept(lives, decisions):
            # It went away while others were waited for who decided in the same incident.
            raise Away("another worker goes on deciding in this incident")
        for decision in decisions:
            self.engagements.reserve(decision)
        try:
            owed = [self.outbox.owed(each) for each in decisions]
            is_unsure = any(each.is_unsure for each in lives)
            with self.reserving(decisions):
                sent = await self.recording.go_on(
                    decisions,
                    owed,
                    rewake=rewake,
                    is_unsure=is_unsure,
                    may_be_kept=partial(self._may_be_kept, lives, decisions),
                )
        except BaseException as error:
            for live, decision in zip(lives, decisions, strict=True):
                self.engagements.release(decision)
                if live.incident is not None:
                    self.engagements.bind(live.incident)
            if not isinstance(error, Error):
                raise
            await self._learn_from(error, lives)
            return False
        for live, decision in zip(lives, decisions, strict=True):
            live.take_in(decision)
        self._after_commit(decisions, owed, sent)
        return True

    def _may_be_kept(self, lives: Sequence[LiveIncident], decisions: Sequence[Decision]) -> bool:
        """Whether a decision stands that was taken while the database was there, and could not be written there.

        Not where another worker goes on deciding, nor if it asks somebody whom that worker may be asking.
        """
        if not all(map(self.live.is_ours, lives)) or not self.engagements.are_free(decisions):
            return False
        asked = (alert.responder_id for each in decisions for alert in bound_by(each))
        return not self.roster.asks_only_here() or all(map(self.roster.is_here, asked))

    async def _learn_from(self, error: Error, lives: Sequence[LiveIncident]) -> None:
        """See to it that the next try does not run into the same. Raises `error` when there is no sense in one."""
        if not isinstance(error, IntegrityError):
            raise error
        clash = _constraint_of(error)
        CONFLICTS.labels(clash).inc()
        log.info("decided anew", incident_id=lives[0].present.incident_id, clash=clash)
        if clash != RESPONDER_TAKEN:
            # Should the database go away just now, what memory holds is all that there is: it is not forgotten first.
            for live in lives:
                incident_id = live.present.incident_id
                self.remember(incident_id, live, *await self._read(incident_id))
        with self.recording.outage_suppressed():
            await self.resolve_clash(error)

    # --- how, once decided ---

    async def resolve_clash(self, error: IntegrityError) -> None:
        """Learn what made a decision impossible, so that the next try does not run into it."""
        if _constraint_of(error) == RESPONDER_TAKEN:
            await self.engagements.learn()

    def _after_commit(self, decisions: Sequence[Decision], owed: Sequence[Owed], sent: Sequence[Sent] | None) -> None:
        if sent is None:
            self.tell_unnumbered([message for part in owed for message in part.messages])
        else:
            for message in sent:
                self.hub.deliver(message.recipient, message.seq, message.body)
        self.on_standing(decisions, sent is not None)
        if any(part.calls for part in owed):
            self.on_calls()
        for decision in decisions:
            self.engagements.keep(decision, is_written=sent is not None)
            self.feed.show(decision.incident.incident_id)
            # The sockets are written when this turn of the loop ends: what else there is must not keep them waiting.
            asyncio.get_running_loop().call_soon(self._look_back, decision)

    def tell_unnumbered(self, messages: Sequence[Outgoing]) -> None:
        """Tell what nobody can number now: it comes again, as things stand then, when the database is back."""
        for each in messages:
            self.hub.tell_everywhere(each.recipient, orjson.loads(each.body))

    def _look_back(self, decision: Decision) -> None:
        self.answer_history.learn(decision)
        count(decision)
        for told in self.on_decided:
            told(decision)


def _without(owed: Owed, alert_ids: Collection[AlertId]) -> Owed:
    """What is owed but these offers."""
    return replace(owed, messages=[each for each in owed.messages if each.alert_id not in alert_ids])


def _nobody_calls() -> None:
    """Sockets are all there is."""


async def _is_fresh(_incident_id: IncidentId) -> None:
    """This worker is the only one."""


def _nobody_to_tell(_decisions: Sequence[Decision]) -> contextlib.AbstractContextManager[None]:
    """This worker is the only one."""
    return contextlib.nullcontext()


async def _nobody_else(_incident_id: IncidentId, _command: Command, _by: str) -> bool:
    """This worker is the only one."""
    return False


async def _is_not_outdated(_incident_id: IncidentId) -> bool:
    """This worker is the only one."""
    return False


def _nobody_follows(_decisions: Sequence[Decision], _is_written: bool) -> None:  # noqa: FBT001 - as it is told
    """This worker is the only one."""


def new_incident_id() -> IncidentId:
    """An id nobody can guess, which says when it was made: the events are split by time along it."""
    return IncidentId(str(time_ordered_id(datetime.now(UTC))))


def _constraint_of(error: IntegrityError) -> str:
    return error.diag.constraint_name or "unknown"
