"""What the register holds that a list may be about: found by id, reference, serial number and place."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.likeness import SAME_PLACE_M, serial_of
from dispatch.aeds.importing.proposing import Known
from dispatch.aeds.importing.suspicion import Extent
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import AedRepository
from geo.place import Place

_BATCH = 2000

_LOCK = text("select pg_advisory_xact_lock(hashtext('dispatch_aeds_import'))")
_BY_REFERENCE = text("select id from aeds where source = :source and source_ref = any(cast(:references as text[]))")
# As `likeness.serial_of` compares them; the few that are not in ASCII are found by their place.
_BY_SERIAL = text("""
select id from aeds
where lower(regexp_replace(serial_number, '[^0-9A-Za-z]', '', 'g')) = any(cast(:serials as text[]))
  and readiness <> 'removed'
limit 20000
""")
_NEARBY = text("""
select said.number, aeds.id
from unnest(cast(:latitudes as float8[]), cast(:longitudes as float8[])) with ordinality
    as said(latitude, longitude, number)
join aeds on ST_DWithin(
    aeds.location, cast(ST_SetSRID(ST_MakePoint(said.longitude, said.latitude), 4326) as geography), :within_m
)
where aeds.readiness <> 'removed'
limit 200000
""")
_OF_SOURCE = text("""
select id, name, source_ref, ST_Y(cast(location as geometry)) as latitude, ST_X(cast(location as geometry)) as longitude
from aeds where source = :source and readiness <> 'removed'
""")
# Those that the same list's import took out: when it has them again they are back.
_REVIVABLE = text("""
select distinct on (aed_id) aed_id, "by" from aed_events
where kind = 'removed' and aed_id = any(cast(:ids as uuid[]))
order by aed_id, id desc
""")
_OWNERS = text("select id from owners where id = any(cast(:ids as uuid[]))")
_MIDDLE = text("""
select count(*) as devices,
       percentile_disc(array[0.05, 0.5, 0.95]) within group (order by ST_Y(cast(location as geometry))) as latitudes,
       percentile_disc(array[0.05, 0.5, 0.95]) within group (order by ST_X(cast(location as geometry))) as longitudes
from aeds where readiness <> 'removed'
""")

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Listed:
    """A device that came from a list, as little of it as tells whether it still is there."""

    id: UUID
    name: str
    source_ref: str | None
    place: Place


class KnownDevices:
    """Asks the register over one connection; whoever opened it commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._repository = AedRepository(connection)

    async def hold_other_imports(self) -> None:
        """Imports wait for each other, so that two of the same file cannot both find nothing."""
        await self._connection.execute(_LOCK)

    async def for_drafts(self, drafts: Sequence[Draft], source: str) -> Known:
        """Every device that one of the drafts may be about."""
        ids = {draft.id for draft in drafts if draft.id is not None}
        # Whatever goes over all rows at once is done beside the loop: there may be hundreds of thousands.
        ids |= await self._by_reference(await asyncio.to_thread(_references, drafts))
        outright = await self._repository.of_ids(sorted(ids))
        open_rows = await asyncio.to_thread(_not_among, drafts, outright)
        more = await self._by_serial(await asyncio.to_thread(_serials, drafts, open_rows))
        nearby = await self._nearby(drafts, open_rows)
        more |= {each for found in nearby.values() for each in found}
        others = await self._repository.of_ids(sorted(more - ids))
        aeds = {aed.id: aed for aed in (*outright, *others)}
        removed = [aed.id for aed in aeds.values() if aed.removed]
        return Known(aeds, nearby, await self._taken_out_by(removed, source))

    async def of_source(self, source: str) -> list[Listed]:
        """The devices that came from a list and are not removed."""
        found: list[Listed] = []
        for some in (await self._connection.execute(_OF_SOURCE, {"source": source})).partitions(_BATCH):
            found += [Listed(row.id, row.name, row.source_ref, Place(row.latitude, row.longitude)) for row in some]
            await asyncio.sleep(0)
        return found

    async def extent(self) -> Extent:
        """Where all devices are."""
        row = (await self._connection.execute(_MIDDLE)).one()
        if not row.devices:
            return Extent(0)
        (south, latitude, north), (west, longitude, east) = row.latitudes, row.longitudes
        return Extent(row.devices, Place(latitude, longitude), Place(south, west), Place(north, east))

    async def owners(self, ids: Iterable[UUID]) -> frozenset[UUID]:
        """Those of the ids that are owners'."""
        wanted = sorted(set(ids))
        if not wanted:
            return frozenset()
        return frozenset(row.id for row in await self._connection.execute(_OWNERS, {"ids": wanted}))

    async def _by_reference(self, pairs: Sequence[tuple[str, str]]) -> set[UUID]:
        found: set[UUID] = set()
        for source, of_source in groupby(pairs, key=lambda pair: pair[0]):
            for some in _batches(reference for _, reference in of_source):
                asked = {"source": source, "references": some}
                found |= {row.id for row in await self._connection.execute(_BY_REFERENCE, asked)}
        return found

    async def _by_serial(self, serials: Sequence[str]) -> set[UUID]:
        found: set[UUID] = set()
        for some in _batches(serials):
            found |= {row.id for row in await self._connection.execute(_BY_SERIAL, {"serials": some})}
        return found

    async def _nearby(self, drafts: Sequence[Draft], indices: Sequence[int]) -> dict[int, list[UUID]]:
        found: dict[int, list[UUID]] = {}
        for some in _batches(indices):
            asked = {
                "latitudes": [drafts[index].place.latitude for index in some],
                "longitudes": [drafts[index].place.longitude for index in some],
                "within_m": SAME_PLACE_M,
            }
            for row in await self._connection.execute(_NEARBY, asked):
                found.setdefault(some[row.number - 1], []).append(row.id)
            await asyncio.sleep(0)
        return found

    async def _taken_out_by(self, ids: Sequence[UUID], source: str) -> frozenset[UUID]:
        if not ids:
            return frozenset()
        rows = await self._connection.execute(_REVIVABLE, {"ids": list(ids)})
        return frozenset(row.aed_id for row in rows if row[1] == by_source(source))


def _references(drafts: Sequence[Draft]) -> list[tuple[str, str]]:
    return sorted(
        {(draft.source, draft.source_ref) for draft in drafts if draft.source is not None and draft.source_ref}
    )


def _not_among(drafts: Sequence[Draft], known: Sequence[Aed]) -> list[int]:
    """The rows, by their index, that no reference has found a device for. A row of an export has its device's id."""
    named = {(aed.source, aed.source_ref) for aed in known}
    return [
        index
        for index, draft in enumerate(drafts)
        if draft.id is None and (draft.source, draft.source_ref) not in named
    ]


def _serials(drafts: Sequence[Draft], indices: Sequence[int]) -> list[str]:
    found = (serial_of(drafts[index].values.get("serial_number")) for index in indices)
    return sorted({serial for serial in found if serial is not None})


def by_source(source: str) -> str:
    """In whose name a list's import does things."""
    return f"source:{source}"


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while some := list(islice(rest, _BATCH)):
        yield some
