"""Brings one incident's rows in PostgreSQL up to what memory or a journal knows of it."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import structlog
from psycopg import IntegrityError

from dispatch.engine import ledger
from dispatch.engine.decision_codec import JournaledDecision, Opening
from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.alert import Alert
from dispatch.rescue.course import Course
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.retelling import commands_of
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.rescue.wakes import Wake, WakeKind

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()

_TRIES = 5


class CatchingUp:
    """Writes what the database lacks of an incident, once, and tells those concerned how things stand."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def write(
        self, incident_id: IncidentId, live: LiveIncident, decisions: Sequence[JournaledDecision]
    ) -> Sequence[JournaledDecision]:
        """Bring an incident up to its journaled decisions, and to memory where `live` holds it.

        Answers all that is written by then: what had to be decided on the way comes to them. Whoever asks holds the
        lock of `live`.
        """
        for _ in range(_TRIES):
            async with self._engine.database.statement() as connection:
                written = await ledger.load_events(connection, incident_id)
            ours = live.events if live.incident is not None else known_events(decisions)
            known = {event.number: event for event in written}
            if any(event.number in known and known[event.number] != event for event in ours):
                await self._retell(incident_id, live, decisions, written)
                return decisions
            missing = joining_on(ours, len(written))
            if not written and (not missing or missing[0].number != 1):
                log.error("journaled decisions of an incident that was never opened", incident_id=incident_id)
                return decisions
            incident = fold(incident_id, [*written, *missing])
            opening = next((each.opening for each in decisions if each.opening is not None), live.opening)
            try:
                await self._bring_up(incident, live, decisions, _as_decisions(incident_id, missing, opening))
            except IntegrityError as error:
                log.warning("taking in an incident anew", incident_id=incident_id, clash=error.diag.constraint_name)
                decisions = await self._resolved(error, incident, live, decisions)
                continue
            return decisions
        raise RuntimeError(f"taking in {incident_id} lost to other decisions {_TRIES} times")

    async def _bring_up(
        self,
        incident: Incident,
        live: LiveIncident,
        decisions: Sequence[JournaledDecision],
        missing: Sequence[JournaledDecision],
    ) -> None:
        touched = dict.fromkeys(
            alert_id
            for each in (*decisions, *missing)
            for event in each.events
            if (alert_id := getattr(event.what, "alert_id", None)) is not None
        )
        # Whoever is at it may have missed what the others did.
        touched |= dict.fromkeys(each.alert_id for each in incident.engaged())
        owed = self._engine.outbox.as_it_stands(incident, touched)
        sent = await ledger.catch_up(
            self._engine.database, incident, missing, touched, owed, wake=self._wake_of(incident, live)
        )
        for message in sent:
            self._engine.hub.deliver(message.recipient, message.seq, message.body)
        if owed.calls:
            self._engine.on_calls()
        self._engine.feed.show(incident.incident_id)

    async def _resolved(
        self,
        error: IntegrityError,
        incident: Incident,
        live: LiveIncident,
        decisions: Sequence[JournaledDecision],
    ) -> list[JournaledDecision]:
        """The decisions to try next, after what made these impossible."""
        if error.diag.constraint_name == ledger.REQUEST_ID_TAKEN:
            return [ledger.under_another_request_id(each) for each in decisions]
        if error.diag.constraint_name == ledger.RESPONDER_TAKEN:
            # Whom memory knows to be free, of an incident whose end is not written yet, nobody has to give up.
            await self._engine.engagements.learn()
            freed = self._free_of(incident, await self._bound_elsewhere(incident), live)
            # Memory has gone on by these; whatever becomes of this try, they are to be written too.
            await self._engine.recording.keep(freed)
            return [*decisions, *freed]
        return list(decisions)

    async def _bound_elsewhere(self, incident: Incident) -> set[AlertId]:
        async with self._engine.database.statement() as connection:
            bound = await ledger.active_alerts(connection)
        return {
            each.alert_id
            for each in incident.alerts.values()
            if each.is_active
            and (other := bound.get(each.responder_id)) is not None
            and other.incident_id != incident.incident_id
        }

    async def _retell(
        self,
        incident_id: IncidentId,
        live: LiveIncident,
        decisions: Sequence[JournaledDecision],
        written: Sequence[Event],
    ) -> None:
        """Somebody else decided meanwhile: what people said here is said again to what the database knows.

        Should the database go once more in the middle, all of it is said again: twice changes nothing.
        """
        log.warning("an incident went two ways; what was said is said again", incident_id=incident_id)
        events = known_events(decisions)
        branch = live.incident or _branch_of(incident_id, events, written)
        recording = self._engine.recording
        recording.written(incident_id, decisions)
        live.forget()
        try:
            for by, command in commands_of(events, branch):
                await self._engine.carry_out_again(incident_id, live, command, by)
            await self._tell_how_it_stands(incident_id, live, branch)
        except BaseException:
            if incident_id not in recording.unwritten:
                recording.unwritten[incident_id] = list(decisions)
            raise

    def _wake_of(self, incident: Incident, live: LiveIncident) -> Wake | None:
        """When an incident is looked at next: at once where memory does not know."""
        if live.incident is not None and live.knows_wake:
            return live.wake
        return None if incident.is_ended else Wake(self._engine.clock.now(), WakeKind.LOOK_AGAIN)

    def _free_of(
        self, incident: Incident, alert_ids: Collection[AlertId], live: LiveIncident
    ) -> list[JournaledDecision]:
        """End these alerts, whose responders are bound by other incidents; `live` is where memory keeps this one."""
        course = Course(incident, self._engine.surveyor.bare_scene(self._engine.clock.now()))
        course.let_go(alert_ids)
        decision = course.decision()
        if not decision.events:
            return []
        if live.incident is not None:
            live.take_in(decision)
            # They hear of it before anybody else may ask them; with a number it comes when all of it is written.
            self._engine.tell_unnumbered(self._engine.outbox.owed(decision).messages)
            self._engine.engagements.keep(decision)
        return [JournaledDecision(incident.incident_id, decision.events)]

    async def _tell_how_it_stands(self, incident_id: IncidentId, live: LiveIncident, branch: Incident | None) -> None:
        """Tell everybody of an incident that went two ways how it stands; `branch` is what memory had of it."""
        incident = await self._engine.loaded(incident_id, live)
        self._engine.engagements.bind(incident)
        told = list(self._engine.outbox.as_it_stands(incident, incident.alerts).messages)
        strays: Sequence[Alert] = ()
        if branch is not None:
            strays = [each for each in branch.alerts.values() if each.alert_id not in incident.alerts]
            told += self._engine.outbox.never_was(branch, strays)
        sent = await ledger.send(self._engine.database, told, now=self._engine.clock.now(), incident_id=incident_id)
        for message in sent:
            self._engine.hub.deliver(message.recipient, message.seq, message.body)
        for alert in strays:
            self._engine.roster.release(alert.responder_id, alert.alert_id)
        self._engine.feed.show(incident_id)


