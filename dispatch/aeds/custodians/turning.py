"""Absences begin and end by themselves: noted once, and the orders concerned given out anew."""

import asyncio

import structlog

from dispatch.aeds.custodians import repository
from dispatch.aeds.custodians.service import Custodians
from dispatch.aeds.due.rows import look_again_at_custodians
from dispatch.clock import Clock
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# Absences are planned by the hour, and few at a time: one question to a small table.
_LOOK_EVERY_S = 2.0


class AbsenceTurns:
    """Hands devices over when an absence begins, and back when it ends.

    Every order knows by itself when it is to be given to somebody else; this is for those that could not know, and
    for the record. Noting it and having orders looked at are one transaction: after a crash it is done again.
    """

    def __init__(self, database: Database, clock: Clock, custodians: Custodians) -> None:
        self._database = database
        self._clock = clock
        self._custodians = custodians

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.act()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("custodians: absences not turned")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def act(self) -> set[str]:
        """Act upon what has begun or ended by now; whose absences those were."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            subjects = await repository.turned(connection, now)
            concerned = self._concerned(subjects)
            if concerned:
                await look_again_at_custodians(connection, concerned, now)
        return subjects

    def _concerned(self, subjects: set[str]) -> list[str]:
        """Those people, and everybody for whom one of them may stand in, through however many others."""
        register = self._custodians.register
        found: set[str] = set()
        waiting = list(subjects)
        while waiting:
            each = waiting.pop()
            if each not in found:
                found.add(each)
                waiting += register.who_name(each)
        return sorted(found)
