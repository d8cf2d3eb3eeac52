"""Where reports are taken: checked one by one, settled together, answered each for itself."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.intake import public_reports
from dispatch.aeds.intake.asking import StandsIn, nobody_stands_in, reporter
from dispatch.aeds.intake.gathering import Answered, Gathering
from dispatch.aeds.intake.reports import stored_report
from dispatch.aeds.intake.schemas import MOST_ITEMS, GatewayReportIn, ReportIn
from dispatch.aeds.intake.zeal import Zeal
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import BY_PUBLIC, AedRepository, StoredReport
from dispatch.aeds.settling.metrics import AED_REPORTS
from dispatch.aeds.settling.settling import Outcome, Settlement, Settling
from dispatch.clock import Clock
from dispatch.problems import (
    Conflict,
    Forbidden,
    InvalidField,
    NotFound,
    Problem,
    Unauthenticated,
    problem_of_validation,
)
from dispatch.storage.database import Database

# Some two milliseconds' worth.
_CHECKED_AT_ONCE = 64

# More than any report has, whatever its kind.
_MOST_FIELDS = 50
# Of one report; nobody reads more.
_MOST_FAULTS_TOLD = 20

_Item = TypeVar("_Item")

NO_SUCH_AED = "There is no AED of this id."


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as taken, and the AED as it stands after it. `repeated`: it was known already."""

    report: StoredReport
    aed: Aed
    repeated: bool


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of one report of a batch: taken or repeated with the AED after it, or refused with the problem."""

    aed_id: UUID | None
    report_id: UUID | None
    aed: Aed | None = None
    repeated: bool = False
    problem: Problem | None = None

    @property
    def status(self) -> str:
        """In a word."""
        if self.problem is not None:
            return "refused"
        return "repeated" if self.repeated else "taken"


class ReportDesk:
    """Takes reports. `stands_in` knows who may report on whose devices while a custodian is away; set by who does."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        directory: AedDirectory,
        settling: Settling,
        follow: Callable[[Settlement], object],
    ) -> None:
        self.stands_in: StandsIn = nobody_stands_in
        self.gathering = Gathering(database, clock, settling, follow)
        self._zeal = Zeal()
        self._database = database
        self._clock = clock
        self._directory = directory

    async def report(self, aed_id: UUID, said: ReportIn, asker: Identity | None) -> Reported:
        """Take one report; answered when it is committed.

        Raises `NotFound`, `InvalidField`, `Unauthenticated`, `Forbidden`, `Conflict`, `TooMany`, `ReportsQueueFull`.
        """
        try:
            aeds = await self._named([aed_id])
            report = self._checked(said, aed_id, aeds, asker, self._clock.now())
            if asker is not None and asker.role is Role.RESPONDER and self._zeal.is_too_much(asker.subject, report):
                report = replace(report, reported_by=BY_PUBLIC)
            if report.reported_by == BY_PUBLIC:
                await public_reports.check(self._database, report)
            (answered,) = await self.gathering.take([report])
            aed = _taken(answered)
        except Problem:
            AED_REPORTS.labels("refused").inc()
            raise
        repeated = answered.outcome is Outcome.REPEATED
        AED_REPORTS.labels("repeated" if repeated else "taken").inc()
        return Reported(report, aed, repeated)

    async def batch(self, given: Sequence[Any], asker: Identity | None, *, of: UUID | None = None) -> list[BatchResult]:
        """Take reports of one device, or each of the device that it names; what became of each, in their order.

        A bad one keeps no other out. Answered when all are committed. Raises `Unauthenticated` without a token,
        `NotFound` for a device of its own that is none, and `ReportsQueueFull`.
        """
        if asker is None:
            raise Unauthenticated("Without a token only a single `fault` may be reported.")
        read = [_read(each, of) async for each in _with_turns(given)]
        aeds = await self._named({aed_id for aed_id, _ in read if aed_id is not None})
        if of is not None and of not in aeds:
            raise NotFound(NO_SUCH_AED)
        # One instant for all: what a fast clock dates ahead must not be put in the order of the list.
        now = self._clock.now()
        results: list[BatchResult | None] = []
        reports: list[StoredReport] = []
        places: list[int] = []
        async for aed_id, said in _with_turns(read):
            try:
                report = self._in_a_batch(aed_id, said, aeds, asker, now)
            except Problem as problem:
                results.append(BatchResult(aed_id, getattr(said, "report_id", None), problem=problem))
            else:
                places.append(len(results))
                results.append(None)
                reports.append(report)
        answers = await self.gathering.take(reports) if reports else []
        for place, report, answered in zip(places, reports, answers, strict=True):
            results[place] = _result(report, answered)
        done = [each for each in results if each is not None]
        for status, number in Counter(each.status for each in done).items():
            AED_REPORTS.labels(status).inc(number)
        return done

    def _in_a_batch(
        self,
        aed_id: UUID | None,
        said: ReportIn | Problem,
        aeds: Mapping[UUID, Aed],
        asker: Identity,
        now: datetime,
    ) -> StoredReport:
        if isinstance(said, Problem):
            raise said
        if aed_id is None:
            raise InvalidField("aed_id", "A report needs the AED that it is about.")
        report = self._checked(said, aed_id, aeds, asker, now)
        if report.reported_by == BY_PUBLIC:
            raise Forbidden("This token may report on this AED only as the public does: one fault at a time.")
        return report

    def _checked(
        self, said: ReportIn, aed_id: UUID, aeds: Mapping[UUID, Aed], asker: Identity | None, now: datetime
    ) -> StoredReport:
        aed = aeds.get(aed_id)
        if aed is None:
            raise NotFound(NO_SUCH_AED)
        by = reporter(asker, aed, said.kind, now, self.stands_in)
        report = stored_report(said, aed_id, by, now)
        if aed.removed:
            raise Conflict("This AED is removed.", code="removed")
        return report

    async def _named(self, aed_ids: Sequence[UUID] | set[UUID]) -> dict[UUID, Aed]:
        """These AEDs, from memory; those it does not hold (removed, or of another process) from the database."""
        found = {each: held for each in aed_ids if (held := self._directory.get(each)) is not None}
        missing = [each for each in aed_ids if each not in found]
        if missing:
            async with self._database.statement() as connection:
                found |= {aed.id: aed for aed in await AedRepository(connection).of_ids(missing)}
        return found

    def now(self) -> datetime:
        """The present instant, as this desk has it."""
        return self._clock.now()


