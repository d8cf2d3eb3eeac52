"""Several prepared statements in one transaction and one round trip: all of them, or none."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg import errors

from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared

PUT = Prepared("put", "insert into mailboxes values (:recipient, 'e', 0)", {"recipient": "text"})
COUNT = Prepared("count", "select count(*) from mailboxes", {})
NAMES = Prepared("names", "select recipient, last_seq from mailboxes order by 1", {})
LARGE = Prepared("large", "select length(:text), :text", {"text": "text"})
WHO = Prepared("who", "select pg_backend_pid()", {})
SLEEP = Prepared("sleep_together", "select pg_sleep(:seconds) as together", {"seconds": "float8"})
WRONG = Prepared("wrong", "select 1 / :zero", {"zero": "int4"})
MISSPELT = Prepared("misspelt", "selekt 1", {})


@pytest.fixture
async def small(database: Database) -> AsyncIterator[Database]:
    """A database with room for two connections."""
    two = Database(database.url, connections=1)
    yield two
    await two.close()


async def test_each_statement_gives_its_own_rows_and_sees_those_before_it(database: Database) -> None:
    answers = await database.run_together(
        [(COUNT, {}), (PUT, {"recipient": "a"}), (PUT, {"recipient": "b"}), (NAMES, {}), (COUNT, {})]
    )
    assert answers == [[("0",)], [], [], [("a", "0"), ("b", "0")], [("2",)]]
    assert await database.run(COUNT, {}) == [("2",)]


@pytest.mark.parametrize(
    ("fault", "error"),
    [((PUT, {"recipient": "a"}), psycopg.IntegrityError), ((WRONG, {"zero": 0}), errors.DivisionByZero)],
)
@pytest.mark.parametrize("place", [1, 2, 3])
async def test_when_one_fails_none_has_happened(
    small: Database, fault: tuple[Prepared, dict[str, object]], error: type[psycopg.Error], place: int
) -> None:
    steps: list[tuple[Prepared, dict[str, object]]] = [(PUT, {"recipient": each}) for each in "abc"]
    steps.insert(place, fault)
    before = await small.run(WHO, {})
    with pytest.raises(error) as refused:
        await small.run_together(steps)
    if error is psycopg.IntegrityError:
        assert refused.value.diag.constraint_name == "pk_mailboxes"
    assert await small.run(COUNT, {}) == [("0",)]
    assert await small.run(WHO, {}) == before, "the connection goes on"


async def test_a_commit_that_fails_is_told_and_nothing_has_happened(database: Database) -> None:
    # A constraint that is looked at only when the transaction ends: after every statement's own answer.
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        await other.execute("create table late (it int, constraint once unique (it) deferrable initially deferred)")
        try:
            twice = Prepared("twice", "insert into late values (1)", {})
            with pytest.raises(psycopg.IntegrityError) as refused:
                await database.run_together([(twice, {}), (twice, {}), (COUNT, {})])
            assert refused.value.diag.constraint_name == "once"
            assert await database.run(Prepared("late", "select * from late", {}), {}) == []
        finally:
            await other.execute("drop table late")


async def test_a_statement_that_cannot_be_prepared_is_refused_before_anything_is_asked(small: Database) -> None:
    with pytest.raises(errors.SyntaxError):
        await small.run_together([(PUT, {"recipient": "a"}), (MISSPELT, {})])
    assert await small.run(COUNT, {}) == [("0",)]


async def test_nothing_to_do_is_done(database: Database) -> None:
    assert await database.run_together([]) == []


async def test_what_does_not_fit_into_the_sockets_buffers_goes_in_pieces(database: Database) -> None:
    # Megabytes both ways at once: neither side may wait for the other to read.
    texts = [letter * 3_000_000 for letter in "abc"]
    answers = await database.run_together([(LARGE, {"text": each}) for each in texts])
    assert answers == [[(str(len(each)), each)] for each in texts]


async def test_many_at_once_each_get_their_own(small: Database) -> None:
    async def ask(number: int) -> list[str | None]:
        steps = [(LARGE, {"text": f"{number}.{place}"}) for place in range(5)]
        return [rows[0][1] for rows in await small.run_together(steps)]

    assert await asyncio.gather(*map(ask, range(40))) == [[f"{n}.{place}" for place in range(5)] for n in range(40)]


async def test_a_server_that_ends_in_the_middle_is_told_and_nothing_has_happened(database: Database) -> None:
    patient = Database(database.url, connections=1, answer_within_s=30)
    asking = asyncio.create_task(patient.run_together([(PUT, {"recipient": "a"}), (SLEEP, {"seconds": 30.0})]))
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        ended = 0
        while not ended:
            found = await other.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where query like '%as together' and state = 'active'"
            )
            ended = (await found.fetchone() or (0,))[0]
    with pytest.raises(psycopg.OperationalError):
        await asking
    assert await database.run(COUNT, {}) == [("0",)]
    await patient.close()


async def test_an_asker_who_is_cancelled_leaves_no_answer_to_the_next(small: Database) -> None:
    asking = asyncio.create_task(small.run_together([(SLEEP, {"seconds": 1.5}), (PUT, {"recipient": "a"})]))
    await small.run(WHO, {})
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await small.run_together([(LARGE, {"text": "next"}), (COUNT, {})]) == [[("4", "next")], [("0",)]]
