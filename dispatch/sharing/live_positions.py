"""Where everybody on duty is, in Redis by H3 cell: what a worker that joins, or was cut off, begins with.

A cell is one hash, `dispatch:{CELL}:fixes`; the cell's name in braces keeps it on one shard of a cluster, and no
command touches two cells. A field is a responder, its value the last fix: latitude, longitude (degrees), accuracy (m,
negative: untold) and time (s since 1970), four little-endian doubles.
"""

import contextlib
import math
import struct
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import h3
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ClusterDownError, RedisError, ResponseError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from dispatch.responders.responder import Fix, Responder
from dispatch.storage.redis_address import REDIS_AWAY, RedisClient, redis_asked
from geo.place import MAX_LATITUDE, MAX_LONGITUDE, Place

# Some 250 km²: a province is a few hundred cells.
RESOLUTION = 5

# Who has not moved nor spoken for so long is not counted on; what stays behind in Redis goes by itself.
_KEPT_S = 900
# So many are read at once, and no more: somebody may be waiting for help meanwhile.
_READ_AT_ONCE = 500
# A cluster's client that finds a shard away asks all others how the cluster looks, which takes half a second of
# computing: not with every position.
_SHARD_RESTS_S = 5.0

_NOT_THERE = (RedisConnectionError, RedisTimeoutError, ClusterDownError, OSError, TimeoutError, AttributeError)

_FIX = struct.Struct("<dddd")

# id, latitude, longitude, accuracy_m (negative: untold), time (s)
FixRow = tuple[str, float, float, float, float]

# By cell: who is there, and who is no longer.
Here = defaultdict[str, dict[str, bytes]]
Gone = defaultdict[str, set[str]]


def key_of(cell: str) -> str:
    """The hash of a cell."""
    return f"dispatch:{{{cell}}}:fixes"


