"""The connection to Redis, where rate limits are counted together by all who use the same one."""

from dispatch.storage.redis_address import REDIS_AWAY, RedisClient, read_redis_url, redis_asked

# A report does not wait long for a counter, an SOS not at all.
_WITHIN_S = 0.2


class SharedCounters:
    """Redis, asked with short patience. Raises `BadRedisUrl` for a URL that says no place."""

    def __init__(self, url: str) -> None:
        self.redis: RedisClient = read_redis_url(url).client(within_s=_WITHIN_S)

    async def answers(self) -> bool:
        """Whether Redis answers right now."""
        try:
            with redis_asked():
                return bool(await self.redis.ping())
        except REDIS_AWAY:
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
