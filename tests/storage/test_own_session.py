"""Whose machine is gone without a word leaves no lock behind for long: every session tells the server to look."""

import contextlib

import psycopg
import pytest
from sqlalchemy import text

from dispatch.storage.database import Database
from dispatch.storage.own_session import SERVERS_KEEPALIVE, own_session
from dispatch.storage.prepared import Prepared

# On a socket file the server shows nothing of a line's keeping alive, but still who has said something about it.
_SAID = "select name from pg_settings where source = 'client'"


def test_a_session_of_our_own_keeps_the_options_of_its_address(postgis_url: str) -> None:
    plain = postgis_url.replace("+psycopg", "")
    address = f"{plain}{'&' if '?' in plain else '?'}options=-c%20work_mem%3D5MB"
    with psycopg.connect(own_session(address, options="-c lock_timeout=70")) as connection:
        said = {name for (name,) in connection.execute(_SAID).fetchall()}
        assert said >= {"work_mem", "lock_timeout", *SERVERS_KEEPALIVE}
        assert connection.execute("show work_mem").fetchall() == [("5MB",)]


@pytest.mark.parametrize("way", ["transaction", "statement", "run"])
async def test_whichever_way_is_taken_the_server_is_told(database: Database, way: str) -> None:
    if way == "run":
        said = {name for (name,) in await database.run(Prepared("who_said", _SAID, {}), {})}
    else:
        async with getattr(database, way)() as connection:
            said = set((await connection.execute(text(_SAID))).scalars())
    assert said >= set(SERVERS_KEEPALIVE)


async def test_a_process_that_stands_still_in_a_transaction_is_let_go_of_with_its_locks(postgis_url: str) -> None:
    address = own_session(postgis_url, options="-c idle_in_transaction_session_timeout=100ms")
    async with await psycopg.AsyncConnection.connect(address) as stuck:
        await stuck.execute("select pg_advisory_xact_lock(77)")
        async with await psycopg.AsyncConnection.connect(own_session(postgis_url), autocommit=True) as other:
            # Waits until the server has let go of the other one.
            await other.execute("set lock_timeout = '10s'")
            await other.execute("select pg_advisory_lock(77)")
        with contextlib.suppress(psycopg.Error):
            await stuck.rollback()
        assert stuck.closed
