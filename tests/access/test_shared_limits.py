"""With Redis, what one address may ask for is counted together by all who use the same Redis; a real one."""

import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisClusterException, RedisError

from dispatch.access.limits import RateLimit
from dispatch.access.shared_counters import SharedCounters


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    program = shutil.which("redis-server")
    assert program is not None, "no redis-server: make setup brings it"
    socket = tmp_path / "redis.sock"
    process = subprocess.Popen(
        [
            program,
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(tmp_path),
        ],
        stdout=subprocess.DEVNULL,
    )
    url = f"unix://{socket}"
    deadline = time.monotonic() + 10
    while not _answers(url):
        assert process.poll() is None
        assert time.monotonic() < deadline, "Redis did not start"
    yield url, process
    process.terminate()
    process.wait(10)


def _answers(url: str) -> bool:
    try:
        with Redis.from_url(url) as client:
            return bool(client.ping())
    except (RedisError, OSError):
        return False


@pytest.fixture
async def counters(redis_server: tuple[str, subprocess.Popen[bytes]]) -> AsyncIterator[SharedCounters]:
    shared = SharedCounters(redis_server[0])
    yield shared
    await shared.close()


async def test_two_workers_count_one_address_together(counters: SharedCounters) -> None:
    one, other = (RateLimit("sos", 3, counters.redis) for _ in range(2))
    waits = [await limit.take("192.0.2.1") for limit in (one, other, one, other)]
    assert waits[:3] == [0, 0, 0]
    assert 0 < waits[3] <= 60
    assert await other.take("192.0.2.2") == 0


async def test_different_limits_do_not_share_a_count(counters: SharedCounters) -> None:
    assert await RateLimit("sos", 1, counters.redis).take("192.0.2.1") == 0
    assert await RateLimit("report", 1, counters.redis).take("192.0.2.1") == 0


async def test_nobody_is_turned_away_because_redis_is_gone(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters
) -> None:
    limit = RateLimit("sos", 2, counters.redis)
    assert await counters.answers()
    assert await limit.take("192.0.2.1") == 0
    _, process = redis_server
    process.kill()
    process.wait(10)
    assert not await counters.answers()
    # Each worker now counts by itself, from a full measure.
    assert [await limit.take("192.0.2.1") for _ in range(2)] == [0, 0]
    assert await limit.take("192.0.2.1") > 0


@pytest.mark.parametrize("slipped", [AttributeError, TypeError, RedisClusterException])
async def test_nobody_is_turned_away_for_what_the_client_stumbles_over(
    counters: SharedCounters, monkeypatch: pytest.MonkeyPatch, slipped: type[Exception]
) -> None:
    """A connection that is closed while it is used, and a cluster without a node, are no `RedisError` to it."""

    async def stumbles(*_: object) -> None:
        raise slipped("'NoneType' object has no attribute 'writelines'")

    limit = RateLimit("sos", 1, counters.redis)
    monkeypatch.setattr("redis.asyncio.connection.AbstractConnection._send_packed_command", stumbles)
    assert await limit.take("192.0.2.1") == 0
    assert await limit.take("192.0.2.1") > 0, "this process counts by itself"
    assert not await counters.answers()
