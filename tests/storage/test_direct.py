"""Prepared statements straight over libpq: what goes in comes out, and what breaks is replaced."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import psycopg
import pytest
import uvloop

from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared

AT = datetime(2026, 6, 17, 4, 0, 0, 123456, tzinfo=UTC)
ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"

ECHO = Prepared(
    "echo",
    "select :flag::text, :count::text, :name || '!', :at = timestamptz '2026-06-17 04:00:00.123456Z', :id::text,"
    " :nothing::text, :said ->> 'who'",
    {"flag": "bool", "count": "int4", "name": "text", "at": "timestamptz", "id": "uuid", "nothing": "text"}
    | {"said": "json"},
)
ROWS = Prepared(
    "rows",
    "select * from unnest(:names, :ids, :counts, :shares, :flags) as each(name, id, count, share, flag)",
    {"names": "text[]", "ids": "uuid[]", "counts": "int4[]", "shares": "float8[]", "flags": "bool[]"},
)
WHO = Prepared("who", "select pg_backend_pid()", {})
SLEEP = Prepared("sleep", "select pg_sleep(:seconds), pg_backend_pid()", {"seconds": "float8"})
INTERRUPTED = Prepared("interrupted", "select pg_sleep(:seconds) as interrupted", {"seconds": "float8"})
LARGE = Prepared("large", "select length(:text), :text", {"text": "text"})


@pytest.fixture
async def empty(database: Database) -> AsyncIterator[Database]:
    """A database with room for two such connections."""
    small = Database(database.url, connections=1)
    yield small
    await small.close()


async def test_values_of_every_type_arrive_as_they_were(database: Database) -> None:
    given = {"flag": True, "count": -7, "name": "急救侠", "at": AT, "id": ID, "nothing": None, "said": b'{"who":"ann"}'}
    assert await database.run(ECHO, given) == [("true", "-7", "急救侠!", "t", ID, None, "ann")]


async def test_lists_arrive_as_rows(database: Database) -> None:
    given = {
        "names": ["a", None, '王 "{},\\'],
        "ids": [ID, None, ID.replace("6", "7")],
        "counts": [1, -2, None],
        "shares": [0.1, None, -1e300],
        "flags": [True, False, None],
    }
    assert await database.run(ROWS, given) == [
        ("a", ID, "1", "0.1", "t"),
        (None, None, "-2", None, "f"),
        ('王 "{},\\', ID.replace("6", "7"), None, "-1e+300", None),
    ]
    nobody: dict[str, list[object]] = {name: [] for name in given}
    assert await database.run(ROWS, nobody) == []


async def test_what_does_not_fit_into_the_sockets_buffer_goes_in_pieces(database: Database) -> None:
    text = "患者" * 2_000_000
    assert await database.run(LARGE, {"text": text}) == [(str(len(text)), text)]


async def test_a_refusal_names_its_constraint_and_the_connection_goes_on(database: Database) -> None:
    twice = Prepared("twice", "insert into mailboxes values (:recipient, 'e', 0)", {"recipient": "text"})
    await database.run(twice, {"recipient": "r"})
    with pytest.raises(psycopg.IntegrityError) as refused:
        await database.run(twice, {"recipient": "r"})
    assert refused.value.diag.constraint_name == "pk_mailboxes"
    assert await database.run(WHO, {}) == await database.run(WHO, {})


@pytest.mark.parametrize("text", ["before\0after", "\0", "lone \ud800 surrogate"])
async def test_a_text_that_postgresql_cannot_hold_is_refused_and_not_cut(database: Database, text: str) -> None:
    # libpq reads a text up to its first NUL, and would write down that much without a word.
    with pytest.raises(ValueError, match=r"U\+0000|surrogates"):
        await database.run(LARGE, {"text": text})
    with pytest.raises(ValueError, match=r"U\+0000|surrogates"):
        await database.run(LARGE, {"text": text.encode(errors="replace") if "\0" in text else text})
    lists: dict[str, list[object]] = {"ids": [], "counts": [], "shares": [], "flags": []}
    with pytest.raises(ValueError, match=r"U\+0000|surrogates"):
        await database.run(ROWS, {"names": ["fine", text], **lists})


async def test_json_with_an_escaped_nul_comes_back_as_it_was(database: Database) -> None:
    # As `orjson` writes one: the type `json` keeps the text as it is; only `jsonb` and `->>` refuse it.
    said = b'{"who":"a\\u0000b"}'
    keep = Prepared("keep_json", "select (:said)::text", {"said": "json"})
    assert await database.run(keep, {"said": said}) == [(said.decode(),)]


async def test_more_questions_than_connections_wait_for_their_turn(empty: Database) -> None:
    answers = await asyncio.gather(*(empty.run(SLEEP, {"seconds": 0.01}) for _ in range(8)))
    assert len({rows[0][1] for rows in answers}) <= 2


async def test_a_connection_that_the_server_ended_is_replaced(database: Database) -> None:
    ((pid,),) = await database.run(WHO, {})
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        await other.execute("select pg_terminate_backend(%s, 5000)", [int(pid or 0)])
    ((new_pid,),) = await database.run(WHO, {})
    assert new_pid != pid


async def test_an_asker_who_is_cancelled_leaves_no_answer_to_the_next(empty: Database) -> None:
    asking = asyncio.create_task(empty.run(SLEEP, {"seconds": 3.0}))
    # Two connections: the second's answer comes after the first's question has gone out.
    await empty.run(WHO, {})
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    assert await empty.run(LARGE, {"text": "next"}) == [("4", "next")]


async def test_closing_waits_for_who_is_in_the_middle_and_leaves_no_connection(database: Database) -> None:
    closing = Database(database.url, connections=1)
    await closing.warm([WHO])
    asked = [asyncio.create_task(closing.run(SLEEP, {"seconds": 0.2})) for _ in range(4)]
    await asyncio.sleep(0)
    await closing.close()
    pids = [rows[0][1] for rows in await asyncio.gather(*asked)]
    with pytest.raises(psycopg.OperationalError, match="closed"):
        await closing.run(WHO, {})
    await closing.close()
    alive = Prepared("alive", "select count(*) from pg_stat_activity where pid = any(:pids)", {"pids": "int4[]"})
    async with asyncio.timeout(5):
        while await database.run(alive, {"pids": [int(pid or 0) for pid in pids]}) != [("0",)]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_warming_up_that_fails_leaves_no_connection(database: Database) -> None:
    failing = Database(database.url, connections=1)
    named = Prepared("named_to_be_found", "selekt 1", {})
    with pytest.raises(psycopg.errors.SyntaxError):
        await failing.warm([WHO, named])
    left = Prepared(
        "left",
        "select count(*) from pg_stat_activity where query like 'selekt%' and pid <> pg_backend_pid()",
        {},
    )
    async with asyncio.timeout(5):
        while await database.run(left, {}) != [("0",)]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await failing.close()


async def test_who_is_in_the_middle_when_the_server_ends_is_told(database: Database) -> None:
    patient = Database(database.url, answer_within_s=30)
    asking = asyncio.create_task(patient.run(INTERRUPTED, {"seconds": 30.0}))
    async with await psycopg.AsyncConnection.connect(database.url.replace("+psycopg", ""), autocommit=True) as other:
        ended = 0
        while not ended:
            found = await other.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where query like '%as interrupted' and state = 'active'"
            )
            ended = (await found.fetchone() or (0,))[0]
    with pytest.raises(psycopg.OperationalError):
        await asking
    assert await patient.run(LARGE, {"text": "next"}) == [("4", "next")]
    await patient.close()


def test_the_service_s_own_loop_forgets_a_socket_that_the_server_closed(postgis_url: str) -> None:
    async def lose_and_ask_again() -> list[str | None]:
        database = Database(postgis_url)
        pids = []
        for _ in range(5):
            ((pid,),) = await database.run(WHO, {})
            pids.append(pid)
            # The new connections may get the number of the socket that has just been closed.
            url = postgis_url.replace("+psycopg", "")
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
                await other.execute("select pg_terminate_backend(%s, 5000)", [int(pid or 0)])
            assert await database.answers()
        await database.close()
        return pids

    assert len(set(uvloop.run(lose_and_ask_again()))) == 5
