"""A real PgBouncer in transaction mode that tests stop and start."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

_INI = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool_size}
max_client_conn = 500
logfile = {folder}/pgbouncer.log
pidfile = {folder}/pgbouncer.pid
{more}
"""


class Pooler:
    """One `pgbouncer` before a PostgreSQL, with at most `pool_size` sessions there."""

    def __init__(self, database_url: str, *, pool_size: int, **more: str) -> None:
        # Not below pytest's own, where only root may go when it is root that tests.
        self._temporary = tempfile.TemporaryDirectory(prefix="dispatch-pooler-")
        self._folder = Path(self._temporary.name)
        self._behind = make_url(database_url)
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        query: Mapping[str, Any] = self._behind.query
        text = _INI.format(
            host=query.get("host", self._behind.host),
            port=query.get("port", self._behind.port),
            user=self._behind.username,
            listen_port=self._port,
            pool_size=pool_size,
            folder=self._folder,
            more="\n".join(f"{name} = {value}" for name, value in more.items()),
        )
        (self._folder / "pgbouncer.ini").write_text(text)
        self._owner = _owner_of(str(query.get("host", "/")))
        if self._owner is not None:
            shutil.chown(self._folder, self._owner)
        self.runs()

    @property
    def url(self) -> str:
        """The database through the pooler."""
        plain = self._behind.set(host="127.0.0.1", port=self._port, query={})
        return plain.render_as_string(hide_password=False)

    def runs(self) -> None:
        """It runs, and answers."""
        if self._process is not None:
            return
        become = [] if self._owner is None else ["-u", self._owner]
        self._process = subprocess.Popen(
            [program(), "-q", *become, str(self._folder / "pgbouncer.ini")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline_s = time.monotonic() + 10
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.dies()
                raise AssertionError(f"PgBouncer did not start: {(self._folder / 'pgbouncer.log').read_text()}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url.replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def dies(self) -> None:
        """It is gone, with every connection."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None

    def ends(self) -> None:
        """It is gone for good."""
        self.dies()
        self._temporary.cleanup()

    async def comes_back(self) -> None:
        """It runs again, where it was."""
        await asyncio.to_thread(self.runs)


def program() -> str:
    """Where PgBouncer is: Debian puts it where only root looks."""
    found = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert found is not None, "no pgbouncer: make setup brings it"
    return found


def _owner_of(socket_folder: str) -> str | None:
    """As whom it has to run where we are root, whom it refuses: nobody but the server's owner may use the socket."""
    if os.geteuid() != 0:
        return None
    for folder in Path(socket_folder).parents:
        # The tests' own folders above it are only for root.
        folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    return pwd.getpwuid(Path(socket_folder).stat().st_uid).pw_name


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
