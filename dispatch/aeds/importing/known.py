"""What the register holds that a list may be about: found by id, reference, serial number and place."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.likeness import SAME_PLACE_M, serial_of
from dispatch.aeds.importing.proposing import Known
from dispatch.aeds.importing.suspicion import Extent
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import AedRepository
from dispatch.aeds.settling.kept import SEEN_DATES
from geo.place import Place

_BATCH = 2000
# Records made of rows: some milliseconds of the loop's time.
_READ_AT_ONCE = 200

_LOCK = text("select pg_try_advisory_xact_lock(hashtext('dispatch_aeds_import')) as is_held")
# Not waited for by the database: whoever is silent on a connection for half a minute loses it.
_ASK_AGAIN_S = 0.25
_SAY_SOMETHING_S = 5.0
_STILL_HERE = text("select 1")
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
# Part by part along its index: all rows of a long list at once would hold up the loop that takes them in.
_OF_SOURCE = text("""
select id, name, source_ref, ST_Y(cast(location as geometry)) as latitude, ST_X(cast(location as geometry)) as longitude
from aeds where source = :source and source_ref > :after and readiness <> 'removed'
order by source_ref limit :most
""")
_OF_SOURCE_UNNAMED = text("""
select id, name, source_ref, ST_Y(cast(location as geometry)) as latitude, ST_X(cast(location as geometry)) as longitude
from aeds where source = :source and source_ref is null and readiness <> 'removed'
""")
# Those that the same list's import took out: when it has them again they are back.
_REVIVABLE = text("""
select distinct on (aed_id) aed_id, "by" from aed_events
where kind = 'removed' and aed_id = any(cast(:ids as uuid[]))
order by aed_id, id desc
""")
_DATES_SEEN = text("""
select aed_id, array_agg(sight.key) as names
from aed_health, jsonb_each(evidence -> 'sights') as sight
where aed_id = any(cast(:ids as uuid[])) and sight.key = any(cast(:names as text[])) and sight.value ->> 1 <> ''
group by aed_id
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
        while not (await self._connection.execute(_LOCK)).one().is_held:  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(_ASK_AGAIN_S)

    async def beside(self, work: Callable[[], _Item]) -> _Item:
        """What `work` answers, in a thread; the connection is kept, however long that takes."""
        doing = asyncio.ensure_future(asyncio.to_thread(work))
        while not (await asyncio.wait({doing}, timeout=_SAY_SOMETHING_S))[0]:
            await self._connection.execute(_STILL_HERE)
        return doing.result()

    async def for_drafts(self, drafts: Sequence[Draft], source: str) -> Known:
        """Every device that one of the drafts may be about."""
        # Whatever goes over all rows at once is done beside the loop: there may be hundreds of thousands.
        ids, references = await self.beside(lambda: (_ids(drafts), _references(drafts)))
        ids |= await self._by_reference(references)
        outright = await self._of_ids(ids)
        open_rows = await asyncio.to_thread(_not_among, drafts, outright)
        more = await self._by_serial(await asyncio.to_thread(_serials, drafts, open_rows))
        nearby = await self._nearby(drafts, open_rows)
        more = await asyncio.to_thread(lambda: more.union(*nearby.values()) - ids)
        others = await self._of_ids(more)
        aeds, removed = await asyncio.to_thread(_by_id, [*outright, *others])
        return Known(aeds, nearby, await self._taken_out_by(removed, source))

    async def dates_seen(self, known: Known) -> dict[UUID, frozenset[str]]:
        """The dates on each device that an inspection has seen there."""
        found: dict[UUID, frozenset[str]] = {}
        for some in _batches(await asyncio.to_thread(_dated, known)):
            rows = await self._connection.execute(_DATES_SEEN, {"ids": some, "names": list(SEEN_DATES)})
            found |= {row.aed_id: frozenset(row.names) for row in rows}
        return found

    async def of_source(self, source: str) -> list[Listed]:
        """The devices that came from a list and are not removed."""
        found = [*map(_listed, await self._connection.execute(_OF_SOURCE_UNNAMED, {"source": source}))]
        after: str | None = ""
        while after is not None:
            asked = {"source": source, "after": after, "most": _READ_AT_ONCE}
            some = [*map(_listed, await self._connection.execute(_OF_SOURCE, asked))]
            found += some
            after = some[-1].source_ref if len(some) == _READ_AT_ONCE else None
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

    async def _of_ids(self, ids: Collection[UUID]) -> list[Aed]:
        found: list[Aed] = []
        for some in _batches(ids, _READ_AT_ONCE):
            found += await self._repository.of_ids(some)
            await asyncio.sleep(0)
        return found

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


def _listed(row: Row[Any]) -> Listed:
    return Listed(row.id, row.name, row.source_ref, Place(row.latitude, row.longitude))


def _ids(drafts: Sequence[Draft]) -> set[UUID]:
    return {draft.id for draft in drafts if draft.id is not None}


def _by_id(aeds: Sequence[Aed]) -> tuple[dict[UUID, Aed], list[UUID]]:
    """The devices by their ids, and which of them are removed."""
    return {aed.id: aed for aed in aeds}, [aed.id for aed in aeds if aed.removed]


def _dated(known: Known) -> list[UUID]:
    """The devices of which a date is known that an inspection may have seen."""
    return [aed.id for aed in known.aeds.values() if any(getattr(aed, name) is not None for name in SEEN_DATES)]


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


def _batches(items: Iterable[_Item], most: int = _BATCH) -> Iterator[list[_Item]]:
    rest = iter(items)
    while some := list(islice(rest, most)):
        yield some
