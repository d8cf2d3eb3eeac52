"""The worker that has the most to do is the one that most needs to know what the others do."""

import asyncio
import contextlib
import time

import pytest

from dispatch.sharing.colleagues import PULSE_EVERY_S
from dispatch.sharing.following import Following
from dispatch.sharing.link import Link
from dispatch.storage.redis_address import read_redis_url
from tests.people import until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of

_MESSAGES = 400
_TURN_S = 0.002


async def test_what_has_come_is_heard_though_each_turn_of_the_loop_is_a_long_one(redis_server: RedisServer) -> None:
    listening, telling = (Link(read_redis_url(redis_server.url), sender=each) for each in ("a", "b"))
    heard: list[bytes] = []
    listening.on_news = heard.append
    running = asyncio.ensure_future(listening.run())
    try:

        async def listens() -> bool:
            return not listening.is_away

        await until(listens)
        # All of it is there before the first is looked at.
        async with telling.redis.pipeline(transaction=False) as pipeline:
            for number in range(_MESSAGES):
                pipeline.publish(telling._channels[telling._own], str(number).encode())
            await pipeline.execute()
        turns = 0
        while len(heard) < _MESSAGES:
            # What else a busy worker does in each turn.
            until_s = time.perf_counter() + _TURN_S
            while time.perf_counter() < until_s:
                pass
            turns += 1
            await asyncio.sleep(0)
            assert turns < 10 * _MESSAGES, f"{len(heard)} heard"
        assert heard == [str(number).encode() for number in range(_MESSAGES)]
        assert turns < _MESSAGES / 4
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await listening.close()
        await telling.close()


async def test_a_worker_whose_disk_hangs_is_heard_all_the_same(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = workers.each
    hangs = asyncio.Event()

    async def hang(_following: Following) -> None:
        hangs.set()
        await asyncio.Event().wait()

    # What it would write down for others goes to its journal.
    monkeypatch.setattr(Following, "keep_for_others", hang)
    async with asyncio.timeout(5):
        await hangs.wait()
    heard = sharing_of(two).colleagues._by_id[sharing_of(one).worker]
    since_s = time.monotonic()

    async def is_heard_again_and_again() -> bool:
        return heard.heard_at_s > since_s + PULSE_EVERY_S

    await until(is_heard_again_and_again)


async def test_no_line_to_redis_makes_texts_of_what_is_pushed_over_it(
    workers: Workers, redis_server: RedisServer
) -> None:
    """The client does so in the newer protocol, for a log that nobody reads."""
    assert len(workers.each) > 1
    with redis_server.client() as client:
        lines = [each for each in client.client_list() if int(each["id"]) != client.client_id()]
    listening = [each for each in lines if int(each["sub"]) > 0]
    assert len(listening) == len(workers.each)
    assert {each["resp"] for each in lines} == {"2"}