def _branch_of(incident_id: IncidentId, events: Sequence[Event], written: Sequence[Event]) -> Incident | None:
    """What had come of an incident on this side, from what both sides share and what a journal tells."""
    shared = [event for event in written if event.number < events[0].number]
    try:
        return fold(incident_id, [*shared, *events])
    except (KeyError, ValueError):
        return None


def known_events(decisions: Iterable[JournaledDecision]) -> list[Event]:
    """The events of journaled decisions in order, each once: a journal may hold one twice."""
    by_number = {event.number: event for each in decisions for event in each.events}
    return [by_number[number] for number in sorted(by_number)]


def joining_on(events: Iterable[Event], written: int) -> list[Event]:
    """Those after the first `written` that follow each other without a gap: behind one nothing can be told."""
    later = [event for event in events if event.number > written]
    return [event for place, event in enumerate(later, start=written + 1) if event.number == place]


def _as_decisions(incident_id: IncidentId, events: Iterable[Event], opening: Opening | None) -> list[JournaledDecision]:
    """Events as rows of the list of events: what happened at one instant is one row."""
    return [
        JournaledDecision(incident_id, together, opening if together[0].number == 1 else None)
        for _, each in groupby(events, key=lambda event: event.at)
        for together in (tuple(each),)
    ]
