"""A PostgreSQL that a test stops, freezes and starts again, and what is asked of the service over it."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.migrate import migrate
from geo.place import Place
from tests.frozen_postgres import freeze, thaw
from tests.people import ServiceInProcess

# Far from everybody in the tests.
_NOWHERE_NEAR = Place(35.0, 117.0)


class StoppableDatabase:
    """A migrated PostgreSQL of a test run's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cluster = PrivateCluster(folder)
        self.url = self._cluster.start()
        migrate(self.url)

    async def stops(self) -> None:
        """Stop the server, as an administrator would."""
        await asyncio.to_thread(self._cluster.stop)

    async def comes_back(self) -> None:
        """Start it again, where it was."""
        await asyncio.to_thread(self._cluster.start)

    def runs(self) -> None:
        """See to it that it runs, whatever the last test did."""
        self._cluster.start()

    def ends(self) -> None:
        """Stop it for good."""
        self._cluster.stop()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While the block runs every process of the server stands still: connections stay open, nothing answers."""
        pids = freeze(self.folder / "postgres")
        try:
            yield
        finally:
            thaw(pids)

    @contextlib.contextmanager
    def locked(self, statement: LiteralString, *values: Any) -> Iterator[None]:
        """While the block runs another transaction holds what `statement` locks."""
        with psycopg.connect(self._conninfo) as connection:
            connection.execute(statement, values)
            try:
                yield
            finally:
                connection.rollback()

    def sql(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement past the service; its rows."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    @property
    def _conninfo(self) -> str:
        return self.url.replace("+psycopg", "")

    async def is_waited_for(self) -> bool:
        """Whether somebody waits for a lock."""
        return bool(self.sql("select pid from pg_stat_activity where wait_event_type = 'Lock'"))

    def another_worker_writes(self, incident_id: str, number: int, events: list[Any]) -> None:
        """Append events past the service, from `number` on, as another worker would have."""
        self.sql(
            "insert into incident_events (incident_id, number, at, events) values (%s, %s, now(), %s)",
            incident_id,
            number,
            json.dumps(events),
        )
        self.sql("update incidents set version = %s where id = %s", number + len(events) - 1, incident_id)

    def lose_last_commit_of(self, incident_id: str) -> None:
        """What a standby lacks that took over without having heard of the last commit."""
        self.sql(
            "delete from incident_events where incident_id = %s"
            " and number = (select max(number) from incident_events where incident_id = %s)",
            incident_id,
            incident_id,
        )


@contextlib.contextmanager
def unnoticed() -> Iterator[None]:
    """While the block runs no service of this process finds out that its database is back."""

    async def not_yet(_database: object) -> None:
        raise psycopg.OperationalError("not yet")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dispatch.engine.taking_in.probe", not_yet)
        yield


async def is_back(service: ServiceInProcess, within_s: float = 15) -> None:
    """Wait until the service has found its database again and written everything down."""
    async with asyncio.timeout(within_s):
        while service.service.availability.is_away or service.service.recording.unwritten:  # noqa: ASYNC110 - polled
            await asyncio.sleep(0.02)


async def is_known_to_be_away(service: ServiceInProcess) -> None:
    """Have the service find out that its database is away, as the first SOS does."""
    async with asyncio.timeout(15):
        while not service.service.availability.is_away:
            await service.sos(_NOWHERE_NEAR)
