"""Group commit: reports that come within a few milliseconds are settled, and made durable, together."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.metrics import AED_REPORTS_WAITING, AED_SETTLE_SECONDS
from dispatch.aeds.settling.settling import MOST_AT_ONCE, Outcome, Settlement, Settling
from dispatch.clock import Clock
from dispatch.problems import Problem
from dispatch.storage.availability import is_contention, is_outage
from dispatch.storage.database import Database

log = structlog.get_logger()

# A lone report waits no longer than this; while a commit is under way the next group gathers by itself.
GATHER_S = 0.002

# While one group waits for the disk another one is concluded from.
_SETTLED_SIDE_BY_SIDE = 2

# Two seconds' worth: more would be promised than can be kept soon, and devices keep what is not answered.
MOST_WAITING = 4000

# Of a device that somebody holds for longer its report has to wait, and those of all others must not.
_PATIENTLY = text("select set_config('lock_timeout', '1s', true)")

# Lives may hang on these: they do not wait behind a thousand heartbeats.
_URGENT = frozenset({ReportKind.FAULT, ReportKind.USED})

REPORTED = Because("reports", Occasion.REPORT)


class ReportsQueueFull(Problem):
    """More reports come in than can be settled; the device keeps its own and tries again."""

    status = 503
    code = "reports_queue_full"
    title = "Too many reports"

    def __init__(self) -> None:
        super().__init__(
            f"More than {MOST_WAITING} reports wait to be taken; keep this one and send it again.",
            headers={"Retry-After": "2"},
        )


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a report, and the AED as it stands after it; None when there is none of that id."""

    outcome: Outcome
    aed: Aed | None


@dataclass(slots=True)
class _Waiting:
    report: StoredReport
    answer: "asyncio.Future[Answered]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Gathering:
    """Takes reports from whoever has some; each is answered when it is committed, or with the error that kept it out.

    `follow` is told of every settlement after its commit.
    """

    def __init__(
        self, database: Database, clock: Clock, settling: Settling, follow: Callable[[Settlement], object]
    ) -> None:
        self._database = database
        self._clock = clock
        self._settling = settling
        self._follow = follow
        self._urgent: deque[_Waiting] = deque()
        self._others: deque[_Waiting] = deque()
        self._at_work: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._urgent) + len(self._others)

    async def take(self, reports: Sequence[StoredReport]) -> list[Answered]:
        """Settle reports; what became of each, in their order. One that cannot be written by its own fault is `FAILED`.

        Raises `ReportsQueueFull`, and what a database raises that is away or busy: then those that were not committed
        are not taken, and have to be sent again.
        """
        if len(self) + len(reports) > MOST_WAITING and not all(map(_is_urgent, reports)):
            raise ReportsQueueFull
        waiting = [_Waiting(report) for report in reports]
        for each in waiting:
            (self._urgent if _is_urgent(each.report) else self._others).append(each)
        AED_REPORTS_WAITING.set(len(self))
        if len(self._at_work) < _SETTLED_SIDE_BY_SIDE:
            task = asyncio.create_task(self._work())
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        answers = await asyncio.gather(*(each.answer for each in waiting), return_exceptions=True)
        return [_or_raised(answer) for answer in answers]

    async def drain(self) -> None:
        """Wait until everything that waits is settled or refused."""
        while self._at_work:
            await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _work(self) -> None:
        if len(self) < MOST_AT_ONCE:
            await asyncio.sleep(GATHER_S)
        while group := self._next_group():
            AED_REPORTS_WAITING.set(len(self))
            try:
                await self._settle(group)
            except BaseException as error:
                _refuse(group, error if isinstance(error, Exception) else ConnectionAbortedError("the service stops"))
                if not isinstance(error, Exception):
                    raise

    def _next_group(self) -> list[_Waiting]:
        """The next to be settled together; of reports of one id the second waits until the first is known."""
        group: dict[object, _Waiting] = {}
        held_back: list[_Waiting] = []
        while len(group) < MOST_AT_ONCE and (self._urgent or self._others):
            each = (self._urgent or self._others).popleft()
            if each.answer.done():
                # Who asked has gone away; nothing was promised.
                continue
            if each.report.id in group:
                held_back.append(each)
            else:
                group[each.report.id] = each
        for each in reversed(held_back):
            (self._urgent if _is_urgent(each.report) else self._others).appendleft(each)
        return list(group.values())

    async def _settle(self, group: Sequence[_Waiting]) -> None:
        try:
            settlement = await self._committed(group)
        except Exception as error:
            if is_outage(error):
                raise
            if is_contention(error):
                await self._settle_whom_nobody_holds(group, error)
            else:
                await self._settle_in_parts(group, error)
            return
        self._tell(group, settlement)

    def _tell(self, group: Sequence[_Waiting], settlement: Settlement) -> None:
        self._follow(settlement)
        for each in group:
            outcome = settlement.outcomes[each.report.id]
            _answer(each, Answered(outcome, settlement.standing.get(each.report.aed_id)))

    async def _settle_whom_nobody_holds(self, group: Sequence[_Waiting], error: Exception) -> None:
        """Whose device somebody holds for long, as an import does, comes again; all others wait no second time."""
        free: list[_Waiting] = []
        try:
            async with self._transaction() as connection:
                ids = await rows.free_of(connection, {each.report.aed_id for each in group})
                free = [each for each in group if each.report.aed_id in ids]
                settlement = await self._settled(connection, free)
        except Exception as again:
            if not free or is_outage(again) or is_contention(again):
                raise
            await self._settle_in_parts(free, again)
        else:
            self._tell(free, settlement)
        answered = set(map(id, free))
        held = [each for each in group if id(each) not in answered]
        if held:
            log.warning("reports of devices that somebody holds", reports=len(held))
        _refuse(held, error)

    async def _settle_in_parts(self, group: Sequence[_Waiting], error: Exception) -> None:
        """One that cannot be written must not keep the others out."""
        if len(group) == 1:
            log.error("a report cannot be settled", report_id=str(group[0].report.id), exc_info=error)
            _answer(group[0], Answered(Outcome.FAILED, None))
            return
        log.warning("reports settled in parts", reports=len(group), error=str(error))
        middle = len(group) // 2
        for part in (group[:middle], group[middle:]):
            try:
                await self._settle(part)
            except Exception as fault:
                if is_outage(fault):
                    raise
                _refuse(part, fault)

    async def _committed(self, group: Sequence[_Waiting]) -> Settlement:
        async with self._transaction() as connection:
            return await self._settled(connection, group)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        began = time.perf_counter()
        async with self._database.transaction() as connection:
            await connection.execute(_PATIENTLY)
            yield connection
        AED_SETTLE_SECONDS.labels(Occasion.REPORT).observe(time.perf_counter() - began)

    async def _settled(self, connection: AsyncConnection, group: Sequence[_Waiting]) -> Settlement:
        reports = [each.report for each in group]
        return await self._settling.settle(connection, (), now=self._clock.now(), why=REPORTED, reports=reports)


def _is_urgent(report: StoredReport) -> bool:
    return report.kind in _URGENT or report.data.get("outcome") == "failed"


def _answer(each: _Waiting, answer: Answered) -> None:
    # Who asked may have gone away meanwhile.
    if not each.answer.done():
        each.answer.set_result(answer)


def _refuse(group: Iterable[_Waiting], error: Exception) -> None:
    for each in group:
        if not each.answer.done():
            each.answer.set_exception(error)


def _or_raised(answer: Answered | BaseException) -> Answered:
    if isinstance(answer, BaseException):
        raise answer
    return answer
