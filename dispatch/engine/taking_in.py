"""Takes into PostgreSQL what was decided while it was away."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from psycopg import Error, IntegrityError

from dispatch.engine import ledger
from dispatch.engine.decision_codec import JournaledDecision, decision_from_json
from dispatch.engine.journal import FoundJournal, unclaimed
from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.incident import Incident, fold
from dispatch.rescue.retelling import commands_of
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.storage.availability import Availability, is_outage, probe

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()

_LOOK_EVERY_S = 0.2
# An incident that cannot be taken in (a fault of ours, or spoilt rows) is tried again this often.
_TRY_AGAIN_EVERY_S = 5.0
_TRIES = 5


class TakingIn:
    """Looks whether PostgreSQL is back, and brings it up to what memory and journals know, each incident once."""

    def __init__(self, engine: "Engine", availability: Availability) -> None:
        self._engine = engine
        self._availability = availability
        self._stuck: dict[IncidentId, float] = {}

    async def run(self) -> None:
        """Look again and again while the database is away, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._availability.is_away or self._engine.recording.unwritten:
                try:
                    await self.look()
                except Exception:
                    log.exception("what was decided meanwhile is not taken in yet")

    async def look(self) -> bool:
        """Take everything in if the database is there; whether it is."""
        try:
            await probe(self._engine.database)
        except Error as error:
            self._availability.note_failure(error)
            return False
        recording = self._engine.recording
        while waiting := [each for each in recording.unwritten if not self._is_stuck(each)]:
            for incident_id in waiting:
                if not await self._try(incident_id):
                    return False
        await recording.clear()
        self._availability.note_success()
        return True

    async def take_in_journals(self, folder: Path) -> None:
        """At the start: take in what processes that are no more could not write. Raises `psycopg.Error`."""
        for journal in unclaimed(folder):
            try:
                number = await self._take_in_journal(journal)
            except Error:
                journal.let_go()
                raise
            except Exception:
                # It stays where it is, for a person or a later version; today's SOS are served meanwhile.
                log.exception("journal not taken in", journal=journal.path.name)
                journal.let_go()
            else:
                if number:
                    log.warning("journal taken in", journal=journal.path.name, decisions=number)

    async def _take_in_journal(self, journal: FoundJournal) -> int:
        by_incident: dict[IncidentId, list[JournaledDecision]] = {}
        last = 0
        for number, record in journal.records():
            decision = decision_from_json(record)
            by_incident.setdefault(decision.incident_id, []).append(decision)
            last = number
        for incident_id, decisions in by_incident.items():
            await self._write(incident_id, LiveIncident(), decisions)
        if last:
            journal.mark_taken(last)
        journal.forget()
        return last

    def _is_stuck(self, incident_id: IncidentId) -> bool:
        return self._stuck.get(incident_id, 0.0) > asyncio.get_running_loop().time()

    async def _try(self, incident_id: IncidentId) -> bool:
        """Take one incident in; False when the database is away again."""
        live = self._engine.live.place_for(incident_id)
        async with live.lock:
            decisions: Sequence[JournaledDecision] = list(self._engine.recording.unwritten.get(incident_id, ()))
            try:
                decisions = await self._write(incident_id, live, decisions)
            except Exception as error:
                if is_outage(error):
                    self._availability.note_failure(error)
                    return False
                log.exception("incident not taken in", incident_id=incident_id)
                self._stuck[incident_id] = asyncio.get_running_loop().time() + _TRY_AGAIN_EVERY_S
                return True
            self._engine.recording.written(incident_id, decisions)
            self._stuck.pop(incident_id, None)
        return True

    async def _write(
        self, incident_id: IncidentId, live: LiveIncident, decisions: Sequence[JournaledDecision]
    ) -> Sequence[JournaledDecision]:
        """Bring one incident's rows up to its journaled decisions, and tell those concerned how things stand.

        Answers all that is written by then: what had to be decided on the way comes to them.
        """
        for _ in range(_TRIES):
            async with self._engine.database.statement() as connection:
                written = await ledger.load_events(connection, incident_id)
            known = {event.number: event for event in written}
            ours = [event for each in decisions for event in each.events]
            if any(event.number in known and known[event.number] != event for event in ours):
                await self._retell(incident_id, live, decisions)
                return decisions
            if not written and decisions[0].opening is None:
                log.error("journaled decisions of an incident that was never opened", incident_id=incident_id)
                return decisions
            missing = [each for each in decisions if each.events[-1].number > len(written)]
            incident = fold(incident_id, [*written, *(event for each in missing for event in each.events)])
            try:
                await self._bring_up(incident, live, decisions, missing)
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
            for each in decisions
            for event in each.events
            if (alert_id := getattr(event.what, "alert_id", None)) is not None
        )
        outgoing = self._engine.outbox.as_it_stands(incident, touched)
        sent = await ledger.catch_up(
            self._engine.database, incident, missing, touched, outgoing, wake=self._engine.wake_of(incident, live)
        )
        for message in sent:
            self._engine.hub.deliver(message.recipient, message.seq, message.body)
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
            freed = self._engine.free_of(incident, await self._bound_elsewhere(incident), live)
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
        self, incident_id: IncidentId, live: LiveIncident, decisions: Sequence[JournaledDecision]
    ) -> None:
        """Somebody else decided meanwhile: what people said here is said again to what the database knows."""
        log.warning("an incident went two ways; what was said is said again", incident_id=incident_id)
        events = [event for each in decisions for event in each.events]
        branch = live.incident
        self._engine.recording.written(incident_id, decisions)
        live.forget()
        for by, command in commands_of(events, branch):
            await self._engine.carry_out_again(incident_id, live, command, by)
        await self._engine.tell_how_it_stands(incident_id, live, branch)
