"""Takes lists of AEDs in: read, matched, judged, and written in one transaction or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.importing.apart import read_apart
from dispatch.aeds.importing.changes import MOST_SHOWN, Gone, What, shown
from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.importing.known import KnownDevices, Listed, by_source
from dispatch.aeds.importing.proposing import Known, Match, propose
from dispatch.aeds.importing.reading import Reading
from dispatch.aeds.importing.report import ImportReport, Note
from dispatch.aeds.importing.suspicion import Seen, Suspicion, suspicions
from dispatch.aeds.importing.words import bare
from dispatch.aeds.merging import Merged, merged
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import AedRepository
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.events import AedEvent, EventKind
from dispatch.aeds.settling.kept import Kept
from dispatch.aeds.settling.settling import Settlement, Settling
from dispatch.clock import Clock
from dispatch.storage.database import Database
from geo.datum import Datum

_RESTORED_AT_ONCE = 500


class WhenGone(StrEnum):
    """What becomes of devices that an earlier edition of the list had and this one has not."""

    KEEP = "keep"
    REMOVE = "remove"


class WhenAmbiguous(StrEnum):
    """What becomes of rows of which it cannot be told which of several devices they are about."""

    REPORT = "report"
    NEW = "new"


class SuspiciousImport(Exception):
    """An import that looks like a mistake; `report` says what it would have done, and why it was refused."""

    def __init__(self, report: ImportReport) -> None:
        super().__init__(" ".join(each.detail for each in report.suspicions))
        self.report = report


class RegisterChanged(Exception):
    """Somebody else entered the same device while a list was being taken in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder:
    """How a list is to be taken in. `datum` None: as the list says. `force`: whatever looks suspicious."""

    source: str
    datum: Datum | None = None
    dry_run: bool = False
    force: bool = False
    when_gone: WhenGone = WhenGone.KEEP
    when_ambiguous: WhenAmbiguous = WhenAmbiguous.REPORT


@dataclass(frozen=True, slots=True)
class _Plan:
    """What an import comes to before anything is written."""

    merged: Merged
    gone: tuple[Listed, ...]
    suspicions: tuple[Suspicion, ...]
    notes: tuple[Note, ...] = ()


