"""How often one address may ask for what needs no token."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from fastapi import Request

from dispatch.problems import TooMany
from dispatch.storage.redis_address import REDIS_AWAY, RedisClient, redis_asked

# Addresses remembered; the longest unseen is forgotten first.
_REMEMBERED = 100_000
_WINDOW_S = 60
# A Redis that does not answer is left alone for so long: not every SOS is to wait for it.
_LEFT_ALONE_S = 2.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """So many a minute from one address, a minute's worth at once. With Redis the count is shared by all workers.

    When Redis does not answer, this process counts by itself: nobody is turned away because a counter is gone.
    """

    def __init__(self, name: str, per_minute: int, redis: RedisClient | None = None) -> None:
        self._name = name
        self._per_minute = per_minute
        self._redis = redis
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._left_alone_until_s = 0.0

    async def take(self, address: str) -> float:
        """Take one; returns 0, or the seconds to wait when there is none left."""
        if self._redis is not None and time.monotonic() >= self._left_alone_until_s:
            try:
                return await self._take_shared(self._redis, address)
            except REDIS_AWAY:
                self._left_alone_until_s = time.monotonic() + _LEFT_ALONE_S
        return self._take_here(address)

    async def _take_shared(self, redis: RedisClient, address: str) -> float:
        window = int(time.time()) // _WINDOW_S
        key = f"dispatch:limit:{self._name}:{{{address}}}:{window}"
        with redis_asked():
            async with redis.pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * _WINDOW_S)
                count, _ = await pipe.execute()
        return 0.0 if count <= self._per_minute else (window + 1) * _WINDOW_S - time.time()

    def _take_here(self, address: str) -> float:
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
    await _check(request.app.state.sos_limit, request, "SOS")


async def report_limit(request: Request) -> None:
    """Refuse more public reports from one address than the settings allow. Raises `TooMany`."""
    await _check(request.app.state.report_limit, request, "reports")


async def _check(limit: RateLimit, request: Request, what: str) -> None:
    wait_s = await limit.take(address_of(request))
    if wait_s > 0:
        raise TooMany(
            f"Too many {what} from this address; try again in {wait_s:.0f} s, or call the emergency number.",
            retry_after_s=max(1, round(wait_s)),
        )
