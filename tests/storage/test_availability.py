"""When PostgreSQL is away, on a real one: stopped, frozen, full, out of connections, read-only; and back again."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy.exc
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.engine import make_url

from dispatch.storage.availability import Outage, is_contention, is_outage, outage_of, probe
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.database import Database, only_looking
from dispatch.storage.direct import DirectConnections
from dispatch.storage.line import Busy
from dispatch.storage.prepared import Prepared
from dispatch.storage.server_settings import SUPERUSER
from tests.frozen_postgres import freeze, thaw
from tests.storage.running_clusters import postmaster_of, say

SLEEP = Prepared("sleep", "select pg_sleep(:seconds)", {"seconds": "float8"})
WAIT_FOR_LOCK = Prepared("wait_for_lock", "select pg_advisory_xact_lock(7)", {})


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateCluster]:
    """A server of these tests alone, which they may harm."""
    running = PrivateCluster(tmp_path_factory.mktemp("harmed"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def url(cluster: PrivateCluster) -> str:
    """Its database; the server runs anew when the test before has stopped it."""
    return cluster.start()


@pytest.fixture
async def harmed(url: str) -> AsyncIterator[Database]:
    """A database whose server a test harms. It waits no longer than it must."""
    database = Database(url, connections=1, answer_within_s=0.5)
    yield database
    await database.close()


async def why_not(database: Database) -> Outage | None:
    """What a look finds, as a word."""
    try:
        await probe(database)
    except psycopg.Error as error:
        return outage_of(error)
    return None


async def is_well_soon(database: Database) -> None:
    """It can be written to, at the latest within some seconds."""
    async with asyncio.timeout(20):
        while await why_not(database) is not None:  # noqa: ASYNC110 - the server tells nobody that it is back
            await asyncio.sleep(0.05)


async def _ask(database: Database) -> None:
    async with database.statement() as connection:
        await connection.execute(text("select 1"))


def as_superuser(url: str, database: str = "dispatch") -> str:
    return make_url(url).set(username=SUPERUSER, database=database).render_as_string()


@contextmanager
def frozen(cluster: PrivateCluster) -> Iterator[None]:
    """Every process of the server stands still: it takes connections (the kernel does) and says nothing."""
    pids = freeze(cluster.data_dir / "postgres")
    try:
        yield
    finally:
        thaw(pids)


async def test_a_server_that_is_well_is_found_well(harmed: Database) -> None:
    assert await why_not(harmed) is None


async def test_a_server_that_is_stopped_is_away_and_once_started_is_back(
    cluster: PrivateCluster, harmed: Database
) -> None:
    await probe(harmed)
    os.kill(postmaster_of(cluster.data_dir), signal.SIGINT)
    async with asyncio.timeout(20):
        while await why_not(harmed) is None:  # noqa: ASYNC110 - until it has stopped
            await asyncio.sleep(0.01)
    assert await why_not(harmed) in {Outage.UNREACHABLE, Outage.STARTING_OR_STOPPING}
    await asyncio.to_thread(cluster.stop)
    assert await why_not(harmed) is Outage.UNREACHABLE
    again = Database(await asyncio.to_thread(cluster.start), connections=1)
    await is_well_soon(again)
    await again.close()


async def test_a_server_that_stops_in_the_middle_of_a_statement_says_so_or_is_gone(
    cluster: PrivateCluster, url: str
) -> None:
    database = Database(url, connections=1, answer_within_s=30)
    asking = asyncio.create_task(database.run(SLEEP, {"seconds": 20.0}))
    while await asyncio.to_thread(_sleeping, url) == 0:
        pass
    os.kill(postmaster_of(cluster.data_dir), signal.SIGINT)
    with pytest.raises(psycopg.OperationalError) as told:
        await asking
    assert outage_of(told.value) in {Outage.UNREACHABLE, Outage.STARTING_OR_STOPPING}
    await database.close()


def _sleeping(url: str) -> int:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        question = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"
        return int((connection.execute(question).fetchone() or (0,))[0])


async def test_a_server_that_is_frozen_is_away_within_the_answer_limit(
    cluster: PrivateCluster, harmed: Database
) -> None:
    await probe(harmed)
    with frozen(cluster):
        for _ in range(3):
            began = time.monotonic()
            # First on the connection that there was, then on new ones that nobody takes up.
            assert await why_not(harmed) is Outage.NOT_ANSWERING
            assert time.monotonic() - began < 2, "half a second, and what a busy machine takes besides"
            assert await harmed.answers() is False
    await is_well_soon(harmed)


@pytest.mark.parametrize("way", ["transaction", "statement"])
@pytest.mark.parametrize("is_severed", [True, False], ids=["severed", "out of patience"])
async def test_who_waits_on_a_pooled_connection_of_a_frozen_server_is_cut_off(
    cluster: PrivateCluster, url: str, way: str, is_severed: bool
) -> None:
    database = Database(url, connections=1, patience_s=60 if is_severed else 0.3)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def ask_twice() -> None:
        async with getattr(database, way)() as connection:
            await connection.execute(text("select 1"))
            asked.set()
            await go_on.wait()
            await connection.execute(text("select 2"))

    asking = asyncio.create_task(ask_twice())
    await asked.wait()
    with frozen(cluster):
        go_on.set()
        if is_severed:
            await asyncio.sleep(0.05)
            database.sever()
        with pytest.raises(sqlalchemy.exc.OperationalError) as told:
            async with asyncio.timeout(2):
                await asking
    assert outage_of(told.value) is Outage.UNREACHABLE
    async with getattr(database, way)() as connection:
        assert (await connection.execute(text("select 3"))).scalar_one() == 3
    await database.close()


async def test_who_goes_on_asking_may_take_longer_than_patience_lasts(url: str) -> None:
    database = Database(url, connections=1, patience_s=1)
    async with database.transaction() as connection:
        for _ in range(5):
            await connection.execute(text("select pg_sleep(0.25)"))
    # Nor is a connection cut that lies in the pool.
    await asyncio.sleep(1.1)
    async with database.transaction() as connection:
        await connection.execute(text("select 1"))
    database.sever()
    await database.close()


async def test_what_a_frozen_server_did_not_answer_it_is_asked_to_give_up(url: str) -> None:
    database = Database(url, connections=1, answer_within_s=30)
    asking = asyncio.create_task(database.run(SLEEP, {"seconds": 20.0}))
    while await asyncio.to_thread(_sleeping, url) == 0:
        pass
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(5):
        while await asyncio.to_thread(_sleeping, url) > 0:
            pass
    await database.close()


async def test_a_server_out_of_connections_is_an_outage(harmed: Database, url: str) -> None:
    everybody: list[psycopg.Connection[Any]] = []
    try:
        with pytest.raises(psycopg.OperationalError) as refused:
            # Every slot, those kept for superusers included.
            everybody.extend(psycopg.connect(as_superuser(url).replace("+psycopg", "")) for _ in range(300))
        assert is_outage(refused.value)
        assert await why_not(harmed) is Outage.UNREACHABLE
        # SQLAlchemy's way says it in its own words.
        with pytest.raises(sqlalchemy.exc.OperationalError) as told:
            async with harmed.statement() as connection:
                await connection.execute(text("select 1"))
        assert is_outage(told.value)
    finally:
        for each in everybody:
            each.close()
    await is_well_soon(harmed)


async def test_a_pool_without_a_free_connection_is_no_outage(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.storage.database._OTHERS_WAIT_S", 0.2)
    database = Database(url, connections=1)
    async with database.statement(), database.statement():
        with pytest.raises(Busy) as crowded_out:
            await _ask(database)
    assert not is_outage(crowded_out.value)
    assert is_contention(crowded_out.value)
    await _ask(database)
    await database.close()


async def test_without_a_free_connection_a_server_that_hangs_is_an_outage(
    cluster: PrivateCluster, harmed: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.storage.database._OTHERS_WAIT_S", 0.2)
    database = Database(url, connections=1, answer_within_s=0.5)
    async with database.statement(), database.statement():
        with frozen(cluster), pytest.raises(psycopg.OperationalError) as told:
            await _ask(database)
    assert outage_of(told.value) is Outage.NOT_ANSWERING
    await database.close()
    await is_well_soon(harmed)


async def test_those_who_only_look_leave_connections_to_the_others(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.storage.database._LOOKERS_WAIT_S", 0.2)
    database = Database(url, connections=2)
    looking = only_looking.set(True)
    try:
        async with database.statement(), database.transaction():
            with pytest.raises(Busy):
                await _ask(database)
            only_looking.set(False)
            await _ask(database)
        only_looking.set(True)
        await _ask(database)
    finally:
        only_looking.reset(looking)
    await database.close()


async def test_who_finds_no_line_free_while_others_are_answered_is_crowded_out(url: str) -> None:
    lines = DirectConnections(url.replace("+psycopg", ""), most=1, answer_within_s=0.3)
    asked = await asyncio.gather(*(lines.run(SLEEP, {"seconds": 0.1}) for _ in range(8)), return_exceptions=True)
    crowded_out = [each for each in asked if isinstance(each, BaseException)]
    assert crowded_out
    assert all(isinstance(each, Busy) for each in crowded_out), crowded_out
    await lines.close()


async def test_a_server_that_may_only_be_read_is_an_outage_until_a_new_connection_may_write(url: str) -> None:
    say(as_superuser(url), "alter database dispatch set default_transaction_read_only = on")
    reading = Database(url, connections=1)
    make = "create table made (it int)"
    try:
        with pytest.raises(errors.ReadOnlySqlTransaction) as refused:
            await reading.run(Prepared("make", make, {}), {})
        assert is_outage(refused.value)
        with pytest.raises(sqlalchemy.exc.DBAPIError) as told:
            async with reading.transaction() as connection:
                await connection.execute(text(make))
        assert outage_of(told.value) is Outage.READ_ONLY
        assert await why_not(reading) is Outage.READ_ONLY
        assert await reading.answers(), "it answers all the same"
    finally:
        # Whoever may change it has to come from another database.
        with psycopg.connect(as_superuser(url, "postgres").replace("+psycopg", ""), autocommit=True) as other:
            other.execute("alter database dispatch reset default_transaction_read_only")
    # A connection keeps what it began with, as one to a former primary would.
    await is_well_soon(reading)
    async with reading.transaction() as connection:
        await connection.execute(text(make))
        await connection.execute(text("drop table made"))
    await reading.close()


async def test_a_statement_too_slow_is_given_up_by_the_server_itself(harmed: Database, url: str) -> None:
    with pytest.raises(psycopg.OperationalError) as given_up:
        await harmed.run(SLEEP, {"seconds": 60.0})
    assert outage_of(given_up.value) is Outage.NOT_ANSWERING
    async with asyncio.timeout(20):
        while await asyncio.to_thread(_sleeping, url) > 0:
            pass


async def test_a_lock_that_somebody_holds_is_contention_and_no_outage(url: str) -> None:
    database = Database(url, connections=1)
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        other.execute("select pg_advisory_xact_lock(7)")
        with pytest.raises(errors.LockNotAvailable) as gave_way:
            await database.run(WAIT_FOR_LOCK, {})
    assert not is_outage(gave_way.value)
    assert is_contention(gave_way.value)
    await database.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system of its own, 192 MB in all."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=192m,mode=0755", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_is_an_outage_until_there_is_room_again(small_disk: Path) -> None:
    with PrivateCluster(small_disk / "data") as running:
        url = running.start()
        database = Database(url)
        try:
            say(url, "create table kept (it text)")
            keep = Prepared("keep", "insert into kept select repeat('x', 1000) from generate_series(1, 1000)", {})
            filler = small_disk / "filler"
            with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
                while True:
                    file.write(bytes(4096))
            assert await why_not(database) is Outage.DISK_FULL
            with pytest.raises(errors.DiskFull) as full:
                await database.run(keep, {})
            assert is_outage(full.value)
            filler.unlink()
            assert await why_not(database) is None
            await database.run(keep, {})
        finally:
            await database.close()
