"""The private PostGIS: a PostgreSQL cluster in the data folder, on a unix socket only, run by one owner.

One process owns a cluster (it holds the lock file), starts its server and stops it; others may attach.
A server that outlived its owner is taken over and a dead one's remains are cleared, by what /proc says runs.
"""

import atexit
import fcntl
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import psycopg
from psycopg import sql
from sqlalchemy import URL

from dispatch.storage.cluster_errors import ClusterFailed, ClusterInUse
from dispatch.storage.initdb import made_by, make_cluster
from dispatch.storage.postgres_programs import PostgresPrograms, find_postgres_programs
from dispatch.storage.postmaster import (
    Postmaster,
    all_gone,
    forget_reused_pid,
    left_socket_folder,
    postgres_processes,
    running_postmaster,
    send,
)
from dispatch.storage.server_settings import PORT, SUPERUSER, server_environment, server_settings
from dispatch.storage.socket_folder import choose_socket_folder, clear_socket_folder
from dispatch.storage.unprivileged import Account, account_for, command_as

ROLE = "dispatch"
DATABASE = "dispatch"

# Replaying the log after a crash may take a while; a first start takes about a second.
_READY_WITHIN_S = 120.0
# A server left over by a killed owner either answers at once or is no use.
_ADOPT_WITHIN_S = 15.0
_CONNECT_WITHIN_S = 5
# A server that has not ended by then hangs, or has much to write. Nothing is lost: the next start replays its log.
_FAST_STOP_WITHIN_S = 10.0
_HARD_STOP_WITHIN_S = 2.0
_LOOK_AGAIN_S = 0.01

_LOG_KEPT_BYTES = 10 * 1024 * 1024
_LOG_TAIL_LINES = 15


class Attachment(NamedTuple):
    """A reachable private database, and whether this process started it and so must stop it."""

    url: str
    owned: bool


