"""The line to Redis: what this worker says goes out on one channel, what any worker says comes in on all of them."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import RedisError

from dispatch.storage.redis_address import RedisAddress, RedisKind

log = structlog.get_logger()

# In a cluster each channel lives on one shard; one that is gone takes only its channels away.
_CLUSTER_CHANNELS = 16

_PAUSE_S = 0.2
# A line that says nothing is asked; one that does not answer is no line.
_ASK_EVERY_S = 1.0
_GIVE_UP_AFTER_S = 2.5
# A cluster moves its slots when a shard fails over.
_LOOK_AT_SHARDS_EVERY_S = 2.0


class LineLost(Exception):
    """The line says nothing any more."""


class Link:
    """Publishes and listens. `is_away` while any of its channels cannot be heard."""

    def __init__(self, address: RedisAddress, *, sender: str) -> None:
        self.redis = address.client()
        self._is_sharded = address.kind is RedisKind.CLUSTER
        count = _CLUSTER_CHANNELS if self._is_sharded else 1
        self._channels = [f"dispatch:{{news-{number:02}}}" for number in range(count)]
        # Workers spread over the shards; one whose shard is gone moves on to the next.
        self._own = sum(sender.encode()) % count
        self._hears = False
        self.on_news: Callable[[bytes], None] = _unheard
        self.on_up: Callable[[], None] = _untold
        self.on_down: Callable[[], None] = _untold

    @property
    def is_away(self) -> bool:
        """Whether what others say may be missed here."""
        return not self._hears

    async def publish(self, data: bytes) -> bool:
        """Tell all workers; False when nobody was told, or perhaps not everybody."""
        try:
            command = "SPUBLISH" if self._is_sharded else "PUBLISH"
            await self.redis.execute_command(command, self._channels[self._own], data)
        except (RedisError, OSError, TimeoutError):
            self._own = (self._own + 1) % len(self._channels)
            return False
        return True

    async def run(self) -> None:
        """Listen until cancelled, again whenever the line is lost."""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError, LineLost) as error:
                self._lost(error)
            except BaseExceptionGroup as several:
                if not all(
                    isinstance(each, (RedisError, OSError, TimeoutError, LineLost)) for each in several.exceptions
                ):
                    raise
                self._lost(several.exceptions[0])
            finally:
                self._hears = False
            await asyncio.sleep(_PAUSE_S)

    def _lost(self, error: BaseException) -> None:
        if self._hears:
            self._hears = False
            log.warning("Redis is away; other workers are followed through the database", error=str(error))
            self.on_down()

    async def _listen(self) -> None:
        ears = await self._ears()
        try:
            async with asyncio.TaskGroup() as listening:
                subscribed = [asyncio.Event() for _ in ears]
                for (pubsub, channels), event in zip(ears, subscribed, strict=True):
                    listening.create_task(self._hear(pubsub, channels, event))
                for event in subscribed:
                    await event.wait()
                self._hears = True
                self.on_up()
                if isinstance(self.redis, RedisCluster):
                    listening.create_task(self._watch_shards(self.redis))
        finally:
            for pubsub, _ in ears:
                with contextlib.suppress(RedisError, OSError, TimeoutError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _ears(self) -> list[tuple[PubSub, list[str]]]:
        """One connection for each server, with the channels that it holds."""
        if not isinstance(self.redis, RedisCluster):
            return [(self.redis.pubsub(), self._channels)]
        await self.redis.initialize()
        by_node: dict[tuple[str, int], list[str]] = {}
        for channel in self._channels:
            by_node.setdefault(self._place_of(self.redis, channel), []).append(channel)
        kept = self.redis.get_connection_kwargs()
        login: dict[str, Any] = {name: kept.get(name) for name in ("username", "password")}
        return [
            (Redis(host=host, port=port, socket_connect_timeout=0.5, **login).pubsub(), channels)
            for (host, port), channels in by_node.items()
        ]

    @staticmethod
    def _place_of(cluster: RedisCluster, channel: str) -> tuple[str, int]:
        node = cluster.get_node_from_key(channel)
        if node is None:
            raise LineLost(f"no shard holds {channel}")
        return str(node.host), int(node.port)

    async def _watch_shards(self, cluster: RedisCluster) -> None:
        before = [self._place_of(cluster, each) for each in self._channels]
        while True:
            await asyncio.sleep(_LOOK_AT_SHARDS_EVERY_S)
            # A question that a moved slot answers brings the client's map of slots up to date.
            for channel in self._channels:
                await cluster.execute_command("PTTL", f"{channel}:slot")
            if [self._place_of(cluster, each) for each in self._channels] != before:
                raise LineLost("the shards have changed")

    async def _hear(self, pubsub: PubSub, channels: Sequence[str], subscribed: asyncio.Event) -> None:
        await (pubsub.ssubscribe(*channels) if self._is_sharded else pubsub.subscribe(*channels))
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_ASK_EVERY_S)
            if message is None:
                if loop.time() - heard_s > _GIVE_UP_AFTER_S:
                    raise LineLost(f"nothing was heard for {_GIVE_UP_AFTER_S} s")
                await pubsub.ping()
                continue
            heard_s = loop.time()
            if message["type"] in {"message", "smessage"}:
                self._take(message["data"])
            elif message["type"] in {"subscribe", "ssubscribe"}:
                subscribed.set()

    def _take(self, data: bytes) -> None:
        try:
            self.on_news(data)
        except Exception:
            # Whatever one message says, the next are heard; what it told is found in the database.
            log.exception("another worker's news not taken in")

    async def close(self) -> None:
        """Close the connections."""
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            await self.redis.aclose()


def _unheard(_data: bytes) -> None:
    """Nobody listens."""


def _untold() -> None:
    """Nobody wants to know."""
