"""The line to Redis: what this worker says goes out on one channel, what any worker says comes in on all of them."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster

from dispatch.storage.redis_address import REDIS_AWAY, RedisAddress, RedisKind, redis_asked

log = structlog.get_logger()

# In a cluster each channel lives on one shard; one that is gone takes only its channels away.
_CLUSTER_CHANNELS = 16

_PAUSE_S = 0.2
_CLOSED_WITHIN_S = 1.0
# News are heard for so long before anything else has its turn. One at a time, they would be heard ever later where each
# turn of the loop is a long one: the worker that has the most to do is the one that most needs to know.
_AT_A_STRETCH_S = 0.01
# A line that says nothing is asked; one that does not answer is no line.
_ASK_EVERY_S = 1.0
_GIVE_UP_AFTER_S = 2.5
# A cluster moves its slots when a shard fails over.
_LOOK_AT_SHARDS_EVERY_S = 2.0


class LineLost(Exception):
    """The line says nothing any more."""


_LOST = (*REDIS_AWAY, LineLost)

# Host and port in a cluster; of the one server that there is, nobody need know.
_Server = tuple[str, int] | None


class Link:
    """Publishes and listens. `is_away` while any of its channels cannot be heard; the others are, all the same."""

    def __init__(self, address: RedisAddress, *, sender: str) -> None:
        self.redis = address.client()
        self._address = address
        self._is_sharded = address.kind is RedisKind.CLUSTER
        count = _CLUSTER_CHANNELS if self._is_sharded else 1
        self._channels = [f"dispatch:{{news-{number:02}}}" for number in range(count)]
        # Workers spread over the shards; one whose shard is gone moves on to the next.
        self._own = sum(sender.encode()) % count
        self._heard: set[str] = set()
        self._up_since_s = -math.inf
        self.on_news: Callable[[bytes], None] = _unheard
        # Told whenever channels can be heard that could not.
        self.on_up: Callable[[], None] = _untold
        self.on_down: Callable[[], None] = _untold

    @property
    def is_away(self) -> bool:
        """Whether what others say may be missed here."""
        return len(self._heard) < len(self._channels)

    def is_up_for(self, seconds: float) -> bool:
        """Whether all that others have said for so long has been heard here."""
        return not self.is_away and time.monotonic() - self._up_since_s > seconds

    async def publish(self, data: bytes) -> bool:
        """Tell all workers; False when nobody was told, or perhaps not everybody."""
        try:
            command = "SPUBLISH" if self._is_sharded else "PUBLISH"
            with redis_asked():
                await self.redis.execute_command(command, self._channels[self._own], data)
        except _LOST:
            self._own = (self._own + 1) % len(self._channels)
            return False
        return True

    async def run(self) -> None:
        """Listen until cancelled, again whenever the line is lost."""
        while True:
            try:
                await self._listen()
            except* _LOST as several:
                self._lost(self._channels, several.exceptions[0])
            finally:
                self._heard.clear()
            await asyncio.sleep(_PAUSE_S)

    async def _listen(self) -> None:
        places = await self._places()
        by_server: dict[_Server, list[str]] = {}
        for channel, server in places.items():
            by_server.setdefault(server, []).append(channel)
        async with asyncio.TaskGroup() as listening:
            for server, channels in by_server.items():
                listening.create_task(self._hear_from(server, channels))
            if isinstance(self.redis, RedisCluster):
                listening.create_task(self._watch_shards(self.redis, places))

    async def _places(self) -> dict[str, _Server]:
        """Which server holds which channel."""
        if not isinstance(self.redis, RedisCluster):
            return dict.fromkeys(self._channels)
        with redis_asked():
            await self.redis.initialize()
        places = self._places_in(self.redis)
        if not places:
            raise LineLost("no shard holds any channel")
        return places

    def _places_in(self, cluster: RedisCluster) -> dict[str, _Server]:
        """The channels that some shard holds, and which."""
        places: dict[str, _Server] = {}
        for channel in self._channels:
            with contextlib.suppress(*_LOST):
                if (node := cluster.get_node_from_key(channel)) is not None:
                    places[channel] = (str(node.host), int(node.port))
        return places

    async def _hear_from(self, server: _Server, channels: Sequence[str]) -> None:
        """Hear what comes on channels of one server, again whenever its line is lost."""
        async with contextlib.AsyncExitStack() as kept:
            client = self.redis
            if not isinstance(client, Redis) and server is not None:
                client = self._address.client_of(*server)
                kept.push_async_callback(client.aclose)
            while True:
                pubsub = client.pubsub()
                try:
                    await self._hear(pubsub, channels)
                except _LOST as error:
                    self._lost(channels, error)
                finally:
                    self._heard.difference_update(channels)
                    with contextlib.suppress(*_LOST), redis_asked():
                        await pubsub.aclose()  # type: ignore[no-untyped-call]
                _end_if_told_to()
                await asyncio.sleep(_PAUSE_S)

    def _lost(self, channels: Sequence[str], error: BaseException) -> None:
        was_away = self.is_away
        self._heard.difference_update(channels)
        if not was_away:
            log.warning("Redis is away; other workers are followed through the database", error=str(error))
            self.on_down()

    async def _hear(self, pubsub: PubSub, channels: Sequence[str]) -> None:
        for channel in channels:
            # One by one: a cluster takes no command about several slots.
            with redis_asked():
                await (pubsub.ssubscribe(channel) if self._is_sharded else pubsub.subscribe(channel))
        loop = asyncio.get_running_loop()
        heard_s = loop.time()
        waits_for = set(channels)
        others_turn_s = time.monotonic() + _AT_A_STRETCH_S
        while True:
            with redis_asked():
                message: dict[str, Any] | None = await pubsub.get_message(timeout=_ASK_EVERY_S)
            if message is None:
                if loop.time() - heard_s > _GIVE_UP_AFTER_S:
                    raise LineLost(f"nothing was heard for {_GIVE_UP_AFTER_S} s")
                with redis_asked():
                    await pubsub.ping()
                continue
            heard_s = loop.time()
            if message["type"] in {"message", "smessage"}:
                self._take(message["data"])
                if time.monotonic() >= others_turn_s:
                    # What came in one piece is at hand without waiting: others have their turn in between.
                    await asyncio.sleep(0)
                    others_turn_s = time.monotonic() + _AT_A_STRETCH_S
            elif message["type"] in {"subscribe", "ssubscribe"} and waits_for:
                waits_for.discard(message["channel"].decode())
                if not waits_for:
                    self._heard.update(channels)
                    self._up_since_s = time.monotonic()
                    self.on_up()

    async def _watch_shards(self, cluster: RedisCluster, before: Mapping[str, _Server]) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_SHARDS_EVERY_S)
            for channel in self._channels:
                # A question that a moved slot answers brings the client's map of slots up to date.
                with contextlib.suppress(*_LOST), redis_asked():
                    await cluster.execute_command("PTTL", f"{channel}:slot")
                _end_if_told_to()
            if self._places_in(cluster) != before:
                raise LineLost("the shards have changed")

    def _take(self, data: bytes) -> None:
        try:
            self.on_news(data)
        except Exception:
            # Whatever one message says, the next are heard; what it told is found in the database.
            log.exception("another worker's news not taken in")

    async def close(self) -> None:
        """Close the connections."""
        with contextlib.suppress(*_LOST):
            async with asyncio.timeout(_CLOSED_WITHIN_S):
                await self.redis.aclose()


def _end_if_told_to() -> None:
    """The client of a cluster takes being cancelled for a server that does not answer; nobody says so twice."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _unheard(_data: bytes) -> None:
    """Nobody listens."""


def _untold() -> None:
    """Nobody wants to know."""
