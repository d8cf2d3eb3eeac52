"""One connection that speaks libpq straight from the event loop: a question is one write, its answer one callback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Self

import psycopg
from psycopg import errors, pq
from psycopg.errors import error_from_result

from dispatch.storage.own_session import KEEPALIVE, SERVERS_KEEPALIVE_OPTIONS
from dispatch.storage.pooling import KEPT_AS_IT_IS, KEPT_BY_POOLER, PROBE, as_options, in_each_transaction
from dispatch.storage.prepared import Prepared
from dispatch.storage.servers_clock import NOT_TOO_LATE, ServersClock, was_too_late

Row = tuple[str | None, ...]

# A statement of ours with its parameters as the server reads them.
Step = tuple[Prepared, Sequence[bytes | None]]

# Asking the server to stop what nobody waits for any longer is a courtesy, not worth more than this.
_CANCEL_WITHIN_S = 1.0

# The server gives up by itself before its asker does: first on a lock that somebody holds, then on the statement, so
# that a statement whose asker has gone away is, as a rule, not carried out behind their back.
_LOCK_SHARE = 0.6
_STATEMENT_SHARE = 0.9

_FAILED = {pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.BAD_RESPONSE, pq.ExecStatus.PIPELINE_ABORTED}


# A timer that fires this late says that the loop was held up, not that the server was: it gets a little more time.
_LATE_S = 0.05
GRACE_S = 0.5


def was_late(loop: asyncio.AbstractEventLoop, by: float) -> bool:
    """Whether a timer of the loop set for `by` has fired so late that nothing can be said about the server."""
    return loop.time() - by > _LATE_S


@contextlib.asynccontextmanager
async def patience(within_s: float) -> AsyncIterator[None]:
    """Like `asyncio.timeout`, but time in which the loop itself was held up is given back. Raises `TimeoutError`."""
    loop = asyncio.get_running_loop()
    by = loop.time() + within_s
    async with asyncio.timeout_at(by + GRACE_S) as limit:
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            if not was_late(loop, by):
                limit.reschedule(loop.time())

        timer = loop.call_at(by, look)
        try:
            yield
        finally:
            timer.cancel()


class NotAnswered(psycopg.OperationalError):
    """No answer, or no connection, within the time allowed. What was asked may have been carried out all the same."""


class Busy(psycopg.OperationalError):
    """All connections of this process are in use, and the server answers: nothing was asked, and it is not away."""


class Line:
    """One connection; one question at a time. Every `by` is a time of the loop's clock (`loop.time()`).

    `first` is said in every transaction: where a pooler stands in between, each may be given to another session.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], first: Sequence[Step] = ()) -> None:
        self._loop = asyncio.get_running_loop()
        self._connection = connection
        self._pgconn = connection.pgconn
        self._pgconn.nonblocking = 1
        self._socket = self._pgconn.socket
        self._prepared: set[bytes] = set()
        self._first = first
        self._clock = ServersClock()
        # Whether what is prepared is there the next time.
        self._prepares = True
        self._answer: asyncio.Future[list[pq.abc.PGresult]] | None = None
        self._results: list[pq.abc.PGresult] = []
        self._is_pipelined = False
        self.is_lost = False
        # For good, not for each question: a server that goes away is noticed while nobody asks.
        self._loop.add_reader(self._socket, self._readable)

    @classmethod
    async def connected(
        cls, conninfo: str, *, within_s: float, answer_within_s: float, is_pooled: bool = False
    ) -> Self:
        """Connect. Raises `NotAnswered`, or the `psycopg.OperationalError` that says why not."""
        settings = session_settings(answer_within_s)
        try:
            async with patience(within_s):
                connection = await psycopg.AsyncConnection.connect(
                    conninfo,
                    autocommit=True,
                    # A pooler takes none.
                    options="" if is_pooled else f"{SERVERS_KEEPALIVE_OPTIONS} {as_options(settings)}",
                    # What a machine's environment or an old database says otherwise.
                    client_encoding="utf8",
                    **KEEPALIVE,
                )
                if is_pooled:
                    await connection.execute(KEPT_BY_POOLER)
        except TimeoutError as error:
            raise NotAnswered(f"no connection to the database within {within_s:.1f} s") from error
        line = cls(connection, [in_each_transaction(settings)] if is_pooled else ())
        by = asyncio.get_running_loop().time() + within_s
        try:
            if is_pooled:
                await line.find_out_what_lasts(by=by)
            await line.learn_the_time(by=by)
        except BaseException:
            await line.close()
            raise
        return line

    async def find_out_what_lasts(self, *, by: float) -> None:
        """Whether the pooler in between looks after what is prepared."""
        try:
            _, (count, *_), *_ = map(_rows, _checked(await self._asked(self._send_probe, by)))
        except errors.DuplicatePreparedStatement:
            # Somebody found out over the same session.
            self._prepares = False
        else:
            self._prepares = count == ("0",)

    async def learn_the_time(self, *, by: float) -> None:
        """Ask the server what time it is, once for the life of this connection, or where its clock was set."""
        await self.prepare(NOT_TOO_LATE, by=by)
        asked_at_s = self._loop.time()
        question = (NOT_TOO_LATE, NOT_TOO_LATE.values({"until": float("inf")}))
        (said,) = _checked(await self._asked(lambda: self._send(question), by))
        self._clock.learn(said.get_value(0, 0), asked_at_s=asked_at_s, heard_at_s=self._loop.time())

    @property
    def is_free(self) -> bool:
        """Whether the next question may be asked; not while the last one's answer is to come, its asker gone."""
        return not self.is_lost and self._answer is None

    def is_still_there(self) -> bool:
        """Whether the server has not ended it meanwhile: one look at the socket; the loop may not have had its own."""
        if self.is_free:
            self._readable()
        return self.is_free

    async def prepare(self, statement: Prepared, *, by: float) -> None:
        """Have the server read and plan a statement, once for the life of this connection."""
        if self._prepares and statement.name not in self._prepared:
            question = (statement.name, statement.sql, statement.oids)
            _checked(await self._asked(lambda: self._pgconn.send_prepare(*question), by))
            self._prepared.add(statement.name)

    async def run(self, step: Step, *, by: float) -> list[Row]:
        """One statement, which is a transaction of its own: committed when this returns."""
        return (await self.run_together([step], by=by))[0]

    async def run_together(self, steps: Sequence[Step], *, by: float) -> list[list[Row]]:
        """All of them in one transaction, or none, in one round trip: libpq's pipeline up to a sync is a transaction.

        When one fails the server passes over the rest and rolls back; the sync's own result comes after the commit.
        What the server comes to only when its asker no longer waits it leaves undone: then this raises `NotAnswered`.
        """
        for statement, _ in (*self._first, *steps):
            await self.prepare(statement, by=by)
        results = await self._asked_in_time(steps, by)
        if was_too_late(results[0]) and self._loop.time() < by:
            # Its clock was set: what time it is has to be learned anew.
            await self.learn_the_time(by=by)
            results = await self._asked_in_time(steps, by)
        if was_too_late(results[0]):
            raise NotAnswered("the database came to it too late, and left it undone")
        return [_rows(result) for result in _checked(results)[1 + len(self._first) : -1]]

    async def _asked_in_time(self, steps: Sequence[Step], by: float) -> list[pq.abc.PGresult]:
        asked_at_s = self._loop.time()
        until = self._clock.may_begin_until(by, now_s=asked_at_s)
        whole = [(NOT_TOO_LATE, NOT_TOO_LATE.values({"until": until})), *self._first, *steps]
        results = await self._asked(lambda: self._send_together(whole), by)
        if results[0].status not in _FAILED:
            self._clock.learn(results[0].get_value(0, 0), asked_at_s=asked_at_s, heard_at_s=self._loop.time())
        return results

    async def close(self) -> None:
        """End it; whoever waits is told."""
        if not self.is_lost:
            self._lose(psycopg.OperationalError("the connection is closed"))
        await self._connection.close()

    async def abandon(self) -> None:
        """Ask the server, as far as it listens, to stop what this connection asked for; then close it."""
        is_asking = not self.is_lost and self._answer is not None
        if not self.is_lost:
            self._lose(psycopg.OperationalError("the connection was given up"))
        try:
            if is_asking:
                with contextlib.suppress(psycopg.Error):
                    await self._connection.cancel_safe(timeout=_CANCEL_WITHIN_S)
        finally:
            await self._connection.close()

    def _send(self, step: Step) -> None:
        statement, values = step
        if self._prepares:
            self._pgconn.send_query_prepared(statement.name, values, statement.formats)
        else:
            self._pgconn.send_query_params(statement.sql, values, statement.oids, statement.formats)

    def _send_probe(self) -> None:
        self._pgconn.enter_pipeline_mode()
        self._is_pipelined = True
        self._pgconn.send_prepare(PROBE, KEPT_AS_IT_IS, [])
        self._pgconn.send_query_params(KEPT_AS_IT_IS, [])
        self._pgconn.pipeline_sync()

    def _send_together(self, steps: Sequence[Step]) -> None:
        self._pgconn.enter_pipeline_mode()
        self._is_pipelined = True
        for step in steps:
            self._send(step)
        self._pgconn.pipeline_sync()

    async def _asked(self, send: Callable[[], None], by: float) -> list[pq.abc.PGresult]:
        if self.is_lost:
            raise psycopg.OperationalError("the connection is lost")
        try:
            send()
        except psycopg.OperationalError as error:
            self._lose(error)
            raise
        answer: asyncio.Future[list[pq.abc.PGresult]] = self._loop.create_future()
        self._answer = answer
        timer = self._loop.call_at(by, self._give_up, answer, by)
        self._write()
        try:
            return await answer
        finally:
            timer.cancel()

    def _give_up(self, answer: "asyncio.Future[list[pq.abc.PGresult]]", by: float) -> None:
        # A loop that was itself held up finds its timers due before it has looked at its sockets.
        if not self.is_lost:
            self._readable()
        if not answer.done() and was_late(self._loop, by):
            again = self._loop.time() + GRACE_S
            self._loop.call_at(again, self._give_up, answer, again)
        elif not answer.done():
            answer.set_exception(NotAnswered("the database did not answer in time"))

    def _write(self) -> None:
        try:
            is_waiting = self._pgconn.flush() == 1
        except psycopg.OperationalError as error:
            self._lose(error)
            return
        if is_waiting:
            self._loop.add_writer(self._socket, self._write)
        else:
            self._loop.remove_writer(self._socket)

    def _readable(self) -> None:
        try:
            self._pgconn.consume_input()
            if self._is_pipelined:
                self._take_results_of_pipeline()
            else:
                self._take_results()
        except psycopg.OperationalError as error:
            self._lose(error)

    def _take_results(self) -> None:
        while not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is None:
                self._settle()
                return
            self._results.append(result)

    def _take_results_of_pipeline(self) -> None:
        # Here None stands between one statement's results and the next one's; two of them: there is no more yet.
        nothing = 0
        while nothing < 2 and not self._pgconn.is_busy():  # noqa: PLR2004 - see above
            result = self._pgconn.get_result()
            if result is None:
                nothing += 1
                continue
            nothing = 0
            self._results.append(result)
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                self._pgconn.exit_pipeline_mode()
                self._is_pipelined = False
                self._settle()
                return
        if self._pgconn.status != pq.ConnStatus.OK:
            self._settle()

    def _settle(self) -> None:
        results, self._results = self._results, []
        if results and self._answer is not None:
            answer, self._answer = self._answer, None
            if not answer.done():
                answer.set_result(results)
        if self._pgconn.status != pq.ConnStatus.OK:
            # libpq has closed the socket, whose number the next one to open may get: nobody may watch it any longer.
            self._lose(psycopg.OperationalError("the server ended the connection"))

    def _lose(self, error: psycopg.OperationalError) -> None:
        self.is_lost = True
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        answer, self._answer = self._answer, None
        results, self._results = self._results, []
        if answer is None or answer.done():
            return
        # The server's last word, where it said one, tells more than that it went.
        failed = next((each for each in results if each.status in _FAILED), None)
        answer.set_exception(error if failed is None else error_from_result(failed))


def session_settings(answer_within_s: float) -> dict[str, str]:
    """What every session of such a connection is told."""
    return {
        "timezone": "UTC",
        "jit": "off",
        # Planning a statement of ten parts anew for each SOS would cost more than running it.
        "plan_cache_mode": "force_generic_plan",
        "lock_timeout": f"{round(1000 * _LOCK_SHARE * answer_within_s)}ms",
        "statement_timeout": f"{round(1000 * _STATEMENT_SHARE * answer_within_s)}ms",
    }


def _checked(results: list[pq.abc.PGresult]) -> list[pq.abc.PGresult]:
    for result in results:
        if result.status in _FAILED:
            raise error_from_result(result)
    return results


def _rows(result: pq.abc.PGresult) -> list[Row]:
    columns = range(result.nfields)
    return [tuple(_text(result.get_value(row, column)) for column in columns) for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
