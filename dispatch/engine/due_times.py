"""Due times: rows that any worker may act upon, so that a deadline outlives whoever set it."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

import structlog

from dispatch.engine import due_rows
from dispatch.engine.due_rows import Due
from dispatch.engine.engine import Engine
from dispatch.metrics import DUE_LATENESS_SECONDS, DUE_OVERDUE, DUE_OVERDUE_SECONDS
from dispatch.problems import NotFound
from dispatch.rescue.vocabulary import IncidentId

log = structlog.get_logger()

# A deadline is acted upon within half a second; looking is one indexed query.
_LOOK_EVERY_S = 0.2

# A worker that has claimed a due time and died is not waited for longer than this.
_LEASE_S = 1.0

# So many incidents are looked at side by side: their commits overlap.
_AT_ONCE = 8

_AUDIT_EVERY_S = 2.0
# Whatever is due for longer than this has been passed over.
_OVERDUE_AFTER = timedelta(seconds=1)


class DueTimes:
    """Acts upon what has come due. A row goes only when its consequences are committed: nothing is forgotten."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Due times that nobody has acted upon, as of the last audit.
        self.overdue = 0
        # Pushes that could not be sent, as of then.
        self.dead_letters = 0
        self._under_way: dict[IncidentId, asyncio.Task[int]] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look again and again, until cancelled. An incident that takes its time keeps no other waiting."""
        while True:
            try:
                self._begin(await self._due(self._engine.clock.now()))
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("due times not acted upon")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def act(self) -> int:
        """Act upon everything that is due now; returns how many due times that were."""
        return sum(await asyncio.gather(*self._begin(await self._due(self._engine.clock.now()))))

    def _begin(self, due: Iterable[Due]) -> list[asyncio.Task[int]]:
        """Begin to act upon what is due, but for incidents that are being acted upon already."""
        by_incident: dict[IncidentId, list[Due]] = {}
        for each in due:
            if each.incident_id not in self._under_way:
                by_incident.setdefault(each.incident_id, []).append(each)
        begun = []
        for incident_id, rows in by_incident.items():
            task = asyncio.create_task(self._settle(incident_id, rows, self._engine.clock.now()))
            self._under_way[incident_id] = task
            task.add_done_callback(partial(self._settled, incident_id))
            begun.append(task)
        return begun

    async def _forget(self, incident_id: IncidentId) -> None:
        try:
            async with self._engine.database.statement() as connection:
                await due_rows.forget_wakes(connection, incident_id)
        except Exception as error:
            if not self._engine.recording.note_failure(error):
                log.exception("due time not removed", incident_id=incident_id)

    def _settled(self, incident_id: IncidentId, _task: asyncio.Task[int]) -> None:
        self._under_way.pop(incident_id, None)

    async def _due(self, now: datetime) -> list[Due]:
        if self._engine.recording.is_away:
            # Nobody can claim rows now: every worker looks after the incidents that it knows.
            return [Due(each, "memory", now, 0) for each in self._engine.live.due(now)]
        async with self._engine.database.statement() as connection:
            due = await due_rows.claim_due(connection, now, lease_s=_LEASE_S)
        # What is not written yet has no row.
        unwritten = self._engine.recording.unwritten
        memory = (each for each in self._engine.live.due(now) if each in unwritten) if unwritten else ()
        return [*due, *(Due(each, "memory", now, 0) for each in memory)]

    async def drain(self) -> None:
        """Wait for what is being acted upon."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def run_audits(self) -> None:
        """Count what nobody has acted upon, until cancelled."""
        while True:
            try:
                await self.audit()
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("due times not audited")
            await asyncio.sleep(_AUDIT_EVERY_S)

    async def audit(self) -> int:
        """How many due times have been passed over, for the alarm and the console."""
        if self._engine.recording.is_away:
            return 0
        now = self._engine.clock.now()
        async with self._engine.database.statement() as connection:
            self.overdue, oldest = await due_rows.overdue(connection, now - _OVERDUE_AFTER)
            self.dead_letters = await due_rows.dead_letters(connection)
            forgotten = await due_rows.give_wakes(connection, self._engine.live.awaiting(), now)
        if forgotten:
            # Of the previous version's, or a row that was lost: from here on they are looked at again.
            log.warning("incidents without a due time", number=forgotten)
        DUE_OVERDUE.set(self.overdue)
        DUE_OVERDUE_SECONDS.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        if self.overdue:
            log.error("due times overdue", number=self.overdue, oldest=oldest)
        # Last: the alarm is not to depend on it.
        await self._engine.engagements.learn()
        return self.overdue

    async def _settle(self, incident_id: IncidentId, rows: list[Due], now: datetime) -> int:
        async with self._room:
            try:
                await self._engine.let_time_pass(incident_id)
            except NotFound:
                # Of an incident that was never written, or is not kept any longer.
                await self._forget(incident_id)
            except Exception as error:
                # Its rows come again after the lease; the other incidents must not wait for it.
                if not self._engine.recording.note_failure(error):
                    log.exception("due time not acted upon", incident_id=incident_id)
                return 0
        for each in rows:
            DUE_LATENESS_SECONDS.observe((now - each.due_at).total_seconds())
        return len(rows)
