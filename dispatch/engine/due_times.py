"""Due times: rows that any worker may act upon, so that a deadline outlives whoever set it."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.engine.ledger import Due
from dispatch.metrics import DUE_LATENESS_SECONDS
from dispatch.rescue.vocabulary import IncidentId

log = structlog.get_logger()

_LOOK_AGAIN = "look_again"

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
            settled = 0
            for incident_id in dict.fromkeys(each.incident_id for each in due):
                rows = [each for each in due if each.incident_id == incident_id]
                settled += await self._settle(connection, incident_id, rows, now)
        return settled

    async def _settle(
        self, connection: AsyncConnection, incident_id: IncidentId, rows: list[Due], now: datetime
    ) -> int:
        try:
            look_again_at = await self._engine.let_time_pass(incident_id)
        except Exception:
            # Its rows stay for the next look; the other incidents must not wait for it.
            log.exception("due time not acted upon", incident_id=incident_id)
            return 0
        for each in rows:
            DUE_LATENESS_SECONDS.observe((now - each.due_at).total_seconds())
        again = [each.due_id for each in rows if each.kind == _LOOK_AGAIN and look_again_at is not None]
        if look_again_at is not None and again:
            await ledger.put_off(connection, again[:1], look_again_at)
        await ledger.forget_due(connection, [each.due_id for each in rows if each.due_id not in again[:1]])
        return len(rows)
