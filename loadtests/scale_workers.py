"""A service of several workers of our own: each at its own port, over one PostgreSQL and one Redis."""

import os
import secrets
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from loadtests.bench_nearest_servers import own_postgres, own_redis
from loadtests.cpu_shares import family
from loadtests.loopback import free_port
from loadtests.processes import SERVICE_ENVIRONMENT, running, serve_command, worker_of

# As on a server of its own, and durable: what is measured waits for its commits.
_POSTGRES_SETTINGS: Final = (
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=512MB",
    "max_wal_size=4GB",
    "jit=off",
)
_TOKEN_WITHIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class Stores:
    """The PostgreSQL and the Redis that workers share."""

    database_url: str
    database_pid: int
    redis_url: str
    redis_pid: int


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers of one service: their addresses and process ids, an admin's token, and what they share."""

    urls: Sequence[str]
    pids: Sequence[int]
    admin_token: str
    stores: Stores

    def groups(self) -> Mapping[str, Iterable[int]]:
        """Answer who belongs together when processors are counted."""
        workers = {f"worker {number}": [pid] for number, pid in enumerate(self.pids, start=1)}
        return {
            **workers,
            "PostgreSQL": family(self.stores.database_pid),
            "Redis": [self.stores.redis_pid],
            "clients": [pid for pid in family(os.getpid()) if pid not in self._servers()],
        }

    def _servers(self) -> set[int]:
        ours = {self.stores.redis_pid, *family(self.stores.database_pid), *self.pids}
        # And the processes that watch over the workers.
        return ours | {_parent_of(pid) for pid in self.pids}


@contextmanager
def own_stores(folder: Path) -> Iterator[Stores]:
    """Run a PostgreSQL and a Redis while the block runs. Raises ServerFailedError when either is missing."""
    with own_postgres(folder, _POSTGRES_SETTINGS) as connection, own_redis(folder) as client:
        pid_file = folder / "postgres" / "postmaster.pid"
        yield Stores(
            database_url=f"postgresql://bench@/postgres?host={folder / 'postgres'}",
            database_pid=int(pid_file.read_text().splitlines()[0]),
            redis_url=f"unix://{folder / 'redis.sock'}?db=0",
            redis_pid=int(client.info("server")["process_id"]),
        )
        connection.close()


@contextmanager
def running_workers(stores: Stores, count: int, folder: Path, *, policy_file: Path) -> Iterator[Workers]:
    """Run `count` services over `stores` that are one: the same database, Redis and secret, a data folder each."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        **SERVICE_ENVIRONMENT,
        "DISPATCH_DATABASE_URL": stores.database_url,
        "DISPATCH_SECRET": secrets.token_hex(32),
        "DISPATCH_POLICY_FILE": str(policy_file),
    }
    if count > 1:
        # Alone, a worker has nobody to tell.
        environment["DISPATCH_REDIS_URL"] = stores.redis_url
    urls: list[str] = []
    pids: list[int] = []
    with ExitStack() as stack:
        for number in range(count):
            port = free_port()
            url = f"http://127.0.0.1:{port}"
            command = serve_command(folder / f"worker-{number}", port)
            ready = running(
                command, ready_url=f"{url}/health/ready", log=folder / f"worker-{number}.log", env=environment
            )
            pids.append(worker_of(stack.enter_context(ready)))
            urls.append(url)
        yield Workers(urls, pids, _admin_token(environment, folder), stores)


def _admin_token(environment: Mapping[str, str], folder: Path) -> str:
    dispatch = serve_command(folder, 0)[0]
    made = subprocess.run(  # noqa: S603 - our own console script, no shell
        [dispatch, "token", "--data-dir", str(folder / "worker-0"), "--role", "admin", "--subject", "scale"],
        check=True,
        capture_output=True,
        text=True,
        timeout=_TOKEN_WITHIN_S,
        env={**os.environ, **environment},
    )
    return made.stdout.split()[-1]


def _parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
