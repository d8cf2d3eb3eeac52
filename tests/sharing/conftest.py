"""Two workers of one service, in one process and on two ports, over one PostGIS and one Redis."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from dispatch.sharing.sharing import Sharing
from tests.conftest import empty_tables
from tests.people import MovableClock, ServiceInProcess, SocketClient, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer


def sharing_of(worker: ServiceInProcess) -> Sharing:
    """What a worker shares with the others."""
    assert worker.service.sharing is not None
    return worker.service.sharing


class Workers(ServiceInProcess):
    """As a balancer without sticky sessions shows them: every call and every socket goes to the next one."""

    def __init__(self, each: list[ServiceInProcess]) -> None:
        self.each = each
        self.service = each[0].service
        self.clock = each[0].clock
        # Turns of their own: else whoever calls once before each socket has all sockets at one worker.
        self._turns, self._socket_turns = cycle(each), cycle(each)

    @property
    def url(self) -> str:  # type: ignore[override]
        """The next worker's."""
        return next(self._turns).url

    def socket(self, *of: Any, **how: Any) -> SocketClient:
        """A socket to the next worker."""
        return next(self._socket_turns).socket(*of, **how)

    async def time_passes(self, **by: float) -> None:
        """Move the clock, which all go by, and let everything that is due by then happen."""
        self.clock.move(**by)
        for worker in self.each:
            await worker.service.due_times.act()
        for worker in self.each:
            await worker.service.engine.feed.flush()

    async def know_each_other(self) -> None:
        """All hear all others."""

        async def hear_all() -> bool:
            return all(len(sharing_of(each).colleagues) == len(self.each) - 1 for each in self.each)

        await until(hear_all)


@pytest.fixture(scope="session")
def redis_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of sharing."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stops()


@pytest.fixture
def redis_server(redis_of_session: RedisServer) -> RedisServer:
    """That Redis, running and empty."""
    redis_of_session.runs()
    with redis_of_session.client() as client:
        client.flushall()
    return redis_of_session


@contextlib.asynccontextmanager
async def running_workers(
    count: int, redis: RedisServer, database_url: str, clock: MovableClock, folder: Path
) -> AsyncIterator[Workers]:
    """So many workers that know each other."""
    async with contextlib.AsyncExitStack() as stack:
        each = []
        for number in range(count):
            settings = settings_for_tests(folder / f"worker-{number}", redis_url=redis.url)
            each.append(await stack.enter_async_context(run_in_process(settings, database_url, clock)))
        workers = Workers(each)
        await workers.know_each_other()
        yield workers


@pytest.fixture
async def workers(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Workers]:
    """Two workers over empty tables."""
    empty_tables(postgis_url)
    async with running_workers(2, redis_server, postgis_url, clock, tmp_path) as running:
        yield running
