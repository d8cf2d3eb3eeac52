"""Due times: rows that any worker may act upon, so that a deadline outlives whoever set it."""

import asyncio

import structlog

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.metrics import DUE_LATENESS_SECONDS
from dispatch.rescue.commands import RespondByPassed
from dispatch.rescue.vocabulary import IncidentId

log = structlog.get_logger()

# A deadline is acted upon within half a second; looking is one indexed query.
_LOOK_EVERY_S = 0.25


class DueTimes:
    """Acts upon what has come due. The rows are held until their consequences are committed: nothing is forgotten."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.act()
            except Exception:
                log.exception("due times not acted upon")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def act(self) -> int:
        """Act upon everything that is due now; returns how many due times that were."""
        now = self._engine.clock.now()
        async with self._engine.database.transaction() as connection:
            due = await ledger.lock_due(connection, now)
            if not due:
                return 0
            acted = {each for each in dict.fromkeys(row.incident_id for row in due) if await self._acted_upon(each)}
            settled = [each for each in due if each.incident_id in acted]
            for each in settled:
                DUE_LATENESS_SECONDS.observe((now - each.due_at).total_seconds())
            await ledger.forget_due(connection, [each.due_id for each in settled])
        return len(settled)

    async def _acted_upon(self, incident_id: IncidentId) -> bool:
        try:
            await self._engine.command(incident_id, RespondByPassed(), by="system")
        except Exception:
            # Its row stays for the next look; the others must not wait for it.
            log.exception("due time not acted upon", incident_id=incident_id)
            return False
        return True
