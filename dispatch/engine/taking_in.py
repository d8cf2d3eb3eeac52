"""Takes into PostgreSQL what was decided while it was away."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from dispatch.engine import guards, ledger
from dispatch.engine.catching_up import CatchingUp
from dispatch.engine.decision_codec import JournaledDecision, decisions_from_json
from dispatch.engine.engagements import shared_beginning
from dispatch.engine.journal import FoundJournal, unclaimed
from dispatch.engine.lagging import Lagging, made_one_with, taken_together
from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.storage.availability import Availability, is_outage, probe, timeline
from dispatch.storage.database import reaching_through

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

log = structlog.get_logger()

_LOOK_EVERY_S = 0.2
# An incident that cannot be taken in (a fault of ours, or spoilt rows) is tried again this often.
_TRY_AGAIN_EVERY_S = 5.0

_ByIncident = dict[IncidentId, list[JournaledDecision]]


class TakingIn:
    """Looks whether PostgreSQL is back, and brings it up to what memory and journals know, each incident once."""

    def __init__(self, engine: "Engine", availability: Availability) -> None:
        self._engine = engine
        self._availability = availability
        self._catching_up = CatchingUp(engine)
        self._stuck: dict[IncidentId, float] = {}
        self._timeline: str | None = None
        # Told when the server goes on with another history: message numbers that were given may be given again.
        self.on_failover: list[Callable[[], None]] = []

    async def run(self) -> None:
        """Look again and again while the database is away, until cancelled."""
        # This is the one who has to ask a database that is taken to be away.
        reaching_through.set(True)
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self._availability.is_away or self._engine.recording.unwritten:
                try:
                    await self.look()
                except Exception:
                    log.exception("what was decided meanwhile is not taken in yet")

    async def look(self) -> bool:
        """Take everything in if the database is there; whether it is."""
        recording = self._engine.recording
        try:
            if self._availability.is_away:
                await probe(self._engine.database)
                await self.follow_timeline()
                await self._note_lost_commits()
            elif all(map(self._is_stuck, recording.unwritten)):
                return True
            await self._free_guards(self._unwritten_incidents())
        except Exception as error:
            if not self._availability.note_failure(error):
                raise
            return False
        while waiting := [each for each in recording.unwritten if not self._is_stuck(each)]:
            for incident_id in self._in_turn(waiting):
                # It may have been taken in with another that it was made one with.
                if incident_id in recording.unwritten and not await self._try(incident_id):
                    return False
        await recording.clear()
        if self._availability.is_away:
            # Old connections lead to a server that is no more: whoever got one would take it for another outage.
            await self._engine.database.renew()
            self._availability.note_success()
        return True

    async def follow_timeline(self) -> None:
        """Know which history the server goes on with, before anything is numbered there."""
        before, self._timeline = self._timeline, await timeline(self._engine.database)
        if before not in {None, self._timeline}:
            log.warning("another server has taken over; sessions get their mailboxes anew")
            for told in self.on_failover:
                told()

    async def take_in_journals(self, folder: Path) -> None:
        """At the start: take in what processes that are no more could not write. Raises when the database goes away."""
        read: list[tuple[FoundJournal, int]] = []
        unread = 0
        by_incident: _ByIncident = {}
        for journal in unclaimed(folder):
            try:
                last, passed_over = _read(journal, by_incident)
                read.append((journal, last))
                unread += passed_over
            except Exception:
                # It stays where it is, for a person or a later version; today's SOS are served meanwhile.
                log.exception("journal not taken in", journal=journal.path.name)
                journal.let_go()
        try:
            left = await self._take_in(by_incident)
        except BaseException:
            # The next try must find them again.
            for journal, _ in read:
                journal.let_go()
            raise
        for journal, last in read:
            if last:
                log.warning("journal taken in", journal=journal.path.name, decisions=last)
                journal.mark_taken(last)
            if left or unread:
                # For a person to look at; what could be taken in of it is.
                log.error("a journal could not be taken in whole; it is kept", journal=journal.set_aside().name)
            else:
                journal.forget()

    async def _take_in(self, by_incident: _ByIncident) -> int:
        """Take in every incident of the journals that can be; how many cannot. Raises `psycopg.Error`."""
        left = 0
        if by_incident:
            known = [await self._as_journaled(*each) for each in by_incident.items()]
            await self._free_guards(known)
        for group in dict.fromkeys(taken_together(by_incident).values()):
            together = [Lagging(each, decisions=by_incident.get(each, ())) for each in sorted(group)]
            try:
                await self._catching_up.write(together)
                await self._must_be_whole(together)
            except Exception as error:
                if is_outage(error):
                    raise
                # One that is spoilt must not keep the others from being served.
                log.exception("incidents of a journal not taken in whole", incident_ids=sorted(group))
                left += 1
        return left

    async def _must_be_whole(self, together: Sequence[Lagging]) -> None:
        """Raises `ValueError` when the journal knows more of an incident than could be written."""
        async with self._engine.database.statement() as connection:
            versions = await ledger.versions(connection, [each.incident_id for each in together])
        for each in together:
            version = versions.get(each.incident_id, 0)
            last = max((decision.events[-1].number for decision in each.decisions), default=0)
            if version < last:
                raise ValueError(
                    f"the journal knows event {last} of {each.incident_id}, but only up to {version} they follow"
                )

    async def _as_journaled(
        self, incident_id: IncidentId, decisions: Sequence[JournaledDecision]
    ) -> tuple[Incident | None, Sequence[Event]]:
        """The incident as rows and journal together tell it, with its events; None where they do not fit together."""
        lagging = Lagging(incident_id, decisions=decisions)
        try:
            async with self._engine.database.statement() as connection:
                lagging.written = await ledger.load_events(connection, incident_id)
            if lagging.went_two_ways:
                # What is free on this side says nothing about the other.
                return None, ()
            return lagging.incident(), [*lagging.written, *lagging.missing]
        except (KeyError, ValueError, TypeError):
            return None, ()

    def _unwritten_incidents(self) -> list[tuple[Incident | None, Sequence[Event]]]:
        lives = (self._engine.live.get(each) for each in self._engine.recording.unwritten)
        return [(live.incident, list(live.events)) for live in lives if live is not None]

    async def _free_guards(self, known: Iterable[tuple[Incident | None, Sequence[Event]]]) -> None:
        """Let go, in the rows, of whoever is free by now: another incident that is taken in first may have bound them.

        Their events follow with their incident; until then the guard alone says so. Only where the rows tell the
        beginning of what ours does: of an incident that went another way, as far as ours or not, they know better.
        """
        async with self._engine.database.statement() as connection:
            for incident, ours in known:
                ended = [each.alert_id for each in incident.alerts.values() if not each.is_active] if incident else []
                if incident is None or not ended:
                    continue
                version = await shared_beginning(connection, incident.incident_id, ours)
                if version is not None:
                    await guards.free_guards(connection, ended, incident_id=incident.incident_id, version=version)

    async def _note_lost_commits(self) -> None:
        """What memory knows to be written and the database has not: a standby took over that had not heard of it."""
        # Those that have ended too: the row of a lost ending would keep its responders bound for good.
        known = {
            incident_id: live
            for incident_id, live in self._engine.live.items()
            # What another worker has in its journal it writes down itself.
            if live.incident is not None and not (live.is_unsure and not self._engine.live.is_ours(live))
        }
        async with self._engine.database.statement() as connection:
            versions = await ledger.versions(connection, list(known))
        behind = [each for each, live in known.items() if live.present.version > versions.get(each, 0)]
        decisions: _ByIncident = {}
        async with AsyncExitStack() as locks:
            # Whoever holds one may be about to find that nothing happens: waited for, not passed over. Always in the
            # same order, as whoever merges two takes them.
            for each in sorted(behind):
                await locks.enter_async_context(known[each].lock)
            for each in behind:
                lost = self._lost(each, known[each], versions.get(each, 0))
                if lost is not None:
                    decisions[each] = [lost]
            for group in dict.fromkeys(taken_together(decisions).values()):
                await self._engine.recording.keep([each for one in group for each in decisions.get(one, ())])

    def _lost(self, incident_id: IncidentId, live: LiveIncident, written: int) -> JournaledDecision | None:
        """What its rows lack, unless it is known already that they do."""
        lost = [event for event in live.events if event.number > written]
        if not lost or incident_id in self._engine.recording.unwritten:
            return None
        if lost[0].number == 1 and live.opening is None:
            log.error("an incident is lost whose opening nobody holds", incident_id=incident_id)
            return None
        log.error("commits were lost; they are written again", incident_id=incident_id, events=len(lost))
        return JournaledDecision(incident_id, tuple(lost), live.opening if lost[0].number == 1 else None)

    def _in_turn(self, waiting: Sequence[IncidentId]) -> list[IncidentId]:
        """Where somebody is free by now before where they are asked by now: they are told of the end first."""
        unwritten = {each: self._engine.recording.unwritten.get(each, ()) for each in waiting}
        group_of = taken_together(unwritten)
        ended: dict[ResponderId, set[frozenset[IncidentId]]] = {}
        active: dict[ResponderId, set[frozenset[IncidentId]]] = {}
        for incident_id in waiting:
            live = self._engine.live.get(incident_id)
            alerts = live.incident.alerts.values() if live is not None and live.incident is not None else ()
            for alert in alerts:
                (active if alert.is_active else ended).setdefault(alert.responder_id, set()).add(group_of[incident_id])
        before: dict[frozenset[IncidentId], set[frozenset[IncidentId]]] = {each: set() for each in group_of.values()}
        for responder_id, asking in active.items():
            for group in asking:
                before[group] |= ended.get(responder_id, set()) - {group}
        try:
            return [each for group in TopologicalSorter(before).static_order() for each in group if each in unwritten]
        except CycleError:
            # Two who changed places: there is no such order, and both are told within the same moment.
            return list(waiting)

    def _is_stuck(self, incident_id: IncidentId) -> bool:
        return self._stuck.get(incident_id, 0.0) > asyncio.get_running_loop().time()

    async def _try(self, incident_id: IncidentId) -> bool:
        """Take one incident in, and all that it was made one with; False when the database is away again."""
        async with self._held(incident_id) as together:
            try:
                await self._catching_up.write(together)
            except Exception as error:
                if is_outage(error):
                    self._availability.note_failure(error)
                    return False
                ids = [each.incident_id for each in together]
                log.exception("incidents not taken in", incident_ids=ids)
                self._stuck |= dict.fromkeys(ids, asyncio.get_running_loop().time() + _TRY_AGAIN_EVERY_S)
                self._engine.recording.stuck.update(ids)
                return True
            for each in together:
                # Its rows tell all that memory does, what was in another worker's journal included.
                each.live.is_unsure = False
                self._engine.recording.written(each.incident_id, each.decisions)
                self._stuck.pop(each.incident_id, None)
                self._engine.recording.stuck.discard(each.incident_id)
        return True

    @asynccontextmanager
    async def _held(self, incident_id: IncidentId) -> AsyncIterator[list[Lagging]]:
        """An incident and all that it was made one with, locked: nothing happens in them meanwhile."""
        unwritten = self._engine.recording.unwritten
        while True:
            group = made_one_with(incident_id, unwritten)
            async with AsyncExitStack() as locks:
                together = []
                # Always in the same order, as whoever merges two takes them.
                for each in sorted(group):
                    live = self._engine.live.place_for(each)
                    await locks.enter_async_context(live.lock)
                    together.append(Lagging(each, live))
                if made_one_with(incident_id, unwritten) != group:
                    # Made one with yet another while the locks were waited for.
                    continue
                for lagging in together:
                    lagging.decisions = list(unwritten.get(lagging.incident_id, ()))
                yield together
                return


def _read(journal: FoundJournal, by_incident: _ByIncident) -> tuple[int, int]:
    """Read a journal into `by_incident`; its last record's number, and how many were not read. Raises `JournalFailed`.

    A record that this version cannot read is said and passed over, with it what follows of its incident.
    """
    last = unread = 0
    for last, record in journal.records():
        try:
            decisions = decisions_from_json(record)
        except (KeyError, ValueError, TypeError):
            unread += 1
            log.exception("record not read", journal=journal.path.name, record=last)
        else:
            for each in decisions:
                by_incident.setdefault(each.incident_id, []).append(each)
    return last, unread
