"""A PostgreSQL and a Redis of our own for the time of a bench, reached by Unix sockets only."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
import redis

from loadtests.processes import ServerFailedError

_START_WITHIN_S: Final = 30.0
_STOP_WITHIN_S: Final = 30.0

# Memory as on a server of its own, and nothing that only writes would need: the bench reads.
_POSTGRES_SETTINGS: Final = (
    "listen_addresses=",
    "shared_buffers=512MB",
    "work_mem=64MB",
    "maintenance_work_mem=256MB",
    "max_wal_size=4GB",
    "fsync=off",
    "synchronous_commit=off",
    "jit=off",
    "autovacuum=off",
)
_REDIS_OPTIONS: Final = ("--port", "0", "--save", "", "--appendonly", "no", "--loglevel", "warning")


@contextmanager
def own_postgres(folder: Path, settings: Sequence[str] = _POSTGRES_SETTINGS) -> Iterator["psycopg.Connection[Any]"]:
    """Make and run a cluster in a new folder inside `folder`; yields a connection to it.

    With other `settings` than a bench's that only reads, where more is asked of it. Raises ServerFailedError when there
    is no PostgreSQL or it does not start.
    """
    data = folder / "postgres"
    data.mkdir(mode=0o700)
    # PostgreSQL will not run as root.
    account = _account() if os.geteuid() == 0 else None
    if account is not None:
        os.chown(data, account.pw_uid, account.pw_gid)
    name = account.pw_name if account is not None else None
    programs = _postgres_programs()
    made = subprocess.run(  # noqa: S603 - a program found, not typed in
        [programs / "initdb", "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        user=name,
        group=account.pw_gid if account is not None else None,
        extra_groups=[] if account is not None else None,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if made.returncode != 0:
        raise ServerFailedError(f"initdb failed:\n{made.stderr[-2000:]}")
    options = [part for setting in settings for part in ("-c", setting)]
    command = [str(programs / "postgres"), "-D", str(data), "-k", str(data), *options]
    with _running(command, folder / "postgres.log", account) as process:
        until = time.monotonic() + _START_WITHIN_S
        while True:
            with suppress(psycopg.OperationalError):
                connection: psycopg.Connection[Any] = psycopg.connect(
                    f"host={data} user=bench dbname=postgres", autocommit=True
                )
                break
            _check_alive(process, folder / "postgres.log", until)
        with connection:
            connection.execute("create extension postgis")
            yield connection


@contextmanager
def own_redis(folder: Path) -> Iterator["redis.Redis"]:
    """Run a Redis without persistence; yields a client of it. Raises ServerFailedError when it does not start."""
    program = shutil.which("redis-server")
    if program is None:
        raise ServerFailedError("there is no redis-server: apt-get install redis-server")
    socket = folder / "redis.sock"
    command = [program, *_REDIS_OPTIONS, "--unixsocket", str(socket), "--dir", str(folder)]
    with _running(command, folder / "redis.log", None) as process:
        client = redis.Redis(unix_socket_path=str(socket))
        until = time.monotonic() + _START_WITHIN_S
        while True:
            with suppress(redis.ConnectionError):
                client.ping()
                break
            _check_alive(process, folder / "redis.log", until)
        try:
            yield client
        finally:
            client.close()


def _account() -> pwd.struct_passwd:
    for name in ("postgres", "daemon", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerFailedError("PostgreSQL will not run as root, and there is no user to run it as")


def _postgres_programs() -> Path:
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        raise ServerFailedError("there is no PostgreSQL: apt-get install postgresql-15-postgis-3")
    return installed[-1].parent


@contextmanager
def _running(
    command: Sequence[str], log: Path, account: pwd.struct_passwd | None
) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own servers, no shell
            command,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            user=account.pw_uid if account is not None else None,
            group=account.pw_gid if account is not None else None,
            extra_groups=[] if account is not None else None,
        )
    try:
        yield process
    finally:
        # Both take it for an order to stop at once; PostgreSQL ends its own processes itself.
        process.send_signal(2)
        try:
            process.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _check_alive(process: "subprocess.Popen[bytes]", log: Path, until: float) -> None:
    if process.poll() is not None or time.monotonic() > until:
        raise ServerFailedError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-2000:]}")
    time.sleep(0.05)
