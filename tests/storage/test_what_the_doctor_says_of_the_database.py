"""`dispatch doctor` says where the database's addresses lead, and what to do when that is not right."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from dispatch.finding import Finding, State
from dispatch.storage.checkup import check_replica, check_ways
from tests.pooler import Pooler
from tests.storage.fresh_databases import empty_database


@pytest.fixture
def pooler(postgis_url: str) -> Iterator[Pooler]:
    pooler = Pooler(postgis_url, pool_size=2)
    yield pooler
    pooler.ends()


def about(findings: list[Finding], name: str) -> Finding:
    (found,) = [each for each in findings if each.name == name]
    return found


def ways(url: str, direct_url: str | None = None) -> list[Finding]:
    return check_ways(url, direct_url=direct_url, replica_url=None)


async def test_a_pooler_is_told_of_with_what_it_needs(pooler: Pooler, postgis_url: str) -> None:
    alone = about(await asyncio.to_thread(ways, pooler.url), "pooler")
    assert alone.state is State.MISSING
    assert "DISPATCH_DATABASE_DIRECT_URL" in alone.remedy
    twice = about(await asyncio.to_thread(ways, pooler.url, pooler.url), "pooler")
    assert twice.state is State.MISSING
    well = about(await asyncio.to_thread(ways, pooler.url, postgis_url), "pooler")
    assert well.state is State.OK
    assert "in between" in well.found


async def test_nobody_is_bothered_without_one(postgis_url: str) -> None:
    assert [each.name for each in await asyncio.to_thread(ways, postgis_url)] == ["parts of tables"]
    needless = about(await asyncio.to_thread(ways, postgis_url, postgis_url), "pooler")
    assert needless.state is State.WARNING


async def test_a_database_without_tables_is_none_to_worry_about(postgis_url: str) -> None:
    with empty_database(postgis_url) as url:
        assert await asyncio.to_thread(ways, url) == []


async def test_a_replica_that_is_none_is_noticed(postgis_url: str) -> None:
    assert check_replica(postgis_url).state is State.WARNING
    assert check_replica("postgresql://nobody@127.0.0.1:1/none").state is State.WARNING


async def test_a_missing_part_is_noticed(postgis_url: str) -> None:
    tables = ("positions", "aed_reports", "aed_events", "incident_events")
    with empty_database(postgis_url) as url:
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            for table in tables:
                connection.execute(f"create table {table} (at timestamptz) partition by range (at)")
            for table in tables[1:3]:
                until = "'2100-01-01'"
                connection.execute(
                    f"create table {table}_1 partition of {table} for values from (minvalue) to ({until})"
                )
        found = about(await asyncio.to_thread(ways, url), "parts of tables")
        assert (found.state, found.found[0]) == (State.WARNING, "2")
