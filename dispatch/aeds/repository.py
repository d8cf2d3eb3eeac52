"""Everything that is asked of the tables of AEDs."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any, TypeVar
from uuid import UUID

from geoalchemy2 import Geometry
from sqlalchemy import Row, Select, cast, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.readiness import Evidence, ReportKind
from dispatch.aeds.record import AED_FIELDS, Access, Aed, Readiness
from dispatch.storage.tables.aeds import aed_reports, aeds
from geo.place import Place

CHANNEL = "dispatch_aeds"
EVERYTHING = "reload"
BY_PUBLIC = "public"

_BATCH = 1000
_PLAIN_FIELDS = tuple(name for name in AED_FIELDS if name != "place")


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


class AedRepository:
    """Reads and writes AEDs over one connection; whoever opened it commits."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def all_present(self) -> list[Aed]:
        """Every AED that is not removed."""
        return await self._all(_selected().where(aeds.c.readiness != Readiness.REMOVED.value))

    async def everything(self) -> list[Aed]:
        """Every AED, removed ones too, in a settled order."""
        return await self._all(_selected().order_by(aeds.c.source, aeds.c.source_ref, aeds.c.id))

    async def _all(self, question: Select[Any]) -> list[Aed]:
        # Part by part: making 100,000 records at once would hold up whatever else the loop has to do.
        found: list[Aed] = []
        for some in (await self._connection.execute(question)).partitions(_BATCH):
            found += map(_aed_of, some)
            await asyncio.sleep(0)
        return found

    async def one(self, aed_id: UUID) -> Aed | None:
        """The AED of that id, also a removed one."""
        row = (await self._connection.execute(_selected().where(aeds.c.id == aed_id))).one_or_none()
        return None if row is None else _aed_of(row)

    async def one_to_change(self, aed_id: UUID) -> Aed | None:
        """The AED of that id, held against other writers until the transaction ends."""
        question = _selected().where(aeds.c.id == aed_id).with_for_update()
        row = (await self._connection.execute(question)).one_or_none()
        return None if row is None else _aed_of(row)

    async def of_ids(self, ids: Iterable[UUID]) -> list[Aed]:
        """The AEDs of these ids, also removed ones; unknown ids are passed over."""
        found: list[Aed] = []
        for some in _batches(ids):
            found += map(_aed_of, await self._connection.execute(_selected().where(aeds.c.id.in_(some))))
        return found

    async def to_import_over(self, ids: Iterable[UUID], references: Iterable[tuple[str, str]]) -> list[Aed]:
        """The AEDs that an import may change, by id or by (source, reference), held until the transaction ends.

        Imports wait for each other, so that two of the same file cannot both find nothing.
        """
        await self._connection.execute(text("select pg_advisory_xact_lock(hashtext('dispatch_aeds_import'))"))
        found: dict[UUID, Aed] = {}
        for some in _batches(ids):
            question = _selected().where(aeds.c.id.in_(some)).with_for_update()
            found |= {row.id: _aed_of(row) for row in await self._connection.execute(question)}
        for source, of_source in groupby(sorted(references), key=lambda pair: pair[0]):
            for several in _batches((reference for _, reference in of_source)):
                question = _selected().where(aeds.c.source == source, aeds.c.source_ref.in_(several))
                rows = await self._connection.execute(question.with_for_update())
                found |= {row.id: _aed_of(row) for row in rows}
        return list(found.values())

    async def put(self, changed: Sequence[Aed]) -> None:
        """Write AEDs whole, new or known by their id."""
        statement = insert(aeds)
        statement = statement.on_conflict_do_update(
            index_elements=[aeds.c.id],
            set_={column.name: statement.excluded[column.name] for column in aeds.c if column.name != "id"},
        )
        for some in _batches(changed):
            await self._connection.execute(statement, [_row_of(aed) for aed in some])

    async def report(self, report_id: UUID) -> StoredReport | None:
        """The report of that id."""
        question = select(aed_reports).where(aed_reports.c.id == report_id)
        row = (await self._connection.execute(question)).one_or_none()
        return None if row is None else _report_of(row)

    async def add_reports(self, reports: Sequence[StoredReport]) -> None:
        """Keep reports. One whose id is there already is left as it is."""
        for some in _batches(reports):
            await self._connection.execute(
                insert(aed_reports).on_conflict_do_nothing(), [_row_of_report(report) for report in some]
            )

    async def evidence(self, aed_id: UUID) -> list[Evidence]:
        """The latest report of each kind, trust and outcome: all that a conclusion needs."""
        kinds = (
            aed_reports.c.kind,
            aed_reports.c.reported_by == BY_PUBLIC,
            func.coalesce(aed_reports.c.data["outcome"].astext == "ok", False),
        )
        question = (
            select(aed_reports)
            .where(aed_reports.c.aed_id == aed_id)
            .order_by(*kinds, aed_reports.c.at.desc(), aed_reports.c.received_at.desc())
            .ext(distinct_on(*kinds))
        )
        return [_evidence_of(_report_of(row)) for row in await self._connection.execute(question)]

    async def notify(self, what: str) -> None:
        """Tell other processes, when the transaction commits, which AED changed; `EVERYTHING` for many."""
        await self._connection.execute(select(func.pg_notify(CHANNEL, what)))


def _selected() -> Select[Any]:
    point = cast(aeds.c.location, Geometry)
    return select(
        *(aeds.c[name] for name in _PLAIN_FIELDS),
        func.ST_Y(point).label("latitude"),
        func.ST_X(point).label("longitude"),
    )


def _aed_of(row: Row[Any]) -> Aed:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["place"] = Place(values.pop("latitude"), values.pop("longitude"))
    values["access"] = Access(values["access"])
    values["readiness"] = Readiness(values["readiness"])
    values["readiness_reasons"] = tuple(values["readiness_reasons"])
    return Aed(**values)


def _row_of(aed: Aed) -> dict[str, Any]:
    values = {name: getattr(aed, name) for name in _PLAIN_FIELDS}
    values["access"] = aed.access.value
    values["readiness"] = aed.readiness.value
    values["readiness_reasons"] = list(aed.readiness_reasons)
    # repr keeps every bit of a float, so what was read comes back the same.
    values["location"] = f"SRID=4326;POINT({aed.place.longitude!r} {aed.place.latitude!r})"
    return values


def _report_of(row: Row[Any]) -> StoredReport:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    values["kind"] = ReportKind(values["kind"])
    return StoredReport(**values)


def _row_of_report(report: StoredReport) -> dict[str, Any]:
    return {
        "id": report.id,
        "aed_id": report.aed_id,
        "kind": report.kind.value,
        "at": report.at,
        "received_at": report.received_at,
        "reported_by": report.reported_by,
        "data": dict(report.data),
    }


def _evidence_of(report: StoredReport) -> Evidence:
    return Evidence(report.kind, report.at, report.reported_by != BY_PUBLIC, report.data)


_Item = TypeVar("_Item")


def _batches(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    rest = iter(items)
    while some := list(islice(rest, _BATCH)):
        yield some
