"""Follows what other workers decide: from their news at once, and from the rows in PostgreSQL whatever got lost."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import groupby

import structlog

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import LiveIncident
from dispatch.engine.showing import Standing, standings
from dispatch.rescue.alert import HappensToAlert
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Event, Offered
from dispatch.rescue.incident import Incident, apply, apply_to_alerts, begin
from dispatch.rescue.vocabulary import IncidentId, IncidentState
from dispatch.sharing.envelope import ToldDecision

log = structlog.get_logger()

_READ_AT_ONCE = 100
_OPEN = [each.value for each in IncidentState if each not in IncidentState.ended_states()]


class Following:
    """Keeps the incidents in memory as the workers that decided them know them; acts upon nothing itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[IncidentId, deque[tuple[ToldDecision, str]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, told: ToldDecision, *, sender: str) -> None:
        """Follow a decision; at once, unless something is being decided in the same incident here."""
        live = self._engine.live.place_for(told.incident_id)
        waiting = self._waiting.get(told.incident_id)
        if waiting is not None:
            waiting.append((told, sender))
        elif live.lock.locked() or not self._follows_at_once(live, told, sender):
            self._waiting[told.incident_id] = deque([(told, sender)])
            task = asyncio.ensure_future(self._catch_up(told.incident_id, live))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def check(self) -> int:
        """Read anew what the rows know more of than memory; returns how many incidents that were.

        Raises `psycopg.Error` or SQLAlchemy's when the database goes away meanwhile.
        """
        engine = self._engine
        held = [incident_id for incident_id, live in engine.live.items() if live.incident is not None]
        async with engine.database.statement() as connection:
            found = await standings(connection, held, states=_OPEN)
        behind = [each for each in found if self._is_behind(each)]
        for each in found:
            live = engine.live.get(each.incident_id)
            if live is not None:
                live.shown_version = max(live.shown_version, each.shown_version)
        for start in range(0, len(behind), _READ_AT_ONCE):
            await self._read_again([each.incident_id for each in behind[start : start + _READ_AT_ONCE]])
        return len(behind)

    async def bring_up_to_date(self, incident_id: IncidentId) -> None:
        """Know an incident at least as well as its rows do at this moment."""
        async with self._engine.database.statement() as connection:
            found = await standings(connection, [incident_id], states=[])
        if any(self._is_behind(each) for each in found):
            await self._read_again([incident_id])

    def _is_behind(self, standing: Standing) -> bool:
        live = self._engine.live.get(standing.incident_id)
        if live is None or live.incident is None:
            return True
        known = live.incident.version
        # What was decided twice while the database was away looks the same by its number.
        return known < standing.version or (live.is_unsure and known <= standing.version)

    async def _read_again(self, incident_ids: Sequence[IncidentId]) -> None:
        async with self._engine.database.statement() as connection:
            rows = await ledger.event_rows(connection, incident_ids)
            shown = await ledger.shown_versions(connection, incident_ids)
        for incident_id in incident_ids:
            live = self._engine.live.place_for(incident_id)
            try:
                events = ledger.events_of(rows[incident_id])
                async with live.lock:
                    self._remember(incident_id, live, events, shown.get(incident_id, 0))
            except Exception:
                # One that cannot be read must not keep the others from being followed.
                log.exception("incident not followed", incident_id=incident_id)
                self._engine.live.drop_place(incident_id, live)
            # A storm's worth of incidents takes its time: an SOS has its turn between any two.
            await asyncio.sleep(0)

    def _remember(self, incident_id: IncidentId, live: LiveIncident, events: list[Event], shown: int) -> None:
        known = 0 if live.incident is None else live.incident.version
        if not events or (known >= len(events) and not (live.is_unsure and known == len(events))):
            self._engine.live.drop_place(incident_id, live)
            return
        incident = self._engine.remember(incident_id, live, events, max(shown, live.shown_version))
        self._engine.engagements.follow(Decision(incident, tuple(events)))
        if known < len(events):
            self._engine.answer_history.learn(Decision(incident, tuple(events[known:])))

    async def _catch_up(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Follow what waits for an incident, once what is being decided in it has been."""
        waiting = self._waiting[incident_id]
        try:
            while waiting:
                async with live.lock:
                    told, sender = waiting.popleft()
                    followed = self._follows_at_once(live, told, sender)
                if not followed and not self._engine.recording.is_away:
                    await self._read_again([incident_id])
        except Exception as error:
            if not self._engine.recording.note_failure(error):
                log.exception("incident not followed", incident_id=incident_id)
        finally:
            del self._waiting[incident_id]
            self._engine.live.drop_place(incident_id, live)

    def _follows_at_once(self, live: LiveIncident, told: ToldDecision, sender: str) -> bool:
        """Whether memory knows what was decided now; False where something before it is missing."""
        first = told.events[0].number
        if live.incident is None:
            if first != 1:
                return False
            incident = _go_on(begin(told.incident_id, told.events[0]), told.events[1:])
        elif told.events[-1].number <= live.incident.version:
            return True
        elif first != live.incident.version + 1:
            return False
        else:
            incident = _go_on(live.incident, told.events)
        decision = Decision(incident, told.events)
        live.follow(decision, home=sender)
        live.is_unsure = live.is_unsure or not told.is_written
        self._engine.live.note_place(incident)
        self._engine.engagements.follow(decision)
        self._engine.answer_history.learn(decision)
        return True


def _go_on(incident: Incident, events: Sequence[Event]) -> Incident:
    for is_about_alerts, some in groupby(events, lambda event: isinstance(event.what, Offered | HappensToAlert)):
        if is_about_alerts:
            incident = apply_to_alerts(incident, list(some))
        else:
            for event in some:
                incident = apply(incident, event)
    return incident
