"""Sets up what a scenario needs: the database, one worker or two with a Redis between them, and the city over them."""

import asyncio
import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

from sqlalchemy import make_url

from loadtests.loopback import free_port
from tests.faults.database import DatabaseUnderTest
from tests.faults.link import Link, standing_apart
from tests.faults.redis import RedisUnderTest
from tests.faults.scene import Cast
from tests.faults.service import ServiceUnderTest
from tests.faults.storm import Shape, Storm, storm_over

_ENDED_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that runs, with the storm over it."""

    database: DatabaseUnderTest
    services: Sequence[ServiceUnderTest]
    storm: Storm
    redis: RedisUnderTest | None = None
    link: Link | None = None


@contextlib.asynccontextmanager
async def on_stage(
    cast: Cast, environment: Mapping[str, str], shape: Shape, seed: int, *, logs: Path | None = None
) -> AsyncIterator[Stage]:
    """Have it run until the block is left; then all of it is gone, but for what the services wrote, at length."""
    if logs is not None:
        environment = {**environment, "DISPATCH_LOG_LEVEL": "info"}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(_folder())
        database = DatabaseUnderTest(folder)
        stack.callback(database.close)
        await asyncio.to_thread(database.start)
        link = redis = None
        if cast is Cast.ONE:
            services = [ServiceUnderTest(folder / "service", database.url, environment)]
        else:
            link = stack.enter_context(standing_apart()) if cast is Cast.TWO_APART else None
            redis = RedisUnderTest(folder / "redis", also_at=None if link is None else link.outer("redis"))
            stack.callback(redis.stops)
            shared = {**environment, "DISPATCH_SECRET": token_hex(32), "DISPATCH_REDIS_URL": redis.url}
            first = ServiceUnderTest(folder / "first", database.url, shared)
            if link is None:
                second = ServiceUnderTest(folder / "second", database.url, shared)
            else:
                url = stack.enter_context(_relayed(database.url, link.outer("database")))
                there = {**shared, "DISPATCH_REDIS_URL": redis.url_at(link.outer("redis"))}
                second = ServiceUnderTest(folder / "second", url, there, host=link.inner("clients"), inside=link.inside)
            services = [first, second]
        for number, each in enumerate(services, 1):
            if logs is not None:
                stack.callback(_keep, each.log, logs / f"worker-{number}.log")
            stack.callback(each.close)
            each.start()
        for each in services:
            await each.until_ready()
        async with storm_over(services, shape, seed) as storm:
            yield Stage(database, services, storm, redis, link)


def _keep(log: Path, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(log, kept)


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    # A short name: the address of the database's socket has room for about a hundred characters.
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        # The private database may run as another user, who has to get through to its own folder.
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextlib.contextmanager
def _relayed(url: str, host: str) -> Iterator[str]:
    """The database at a TCP address, for whoever is kept from it by a cable that is cut."""
    address = make_url(url)
    port = free_port()
    path = f"{address.query['host']}/.s.PGSQL.{address.query['port']}"
    command = [sys.executable, "-m", "tests.faults.relay", host, str(port), path]
    relaying = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert relaying.stdout is not None
        assert relaying.stdout.readline() == b"relaying\n", "the relay to the database did not start"
        yield address.set(host=host, port=port, query={}).render_as_string()
    finally:
        relaying.terminate()
        try:
            relaying.wait(_ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            relaying.kill()
            relaying.wait()
