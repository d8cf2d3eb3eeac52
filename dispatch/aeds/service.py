"""What happens to the AED registry. Every write is one transaction; memory and listeners follow its commit."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import PurePath
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from dispatch.access.tokens import Identity, Role
from dispatch.aeds import views
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.importing.reading import read_list
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.merging import merged
from dispatch.aeds.record import Access, Aed, Readiness
from dispatch.aeds.reporting import Reported, concluded, reporter, stored_report, take
from dispatch.aeds.repository import CHANNEL, EVERYTHING, AedRepository
from dispatch.aeds.schemas import ReportIn
from dispatch.clock import Clock
from dispatch.problems import Conflict, Forbidden, NotFound
from dispatch.storage.database import Database
from geo.bounding_box import BoundingBox
from geo.datum import Datum
from geo.place import Place

NOTIFY_CHANNEL = CHANNEL

# Some milliseconds' worth: an SOS may be waiting for the loop meanwhile.
_APPLIED_AT_ONCE = 200

# A change to one of these may change what the evidence says.
_BEARS_ON_READINESS = frozenset({"place", "battery_expires_on", "pads_expire_on"})


class AedService:
    """The registry: answers from memory, writes to the database.

    `on_change` is called after a commit with the AEDs that changed, removed ones among them.
    """

    def __init__(
        self, database: Database, directory: AedDirectory, clock: Clock, on_change: Callable[[list[Aed]], None]
    ) -> None:
        self.directory = directory
        self._database = database
        self._clock = clock
        self._on_change = on_change

    def now(self) -> datetime:
        """The present instant, as this service has it."""
        return self._clock.now()

    def nearest(self, place: Place, limit: int, at: datetime, within_m: float | None = None) -> list[tuple[Aed, float]]:
        """The nearest AEDs usable at `at`, with their distance in metres."""
        return self.directory.nearest_usable(place, limit, at, within_m)

    def nearest_as_json(
        self, place: Place, *, limit: int, at: datetime, datum: Datum = Datum.WGS84, within_m: float | None = None
    ) -> list[dict[str, Any]]:
        """The nearest AEDs usable at `at` in the shape of `GET /v1/aeds/nearest`, places in `datum`."""
        found = self.nearest(place, limit, at, within_m)
        return [views.near(aed, distance_m, datum) for aed, distance_m in found]

    def in_box(self, box: BoundingBox, limit: int) -> tuple[list[Aed], bool]:
        """The AEDs in a box, `limit` at the most, and whether there are more."""
        found = sorted(self.directory.in_box(box), key=lambda aed: aed.id)
        return found[:limit], len(found) > limit

    async def one(self, aed_id: UUID) -> Aed:
        """The AED of that id, also a removed one. Raises `NotFound`."""
        held = self.directory.get(aed_id)
        if held is not None:
            return held
        async with self._database.statement() as connection:
            found = await AedRepository(connection).one(aed_id)
        return _found(found)

    async def create(self, values: Mapping[str, Any], by: Identity) -> Aed:
        """A new AED. A custodian's own is theirs. Raises `Forbidden`, and `Conflict` for a source_ref that is taken."""
        said = dict(values)
        if by.role is Role.CUSTODIAN:
            said["custodian"] = said.get("custodian") or by.subject
            _check_own(said["custodian"], by)
        now = self._clock.now()
        said.setdefault("access", Access.UNKNOWN)
        aed = Aed(id=uuid4(), readiness_at=now, created_at=now, updated_at=now, **said)
        aed = concluded(aed, [], now)
        await self._write_one(aed)
        return aed

    async def change(self, aed_id: UUID, values: Mapping[str, Any], by: Identity) -> Aed:
        """Change fields of an AED. Raises `NotFound`, `Forbidden`, and `Conflict` for a removed one."""
        now = self._clock.now()
        try:
            async with self._database.transaction() as connection:
                repository = AedRepository(connection)
                aed = _found(await repository.one_to_change(aed_id))
                _check_own(aed.custodian, by)
                if "custodian" in values:
                    _check_own(values["custodian"], by)
                if aed.removed:
                    raise Conflict("This AED is removed.", code="removed")
                changed = replace(aed, **values, updated_at=now)
                if _BEARS_ON_READINESS & values.keys():
                    changed = concluded(changed, await repository.evidence(aed_id), now)
                await repository.put([changed])
                await repository.notify(str(aed_id))
        except IntegrityError as error:
            raise _taken(error) from error
        self._apply([changed])
        return changed

    async def remove(self, aed_id: UUID, by: Identity) -> None:
        """Take an AED out of use for good; what is known of it is kept. Raises `NotFound`, `Forbidden`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            repository = AedRepository(connection)
            aed = _found(await repository.one_to_change(aed_id))
            _check_own(aed.custodian, by)
            if aed.removed:
                return
            gone = replace(aed, readiness=Readiness.REMOVED, readiness_reasons=(), readiness_at=now, updated_at=now)
            await repository.put([gone])
            await repository.notify(str(aed_id))
        self._apply([gone])

    async def report(self, aed_id: UUID, said: ReportIn, by: Identity | None) -> Reported:
        """Take a report. Raises `NotFound`, `InvalidField`, `Unauthenticated`, `Forbidden`, `Conflict`."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            repository = AedRepository(connection)
            aed = _found(await repository.one_to_change(aed_id))
            report = stored_report(said, aed_id, reporter(by, aed, said.kind), now)
            reported = await take(repository, aed, report, now)
            if not reported.repeated:
                await repository.put([reported.aed])
                await repository.notify(str(aed_id))
        if not reported.repeated:
            self._apply([reported.aed])
        return reported

    async def import_file(
        self, data: bytes, *, source: str, datum: Datum | None = None, dry_run: bool = False
    ) -> ImportReport:
        """Take a list of AEDs in; with `dry_run` only say what would happen. Raises `UnreadableFile`."""
        # Reading takes seconds for large files: not on the loop that answers an SOS.
        reading = await asyncio.to_thread(read_list, data, source=source, datum=datum)
        drafts = reading.drafts
        now = self._clock.now()
        async with self._database.transaction() as connection:
            repository = AedRepository(connection)
            existing = await repository.to_import_over(
                [draft.id for draft in drafts if draft.id is not None],
                [(draft.source, draft.source_ref) for draft in drafts if draft.source and draft.source_ref],
            )
            result = await asyncio.to_thread(merged, drafts, existing, now)
            if not dry_run:
                await repository.put([*result.created, *result.updated])
                await repository.add_reports(result.reports)
                await repository.notify(EVERYTHING)
        if not dry_run:
            await self._apply_many([*result.created, *result.updated])
        return replace(
            reading.report,
            created=len(result.created),
            updated=len(result.updated),
            unchanged=result.unchanged,
            dry_run=dry_run,
        )

    async def export(self) -> list[Aed]:
        """Every AED, removed ones too, as `own_schema` writes them."""
        async with self._database.statement() as connection:
            return await AedRepository(connection).everything()

    async def refresh(self, ids: Iterable[UUID] | None) -> None:
        """Catch up with what another process wrote: these AEDs, or all of them for None."""
        async with self._database.statement() as connection:
            repository = AedRepository(connection)
            read = await (repository.everything() if ids is None else repository.of_ids(ids))
        await self._apply_many([aed for aed in read if self._is_news(aed)])

    def _is_news(self, aed: Aed) -> bool:
        held = self.directory.get(aed.id)
        if held is None:
            return not aed.removed
        return held != aed and held.updated_at <= aed.updated_at

    async def _write_one(self, aed: Aed) -> None:
        try:
            async with self._database.transaction() as connection:
                repository = AedRepository(connection)
                await repository.put([aed])
                await repository.notify(str(aed.id))
        except IntegrityError as error:
            raise _taken(error) from error
        self._apply([aed])

    async def _apply_many(self, changed: list[Aed]) -> None:
        for begin in range(0, len(changed), _APPLIED_AT_ONCE):
            self._apply(changed[begin : begin + _APPLIED_AT_ONCE])
            await asyncio.sleep(0)

    def _apply(self, changed: list[Aed]) -> None:
        for aed in changed:
            self.directory.put(aed)
        if changed:
            self._on_change(changed)


def source_of(filename: str | None) -> str:
    """The name of a data set by that of its file."""
    return PurePath((filename or "").replace("\\", "/")).stem[:200] or "import"


def _found(aed: Aed | None) -> Aed:
    if aed is None:
        raise NotFound("There is no AED of this id.")
    return aed


def _check_own(custodian: str | None, by: Identity) -> None:
    if by.role is Role.CUSTODIAN and custodian != by.subject:
        raise Forbidden("A custodian may only write AEDs of their own.")


def _taken(error: IntegrityError) -> Conflict:
    if "uq_aeds_source" not in str(error.orig):
        raise error
    return Conflict("An AED of this source and source_ref is there already.", code="source_ref_taken")