class PrivateCluster:
    """The PostGIS cluster in `data_dir`/postgres. `start` makes what is missing; a context also stops it.

    Its log is `data_dir`/postgres.log. What can go wrong is in `cluster_errors`.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.absolute()
        self._data = self.data_dir / "postgres"
        self._log = self.data_dir / "postgres.log"
        self._lock_file = self.data_dir / "postgres.lock"
        self._lock: int | None = None
        self._owner_process: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._postmaster: Postmaster | None = None
        self._socket_folder: Path | None = None
        # Started once and not told to stop: should it not run, it is to be started again.
        self._is_to_run = False

    def start(self) -> str:
        """Run the cluster, own it, and answer the SQLAlchemy URL of its database, PostGIS and all.

        Called again it does nothing, or starts the server anew when that has died.
        Raises `ClusterInUse` when another process owns it, and the other `PrivateDatabaseError`s.
        """
        if self._lock is None:
            self._take_lock()
        elif (url := self.connect_to_running()) is not None:
            return url
        with ExitStack() as undo:
            undo.callback(self._end)
            account = account_for(self._data)
            programs = find_postgres_programs(major=made_by(self._data))
            if made_by(self._data) is None:
                make_cluster(self._data, programs, account)
            self._postmaster = self._take_over() or self._launch(programs, account)
            _prepare_database(_socket_folder(self._postmaster))
            undo.pop_all()
        self._is_to_run = True
        atexit.register(self.stop)
        return _url(self._postmaster)

    def stop(self) -> None:
        """Stop the server if this process owns it: clients are disconnected, everything committed stays."""
        self._is_to_run = False
        self._end()

    def _end(self) -> None:
        # A forked worker inherits the object, not the ownership.
        if self._lock is None or self._owner_process != os.getpid():
            return
        atexit.unregister(self.stop)
        socket_folder = left_socket_folder(self._data) or self._socket_folder
        self._end_processes()
        if socket_folder is not None:
            clear_socket_folder(socket_folder)
        self._child = self._postmaster = self._socket_folder = None
        os.close(self._lock)
        self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def has_died(self) -> bool:
        """Whether the server was started here, was not told to stop, and runs no more."""
        return self._is_to_run and running_postmaster(self._data) is None

    def connect_to_running(self) -> str | None:
        """Answer the database's URL when some process runs it right now, else None. Starts nothing."""
        found = running_postmaster(self._data)
        if found is None or not found.ready or found.socket_folder is None:
            return None
        return _url(found) if _is_prepared(found.socket_folder) else None

    def attach_or_start(self) -> Attachment:
        """Reach the database that another process runs on this data folder, or run it. Stop it only if owned.

        Raises `ClusterInUse` when an owner holds it without its ever answering, and what `start` raises.
        """
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            try:
                return Attachment(self.start(), owned=True)
            except ClusterInUse:
                url = self.connect_to_running()
                if url is not None:
                    return Attachment(url, owned=False)
                if time.monotonic() > deadline:
                    raise
            # Its owner is just starting or stopping it.
            time.sleep(10 * _LOOK_AGAIN_S)

    def _take_lock(self) -> None:
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # Python's descriptors close on exec: the server cannot hold the lock past its owner's death.
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise ClusterFailed(f"the data folder {self.data_dir} cannot be written: {error}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(lock, 20).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise ClusterInUse(
                f"the database in {self.data_dir} is run by another process (id {owner}): "
                f"stop that one first, or choose another data folder"
            ) from None
        os.ftruncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        self._lock, self._owner_process = lock, os.getpid()

    def _take_over(self) -> Postmaster | None:
        """Find the server that a killed owner left running, if it still answers; clear what else it left."""
        socket_folder = left_socket_folder(self._data) or self._data
        deadline = time.monotonic() + _ADOPT_WITHIN_S
        while (found := running_postmaster(self._data)) is not None and time.monotonic() < deadline:
            if found.ready and found.socket_folder is not None and _answers(found.socket_folder):
                return found
            time.sleep(_LOOK_AGAIN_S)
        self._end_processes()
        forget_reused_pid(self._data)
        clear_socket_folder(socket_folder)
        return None

    def _launch(self, programs: PostgresPrograms, account: Account | None) -> Postmaster:
        self._socket_folder = choose_socket_folder(self._data, account)
        settings = server_settings(self._socket_folder)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = command_as(account, [programs.postgres, "-D", self._data, *options], must_reach=self._data)
        self._turn_log()
        with self._log.open("ab") as log:
            os.fchmod(log.fileno(), 0o600)
            if account is not None:
                os.fchown(log.fileno(), account.uid, account.gid)
            # Its own session: Ctrl-C in the terminal is for us, and we stop it when we are done.
            self._child = subprocess.Popen(  # noqa: S603 - a program found and our own words
                command,
                cwd="/",
                env=server_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _READY_WITHIN_S
        while self._child.poll() is None and time.monotonic() < deadline:
            found = running_postmaster(self._data)
            if found is not None and found.ready and found.pid == self._child.pid:
                return found
            time.sleep(_LOOK_AGAIN_S)
        raise ClusterFailed(f"the private database did not start; the end of {self._log}:\n{self._log_tail()}")

    def _end_processes(self) -> None:
        """End every server process on this cluster: politely while a postmaster leads them, else hard."""
        found = running_postmaster(self._data)
        if found is not None:
            send({found.pid}, signal.SIGINT)  # PostgreSQL's "fast": roll back what is open, checkpoint, end
            self._gone({found.pid}, _FAST_STOP_WITHIN_S)
        # Without a postmaster the rest serve nobody, and they would keep a new one from starting.
        for hard in (signal.SIGQUIT, signal.SIGKILL):
            strays = postgres_processes(self._data)
            if self._child is not None and self._child.poll() is None:
                strays.add(self._child.pid)
            send(strays, hard)
            if self._gone(strays, _HARD_STOP_WITHIN_S):
                break

    def _gone(self, pids: set[int], within_s: float) -> bool:
        if self._child is not None and self._child.pid in pids:
            try:
                self._child.wait(within_s)
            except subprocess.TimeoutExpired:
                return False
        return all_gone(self._data, pids, within_s=within_s)

    def _turn_log(self) -> None:
        if self._log.exists() and self._log.stat().st_size > _LOG_KEPT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))

    def _log_tail(self) -> str:
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            return f"({error})"
        return "\n".join(lines[-_LOG_TAIL_LINES:])


def _url(postmaster: Postmaster) -> str:
    # The port is named because libpq would otherwise take PGPORT from the user's environment.
    query = {"host": str(_socket_folder(postmaster)), "port": str(PORT)}
    return URL.create("postgresql+psycopg", username=ROLE, database=DATABASE, query=query).render_as_string()


def _socket_folder(postmaster: Postmaster) -> Path:
    if postmaster.socket_folder is None:
        raise ClusterFailed(f"the database server (process {postmaster.pid}) has no socket")
    return postmaster.socket_folder


def _connect(socket_folder: Path, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(
        host=str(socket_folder),
        port=PORT,
        user=SUPERUSER,
        dbname=database,
        autocommit=True,
        connect_timeout=_CONNECT_WITHIN_S,
    )


def _answers(socket_folder: Path) -> bool:
    try:
        _connect(socket_folder, "postgres").close()
    except psycopg.OperationalError:
        return False
    return True


def _is_prepared(socket_folder: Path) -> bool:
    """Whether the service's database has PostGIS in it: a first start makes it after the server is ready."""
    try:
        with _connect(socket_folder, DATABASE) as connection:
            has_postgis = connection.execute("SELECT FROM pg_extension WHERE extname = 'postgis'").fetchone()
    except psycopg.OperationalError:
        return False
    return has_postgis is not None


def _prepare_database(socket_folder: Path) -> None:
    """Role, database and extension, each made when missing, so that a first start cut short is made good."""
    role, database = sql.Identifier(ROLE), sql.Identifier(DATABASE)
    with _connect(socket_folder, "postgres") as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
    with _connect(socket_folder, DATABASE) as connection:
        # Only a superuser may; the service's own role has no such power.
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
