"""Pages are read from a standby while it is near enough, and from the server itself otherwise."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from dispatch.storage.availability import Availability, probe
from dispatch.storage.database import Database
from dispatch.storage.line import Busy
from dispatch.storage.prepared import Prepared
from tests.conftest import empty_tables
from tests.people import MovableClock, until
from tests.standby import Standby
from tests.stoppable_database import StoppableDatabase

LAG_S = 1.0
WRITE = Prepared("write_down", "insert into mailboxes values (:name, 'x', 1) returning last_seq", {"name": "text"})


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableDatabase]:
    database = StoppableDatabase(tmp_path_factory.mktemp("primary"))
    yield database
    database.ends()


@pytest.fixture(scope="module")
def standby(primary: StoppableDatabase) -> Iterator[Standby]:
    standby = Standby(primary.url)
    yield standby
    standby.ends()


@pytest.fixture
async def database(primary: StoppableDatabase, standby: Standby) -> AsyncIterator[Database]:
    empty_tables(primary.url)
    database = Database(primary.url, replica_url=standby.url, replica_lag_s=LAG_S)
    looking = [asyncio.create_task(work()) for work in database.works]
    yield database
    for task in looking:
        task.cancel()
    await asyncio.gather(*looking, return_exceptions=True)
    await database.close()


async def reads_the_standby(database: Database) -> bool:
    async with database.reading() as connection:
        return bool((await connection.execute(text("select pg_is_in_recovery()"))).scalar_one())


async def test_pages_are_read_from_a_standby_that_follows(database: Database) -> None:
    assert not await reads_the_standby(database), "before anything is known of it"
    await until(lambda: reads_the_standby(database))
    await database.run(WRITE, {"name": "a"})

    async def is_there() -> bool:
        async with database.reading() as connection:
            return (await connection.execute(text("select recipient from mailboxes"))).scalars().all() == ["a"]

    await until(is_there)
    # Nothing happens on the primary, and the standby does not grow old by that.
    await asyncio.sleep(0)
    assert database.replica is not None
    await database.replica.look()
    assert database.replica.lag_s < LAG_S


async def test_nothing_is_written_there(database: Database) -> None:
    await until(lambda: reads_the_standby(database))
    with pytest.raises(Exception, match="read-only transaction"):
        async with database.reading() as connection:
            await connection.execute(text("insert into mailboxes values ('x', 'x', 1)"))


async def test_a_standby_that_falls_behind_is_left_alone_until_it_has_caught_up(
    database: Database, standby: Standby
) -> None:
    await until(lambda: reads_the_standby(database))
    standby.sql("select pg_wal_replay_pause()")
    try:
        await database.run(WRITE, {"name": "b"})

        async def is_read_from_the_primary() -> bool:
            return not await reads_the_standby(database)

        await until(is_read_from_the_primary)
        async with database.reading() as connection:
            assert (await connection.execute(text("select recipient from mailboxes"))).scalars().all() == ["b"]
    finally:
        standby.sql("select pg_wal_replay_resume()")
    await until(lambda: reads_the_standby(database))


async def test_a_standby_that_goes_away_in_the_middle_is_no_outage(database: Database, standby: Standby) -> None:
    await until(lambda: reads_the_standby(database))
    with pytest.raises(Busy) as told:
        async with database.reading() as connection:
            ((pid,),) = (await connection.execute(text("select pg_backend_pid()"))).all()
            await asyncio.to_thread(standby.sql, "select pg_terminate_backend(%s)", pid)
            await connection.execute(text("select 1"))
    assert not Availability(MovableClock()).note_failure(told.value)
    assert not await reads_the_standby(database), "the next one is answered by the primary"
    await until(lambda: reads_the_standby(database))


async def test_one_that_was_promoted_by_mistake_is_not_read(primary: StoppableDatabase) -> None:
    astray = Standby(primary.url)
    database = Database(primary.url, replica_url=astray.url, replica_lag_s=60)
    try:
        assert database.replica is not None
        await until(lambda: _is_fresh(database))
        astray.sql("select pg_promote()")
        await database.replica.look()
        assert not await _is_fresh(database)
    finally:
        await database.close()
        astray.ends()


async def _is_fresh(database: Database) -> bool:
    assert database.replica is not None
    await database.replica.look()
    return database.replica.is_fresh


async def test_the_address_of_both_leads_to_whichever_may_be_written_to(tmp_path: Path) -> None:
    first = StoppableDatabase(tmp_path / "first")
    second = Standby(first.url)
    hosts = [str(make_url(each).query["host"]) for each in (first.url, second.url)]
    both = make_url(first.url).set(
        query={"host": ",".join(hosts), "port": "5432,5432", "target_session_attrs": "read-write"}
    )
    database = Database(both.render_as_string(hide_password=False))
    try:
        await database.run(WRITE, {"name": "before"})
        async with database.transaction() as connection:
            await connection.execute(text("insert into mailboxes values ('before too', 'x', 1)"))
        caught_up = first.sql("select pg_current_wal_lsn()")[0][0]
        await until(lambda: _has_replayed(second, caught_up))
        await first.stops()
        assert not await database.answers()
        second.sql("select pg_promote()")

        async def may_be_written() -> bool:
            await database.renew()
            try:
                await probe(database)
            except Exception:  # noqa: BLE001 - whatever it is, not yet
                return False
            return True

        await until(may_be_written)
        await database.run(WRITE, {"name": "after"})
        async with database.transaction() as connection:
            rows = await connection.execute(text("select recipient from mailboxes order by 1"))
            assert rows.scalars().all() == ["after", "before", "before too"]
    finally:
        await database.close()
        first.ends()
        second.ends()


async def _has_replayed(standby: Standby, lsn: str) -> bool:
    return standby.sql("select pg_last_wal_replay_lsn() >= %s::pg_lsn", lsn) == [(True,)]
