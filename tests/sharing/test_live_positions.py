"""Positions in Redis: one place for each person, and no garbage in there breaks a worker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import h3
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders.responder import Fix, Responder
from dispatch.sharing.live_positions import RESOLUTION, FixRow, LivePositions, fix_of, fixes_of, key_of, row_of
from dispatch.storage.redis_address import read_redis_url
from geo.place import Place
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of

NOW = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
FAR = beside(WULIN, north_m=100_000)


def _responder(name: str, place: Place | None, *, on_duty: bool = True, accuracy_m: float | None = 10.0) -> Responder:
    return Responder(
        responder_id=ResponderId(name),
        name="救护员",
        phone=None,
        certificate_number="ZJ",
        certificate_expires_on=date(2030, 1, 1),
        mode=TravelMode.WALK,
        language="zh",
        on_duty=on_duty,
        created_at=NOW,
        fix=None if place is None else Fix(place, NOW, accuracy_m),
    )


def _key(place: Place) -> str:
    return key_of(h3.latlng_to_cell(place.latitude, place.longitude, RESOLUTION))


@pytest.fixture
async def redis(redis_server: RedisServer) -> AsyncIterator[Redis]:
    """A client of an empty Redis."""
    client = read_redis_url(redis_server.url).client()
    assert isinstance(client, Redis)
    yield client
    await client.aclose()


async def _all(redis: Redis) -> list[FixRow]:
    return [row async for rows in LivePositions(redis).read_all() for row in rows]


async def test_who_crosses_a_border_is_in_one_cell_only(redis: Redis) -> None:
    positions = LivePositions(redis)
    await positions.write([_responder("r1", WULIN), _responder("r2", WULIN, accuracy_m=None)])
    await positions.write([_responder("r1", FAR)])
    assert await redis.hkeys(_key(WULIN)) == [b"r2"]
    assert await redis.hkeys(_key(FAR)) == [b"r1"]
    found = {row[0]: fix_of(row)[1] for row in await _all(redis)}
    assert found == {"r1": Fix(FAR, NOW, 10.0), "r2": Fix(WULIN, NOW, None)}
    assert 0 < await redis.ttl(_key(WULIN)) <= 900


async def test_who_goes_off_duty_is_in_none(redis: Redis) -> None:
    positions = LivePositions(redis)
    await positions.write([_responder("r1", WULIN), _responder("r2", None)])
    await positions.write([_responder("r1", WULIN, on_duty=False)])
    assert await _all(redis) == []
    await positions.write([_responder("r1", WULIN, on_duty=False)])


async def test_whom_another_worker_has_written_elsewhere_is_taken_out_of_where_they_were(redis: Redis) -> None:
    here, there = LivePositions(redis), LivePositions(redis)
    await here.write([_responder("r1", WULIN), _responder("r2", WULIN)])
    moved = [_responder("r1", FAR), _responder("r2", WULIN)]
    await there.write(moved)
    here.note_elsewhere(row for each in moved if (row := row_of(each)) is not None)
    await here.write([_responder("r3", WULIN)])
    assert sorted(await redis.hkeys(_key(WULIN))) == [b"r2", b"r3"]
    assert await redis.hkeys(_key(FAR)) == [b"r1"]


async def test_what_could_not_be_taken_out_is_taken_out_the_next_time(redis: Redis, redis_server: RedisServer) -> None:
    positions = LivePositions(redis)
    await positions.write([_responder("r1", WULIN)])
    await redis.client_pause(1500, all=False)
    with pytest.raises((RedisError, OSError, TimeoutError)):
        await positions.write([_responder("r1", WULIN, on_duty=False)])
    with redis_server.client() as other:
        other.execute_command("CLIENT", "UNPAUSE")
    await positions.write([_responder("r1", WULIN, on_duty=False)])
    assert await _all(redis) == []


async def test_garbage_is_passed_over(redis: Redis) -> None:
    await LivePositions(redis).write([_responder("r1", WULIN)])
    await redis.hset(_key(WULIN), mapping={"short": b"7", "long": b"7" * 33, b"\xff\xfe": b"7" * 32})
    await redis.set(key_of("no-hash"), "text")
    await redis.lpush(key_of("list"), "text")
    await redis.hset(key_of(""), "r9", "text")
    assert {row[0] for row in await _all(redis)} == {"r1"}


@pytest.mark.parametrize(
    "row",
    [
        ("r", float("nan"), 120.0, 5.0, 0.0),
        ("r", 91.0, 120.0, 5.0, 0.0),
        ("r", 30.0, float("inf"), 5.0, 0.0),
        ("r", 30.0, -180.1, 5.0, 0.0),
        ("r", 30.0, 120.0, 5.0, float("nan")),
        ("r", 30.0, 120.0, 5.0, 1e300),
        ("r", "30", 120.0, 5.0, 0.0),
        ("r", None, 120.0, 5.0, 0.0),
        ("r", 30.0, 120.0, None, 0.0),
        ("r", 30.0, 120.0),
        7,
    ],
)
def test_what_is_no_fix_is_none(row: FixRow) -> None:
    good = ("good", 30.0, 120.0, 5.0, NOW.timestamp())
    assert [each for each, _ in fixes_of([row, good, row], now=NOW)] == ["good"]


def test_nobody_was_anywhere_in_the_future() -> None:
    rows = [row for each in (NOW + timedelta(hours=1), NOW) if (row := row_of(_at(each))) is not None]
    assert [fix.at for _, fix in fixes_of(rows, now=NOW)] == [NOW, NOW]


def _at(instant: datetime) -> Responder:
    return replace(_responder("r1", WULIN), fix=Fix(WULIN, instant, float("nan")))


def test_an_accuracy_that_says_nothing_is_none() -> None:
    (row,) = [row_of(_at(NOW))]
    assert row is not None
    assert [fix.accuracy_m for _, fix in fixes_of([row], now=NOW)] == [None]


async def test_a_worker_goes_on_with_garbage_in_redis_and_strangers_in_the_news(
    workers: Workers, redis_server: RedisServer
) -> None:
    one, other = workers.each
    with redis_server.client() as client:
        client.hset(_key(WULIN), mapping={"short": b"7", "nobody": b"\0" * 32, "\0": b"\0" * 32})
        client.set(key_of("no-hash"), "text")
    sharing = sharing_of(one)
    strangers = [("nobody", 30.0, 120.0, 5.0, 0.0), ("no\0body", 30.0, 120.0, 5.0, 0.0), ("r", None, 1, 2, 3)]
    sharing._news.next().fixes.extend(strangers)  # type: ignore[arg-type]
    sharing._up()
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _is_known(other)
        assert (await other.sos())["alerted"] == 1
        await phone.next("alert")

    async def has_given_up() -> bool:
        profiles = sharing_of(other)._profiles
        return {"nobody", "no\0body"} <= profiles._strangers.keys() and not profiles._wanted and not profiles._fixes

    await until(has_given_up)


async def _is_known(worker: ServiceInProcess) -> None:
    async def known() -> bool:
        return worker.service.roster.on_duty_count == 1

    await until(known)
