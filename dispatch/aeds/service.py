"""What happens to the AED registry. Every write is one transaction; memory and listeners follow its commit."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.exc import IntegrityError

from dispatch.access.tokens import Identity, Role
from dispatch.aeds import views
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.due.looking import DueLooks
from dispatch.aeds.importing.desk import ImportDesk, ImportOrder
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.intake.desk import ReportDesk, Reported
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.record import AED_FIELDS, Access, Aed
from dispatch.aeds.repository import CHANNEL, AedRepository
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.metrics import AED_STATE_CHANGES, AEDS_SETTLED
from dispatch.aeds.settling.settling import Settlement, Settling
from dispatch.clock import Clock
from dispatch.problems import Conflict, Forbidden, InvalidField, NotFound, Problem
from dispatch.storage.database import Database
from geo.bounding_box import BoundingBox
from geo.datum import Datum
from geo.place import Place

NOTIFY_CHANNEL = CHANNEL

# Some milliseconds' worth: an SOS may be waiting for the loop meanwhile.
_APPLIED_AT_ONCE = 200

# Of services on one database.
_CLOCKS_DIFFER = timedelta(minutes=10)


def _anything_goes(_aed: Aed) -> None:
    """Nothing has to be checked."""


class AedService:
    """The registry: answers from memory, writes to the database.

    `on_change` is called after a commit with the AEDs that changed, removed ones among them; `on_settled` also with
    what brought it about: the reports that were taken, and what follows from them. `reports` takes reports, `due`
    settles what time changes, `imports` takes lists.
    """

    def __init__(
        self,
        database: Database,
        directory: AedDirectory,
        clock: Clock,
        on_change: Callable[[list[Aed]], None],
        settling: Settling | None = None,
    ) -> None:
        self.directory = directory
        self.settling = settling or Settling()
        self.on_settled: list[Callable[[Settlement], object]] = []
        self.reports = ReportDesk(database, clock, directory, self.settling, self.follow)
        self.imports = ImportDesk(database, clock, self.settling, self.follow_many)
        self.due = DueLooks(database, clock, self.settling, self.follow)
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

    def in_box(
        self, box: BoundingBox, limit: int, *, leaving_out: Callable[[Aed], bool] | None = None
    ) -> tuple[list[Aed], bool]:
        """The AEDs in a box, `limit` at the most, and whether there are more."""
        there = self.directory.in_box(box)
        found = sorted((aed for aed in there if not (leaving_out and leaving_out(aed))), key=lambda aed: aed.id)
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
        settlement = await self._settle(now, Because.of(by, Occasion.EDIT), new=[aed])
        return settlement.standing[aed.id]

    async def change(self, aed_id: UUID, values: Mapping[str, Any], by: Identity) -> Aed:
        """Change fields of an AED. Raises `NotFound`, `Forbidden`, and `Conflict` for a removed one."""

        def check(aed: Aed) -> None:
            _check_own(aed.custodian, by)
            if "custodian" in values:
                _check_own(values["custodian"], by)
            if aed.removed:
                raise Conflict("This AED is removed.", code="removed")

        why = Because.of(by, Occasion.EDIT)
        settlement = await self._settle(self._clock.now(), why, of=aed_id, check=check, changes={aed_id: values})
        return settlement.standing[aed_id]

    async def remove(self, aed_id: UUID, by: Identity) -> None:
        """Take an AED out of use for good; what is known of it is kept. Raises `NotFound`, `Forbidden`."""

        def check(aed: Aed) -> None:
            _check_own(aed.custodian, by)

        why = Because.of(by, Occasion.EDIT)
        await self._settle(self._clock.now(), why, of=aed_id, check=check, removed=[aed_id])

    async def report(self, aed_id: UUID, said: ReportIn, by: Identity | None) -> Reported:
        """Take a report; see `ReportDesk.report`."""
        return await self.reports.report(aed_id, said, by)

    async def _settle(
        self,
        now: datetime,
        why: Because,
        *,
        of: UUID | None = None,
        check: Callable[[Aed], None] = _anything_goes,
        **what: Any,
    ) -> Settlement:
        """Settle in a transaction of its own, after `check` has seen the AED `of`, and follow. Raises `NotFound`."""
        try:
            async with self._database.transaction() as connection:
                if of is not None:
                    held = await AedRepository(connection).held([of])
                    check(_found(held[0] if held else None))
                settlement = await self.settling.settle(connection, (), now=now, why=why, **what)
        except IntegrityError as error:
            raise _refusal(error) from error
        self.follow(settlement)
        return settlement

    async def import_file(self, data: bytes, *, source: str, **how: Any) -> ImportReport:
        """Take a list of AEDs in, in the way that `ImportOrder` tells. Raises what `ImportDesk.take` raises."""
        return await self.imports.take(data, ImportOrder(source=source, **how))

    async def export(self) -> list[Aed]:
        """Every AED, removed ones too, as `own_schema` writes them."""
        async with self._database.reading() as connection:
            return await AedRepository(connection).everything()

    async def refresh(self, ids: Iterable[UUID] | None) -> None:
        """Catch up with what another process wrote: these AEDs, or all of them for None."""
        async with self._database.transaction() as connection:
            repository = AedRepository(connection)
            read = await (repository.everything() if ids is None else repository.of_ids(ids))
        await self._take_in_all(read)

    async def catch_up(self, since: datetime) -> None:
        """Catch up with whatever anybody wrote since, give or take their clocks."""
        async with self._database.transaction() as connection:
            read = await AedRepository(connection).written_since(since - _CLOCKS_DIFFER)
        await self._take_in_all(read)

    def _is_newer(self, aed: Aed) -> bool:
        held = self.directory.get(aed.id)
        if held is None:
            return not aed.removed
        return held != aed and held.updated_at <= aed.updated_at

    def follow(self, settlement: Settlement) -> None:
        """Have memory and listeners follow what has been committed."""
        for each in settlement.devices:
            AEDS_SETTLED.labels(settlement.why.occasion).inc()
            if each.has_changed_state:
                AED_STATE_CHANGES.labels(each.aed.readiness).inc()
        for each in settlement.devices:
            self.directory.put(each.aed)
        news = [each.aed for each in settlement.devices if each.before is None or is_news(each.before, each.aed)]
        if news:
            self._on_change(news)
        for listener in self.on_settled:
            listener(settlement)

    async def follow_many(self, settlement: Settlement) -> None:
        """The same for any number of devices, a few milliseconds at a time."""
        for begin in range(0, len(settlement.devices), _APPLIED_AT_ONCE):
            self.follow(replace(settlement, devices=settlement.devices[begin : begin + _APPLIED_AT_ONCE]))
            await asyncio.sleep(0)

    async def _take_in_all(self, read: Sequence[Aed]) -> None:
        for begin in range(0, len(read), _APPLIED_AT_ONCE):
            self._take_in(read[begin : begin + _APPLIED_AT_ONCE])
            await asyncio.sleep(0)

    def _take_in(self, read: Sequence[Aed]) -> None:
        """Hold what the database holds, and tell of what anybody would see."""
        news = []
        for aed in read:
            if not self._is_newer(aed):
                continue
            held = self.directory.get(aed.id)
            if held is None or is_news(held, aed):
                news.append(aed)
            self.directory.put(aed)
        if news:
            self._on_change(news)


# What changes with every heartbeat, and nobody need be told of.
_DRIFTS = frozenset({"belief", "readiness_at", "updated_at", "fix_at"})
_shown = attrgetter(*(name for name in AED_FIELDS if name not in _DRIFTS))


def is_news(before: Aed, after: Aed) -> bool:
    """Whether anything is different that a map or a plan shows."""
    return bool(_shown(before) != _shown(after))


def _found(aed: Aed | None) -> Aed:
    if aed is None:
        raise NotFound("There is no AED of this id.")
    return aed


def _check_own(custodian: str | None, by: Identity) -> None:
    if by.role is Role.CUSTODIAN and custodian != by.subject:
        raise Forbidden("A custodian may only write AEDs of their own.")


def _refusal(error: IntegrityError) -> Problem:
    """What a broken constraint means to who asked. Raises the error where it is a fault of our own."""
    said = str(error.orig)
    if "uq_aeds_source" in said:
        return Conflict("An AED of this source and source_ref is there already.", code="source_ref_taken")
    if "fk_aeds_owner_id" in said:
        return InvalidField("owner_id", "There is no owner of this id.")
    raise error
