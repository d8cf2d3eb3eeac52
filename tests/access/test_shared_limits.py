"""With Redis, what one address may ask for is counted together by all who use the same Redis; a real one."""

import asyncio
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from redis import Redis
from redis.exceptions import RedisClusterException, RedisError

from dispatch.access import limits
from dispatch.access.limits import RateLimit, UnawaitedLimit
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


@pytest.fixture
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """No minute ends in the middle of a test."""
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: 1_800_000_015.0))


@pytest.mark.usefixtures("_one_minute")
async def test_who_must_not_wait_is_counted_afterwards_by_all_workers(counters: SharedCounters) -> None:
    one, other = (UnawaitedLimit("sos", 3, counters.redis) for _ in range(2))
    assert [one.take("192.0.2.1") for _ in range(3)] == [0, 0, 0]
    assert one.take("192.0.2.1") > 0
    await one.told()
    # The other has not heard of this address: it lets one in, and knows then.
    assert other.take("192.0.2.1") == 0
    await other.told()
    assert other.take("192.0.2.1") == pytest.approx(45.0, abs=5.0)
    assert one.take("192.0.2.1") > 0
    assert other.take("192.0.2.2") == 0
    for each in (one, other):
        await each.close()


@pytest.mark.usefixtures("_one_minute")
async def test_a_minute_that_is_over_counts_no_more(counters: SharedCounters, monkeypatch: pytest.MonkeyPatch) -> None:
    other = UnawaitedLimit("sos", 2, counters.redis)
    await RateLimit("sos", 2, counters.redis).take("192.0.2.1")
    assert other.take("192.0.2.1") == 0
    await other.told()
    assert other.take("192.0.2.1") > 0
    later_s = time.monotonic() + 61
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=lambda: later_s, time=lambda: 1_800_000_076.0))
    assert other.take("192.0.2.1") == 0
    await other.told()
    await other.close()


@pytest.mark.usefixtures("_one_minute")
async def test_a_crowd_is_counted_together(counters: SharedCounters, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    pipeline = counters.redis.pipeline

    def noted(*, transaction: bool) -> object:
        nonlocal asked
        asked += 1
        return pipeline(transaction=transaction)

    monkeypatch.setattr(counters.redis, "pipeline", noted)
    limit = UnawaitedLimit("sos", 50, counters.redis)
    assert all(limit.take(f"192.0.2.{number % 10}") == 0 for number in range(100))
    await limit.told()
    assert asked == 1
    assert await RateLimit("sos", 10, counters.redis).take("192.0.2.1") > 0, "ten were counted"
    await limit.close()


@pytest.mark.usefixtures("_one_minute")
async def test_who_must_not_wait_is_let_in_though_redis_is_gone(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters
) -> None:
    limit = UnawaitedLimit("sos", 2, counters.redis)
    _, process = redis_server
    process.kill()
    process.wait(10)
    assert [limit.take("192.0.2.1") for _ in range(2)] == [0, 0]
    # Nothing is raised.
    await limit.told()
    assert limit.take("192.0.2.1") > 0, "this process counts by itself"
    assert limit.take("192.0.2.2") == 0
    await limit.close()


async def test_who_was_let_in_as_a_minute_ended_counts_in_that_minute(
    counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_800_000_059.99
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: now_s))
    one, other = (UnawaitedLimit("sos", 2, counters.redis) for _ in range(2))
    assert [one.take("192.0.2.1") for _ in range(2)] == [0, 0]
    now_s += 0.02
    await one.told()
    assert other.take("192.0.2.1") == 0
    await other.told()
    assert other.take("192.0.2.1") == 0, "one of two in the new minute"
    await other.told()
    for each in (one, other):
        await each.close()


