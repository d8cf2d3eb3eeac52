"""The worker that has the most to do is the one that most needs to know what the others do."""

import asyncio
import contextlib
import time

from dispatch.sharing.link import Link
from dispatch.storage.redis_address import read_redis_url
from tests.people import until
from tests.redis_server import RedisServer

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
