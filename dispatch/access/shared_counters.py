"""The connection to Redis, where rate limits are counted together by all who use the same one."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

# An SOS does not wait for a counter.
_TIMEOUT_S = 0.2


class SharedCounters:
    """Redis, asked with short patience."""

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S)

    async def answers(self) -> bool:
        """Whether Redis answers right now."""
        try:
            return bool(await self.redis.ping())
        except (RedisError, OSError):
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self.redis.aclose()
