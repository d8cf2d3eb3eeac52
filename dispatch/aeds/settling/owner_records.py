"""What was found at each owner's devices, in sums: how often they fail is learned from it, and expected of the next.

Summed up in memory and written down now and then: what a crash loses of a sum is no one's report.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text

from dispatch.aeds.health.rates import PRIOR, OwnerRecord, Rates
from dispatch.aeds.settling.settling import Settlement
from dispatch.encoding import to_json_text
from dispatch.storage.database import Database

# Rates change over months.
_WRITTEN_EVERY_S = 30.0

_WITHOUT_OWNER = UUID(int=0)
_SUMS = tuple(each.name for each in fields(OwnerRecord))

_READ = text(f"select owner_id, {', '.join(_SUMS)} from owner_records")  # noqa: S608 - constants
# In the order of their ids, so that two who write wait for each other and do not block each other.
_TYPES = ", ".join(f"{name} float8" for name in _SUMS)
_ADD = text(f"""
insert into owner_records (owner_id, {", ".join(_SUMS)})
select owner_id, {", ".join(f"coalesce({name}, 0)" for name in _SUMS)}
from jsonb_to_recordset(cast(:records as jsonb)) as found(owner_id uuid, {_TYPES})
order by owner_id
on conflict (owner_id) do update set {", ".join(f"{name} = owner_records.{name} + excluded.{name}" for name in _SUMS)}
""")  # noqa: S608 - constants


class OwnerRecords:
    """Answers what to expect of an owner's devices, from memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found: dict[UUID, OwnerRecord] = {}
        self._rates: Mapping[UUID, Rates] = MappingProxyType({})
        self._among_all = PRIOR

    def rates_of(self, owner_id: UUID | None) -> Rates:
        """What to expect of the devices of that owner; of one that nothing is known of, what is usual among all."""
        return self._rates.get(owner_id or _WITHOUT_OWNER, self._among_all)

    def note(self, settlement: Settlement) -> None:
        """Take in what a settling has found."""
        for each in settlement.devices:
            if each.learned:
                owner_id = each.aed.owner_id or _WITHOUT_OWNER
                known = self._found.get(owner_id)
                self._found[owner_id] = each.learned if known is None else known + each.learned

    async def load(self) -> None:
        """Hold what the database holds."""
        async with self._database.statement() as connection:
            rows = await connection.execute(_READ)
            records = {row.owner_id: OwnerRecord.of(**{name: getattr(row, name) for name in _SUMS}) for row in rows}
        of_all = OwnerRecord()
        for record in records.values():
            of_all += record
        self._among_all = of_all.rates()
        self._rates = {owner_id: record.rates(self._among_all) for owner_id, record in records.items()}

    async def run(self) -> None:
        """Write down what was found, and read what others found, until cancelled."""
        while True:
            await asyncio.sleep(_WRITTEN_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Write down what was found since the last time, and hold what all have found."""
        found, self._found = self._found, {}
        if found:
            written = [{"owner_id": owner_id, **record.as_json()} for owner_id, record in found.items()]
            try:
                async with self._database.statement() as connection:
                    await connection.execute(_ADD, {"records": to_json_text(written)})
            except BaseException:
                for owner_id, record in found.items():
                    known = self._found.get(owner_id)
                    self._found[owner_id] = record if known is None else known + record
                raise
        await self.load()