class ImportDesk:
    """Imports lists. `follow` is told what was settled, once that is committed."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        settling: Settling,
        follow: Callable[[Settlement], Awaitable[None]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._settling = settling
        self._follow = follow
        self._reading = asyncio.Semaphore(1)

    async def take(self, data: bytes, order: ImportOrder) -> ImportReport:
        """Take a list in; with `dry_run` only say what would happen.

        Raises `UnreadableFile`, `SuspiciousImport` where nobody forces it, and `RegisterChanged`. Whatever is raised,
        nothing is written.
        """
        # One at a time: each takes a core, and memory by the size of its list.
        async with self._reading:
            reading = await read_apart(data, source=order.source, datum=order.datum)
        settlement: Settlement | None = None
        try:
            async with self._database.transaction() as connection:
                devices = KnownDevices(connection)
                if not order.dry_run:
                    await devices.hold_other_imports()
                plan = await self._plan(devices, reading, order)
                report = await asyncio.to_thread(_told, reading.report, plan, order)
                if not order.dry_run:
                    _check(report, order)
                    settlement = await self._write(connection, plan, order)
        except IntegrityError as error:
            raise RegisterChanged("The register was changed meanwhile; please try again.") from error
        if settlement is not None:
            await self._follow(settlement)
        return report

    async def _plan(self, devices: KnownDevices, reading: Reading, order: ImportOrder) -> _Plan:
        drafts, notes = await _with_known_owners(devices, reading.drafts)
        known = await devices.for_drafts(drafts, order.source)
        dates_seen = await devices.dates_seen(known)
        # A registry's export is no source's edition: what it leaves out is not gone.
        of_source = [] if reading.is_own else await devices.of_source(order.source)
        extent = await devices.extent()
        now = self._clock.now()

        def compare() -> _Plan:
            matches = propose(drafts, known)
            gone = _gone(of_source, matches, reading)
            seen = Seen(
                matches=matches,
                of_source=len(of_source),
                gone=len(gone),
                own_places=[each.place for each in of_source],
                extent=extent,
                read_as=reading.read_as,
            )
            found = _merged(matches, known, now, order, dates_seen)
            return _Plan(found, gone, tuple(suspicions(seen)), (*notes, *found.notes))

        return await devices.beside(compare)

    async def _write(self, connection: AsyncConnection, plan: _Plan, order: ImportOrder) -> Settlement | None:
        removed = [each.id for each in plan.gone] if order.when_gone == WhenGone.REMOVE else []
        if not (plan.merged.created or plan.merged.edits or plan.merged.reports or removed):
            return None
        now, why = self._clock.now(), Because(by_source(order.source), Occasion.IMPORT)
        restored = [aed for aed in plan.merged.created if aed.id in plan.merged.evidence]
        await self._restore(connection, restored, plan.merged.evidence, why)
        return await self._settling.settle(
            connection,
            [aed.id for aed in restored],
            now=now,
            why=why,
            reports=plan.merged.reports,
            changes=plan.merged.edits,
            new=[aed for aed in plan.merged.created if aed.id not in plan.merged.evidence],
            removed=removed,
        )

    async def _restore(
        self, connection: AsyncConnection, aeds: Sequence[Aed], evidence: Mapping[UUID, Kept], why: Because
    ) -> None:
        """Enter devices together with what was known of them, so that the same follows from it."""
        now = self._clock.now()
        for begin in range(0, len(aeds), _RESTORED_AT_ONCE):
            some = aeds[begin : begin + _RESTORED_AT_ONCE]
            await AedRepository(connection).add(some)
            await rows.put_kept(connection, {aed.id: evidence[aed.id] for aed in some})
            told = {"occasion": why.occasion.value}
            registered = [AedEvent(aed.id, now, now, EventKind.REGISTERED, why.by, told) for aed in some]
            await rows.add_events(connection, registered)


def _check(report: ImportReport, order: ImportOrder) -> None:
    if report.suspicions and not order.force:
        raise SuspiciousImport(report)


def _merged(
    matches: Sequence[Match],
    known: Known,
    now: datetime,
    order: ImportOrder,
    dates_seen: Mapping[UUID, frozenset[str]],
) -> Merged:
    return merged(
        matches,
        now,
        dates_seen=dates_seen,
        revivable=known.revivable,
        ambiguous_as_new=order.when_ambiguous == WhenAmbiguous.NEW,
    )


async def _with_known_owners(devices: KnownDevices, drafts: Sequence[Draft]) -> tuple[Sequence[Draft], list[Note]]:
    """The drafts without owners that this register has not, and a note on each: an export may come from another one."""
    named = await asyncio.to_thread(_owners_named, drafts)
    if not named:
        return drafts, []
    unknown = named - await devices.owners(named)
    return (drafts, []) if not unknown else await asyncio.to_thread(_without_owners, drafts, unknown)


def _owners_named(drafts: Sequence[Draft]) -> set[UUID]:
    return {owner for draft in drafts if isinstance(owner := draft.values.get("owner_id"), UUID)}


def _without_owners(drafts: Sequence[Draft], unknown: Collection[UUID]) -> tuple[list[Draft], list[Note]]:
    kept: list[Draft] = []
    notes: list[Note] = []
    for draft in drafts:
        owner = draft.values.get("owner_id")
        if owner not in unknown:
            kept.append(draft)
            continue
        kept.append(replace(draft, values={**draft.values, "owner_id": None}))
        note = f"the owner {owner} is not known here and was left away"
        notes.append(Note(draft.line, draft.row, note, draft.sheet))
    return kept, notes


def _gone(of_source: Sequence[Listed], matches: Sequence[Match], reading: Reading) -> tuple[Listed, ...]:
    """The source's devices that no row is about; a row that could not be read, or placed, is about its device."""
    here = {match.there.id for match in matches if match.there is not None}
    here |= {aed.id for match in matches for aed in match.candidates}
    return tuple(
        each
        for each in of_source
        if each.id not in here
        and each.source_ref not in reading.held_back
        and not (reading.held_back_names and bare(each.name) in reading.held_back_names)
    )


def _told(report: ImportReport, plan: _Plan, order: ImportOrder) -> ImportReport:
    count = plan.merged.count
    return replace(
        report,
        created=count(What.NEW),
        updated=count(What.UPDATE),
        unchanged=count(What.UNCHANGED),
        ambiguous=count(What.AMBIGUOUS),
        changes=shown(plan.merged.changes),
        gone=len(plan.gone),
        gone_devices=tuple(Gone(each.id, each.name, each.source_ref) for each in plan.gone[:MOST_SHOWN]),
        removed=len(plan.gone) if order.when_gone == WhenGone.REMOVE else 0,
        notes=(*report.notes, *plan.notes),
        suspicions=plan.suspicions,
        forced=order.force and bool(plan.suspicions),
        dry_run=order.dry_run,
    )