class LivePositions:
    """Writes fixes, many at once, and reads all of them."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        # In which cell this worker last wrote somebody.
        self._cells: dict[str, str] = {}
        # What is still to be written: whom into which cell, and whom out of which, as they are in another by now.
        self._waiting: Here = defaultdict(dict)
        self._left: Gone = defaultdict(set)
        # The shards of a cluster that did not answer, and until when they are not asked again.
        self._rest_until_s: dict[str, float] = {}

    async def write(self, moved: Sequence[Responder]) -> None:
        """Write where these are, or that they are off duty, in one round trip; with them whatever failed before.

        Raises one of `REDIS_AWAY`: what is not written by then is written with the next.
        """
        here, gone = self._waiting, self._left
        self._waiting, self._left = defaultdict(dict), defaultdict(set)
        for responder in moved:
            row = row_of(responder)
            # The few hundred names once each, though a million people are in them.
            cell = None if row is None else sys.intern(h3.latlng_to_cell(row[1], row[2], RESOLUTION))
            before = self._cells.get(responder.responder_id)
            if before is not None and before != cell:
                self._take_out(responder.responder_id, before, here, gone)
            if row is not None and cell is not None:
                here[cell][responder.responder_id] = _FIX.pack(*row[1:])
                gone[cell].discard(responder.responder_id)
                self._cells[responder.responder_id] = cell
        cells = {*here, *gone}
        resting = self._resting(cells)
        failed = away = cells - resting
        try:
            failed, away = await self._write(failed, here, gone)
        finally:
            until_s = time.monotonic() + _SHARD_RESTS_S
            self._rest_until_s |= dict.fromkeys(self._shards_of(away).values(), until_s)
            for cell in failed | resting:
                self._waiting[cell] = here.get(cell, {}) | self._waiting[cell]
                self._left[cell] |= gone.get(cell, set())
        if failed or resting:
            raise RedisError(f"{len(failed | resting)} cells could not be written, or are on a shard that rests")

    def _resting(self, cells: set[str]) -> set[str]:
        """Those on shards that did not answer a moment ago."""
        now_s = time.monotonic()
        self._rest_until_s = {shard: until_s for shard, until_s in self._rest_until_s.items() if until_s > now_s}
        if not self._rest_until_s:
            return set()
        return {cell for cell, shard in self._shards_of(cells).items() if shard in self._rest_until_s}

    def _shards_of(self, cells: set[str]) -> dict[str, str]:
        """On which shard of a cluster each is, as far as that is known."""
        shards: dict[str, str] = {}
        if isinstance(self._redis, RedisCluster):
            for cell in cells:
                with contextlib.suppress(*REDIS_AWAY):
                    if (node := self._redis.get_node_from_key(key_of(cell))) is not None:
                        shards[cell] = node.name
        return shards

    def _take_out(self, responder_id: str, cell: str, here: Here, gone: Gone) -> None:
        here[cell].pop(responder_id, None)
        gone[cell].add(responder_id)
        del self._cells[responder_id]

    async def _write(self, wanted: set[str], here: Here, gone: Gone) -> tuple[set[str], set[str]]:
        """Write these cells; where only some fail, of a cluster, those that did, and of these those that are away."""
        cells: list[str] = []
        outcomes: list[object] = []
        if not wanted:
            return set(), set()
        is_cluster = isinstance(self._redis, RedisCluster)
        pipeline = self._redis.pipeline() if isinstance(self._redis, RedisCluster) else self._redis.pipeline(False)  # noqa: FBT003 - no transaction
        with redis_asked():
            async with pipeline:
                for cell in wanted:
                    if fixes := here.get(cell):
                        pipeline.hset(key_of(cell), mapping=fixes)  # type: ignore[arg-type]
                        pipeline.expire(key_of(cell), _KEPT_S)
                        cells += [cell, cell]
                    if people := gone.get(cell):
                        pipeline.hdel(key_of(cell), *people)
                        cells.append(cell)
                if cells:
                    outcomes = await pipeline.execute(raise_on_error=not is_cluster)
        failed = [(cell, each) for cell, each in zip(cells, outcomes, strict=True) if isinstance(each, Exception)]
        return {cell for cell, _ in failed}, {cell for cell, error in failed if isinstance(error, _NOT_THERE)}

    def note_elsewhere(self, rows: Iterable[FixRow]) -> None:
        """Another worker has written these: what this one wrote of them in other cells goes with its next write."""
        for responder_id, latitude, longitude, *_ in rows:
            before = self._cells.get(responder_id)
            if before is not None and before != h3.latlng_to_cell(latitude, longitude, RESOLUTION):
                self._take_out(responder_id, before, self._waiting, self._left)

    async def read_all(self) -> AsyncIterator[list[FixRow]]:
        """Everybody's fix, some at a time; somebody who has crossed a border may come twice. Raises as `write`.

        What is no fix is passed over, whoever wrote it; and so are, in a cluster, shards that do not answer.
        """
        keys: set[bytes] = set()
        for server in self._servers():
            cursor: Any = None
            while cursor != 0:
                try:
                    cursor, found = await self._scan(server, cursor or 0)
                except REDIS_AWAY:
                    if server is None:
                        raise
                    break
                keys.update(found)
        for key in keys:
            async for rows in self._read_cell(key):
                yield rows

    def _servers(self) -> list[Any]:
        """Whom to ask for keys: the one that there is (None), or every shard of a cluster."""
        return list(self._redis.get_primaries()) if isinstance(self._redis, RedisCluster) else [None]

    async def _scan(self, server: Any, cursor: int) -> tuple[int, list[bytes]]:
        which = {} if server is None else {"target_nodes": server}
        with redis_asked():
            answer: Any = await self._redis.scan(cursor, match="dispatch:{*}:fixes", count=1000, **which)
        following, found = answer
        if isinstance(following, dict):
            # A cluster names who answered.
            following = next(iter(following.values()))
        return int(following), found

    async def _read_cell(self, key: bytes) -> AsyncIterator[list[FixRow]]:
        cursor: int | None = None
        while cursor != 0:
            try:
                name = key.decode()
                with redis_asked():
                    answer: Any = await self._redis.hscan(name, cursor or 0, count=_READ_AT_ONCE)
            except (ResponseError, UnicodeDecodeError):
                # No hash: nothing of ours.
                return
            except REDIS_AWAY:
                if isinstance(self._redis, RedisCluster):
                    return
                raise
            cursor, fixes = int(answer[0]), answer[1]
            rows = list(_rows_of(fixes))
            for begin in range(0, len(rows), _READ_AT_ONCE):
                yield rows[begin : begin + _READ_AT_ONCE]


def _rows_of(fixes: Mapping[bytes, bytes]) -> Iterable[FixRow]:
    for responder_id, packed in fixes.items():
        try:
            latitude, longitude, accuracy_m, at_s = _FIX.unpack(packed)
            yield responder_id.decode(), latitude, longitude, accuracy_m, at_s
        except (struct.error, UnicodeDecodeError):
            continue


def row_of(responder: Responder) -> FixRow | None:
    """A responder's fix as it is told; None for somebody off duty or whose place is unknown."""
    fix = responder.fix
    if not responder.on_duty or fix is None:
        return None
    accuracy_m = -1.0 if fix.accuracy_m is None else fix.accuracy_m
    return responder.responder_id, fix.place.latitude, fix.place.longitude, accuracy_m, fix.at.timestamp()


def fix_of(row: FixRow) -> tuple[str, Fix]:
    """A row as it is told, read: whose fix it is, and the fix. Raises `ValueError` and the like if it is none."""
    responder_id, latitude, longitude, accuracy_m, at_s = row
    if not (-MAX_LATITUDE <= latitude <= MAX_LATITUDE and -MAX_LONGITUDE <= longitude <= MAX_LONGITUDE):
        raise ValueError(f"{latitude}, {longitude} is no place")
    is_told = 0 <= accuracy_m < math.inf
    return responder_id, Fix(
        Place(latitude, longitude), datetime.fromtimestamp(at_s, UTC), accuracy_m if is_told else None
    )


def fixes_of(rows: Iterable[FixRow], *, now: datetime) -> list[tuple[str, Fix]]:
    """Those of the rows that are fixes. One from after `now`, of a machine whose clock is ahead, is one of now."""
    fixes = []
    for row in rows:
        try:
            responder_id, fix = fix_of(row)
        except (ValueError, TypeError, OverflowError, OSError):
            continue
        fixes.append((responder_id, fix if fix.at <= now else Fix(fix.place, now, fix.accuracy_m)))
    return fixes
