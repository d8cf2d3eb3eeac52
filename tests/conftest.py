"""What the tests stand on: a real PostGIS, a real service, and people on its sockets."""

import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from pydantic import SecretStr

from dispatch.access.tokens import Role
from dispatch.settings import Settings
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.database import Database
from dispatch.storage.migrate import migrate
from dispatch.storage.tables import METADATA
from tests.people import LiveService, MovableClock, ServiceInProcess, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase

# A traceback with every variable of every frame takes a second to write, in the middle of the service's one loop.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback, colors=False),
    ]
)

# A service under test must not pick up the settings of whoever runs the tests.
for name in [name for name in os.environ if name.startswith("DISPATCH_")]:
    del os.environ[name]


@pytest.fixture(scope="session")
def postgis_url() -> Iterator[str]:
    """A migrated database in a private cluster of this test run."""
    with tempfile.TemporaryDirectory(prefix="dispatch-tests-") as folder:
        cluster = PrivateCluster(Path(folder))
        try:
            url = cluster.start()
            migrate(url)
            yield url
        finally:
            cluster.stop()


@pytest.fixture
async def database(postgis_url: str) -> AsyncIterator[Database]:
    """A database with empty tables."""
    empty_tables(postgis_url)
    database = Database(postgis_url)
    yield database
    await database.close()


def empty_tables(url: str) -> None:
    """Forget everything that a test wrote."""
    tables = ", ".join(table.name for table in METADATA.sorted_tables)
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"truncate {tables} restart identity cascade")


@pytest.fixture
def clock() -> MovableClock:
    """A clock that only a test moves."""
    return MovableClock()


@pytest.fixture
async def service(postgis_url: str, clock: MovableClock, tmp_path: Path) -> AsyncIterator[ServiceInProcess]:
    """The whole service on a loopback port of this process, over empty tables, with a clock that the test moves."""
    empty_tables(postgis_url)
    settings = Settings(data_dir=tmp_path, secret=SecretStr("a secret for the tests of this run only"))
    async with run_in_process(settings, postgis_url, clock) as running:
        yield running


@pytest.fixture(scope="session")
def stoppable_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoppableDatabase]:
    """A PostgreSQL of its own for every test that stops one."""
    database = StoppableDatabase(tmp_path_factory.mktemp("stoppable"))
    yield database
    database.ends()


@pytest.fixture
def stoppable(stoppable_cluster: StoppableDatabase) -> StoppableDatabase:
    """That PostgreSQL, running, with empty tables."""
    stoppable_cluster.runs()
    empty_tables(stoppable_cluster.url)
    return stoppable_cluster


@pytest.fixture
async def away_service(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[ServiceInProcess]:
    """The whole service over a PostgreSQL that is there, for the time being."""
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as running:
        yield running


@pytest.fixture(scope="session")
def live_service() -> Iterator[LiveService]:
    """`dispatch serve` as a process of its own, with its own private PostGIS."""
    with tempfile.TemporaryDirectory(prefix="dispatch-live-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispatch", "serve", "--port", "0", "--data-dir", folder],
            stdout=subprocess.PIPE,
            env={**os.environ, "DISPATCH_LOG_LEVEL": "warning", "DISPATCH_SOS_PER_MINUTE": "100000"},
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on "), f"the service did not start: {line!r}"
            live = LiveService(line.removeprefix("listening on ").strip(), Path(folder), process.pid)
            with live.client(Role.ADMIN, "tests") as admin:
                live.admin = admin
                yield live
        finally:
            process.terminate()
            process.wait(20)
