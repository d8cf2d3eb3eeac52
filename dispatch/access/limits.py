"""How often one address may ask for what needs no token."""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import structlog
from fastapi import Request

from dispatch.problems import TooMany
from dispatch.storage.redis_address import REDIS_AWAY, RedisClient, redis_asked

log = structlog.get_logger()

# Addresses remembered; the longest unseen is forgotten first.
_REMEMBERED = 100_000
_WINDOW_S = 60
# A Redis that does not answer is left alone for so long: not everybody is to wait for it.
_LEFT_ALONE_S = 2.0
# Redis is told together of those who were let in within so long, when their SOS is on its way.
_GATHER_S = 0.05

# An address, and the minute by the clock in which it took something.
_Taken = tuple[str, int]


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class LocalLimit:
    """A minute's worth from one address at once, and then so many a minute, as this process counts them."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, address: str) -> float:
        """Take one; returns 0, or the seconds to wait when there is none left."""
        now = time.monotonic()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(float(self._per_minute), now)
            if len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(address)
        rate = self._per_minute / _WINDOW_S
        bucket.tokens = min(float(self._per_minute), bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / rate
        bucket.tokens -= 1
        return 0.0


class RateLimit:
    """So many a minute from one address. With Redis the count is shared by all workers.

    When Redis does not answer, this process counts by itself: nobody is turned away because a counter is gone.
    """

    def __init__(self, name: str, per_minute: int, redis: RedisClient | None = None) -> None:
        self._per_minute = per_minute
        self._shared = None if redis is None else _SharedCount(name, redis)
        self._here = LocalLimit(per_minute)

    async def take(self, address: str) -> float:
        """Take one; returns 0, or the seconds to wait when there is none left."""
        taken = (address, _minute())
        counted = None if self._shared is None else await self._shared.add({taken: 1})
        if counted is None:
            return self._here.take(address)
        return 0.0 if counted[taken] <= self._per_minute else _left_s(taken[1])


class UnawaitedLimit:
    """So many a minute from one address, where nobody is to wait for a counter: for an SOS, and a centre's case.

    Whoever asks is let in or refused by what this process knows. Redis is told a moment later, and its answer says what
    that comes to with what other workers let in. Until it is there each worker may let in a minute's worth: of a crowd
    that asks within that moment, every minute, so many times the limit as there are workers; of those who ask one by
    one, one too many. While Redis does not answer each worker counts by itself, and does not tell that later.
    """

    def __init__(self, name: str, per_minute: int, redis: RedisClient | None = None) -> None:
        self._per_minute = per_minute
        self._shared = None if redis is None else _SharedCount(name, redis)
        self._here = LocalLimit(per_minute)
        self._untold: Counter[_Taken] = Counter()
        self._telling: asyncio.Task[None] | None = None
        # Who has had a minute's worth, from whichever worker, and until when that minute lasts.
        self._full_until_s: OrderedDict[str, float] = OrderedDict()

    def take(self, address: str) -> float:
        """Take one; returns 0, or the seconds to wait when there is none left."""
        if address in self._full_until_s:
            full_for_s = self._full_until_s[address] - time.monotonic()
            if full_for_s > 0:
                return full_for_s
            del self._full_until_s[address]
        wait_s = self._here.take(address)
        if wait_s == 0 and self._shared is not None:
            self._untold[address, _minute()] += 1
            if self._telling is None or self._telling.done():
                self._telling = asyncio.ensure_future(self._tell(self._shared))
        return wait_s

    async def _tell(self, shared: "_SharedCount") -> None:
        while self._untold:
            await asyncio.sleep(_GATHER_S)
            untold, self._untold = self._untold, Counter()
            try:
                self._hear(await shared.add(untold) or {})
            except Exception:
                log.exception("who was let in is not told to Redis")

    def _hear(self, counted: Mapping[_Taken, int]) -> None:
        for (address, minute), count in counted.items():
            if count >= self._per_minute:
                self._full_until_s[address] = time.monotonic() + _left_s(minute)
        while len(self._full_until_s) > _REMEMBERED:
            self._full_until_s.popitem(last=False)

    async def told(self) -> None:
        """Wait until Redis has been told of everybody who was let in, or could not be."""
        if self._telling is not None:
            await asyncio.shield(self._telling)

    async def close(self) -> None:
        """Tell nobody any more."""
        self._shared = None
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.wait([self._telling])


def _minute() -> int:
    return int(time.time()) // _WINDOW_S


def _left_s(minute: int) -> float:
    # A clock that was set back meanwhile shuts nobody out for longer.
    return min(float(_WINDOW_S), max(0.0, (minute + 1) * _WINDOW_S - time.time()))


class _SharedCount:
    """What all workers count together in Redis: a key for each address and minute."""

    def __init__(self, name: str, redis: RedisClient) -> None:
        self._name = name
        self._redis = redis
        self._left_alone_until_s = 0.0

    async def add(self, taken: Mapping[_Taken, int]) -> Mapping[_Taken, int] | None:
        """Count these; what each comes to with what others have counted. None: Redis, or a shard of it, is gone.

        The shards of a cluster that are there have counted all the same.
        """
        if time.monotonic() < self._left_alone_until_s:
            return None
        try:
            with redis_asked():
                async with self._redis.pipeline(transaction=False) as pipe:
                    for (address, minute), count in taken.items():
                        key = f"dispatch:limit:{self._name}:{{{address}}}:{minute}"
                        pipe.incrby(key, count)
                        pipe.expire(key, 2 * _WINDOW_S)
                    counts: list[int] = (await pipe.execute())[::2]
        except REDIS_AWAY:
            self._left_alone_until_s = time.monotonic() + _LEFT_ALONE_S
            return None
        return dict(zip(taken, counts, strict=True))


def address_of(request: Request) -> str:
    """Where a request comes from; IPv6 by its /64, which one household or phone has to itself."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        # How an IPv4 client looks on a socket that serves both.
        address = address.ipv4_mapped
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else str(address)


async def sos_limit(request: Request) -> None:
    """Refuse more SOS from one address than the settings allow. Raises `TooMany`."""
    limit: UnawaitedLimit = request.app.state.sos_limit
    _refuse_if(limit.take(address_of(request)), "SOS")


async def report_limit(request: Request) -> None:
    """Refuse more public reports from one address than the settings allow. Raises `TooMany`."""
    limit: RateLimit = request.app.state.report_limit
    _refuse_if(await limit.take(address_of(request)), "reports")


def _refuse_if(wait_s: float, what: str) -> None:
    if wait_s > 0:
        raise TooMany(
            f"Too many {what} from this address; try again in {wait_s:.0f} s, or call the emergency number.",
            retry_after_s=max(1, round(wait_s)),
        )
