"""Straight over libpq and through the pools, with a pooler in between that gives each transaction another session."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import text

from dispatch.storage.availability import probe, timeline
from dispatch.storage.database import Database
from dispatch.storage.migrate import migrate
from dispatch.storage.pooling import PoolerInBetween
from dispatch.storage.prepared import Prepared
from tests.conftest import empty_tables
from tests.pooler import Pooler

SESSIONS = 3
WHO = Prepared(
    "who_answers",
    "select :asked::int, pg_backend_pid(), current_setting('timezone'), current_setting('jit'),"
    " current_setting('lock_timeout'), current_setting('statement_timeout') from (select pg_sleep(0.01)) as slowly",
    {"asked": "int4"},
)
COUNT = Prepared("count_up", "insert into mailboxes values (:name, 'x', 1) returning last_seq", {"name": "text"})
REFUSED = Prepared("refused", "select 1 / :by::int", {"by": "int4"})


@pytest.fixture
def pooler(postgis_url: str) -> Iterator[Pooler]:
    pooler = Pooler(postgis_url, pool_size=SESSIONS)
    yield pooler
    pooler.ends()


@pytest.fixture
async def pooled(pooler: Pooler, postgis_url: str) -> AsyncIterator[Database]:
    """The tests' database through the pooler, with empty tables."""
    empty_tables(postgis_url)
    pooled = Database(pooler.url, direct_url=postgis_url, answer_within_s=2.0)
    yield pooled
    await pooled.close()


async def test_more_who_ask_than_there_are_sessions_are_all_answered(pooled: Database) -> None:
    answers = await asyncio.gather(*(pooled.run(WHO, {"asked": number}) for number in range(40)))
    assert [row[0] for (row,) in answers] == [str(number) for number in range(40)]
    assert 1 < len({row[1] for (row,) in answers}) <= SESSIONS
    assert {row[2:] for (row,) in answers} == {("UTC", "off", "1200ms", "1800ms")}


async def test_what_is_said_for_a_transaction_is_not_said_to_the_next_one(pooled: Database) -> None:
    await pooled.run(WHO, {"asked": 1})
    async with pooled.transaction() as connection:
        found = await connection.execute(text("select current_setting('lock_timeout'), current_setting('timezone')"))
        assert found.one() == ("0", "UTC")


async def test_together_is_one_transaction(pooled: Database) -> None:
    await pooled.run_together([(COUNT, {"name": "a"}), (COUNT, {"name": "b"})])
    with pytest.raises(psycopg.errors.DivisionByZero):
        await pooled.run_together([(COUNT, {"name": "c"}), (REFUSED, {"by": 0})])
    with pytest.raises(psycopg.IntegrityError):
        await pooled.run(COUNT, {"name": "a"})
    async with pooled.statement() as connection:
        rows = await connection.execute(text("select recipient from mailboxes order by 1"))
        assert rows.scalars().all() == ["a", "b"]


async def test_transactions_and_single_statements_share_the_few_sessions(pooled: Database) -> None:
    async def one(number: int) -> int:
        async with pooled.transaction() as connection:
            await connection.execute(text("select set_config('lock_timeout', '1s', true)"))
            found: int = (await connection.execute(text("select cast(:n as int)"), {"n": number})).scalar_one()
            return found

    async def single(number: int) -> int:
        async with pooled.statement() as connection:
            found: int = (await connection.execute(text("select cast(:n as int)"), {"n": number})).scalar_one()
            return found

    for _ in range(3):
        # Asked so often that psycopg would prepare it.
        assert await asyncio.gather(*(one(each) for each in range(12))) == list(range(12))
        assert await asyncio.gather(*(single(each) for each in range(12))) == list(range(12))


async def test_many_rows_are_read_part_by_part(pooled: Database) -> None:
    async with pooled.transaction() as connection:
        rows = await connection.stream(text("select generate_series(1, 5000)"), execution_options={"yield_per": 500})
        assert sum([len(part) async for part in rows.partitions()]) == 5000


async def test_whoever_looks_whether_the_server_is_there_finds_out(pooled: Database) -> None:
    await probe(pooled)
    assert len(await timeline(pooled)) == 8
    assert await pooled.answers()


async def test_who_needs_a_session_is_sent_past_the_pooler(pooled: Database, postgis_url: str) -> None:
    assert pooled.url == postgis_url


async def test_a_pooler_that_nobody_told_of_is_noticed_before_anything_goes_wrong(pooler: Pooler) -> None:
    with pytest.raises(PoolerInBetween, match="DISPATCH_DATABASE_DIRECT_URL"):
        migrate(pooler.url)


async def test_a_pooler_that_dies_is_an_outage_and_its_return_the_end_of_it(pooler: Pooler, pooled: Database) -> None:
    await pooled.run(WHO, {"asked": 1})
    pooler.dies()
    with pytest.raises(psycopg.OperationalError):
        await pooled.run(WHO, {"asked": 2})
    assert not await pooled.answers()
    await pooler.comes_back()
    await probe(pooled)
    ((asked, *_),) = await pooled.run(WHO, {"asked": 3})
    assert asked == "3"


async def test_statements_that_hold_all_sessions_are_ended_by_the_server_and_the_rest_goes_on(pooled: Database) -> None:
    slow = Prepared("slow", "select pg_sleep(5)", {})
    held = await asyncio.gather(*(pooled.run(slow, {}) for _ in range(SESSIONS)), return_exceptions=True)
    assert all(isinstance(each, psycopg.Error) for each in held)
    ((asked, *_),) = await pooled.run(WHO, {"asked": 2})
    assert asked == "2"
