"""Everything that is asked of the tables of AEDs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import Row, Select, Uuid, any_, cast, func, select, type_coerce
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.hours_area import area_of
from dispatch.aeds.record import AED_FIELDS, Access, Aed, Readiness
from dispatch.storage.tables.aeds import aeds
from geo.place import Place

CHANNEL = "dispatch_aeds"
EVERYTHING = "reload"
BY_PUBLIC = "public"

_BATCH = 1000
_PLAIN_FIELDS = tuple(name for name in AED_FIELDS if name != "place")
_LISTS = ("readiness_reasons", "photos")


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One report as it is kept. `reported_by` is `role:subject`, or `public`."""

    id: UUID
    aed_id: UUID
    kind: ReportKind
    at: datetime
    received_at: datetime
    reported_by: str
    data: Mapping[str, Any]

    @property
    def counts_from(self) -> datetime:
        """When it was so, as far as others are concerned: a clock that is fast outranks nobody."""
        return min(self.at, self.received_at)

    def says_the_same_as(self, other: "StoredReport") -> bool:
        """Whether both say the same of the same device; one that did not say when it was so is of any time."""
        return (
            self.aed_id == other.aed_id
            and self.kind is other.kind
            and dict(self.data) == dict(other.data)
            and other.at in {self.at, other.received_at}
        )


class AedRepository:
    """Reads and writes AEDs over one connection; whoever opened it commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    def all_present(self) -> AsyncIterator[list[Aed]]:
        """Every AED that is not removed, part by part. Needs a transaction."""
        return self._in_parts(_selected().where(aeds.c.readiness != Readiness.REMOVED.value))

    async def everything(self) -> list[Aed]:
        """Every AED, removed ones too, in a settled order. Needs a transaction."""
        return await self._all(_selected().order_by(aeds.c.source, aeds.c.source_ref, aeds.c.id))

    async def written_since(self, instant: datetime) -> list[Aed]:
        """The AEDs that were written since, removed ones too. Needs a transaction."""
        return await self._all(_selected().where(aeds.c.updated_at >= instant))

    async def _all(self, question: Select[Any]) -> list[Aed]:
        return [aed async for some in self._in_parts(question) for aed in some]

    async def _in_parts(self, question: Select[Any]) -> AsyncIterator[list[Aed]]:
        # To read 100,000 rows and make records of them at one go would hold up whatever else the loop has to do.
        async with self._connection.stream(question, execution_options={"yield_per": _BATCH}) as rows:
            async for some in rows.partitions():
                yield [_aed_of(row) for row in some]
                await asyncio.sleep(0)

    async def one(self, aed_id: UUID) -> Aed | None:
        """The AED of that id, also a removed one."""
        row = (await self._connection.execute(_selected().where(aeds.c.id == aed_id))).one_or_none()
        return None if row is None else _aed_of(row)

    async def held(self, ids: Sequence[UUID]) -> list[Aed]:
        """The AEDs of these ids, in the order of the ids, held against other writers until the transaction ends.

        Everybody who holds several does so in this order, so that nobody waits in a circle.
        """
        question = _selected().where(aeds.c.id == any_(cast(list(ids), ARRAY(Uuid)))).order_by(aeds.c.id)
        # What only points to a device need not wait for it.
        rows = await self._connection.execute(question.with_for_update(key_share=True))
        return [_aed_of(row) for row in rows]

    async def of_ids(self, ids: Iterable[UUID]) -> list[Aed]:
        """The AEDs of these ids, also removed ones; unknown ids are passed over."""
        found: list[Aed] = []
        for some in _batches(ids):
            found += map(_aed_of, await self._connection.execute(_selected().where(aeds.c.id.in_(some))))
        return found

    async def put(self, changed: Sequence[Aed]) -> None:
        """Write AEDs whole, new or known by their id."""
        statement = insert(aeds)
        statement = statement.on_conflict_do_update(
            index_elements=[aeds.c.id],
            set_={column.name: statement.excluded[column.name] for column in aeds.c if column.name != "id"},
        )
        for some in _batches(changed):
            await self._connection.execute(statement, [_row_of(aed) for aed in some])

    async def add(self, new: Sequence[Aed]) -> None:
        """Enter AEDs. Raises `IntegrityError` for an id or a source's reference that is taken."""
        for some in _batches(new):
            await self._connection.execute(insert(aeds), [_row_of(aed) for aed in some])

    async def notify(self, what: str) -> None:
        """Tell other processes, when the transaction commits, which AED changed; `EVERYTHING` for many."""
        await self._connection.execute(select(func.pg_notify(CHANNEL, what)))


def _selected() -> Select[Any]:
    point = cast(aeds.c.location, Geometry)
    return select(
        # Lists come from the driver as they are: to have each looked through takes as long as the rest of a row.
        *(type_coerce(aeds.c[name], NullType()) if name in _LISTS else aeds.c[name] for name in _PLAIN_FIELDS),
        func.ST_Y(point).label("latitude"),
        func.ST_X(point).label("longitude"),
    )


def _aed_of(row: Row[Any]) -> Aed:
    *plain, latitude, longitude = tuple(row)
    values = dict(zip(_PLAIN_FIELDS, plain, strict=True))
    values["access"] = Access(values["access"])
    values["readiness"] = Readiness(values["readiness"])
    for name in _LISTS:
        values[name] = tuple(values[name])
    values["belief"] = None if values["belief"] is None else Belief.of_json(values["belief"])
    return Aed(place=Place(latitude, longitude), **values)


def _row_of(aed: Aed) -> dict[str, Any]:
    values = {name: getattr(aed, name) for name in _PLAIN_FIELDS}
    values["access"] = aed.access.value
    values["readiness"] = aed.readiness.value
    values["readiness_reasons"] = list(aed.readiness_reasons)
    values["photos"] = list(aed.photos)
    values["belief"] = None if aed.belief is None else aed.belief.as_json()
    values["area"] = area_of(aed.place)
    # repr keeps every bit of a float, so what was read comes back the same.
    values["location"] = f"SRID=4326;POINT({aed.place.longitude!r} {aed.place.latitude!r})"
    return values


def report_of(row: Row[Any]) -> StoredReport:
    """The report of a row of `aed_reports`."""
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["kind"] = ReportKind(values["kind"])
    return StoredReport(**values)


_Item = TypeVar("_Item")


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while some := list(islice(rest, _BATCH)):
        yield some