async def test_a_clock_that_was_set_back_shuts_nobody_out_for_longer_than_a_minute(
    counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_800_000_015.0
    monkeypatch.setattr(limits, "time", SimpleNamespace(monotonic=time.monotonic, time=lambda: now_s))
    limit = UnawaitedLimit("sos", 2, counters.redis)
    assert [limit.take("192.0.2.1") for _ in range(2)] == [0, 0]
    now_s -= 3_600
    await limit.told()
    assert 0 < limit.take("192.0.2.1") <= 60
    await limit.close()


async def test_nobody_is_told_any_more_once_it_is_closed(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_GATHER_S", 0.0)
    limit, another = (UnawaitedLimit(name, 5, counters.redis) for name in ("sos", "another"))
    assert limit.take("192.0.2.1") == 0
    await limit.close()
    assert limit.take("192.0.2.1") == 0
    # What began later and is told takes longer than what must not be.
    assert another.take("192.0.2.1") == 0
    await another.told()
    with Redis.from_url(redis_server[0]) as client:
        assert [key.split(b":")[2] for key in client.scan_iter()] == [b"another"]
    await another.close()


async def test_it_is_closed_at_once_though_redis_hangs(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()
    add = limits._SharedCount.add

    async def noted(self: Any, taken: Any) -> Any:
        asked.set()
        return await add(self, taken)

    monkeypatch.setattr(limits._SharedCount, "add", noted)
    limit = UnawaitedLimit("sos", 5, counters.redis)
    assert await counters.answers()
    redis_server[1].send_signal(signal.SIGSTOP)
    try:
        assert limit.take("192.0.2.1") == 0
        await asked.wait()
        async with asyncio.timeout(2):
            await limit.close()
    finally:
        redis_server[1].send_signal(signal.SIGCONT)


async def test_what_goes_wrong_while_telling_is_said_and_the_next_are_told(
    counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = UnawaitedLimit("sos", 2, counters.redis)

    async def fails(*_: object) -> None:
        raise ValueError("a mistake of ours")

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logs:
        patched.setattr(limits._SharedCount, "add", fails)
        assert limit.take("192.0.2.1") == 0
        await limit.told()
    assert [each["log_level"] for each in logs] == ["error"]
    assert limit.take("192.0.2.1") == 0
    await limit.told()
    assert await RateLimit("sos", 1, counters.redis).take("192.0.2.1") > 0, "the second was told"
    await limit.close()


async def test_a_redis_that_hangs_holds_nobody_up_who_must_not_wait(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters
) -> None:
    limit = UnawaitedLimit("sos", 5, counters.redis)
    _, process = redis_server
    process.send_signal(signal.SIGSTOP)
    try:
        assert [limit.take("192.0.2.1") for _ in range(5)] == [0] * 5
        assert limit.take("192.0.2.1") > 0
        await limit.told()
        assert limit.take("192.0.2.2") == 0
        await limit.told()
    finally:
        process.send_signal(signal.SIGCONT)
    await limit.close()


async def test_all_workers_count_together_again_when_redis_is_back(
    redis_server: tuple[str, subprocess.Popen[bytes]], counters: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed_s = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed_s, time=lambda: 1_800_000_015.0)
    monkeypatch.setattr(limits, "time", clock)
    limit = UnawaitedLimit("sos", 5, counters.redis)
    assert await counters.answers()
    _, process = redis_server
    process.send_signal(signal.SIGSTOP)
    try:
        assert limit.take("192.0.2.1") == 0
        await limit.told()
    finally:
        process.send_signal(signal.SIGCONT)
    with Redis.from_url(redis_server[0]) as client:
        # What it had been sent before it was stopped it may have counted since.
        client.flushall()
        assert limit.take("192.0.2.1") == 0
        await limit.told()
        assert client.keys() == [], "it is left alone for a while"
        passed_s = 2.1
        assert limit.take("192.0.2.1") == 0
        await limit.told()
        assert [client.get(key) for key in client.scan_iter()] == [b"1"], "what was counted here meanwhile is not told"
    await limit.close()


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
