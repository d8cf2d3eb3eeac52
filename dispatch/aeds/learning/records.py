"""The record of every owner: summed up in memory as reports are taken, written down every minute.

What a crash loses is a minute of statistics, of which no device's state depends: only how sure one is that it works.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from dispatch.aeds.health.learning import learned
from dispatch.aeds.health.rates import PRIOR, OwnerRecord, Rates
from dispatch.aeds.settling.kept import evidence_of
from dispatch.aeds.settling.settling import Settlement
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database
from dispatch.storage.tables import owner_records
from dispatch.storage.tables.registry import OWNER_RECORD_SUMS

log = structlog.get_logger()

_WRITE_EVERY_S = 60.0

# A millisecond's worth: a province has thousands of owners, and reads all of them every time.
_READ_AT_ONCE = 100

# Devices without an owner have a record too.
_NOBODY = UUID(int=0)

_NOTHING = OwnerRecord()


class OwnerRecords:
    """What has been found at each owner's devices, and what is to be expected of them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[UUID, OwnerRecord] = {}
        self._unwritten: dict[UUID, OwnerRecord] = {}
        self._all = PRIOR
        self._rates: dict[UUID, Rates] = {}

    def rates_of(self, owner_id: UUID | None) -> Rates:
        """What to expect of an owner's devices: the less is known of them, the more like everybody's."""
        key = owner_id or _NOBODY
        rates = self._rates.get(key)
        if rates is None:
            rates = self._rates[key] = self._known.get(key, _NOTHING).rates(among=self._all)
        return rates

    def record_of(self, owner_id: UUID | None) -> OwnerRecord:
        """What has been found, as far as it is known here."""
        key = owner_id or _NOBODY
        return self._known.get(key, _NOTHING) + self._unwritten.get(key, _NOTHING)

    def settled(self, settlement: Settlement) -> None:
        """Learn from the reports that were taken."""
        for device in settlement.devices:
            latest, found = device.known, _NOTHING
            for report in sorted(device.taken, key=lambda each: each.counts_from):
                evidence = evidence_of(report)
                found += learned(latest, evidence)
                latest = latest.with_(evidence)
            if found:
                key = device.aed.owner_id or _NOBODY
                self._unwritten[key] = self._unwritten.get(key, _NOTHING) + found

    async def load(self) -> None:
        """Hold what the database holds."""
        known: dict[UUID, OwnerRecord] = {}
        everybody = _NOTHING
        async for some in self._kept():
            for owner_id, record in some:
                known[owner_id] = record
                everybody += record
        self._known, self._all, self._rates = known, everybody.rates(), {}

    async def _kept(self) -> AsyncIterator[list[tuple[UUID, OwnerRecord]]]:
        """Every record that is written down, some at a time."""
        some = select(owner_records).order_by(owner_records.c.owner_id).limit(_READ_AT_ONCE)
        after = some
        while True:
            async with self._database.statement() as connection:
                rows = (await connection.execute(after)).all()
            yield [(row.owner_id, OwnerRecord.of_json(_sums(row._mapping))) for row in rows]  # noqa: SLF001
            if len(rows) < _READ_AT_ONCE:
                return
            after = some.where(owner_records.c.owner_id > rows[-1].owner_id)

    async def write(self) -> None:
        """Add what was learned since the last time to what the database holds, and read what others have learned."""
        unwritten, self._unwritten = self._unwritten, {}
        try:
            if unwritten:
                await self._add(unwritten)
        except BaseException:
            for key, record in unwritten.items():
                self._unwritten[key] = self._unwritten.get(key, _NOTHING) + record
            raise
        await self.load()

    async def _add(self, found: Mapping[UUID, OwnerRecord]) -> None:
        rows = [
            {"owner_id": key} | {name: getattr(record, name) for name in OWNER_RECORD_SUMS}
            for key, record in sorted(found.items())
        ]
        statement = insert(owner_records)
        sums = {name: owner_records.c[name] + statement.excluded[name] for name in OWNER_RECORD_SUMS}
        async with self._database.transaction() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=["owner_id"], set_=sums), rows)

    async def run(self) -> None:
        """Write again and again, until cancelled."""
        while True:
            await asyncio.sleep(_WRITE_EVERY_S)
            try:
                await self.write()
            except Exception as error:
                if not (is_outage(error) or is_contention(error)):
                    log.exception("what was learned of AEDs is not written down")


def _sums(row: Mapping[Any, Any]) -> dict[str, float]:
    return {name: row[name] for name in OWNER_RECORD_SUMS}
