"""The PostgreSQL that outlives the service under test, and what can befall it."""

import asyncio
import signal
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.migrate import migrate
from dispatch.storage.postmaster import all_gone, running_postmaster, send
from dispatch.storage.server_settings import SUPERUSER
from tests.frozen_postgres import freeze, thaw

_STOPPED_WITHIN_S = 30.0


class DatabaseUnderTest:
    """A private cluster that the tests run, so that killing the service leaves it alone."""

    def __init__(self, folder: Path) -> None:
        self._cluster = PrivateCluster(folder)
        self._data = folder / "postgres"
        self.url = ""
        self._frozen: list[int] = []

    def start(self) -> None:
        """Make it, migrate it, run it. It keeps when each transaction was committed."""
        with psycopg.connect(self._superusers_url(self._cluster.start()), autocommit=True) as connection:
            connection.execute("alter system set track_commit_timestamp = on")
        self._cluster.stop()
        self.url = self._cluster.start()
        migrate(self.url)

    @staticmethod
    def _superusers_url(url: str) -> str:
        return make_url(url).set(drivername="postgresql", username=SUPERUSER).render_as_string()

    @property
    def libpq_url(self) -> str:
        """The address as psycopg takes it."""
        return self.url.replace("+psycopg", "")

    async def stop(self, *, at_once: bool) -> None:
        """End the server as `pg_ctl stop` does: `-m immediate` when `at_once`, else `-m fast`."""
        found = running_postmaster(self._data)
        if found is None:
            raise RuntimeError("there is no server to stop")
        send({found.pid}, signal.SIGQUIT if at_once else signal.SIGINT)
        if not await asyncio.to_thread(all_gone, self._data, {found.pid}, within_s=_STOPPED_WITHIN_S):
            raise RuntimeError("the server did not stop")

    async def start_again(self) -> None:
        """Run it again on what it has, at the same address."""
        url = await asyncio.to_thread(self._cluster.start)
        if url != self.url:
            raise RuntimeError(f"the database came back at {url} instead of {self.url}")

    def freeze(self) -> None:
        """Stop every process of it where it stands: connections stay open, and nothing answers."""
        self._frozen = freeze(self._data)

    def thaw(self) -> None:
        """Let them go on."""
        thaw(self._frozen)
        self._frozen = []

    def close(self) -> None:
        """End it."""
        self.thaw()
        self._cluster.stop()
