"""Looks at devices again when time alone changes what follows: dates that pass, silences, deadlines of orders."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from dispatch.aeds.due import rows
from dispatch.aeds.settling.because import ADOPTED, TIME_PASSED, Because
from dispatch.aeds.settling.metrics import (
    AED_DUE_LATENESS_SECONDS,
    AED_DUE_OVERDUE,
    AED_DUE_OVERDUE_SECONDS,
    AED_SETTLE_SECONDS,
)
from dispatch.aeds.settling.settling import Settlement, Settling
from dispatch.clock import Clock
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# What is due is acted upon within a second; looking is two questions to small indexes.
_LOOK_EVERY_S = 0.5
_AT_ONCE = 100

# Of devices that nothing is kept of the whole history is read: fewer at once.
_ADOPTED_AT_ONCE = 50
_ADOPT_EVERY_S = 600.0
# Reports come first.
_BETWEEN_ADOPTIONS_S = 0.05

_AUDIT_EVERY_S = 5.0
_OVERDUE_AFTER = timedelta(seconds=10)

# One that cannot be settled, whatever the reason, is tried again after a while and keeps no other waiting.
_PUT_OFF_BY = timedelta(minutes=5)

# Whoever holds a device for longer keeps no other waiting.
_BRIEFLY = text("select set_config('lock_timeout', '1s', true)")


class DueLooks:
    """Settles what is due. `follow` is told of every settlement after its commit.

    `overdue` is how many devices and orders nobody has looked at in time, as of the last audit.
    """

    def __init__(
        self, database: Database, clock: Clock, settling: Settling, follow: Callable[[Settlement], object]
    ) -> None:
        self.overdue = 0
        self._database = database
        self._clock = clock
        self._settling = settling
        self._follow = follow
        # Tried again when all others have been adopted.
        self._not_adoptable: set[UUID] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                settled = _AT_ONCE
                while settled >= _AT_ONCE:
                    settled = await self.act()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("what is due about AEDs not acted upon")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def act(self) -> int:
        """Settle devices that are due now, some hundreds at the most; how many those were."""
        now = self._clock.now()
        began = time.perf_counter()
        try:
            async with self._database.transaction() as connection:
                due = await rows.claim_due(connection, now, _AT_ONCE)
                if not due:
                    return 0
                settlement = await self._settling.settle(connection, due, now=now, why=TIME_PASSED)
        except Exception as error:
            if is_outage(error) or is_contention(error):
                raise
            log.exception("devices that are due settled one by one after a fault")
            return await self._one_by_one(now)
        AED_SETTLE_SECONDS.labels(TIME_PASSED.occasion).observe(time.perf_counter() - began)
        for due_at in due.values():
            AED_DUE_LATENESS_SECONDS.observe(max(0.0, (now - due_at).total_seconds()))
        self._follow(settlement)
        return len(due)

    async def _one_by_one(self, now: datetime) -> int:
        async with self._database.transaction() as connection:
            due = await rows.claim_due(connection, now, _AT_ONCE)
        for aed_id in due:
            if not await self._settled_alone(aed_id, now, TIME_PASSED):
                async with self._database.transaction() as connection:
                    await rows.put_off(connection, [aed_id], now + _PUT_OFF_BY)
        return len(due)

    async def _settled_alone(self, aed_id: UUID, now: datetime, why: Because) -> bool:
        """Whether one device could be settled, or is about to be: whoever holds it looks at the time as well."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(_BRIEFLY)
                settlement = await self._settling.settle(connection, [aed_id], now=now, why=why)
        except Exception as error:
            if is_outage(error):
                raise
            if is_contention(error):
                return True
            log.exception("a device cannot be settled", aed_id=str(aed_id), occasion=why.occasion)
            return False
        self._follow(settlement)
        return True

    async def run_adoption(self) -> None:
        """Conclude, step by step, from the reports of devices that nothing is kept of yet, until cancelled.

        An older version of the service keeps nothing but the reports; while both run, it still enters devices.
        """
        while True:
            self._not_adoptable.clear()
            try:
                adopted = True
                while adopted:
                    adopted = bool(await self.adopt())
                    await asyncio.sleep(_BETWEEN_ADOPTIONS_S)
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("devices not adopted")
            await asyncio.sleep(_ADOPT_EVERY_S)

    async def adopt(self) -> int:
        """Settle some devices that nothing is kept of; how many those were."""
        now = self._clock.now()
        try:
            async with self._database.transaction() as connection:
                unknown = await rows.claim_unknown(connection, _ADOPTED_AT_ONCE, self._not_adoptable)
                if not unknown:
                    return 0
                settlement = await self._settling.settle(connection, unknown, now=now, why=ADOPTED)
        except Exception as error:
            if is_outage(error) or is_contention(error):
                raise
            log.exception("devices that nothing is kept of settled one by one after a fault")
            return await self._adopt_one_by_one(now)
        self._follow(settlement)
        return len(unknown)

    async def _adopt_one_by_one(self, now: datetime) -> int:
        async with self._database.transaction() as connection:
            unknown = await rows.claim_unknown(connection, _ADOPTED_AT_ONCE, self._not_adoptable)
        for aed_id in unknown:
            if not await self._settled_alone(aed_id, now, ADOPTED):
                self._not_adoptable.add(aed_id)
        return len(unknown)

    async def run_audits(self) -> None:
        """Count what nobody has looked at in time, until cancelled."""
        while True:
            try:
                await self.audit()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("what is due about AEDs not audited")
            await asyncio.sleep(_AUDIT_EVERY_S)

    async def audit(self) -> int:
        """How many devices and orders have been passed over, for the alarm."""
        now = self._clock.now()
        async with self._database.statement() as connection:
            self.overdue, oldest = await rows.overdue(connection, now - _OVERDUE_AFTER)
        AED_DUE_OVERDUE.set(self.overdue)
        AED_DUE_OVERDUE_SECONDS.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)
        if self.overdue:
            log.error("AEDs overdue for a look", number=self.overdue, oldest=oldest)
        return self.overdue
