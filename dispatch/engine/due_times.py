"""Due times: rows that any worker may act upon, so that a deadline outlives whoever set it."""

import asyncio
from datetime import datetime, timedelta

import structlog

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.engine.ledger import Due
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

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.act()
            except Exception as error:
                if not self._engine.recording.explains(error):
                    log.exception("due times not acted upon")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def act(self) -> int:
        """Act upon everything that is due now; returns how many due times that were."""
        now = self._engine.clock.now()
        due = await self._due(now)
        by_incident: dict[IncidentId, list[Due]] = {}
        for each in due:
            by_incident.setdefault(each.incident_id, []).append(each)
        room = asyncio.Semaphore(_AT_ONCE)
        settled = await asyncio.gather(*(self._settle(room, *each, now) for each in by_incident.items()))
        return sum(settled)

    async def _due(self, now: datetime) -> list[Due]:
        if self._engine.recording.is_away:
            # Nobody can claim rows now: every worker looks after the incidents that it knows.
            return [Due(each, "memory", now, 0) for each in self._engine.live.due(now)]
        async with self._engine.database.statement() as connection:
            return await ledger.claim_due(connection, now, lease_s=_LEASE_S)

    async def run_audits(self) -> None:
        """Count what nobody has acted upon, until cancelled."""
        while True:
            try:
                await self.audit()
            except Exception as error:
                if not self._engine.recording.explains(error):
                    log.exception("due times not audited")
            await asyncio.sleep(_AUDIT_EVERY_S)

    async def audit(self) -> int:
        """How many due times have been passed over, for the alarm and the console."""
        if self._engine.recording.is_away:
            return 0
        now = self._engine.clock.now()
        async with self._engine.database.statement() as connection:
            self.overdue, oldest = await ledger.overdue(connection, now - _OVERDUE_AFTER)
            self.dead_letters = await ledger.dead_letters(connection)
        DUE_OVERDUE.set(self.overdue)
        DUE_OVERDUE_SECONDS.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        if self.overdue:
            log.error("due times overdue", number=self.overdue, oldest=oldest)
        return self.overdue

    async def _settle(self, room: asyncio.Semaphore, incident_id: IncidentId, rows: list[Due], now: datetime) -> int:
        async with room:
            try:
                await self._engine.let_time_pass(incident_id)
            except NotFound:
                # Of an incident that was never written, or is not kept any longer.
                await ledger.put_wake(self._engine.database, incident_id, None)
            except Exception as error:
                # Its rows come again after the lease; the other incidents must not wait for it.
                if not self._engine.recording.explains(error):
                    log.exception("due time not acted upon", incident_id=incident_id)
                return 0
        for each in rows:
            DUE_LATENESS_SECONDS.observe((now - each.due_at).total_seconds())
        return len(rows)
