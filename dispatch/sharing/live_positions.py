"""Where everybody on duty is, in Redis by H3 cell: what a worker that joins, or was cut off, begins with.

A cell is one hash, `dispatch:{CELL}:fixes`; the cell's name in braces keeps it on one shard of a cluster, and no
command touches two cells. A field is a responder, its value the last fix: latitude, longitude (degrees), accuracy (m,
negative: untold) and time (s since 1970), four little-endian doubles.
"""

import struct
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import h3
from redis.asyncio.cluster import RedisCluster

from dispatch.responders.responder import Responder
from dispatch.storage.redis_address import RedisClient

# Some 250 km²: a province is a few hundred cells.
RESOLUTION = 5

# Who has not moved nor spoken for so long is not counted on; what stays behind in Redis goes by itself.
_KEPT_S = 900

_FIX = struct.Struct("<dddd")

# id, latitude, longitude, accuracy_m (negative: untold), time (s)
FixRow = tuple[str, float, float, float, float]


def key_of(cell: str) -> str:
    """The hash of a cell."""
    return f"dispatch:{{{cell}}}:fixes"


class LivePositions:
    """Writes fixes, many at once, and reads all of them."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        # In which cell this worker last wrote somebody.
        self._cells: dict[str, str] = {}

    async def write(self, moved: Sequence[Responder]) -> None:
        """Write where these are, or that they are off duty, in one round trip. Raises `RedisError` and `OSError`."""
        here: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        gone: defaultdict[str, list[str]] = defaultdict(list)
        for responder in moved:
            before = self._cells.get(responder.responder_id)
            row = row_of(responder)
            cell = None if row is None else h3.latlng_to_cell(row[1], row[2], RESOLUTION)
            if before is not None and before != cell:
                gone[before].append(responder.responder_id)
                del self._cells[responder.responder_id]
            if row is not None and cell is not None:
                here[cell][responder.responder_id] = _FIX.pack(*row[1:])
                self._cells[responder.responder_id] = cell
        if not here and not gone:
            return
        pipeline = self._redis.pipeline() if isinstance(self._redis, RedisCluster) else self._redis.pipeline(False)  # noqa: FBT003 - no transaction
        async with pipeline:
            for cell, fixes in here.items():
                pipeline.hset(key_of(cell), mapping=fixes)  # type: ignore[arg-type]
                pipeline.expire(key_of(cell), _KEPT_S)
            for cell, people in gone.items():
                pipeline.hdel(key_of(cell), *people)
            await pipeline.execute()

    async def read_all(self) -> AsyncIterator[list[FixRow]]:
        """Everybody's fix, a cell at a time; somebody who has crossed a border may come twice. Raises as `write`."""
        async for key in self._redis.scan_iter(match="dispatch:{*}:fixes", count=1000):
            fixes: dict[Any, Any] = await self._redis.hgetall(key)
            yield [(each.decode(), *_FIX.unpack(packed)) for each, packed in fixes.items()]


def row_of(responder: Responder) -> FixRow | None:
    """A responder's fix as it is told; None for somebody off duty or whose place is unknown."""
    fix = responder.fix
    if not responder.on_duty or fix is None:
        return None
    accuracy_m = -1.0 if fix.accuracy_m is None else fix.accuracy_m
    return responder.responder_id, fix.place.latitude, fix.place.longitude, accuracy_m, fix.at.timestamp()
