"""Of several workers one does what only one may do, and another when that one is gone."""

import asyncio

import psycopg
import pytest

from dispatch.storage.one_of_all import OneOfAll
from tests.people import until

TURN = 41


class _Work:
    def __init__(self) -> None:
        self.at_it = 0

    async def __call__(self) -> None:
        self.at_it += 1
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.at_it -= 1


async def test_one_works_and_the_other_takes_over_when_it_ends(postgis_url: str) -> None:
    first, second = _Work(), _Work()
    working = asyncio.create_task(OneOfAll(postgis_url, TURN, first).run())
    await until(lambda: _is(first.at_it == 1))
    waiting = asyncio.create_task(OneOfAll(postgis_url, TURN, second).run())
    other_turn = _Work()
    beside = asyncio.create_task(OneOfAll(postgis_url, TURN + 1, other_turn).run())
    await until(lambda: _is(other_turn.at_it == 1))
    assert (first.at_it, second.at_it) == (1, 0)
    working.cancel()
    await until(lambda: _is(second.at_it == 1))
    assert first.at_it == 0
    for task in (waiting, beside):
        task.cancel()
    await asyncio.gather(working, waiting, beside, return_exceptions=True)
    assert second.at_it == 0


async def test_who_loses_the_lock_stops_working_before_long(postgis_url: str) -> None:
    work = _Work()
    working = asyncio.create_task(OneOfAll(postgis_url, TURN, work).run())
    await until(lambda: _is(work.at_it == 1))
    begun = work.at_it
    async with await psycopg.AsyncConnection.connect(_plain(postgis_url), autocommit=True) as connection:
        holders = "select pid from pg_locks where locktype = 'advisory' and classid = 7120122 and objid = %s"
        rows = await (await connection.execute(holders, (TURN,))).fetchall()
        assert len(rows) == begun
        # Held by somebody else before it can come back.
        await connection.execute("select pg_terminate_backend(%s)", rows[0])
        await connection.execute("select pg_advisory_lock(7120122, %s)", (TURN,))
        await until(lambda: _is(work.at_it == 0))
    await until(lambda: _is(work.at_it == 1))
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_fault_of_the_work_is_told(postgis_url: str) -> None:
    async def fails() -> None:
        raise LookupError("nothing to do it with")

    with pytest.raises(LookupError):
        await OneOfAll(postgis_url, TURN, fails).run()


async def _is(value: bool) -> bool:
    return value


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
