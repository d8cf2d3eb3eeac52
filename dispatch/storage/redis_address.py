"""Where Redis is: one server, one that Sentinels look after, or a cluster."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError

SENTINEL = ("redis+sentinel", "rediss+sentinel")
CLUSTER = ("redis+cluster", "rediss+cluster")
_PLAIN = ("redis", "rediss", "unix")
SCHEMES = (*_PLAIN, *SENTINEL, *CLUSTER)

_PORT = 6379
_SENTINEL_PORT = 26379

# Nobody waits long for what is only fresher than the database.
_TIMEOUT_S = 0.5
# A cluster's slots move: what was asked of the wrong node is asked of the right one.
_CLUSTER_TRIES = 2

RedisClient = Redis | RedisCluster

# What asking comes to while Redis is away. That none of a cluster's nodes answers is no `RedisError` to its client.
REDIS_AWAY: Final = (RedisError, RedisClusterException, OSError, TimeoutError)


@contextlib.contextmanager
def redis_asked() -> Iterator[None]:
    """Around what asks Redis: a connection that was closed meanwhile leads to one of `REDIS_AWAY`.

    The client lets slip what it stumbles over then (redis-py issue 4287, mended after 8.1.0). Nothing else should
    happen within: mistakes of our own would be taken for it.
    """
    try:
        yield
    except (AttributeError, TypeError) as error:
        raise RedisConnectionError(f"the connection was closed meanwhile: {error}") from error


class RedisKind(StrEnum):
    """How Redis is run."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


class BadRedisUrl(ValueError):
    """The URL says no place where a Redis could be."""


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """A URL, read: `hosts` of the Sentinels or of some of the cluster's nodes, `service` as the Sentinels call it."""

    url: str = field(repr=False)
    kind: RedisKind
    hosts: tuple[tuple[str, int], ...] = ()
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    service: str = ""
    database: int = 0
    is_tls: bool = False

    def client(self, *, within_s: float = _TIMEOUT_S) -> RedisClient:
        """A client that waits so long for an answer. Connects when it is first asked."""
        patience = _patience(within_s)
        if self.kind is RedisKind.SINGLE:
            return Redis.from_url(self.url, **patience)
        if self.kind is RedisKind.SENTINEL:
            tls: dict[str, Any] = {"ssl": True} if self.is_tls else {}
            sentinels = Sentinel(self.hosts, sentinel_kwargs=patience | tls)  # type: ignore[no-untyped-call]
            master: Redis = sentinels.master_for(self.service, db=self.database, **self._login, **tls, **patience)
            return master
        return RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in self.hosts],
            # One shard that is gone must not keep the others from being used.
            require_full_coverage=False,
            **self._login,
            ssl=self.is_tls,
            **patience | {"retry": Retry(NoBackoff(), _CLUSTER_TRIES)},
        )

    def client_of(self, host: str, port: int, *, within_s: float = _TIMEOUT_S) -> Redis:
        """A client of one node of the cluster."""
        return Redis(host=host, port=port, ssl=self.is_tls, **self._login, **_patience(within_s))

    @property
    def _login(self) -> dict[str, Any]:
        return {"username": self.username, "password": self.password}


def _patience(within_s: float) -> dict[str, Any]:
    # Tried once: whoever asks knows what to do without an answer, and tries again by itself.
    return {
        # Of what is pushed to it over the newer protocol the client makes a text for a log that nobody reads: a tenth
        # of what an SOS costs where there are several workers.
        "protocol": 2,
        "socket_timeout": within_s,
        "socket_connect_timeout": within_s,
        "retry": Retry(NoBackoff(), 0),
    }


def read_redis_url(url: str) -> RedisAddress:
    """What a URL says.

    `redis://host:6379/0` (also `unix://`), `redis+sentinel://host:26379,host:26379/service/0`,
    `redis+cluster://host:6379,host:6379`; user and password before an `@`, `rediss` for TLS. Raises `BadRedisUrl`.
    """
    scheme, _, _ = url.partition("://")
    if scheme in _PLAIN:
        if scheme != "unix":
            _must_be_readable(url)
        return RedisAddress(url, RedisKind.SINGLE)
    if scheme not in (*SENTINEL, *CLUSTER):
        raise BadRedisUrl(f"must begin with {', '.join(f'{each}://' for each in SCHEMES)}")
    parts = urlsplit(url)
    login, _, places = parts.netloc.rpartition("@")
    username, _, password = login.partition(":")
    hosts = tuple(_host(each, _SENTINEL_PORT if scheme in SENTINEL else _PORT) for each in places.split(","))
    steps = [each for each in parts.path.split("/") if each]
    known: dict[str, Any] = {
        "username": unquote(username) or None,
        "password": unquote(password) or None,
        "is_tls": scheme.startswith("rediss"),
    }
    if scheme in CLUSTER:
        if steps and steps != ["0"]:
            raise BadRedisUrl("a cluster has one database only: leave out what comes after the hosts")
        return RedisAddress(url, RedisKind.CLUSTER, hosts, **known)
    if not steps:
        raise BadRedisUrl("must name the service that the Sentinels look after: redis+sentinel://host:26379/SERVICE")
    if len(steps) > 1 and not steps[1].isdecimal():
        raise BadRedisUrl(f"{steps[1]!r} is no number of a database")
    return RedisAddress(
        url, RedisKind.SENTINEL, hosts, service=steps[0], database=int(steps[1]) if len(steps) > 1 else 0, **known
    )


def _host(text: str, port: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text.strip()}")
        host, given = parts.hostname, parts.port
    except ValueError:
        host, given = None, None
    # Without brackets the colons of an address are no ports.
    is_bare = text.count(":") > 1 and "[" not in text
    if not host or is_bare or given == 0:
        raise BadRedisUrl(f"{text!r} is not host:port")
    return host, port if given is None else given


def _must_be_readable(url: str) -> None:
    """Raises `BadRedisUrl` for what the client would only find out when it connects, or read as something else."""
    parts = urlsplit(url)
    try:
        is_port = parts.port != 0
    except ValueError:
        is_port = False
    if not is_port:
        raise BadRedisUrl("what comes after the host's colon is no port")
    number = parts.path.strip("/")
    if number and not number.isdecimal():
        raise BadRedisUrl(f"{number!r} is no number of a database")
