"""Writes decisions down: in PostgreSQL, or, while that is away, in the journal of this process."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence

import structlog
from psycopg import Error, IntegrityError

from dispatch.engine import ledger
from dispatch.engine.decision_codec import JournaledDecision, Opening, decisions_to_json
from dispatch.engine.journal import Journal, JournalFailed
from dispatch.engine.ledger import Owed, Sent
from dispatch.metrics import JOURNALED
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import IncidentId
from dispatch.storage.availability import Availability, is_contention
from dispatch.storage.database import Away, Database, reaching_through

log = structlog.get_logger()

# A disk that hangs must not hold an SOS: then it is dispatched though nothing but memory knows of it.
_JOURNAL_WITHIN_S = 1.0


def _always() -> bool:
    return True


class Recording:
    """The one way to write a decision down. What is not in PostgreSQL yet is in `unwritten`, by incident."""

    def __init__(self, database: Database, availability: Availability, journal: Callable[[], Journal]) -> None:
        self._database = database
        self._availability = availability
        self._begin_journal = journal
        self._journal: Journal | None = None
        self._appending = asyncio.Lock()
        # Of a disk that failed, too: tried again before whatever comes next.
        self._waiting: list[dict[str, object]] = []
        self._next_batch: asyncio.Future[None] | None = None
        self.unwritten: dict[IncidentId, list[JournaledDecision]] = {}
        # Those of them that the database is there for, and that cannot be written all the same.
        self.stuck: set[IncidentId] = set()

    @property
    def is_away(self) -> bool:
        """Whether the service goes on without PostgreSQL; not for whoever brings that up to date."""
        return self._availability.is_away and not reaching_through.get()

    def note_failure(self, error: Exception) -> bool:
        """Somebody's try failed: note it where it says that the database is away. Whether it says no more than that."""
        return self._availability.note_failure(error)

    async def open(
        self, decision: Decision, owed: Owed, opening: Opening, *, may_be_kept: Callable[[], bool] = _always
    ) -> list[Sent] | None:
        """Write an incident's opening; None: it is in the journal, and messages have no numbers yet.

        Raises `IntegrityError` when the request id or a responder is taken, and what else went wrong with one that is
        none that `may_be_kept`, but another worker's to take.
        """
        if self.is_away:
            if not may_be_kept():
                raise Away("another worker takes this SOS")
        else:
            try:
                return await ledger.record_opening(
                    self._database, decision, owed, request_id=opening.request_id, receipt=opening.receipt
                )
            except IntegrityError:
                raise
            except Error as error:
                # Whatever is wrong, somebody lies there: it is kept, and written when that is possible.
                self._say(error)
                if not may_be_kept():
                    raise
        await self.keep([JournaledDecision(decision.incident.incident_id, decision.events, opening)])
        return None

    async def go_on(
        self,
        decisions: Sequence[Decision],
        owed: Sequence[Owed],
        *,
        rewake: bool,
        is_unsure: bool = False,
        may_be_kept: Callable[[], bool] = _always,
    ) -> list[Sent] | None:
        """Write what commands led to, of one incident or of several at once; None as for `open`.

        `is_unsure`: they follow what may be in another worker's journal only, and are written together with it.
        Should the database go away and they be none that `may_be_kept`, but another worker's to take, that is raised.
        Raises `IntegrityError` when somebody else decided first or a responder is taken, and what no waiting mends.
        """
        waits = is_unsure or any(each.incident.incident_id in self.unwritten for each in decisions)
        if not self.is_away and not waits:
            try:
                return await ledger.record_decisions(
                    self._database, list(zip(decisions, owed, strict=True)), rewake=rewake
                )
            except Error as error:
                self._must_be_kept(error)
                if not may_be_kept():
                    raise
        await self.keep([JournaledDecision(each.incident.incident_id, each.events) for each in decisions])
        return None

    def _must_be_kept(self, error: Error) -> None:
        """Raises `error` unless the decision is right and only cannot be written now."""
        if isinstance(error, IntegrityError) or not (self._availability.note_failure(error) or is_contention(error)):
            raise error

    def _say(self, error: Error) -> None:
        if not self._availability.note_failure(error):
            log.error("an SOS could not be written yet; it is kept and written later", error=str(error))

    @contextlib.contextmanager
    def outage_suppressed(self) -> Iterator[None]:
        """Let what needs the database be left undone when that goes away in the middle of it, or others are at it."""
        try:
            yield
        except Exception as error:
            if not (self.note_failure(error) or is_contention(error)):
                raise

    async def keep(self, decisions: Sequence[JournaledDecision]) -> None:
        """Keep decisions in memory and in the journal, until they are in PostgreSQL.

        They stand or fall together: a write that is torn leaves all of them in the journal or none.
        """
        if not decisions:
            return
        for each in decisions:
            self.unwritten.setdefault(each.incident_id, []).append(each)
        try:
            await self._appended(decisions_to_json(decisions))
        except (JournalFailed, TimeoutError, OSError) as error:
            # Whoever lies there is helped all the same; that a crash would forget it now is said aloud.
            JOURNALED.labels("failed").inc(len(decisions))
            log.critical("neither the database nor the journal can be written", error=str(error))
        else:
            JOURNALED.labels("kept").inc(len(decisions))

    async def _appended(self, record: dict[str, object]) -> None:
        """Wait until a record is on the disk. Those of a whole crowd go there together, with one sync."""
        self._waiting.append(record)
        if self._next_batch is None or self._next_batch.done():
            self._next_batch = asyncio.ensure_future(self._append_what_waits())
        await asyncio.shield(self._next_batch)

    async def _append_what_waits(self) -> None:
        async with self._appending:
            # From here on another batch gathers.
            records, self._waiting, self._next_batch = self._waiting, [], None
            # The thread goes on with a disk that hangs; whoever waits for it does not.
            writing = asyncio.ensure_future(asyncio.to_thread(self._append, records))
            writing.add_done_callback(_heard)
            try:
                async with asyncio.timeout(_JOURNAL_WITHIN_S):
                    await asyncio.shield(writing)
            except BaseException:
                # A disk that is well again leaves no hole; what is there twice is taken in once.
                self._waiting = [*records, *self._waiting]
                raise

    def _append(self, records: Sequence[dict[str, object]]) -> None:
        if self._journal is None:
            self._journal = self._begin_journal()
        self._journal.append(*records)

    def prepare(self) -> None:
        """Take room on the disk for the journal before it is needed. Raises nothing; says what is wrong."""
        try:
            self._journal = self._begin_journal()
        except JournalFailed as error:
            log.critical("no journal: while the database is away nothing but memory will know", error=str(error))

    def written(self, incident_id: IncidentId, decisions: Sequence[JournaledDecision]) -> None:
        """These are in PostgreSQL now."""
        # By what happened: one may have been written under another request id.
        happened = [each.events for each in decisions]
        left = [each for each in self.unwritten.get(incident_id, ()) if each.events not in happened]
        if left:
            self.unwritten[incident_id] = left
            return
        self.unwritten.pop(incident_id, None)

    async def clear(self) -> None:
        """Everything is in PostgreSQL: the journal begins anew. To be called with nothing unwritten."""
        if not self.unwritten:
            self._waiting = []
        if self._journal is None or self._journal.count == 0:
            return
        async with self._appending:
            if not self.unwritten:
                await asyncio.to_thread(self._forget, self._journal)

    @staticmethod
    def _forget(journal: Journal) -> None:
        try:
            journal.mark_taken(journal.count)
            journal.forget()
        except JournalFailed as error:
            # It will be taken in again at the next start, which changes nothing.
            log.warning("journal not cleared", error=str(error))

    def close(self) -> None:
        """Let go of the journal; what is unwritten in it is taken in at the next start."""
        if self._journal is not None:
            if not self.unwritten:
                self._forget(self._journal)
            self._journal.close()


def _heard(writing: "asyncio.Future[None]") -> None:
    """Whatever became of it was said, or nobody waits for it any longer."""
    if not writing.cancelled():
        writing.exception()
