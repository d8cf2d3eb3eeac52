"""Runs the decisions: takes a command, lets `rescue` decide, writes it down, and only then sends the messages."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import orjson
import structlog
from psycopg import Error, IntegrityError

from dispatch.clock import Clock
from dispatch.engine import due_rows, ledger
from dispatch.engine.counting import count
from dispatch.engine.engagements import Engagements, bound_by
from dispatch.engine.ledger import RESPONDER_TAKEN, Outgoing, Owed, Sent
from dispatch.engine.live_incident import LiveIncident, LiveIncidents
from dispatch.engine.mergers import TRIES, Mergers
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.openings import Openings
from dispatch.engine.operator_feed import OperatorFeed
from dispatch.engine.other_workers import NoOtherWorkers, OtherWorkers
from dispatch.engine.outbox import Outbox, Telephones
from dispatch.engine.recording import Recording
from dispatch.engine.survey import Surveyor
from dispatch.engine.turns import Turns
from dispatch.engine.views import IncidentViews
from dispatch.metrics import COMMAND_SECONDS, CONFLICTS, OPEN_INCIDENTS
from dispatch.problems import NotFound
from dispatch.realtime.hub import Hub
from dispatch.rescue.commands import Accept, Command, LetTimePass, LookAround, Refused
from dispatch.rescue.course import Decision
from dispatch.rescue.decide import decide
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.vocabulary import IncidentId
from dispatch.rescue.wakes import Wake
from dispatch.storage.database import Away, Database

log = structlog.get_logger()

# From this try on it waits a little before: workers that hear each other through the rows only run into each other.
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
        self.openings = Openings(self)
        self.mergers = Mergers(self)
        self.turns = Turns()
        # Counted when somebody asks: after every decision it would be a look through all of them.
        OPEN_INCIDENTS.set_function(lambda: sum(1 for _ in self.live.going_on()))
        # Told that phones are to be woken by other channels than their sockets.
        self.on_calls: Callable[[], None] = _nobody_calls
        self.others: OtherWorkers = NoOtherWorkers()
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
        if await self.others.decided_elsewhere(incident_id, command, by):
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
        return live.is_settled or (unless_ours and self.live.is_ours(live))

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
                self.engagements.free(alert)
        self.engagements.bind(incident)

    async def _carry_out(
        self, incident_id: IncidentId, command: Command, by: str, *, insists: bool = False
    ) -> Decision:
        started = time.perf_counter()
        # Looked for when its turn has come: until then nothing says that the incident must not be forgotten.
        async with self.turns.turn_of(command), (live := self.live.place_for(incident_id)).lock:
            try:
                decision = await self.decided(incident_id, live, command, by, insists=insists)
            finally:
                if live.incident is not None:
                    # Another service may have ended what memory still held somebody for.
                    self.engagements.let_go(live.incident)
        COMMAND_SECONDS.labels(type(command).__name__).observe(time.perf_counter() - started)
        return decision

    async def decided(
        self, incident_id: IncidentId, live: LiveIncident, command: Command, by: str, *, insists: bool
    ) -> Decision:
        """Carry out a command, whose incident's lock the asker holds; `insists`: see `command_here`."""
        for number in range(TRIES):
            if number >= _IN_HURRY:
                await asyncio.sleep(random.uniform(0.0, _GIVES_WAY_S))  # noqa: S311 - who goes first is no secret
            incident = await self.loaded(incident_id, live)
            if number == 0 and not self.others.hears_all():
                # To read first costs less than to be told by the database that another was faster.
                with self.recording.outage_suppressed():
                    await self.others.follow_rows(incident_id, live)
                incident = live.present
            try:
                self._must_not_be_bound_elsewhere(incident, command)
                scene = await self.surveyor.scene_for(incident, command, now=self.clock.now())
                decision = decide(incident, command, scene, by=by)
            except Refused:
                # What another worker has just taken in may be what makes it possible.
                if incident_id in self.recording.unwritten or not await self.others.is_outdated(incident_id):
                    raise
                await self._read_anew(incident_id, live)
                if live.incident == incident:
                    raise
                continue
            # A due time that was claimed comes back unless it is put anew, whatever has come of it.
            rewake = isinstance(command, LetTimePass) or not live.knows_wake or decision.wake != live.wake
            if not decision.events:
                if rewake and not await self._put_off(incident, decision.wake):
                    await self._read_anew(incident_id, live)
                    continue
                live.wakes_at(decision.wake)
                return decision
            if await self.recorded((live,), (decision,), rewake=rewake, insists=insists):
                return decision
        raise RuntimeError(f"{type(command).__name__} on {incident_id} lost to other decisions {TRIES} times")

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
            await self.decided(incident_id, live, command, by, insists=True)

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

    async def _read_anew(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Know an incident as its rows tell it, not as memory does, which is all there is should they not answer."""
        events, shown_version = await self._read(incident_id)
        live.forget()
        if events:
            self.remember(incident_id, live, events, shown_version)

    def remember(
        self, incident_id: IncidentId, live: LiveIncident, events: list[Event], shown_version: int
    ) -> Incident:
        """Hold an incident in memory as its rows tell it. Raises `ValueError` or `KeyError` where they tell nothing."""
        live.forget()
        live.shown_version = shown_version
        live.incident = fold(incident_id, events)
        live.events = events
        self.others.keep_up_with(events[-1].at)
        self.live.note_place(live.incident)
        return live.incident

    async def recorded(
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
            with self.others.reserving(decisions):
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
        self.after_commit(decisions, owed, sent)
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
            for live in lives:
                await self._read_anew(live.present.incident_id, live)
        with self.recording.outage_suppressed():
            await self.resolve_clash(error)

    async def resolve_clash(self, error: IntegrityError) -> None:
        """Learn what made a decision impossible, so that the next try does not run into it."""
        if _constraint_of(error) == RESPONDER_TAKEN:
            await self.engagements.learn()

    def after_commit(self, decisions: Sequence[Decision], owed: Sequence[Owed], sent: Sequence[Sent] | None) -> None:
        """Tell of decisions that stand; `sent` is None where nobody could number their messages."""
        if sent is None:
            self.tell_unnumbered([message for part in owed for message in part.messages])
        else:
            for message in sent:
                self.hub.deliver(message.recipient, message.seq, message.body)
        self.others.stand(decisions, is_written=sent is not None)
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


def _nobody_calls() -> None:
    """Sockets are all there is."""


def _constraint_of(error: IntegrityError) -> str:
    return error.diag.constraint_name or "unknown"