async def _with_turns(items: Iterable[_Item]) -> AsyncIterator[_Item]:
    """The same items; now and then whoever waits for the loop has a turn."""
    for number, item in enumerate(items, start=1):
        yield item
        if number % _CHECKED_AT_ONCE == 0:
            await asyncio.sleep(0)


def _read(given: Any, of: UUID | None) -> tuple[UUID | None, ReportIn | Problem]:
    """The AED that a report of a batch is about, as far as it can be told, and the report or what is wrong with it."""
    if not isinstance(given, dict):
        return of, InvalidField("kind", "A report must be a JSON object.")
    if _is_overgrown(given):
        return of or _uuid(given.get("aed_id")), InvalidField("kind", f"No part of a report has {_MOST_FIELDS} fields.")
    try:
        if of is not None:
            return of, ReportIn.model_validate(given)
        said = GatewayReportIn.model_validate(given)
    except ValidationError as error:
        problem = problem_of_validation(error.errors(include_url=False))
        problem.errors = problem.errors[:_MOST_FAULTS_TOLD]
        return of or _uuid(given.get("aed_id")), problem
    return said.aed_id, said


def _is_overgrown(given: Mapping[str, Any]) -> bool:
    """Whether some part has more fields than any report: each would be refused by name, which takes its time."""
    parts: list[Any] = [given, *given.values()] if len(given) < _MOST_FIELDS else [given]
    items = given.get("items")
    if isinstance(items, list):
        parts += items[:MOST_ITEMS]
    return any(isinstance(each, dict) and len(each) >= _MOST_FIELDS for each in parts)


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _taken(answered: Answered) -> Aed:
    """The AED after a report. Raises the problem that kept the report out."""
    match answered.outcome:
        case Outcome.UNKNOWN_AED:
            raise NotFound(NO_SUCH_AED)
        case Outcome.REMOVED:
            raise Conflict("This AED is removed.", code="removed")
        case Outcome.ID_USED:
            problem = Conflict("This report_id was used for another report.", code="report_id_used")
            problem.errors = InvalidField("report_id", "It was used for another report.").errors
            raise problem
        case Outcome.FAILED:
            fault = Problem("The service could not take this report; please try again.", code="internal")
            fault.status, fault.title = 500, "Internal error"
            raise fault
        case Outcome.TAKEN | Outcome.REPEATED:
            pass
    if answered.aed is None:
        raise NotFound(NO_SUCH_AED)
    return answered.aed


def _result(report: StoredReport, answered: Answered) -> BatchResult:
    try:
        aed = _taken(answered)
    except Problem as problem:
        return BatchResult(report.aed_id, report.id, problem=problem)
    return BatchResult(report.aed_id, report.id, aed, answered.outcome is Outcome.REPEATED)
