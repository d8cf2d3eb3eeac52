"""Who is nearest among all workers' first-aiders: `python -m tests.sharing.nearest_across`.

Three ways to know it, side by side on one Redis: a replica of everybody in each worker, fed by what the others tell
(as the service does it); Redis asked at every question by H3 cell; and Redis asked by GEOSEARCH. Against them stands
one process that holds everybody itself. Before anything is timed all have to agree. Prints one JSON object.
"""

import argparse
import asyncio
import json
import resource
import struct
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import h3
import numpy as np
from numpy.typing import NDArray
from redis import Redis as SyncRedis

from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders.responder import Fix, Responder
from dispatch.responders.roster import Roster
from dispatch.sharing.envelope import Envelope, read_envelope
from dispatch.sharing.live_positions import LivePositions, fix_of, row_of
from dispatch.storage.redis_address import read_redis_url
from geo.distance import distance_m
from geo.place import Place
from loadtests.bench_nearest_province import province
from loadtests.bench_nearest_rivals import Answer, Ours, Redis
from loadtests.figures import percentile
from tests.redis_server import RedisServer

K: Final = 20
_TURN: Final = 20
_TOLD_AT_ONCE: Final = 1_000
_NOW: Final = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
_FIX: Final = struct.Struct("<dddd")
# Finer cells mean fewer strangers to read and more rings to ask for: of these the fastest is shown.
_RESOLUTIONS: Final = (6, 7, 8)


class Replica:
    """Another worker's roster, which knows where everybody is from what it was told."""

    name = "replica"

    def __init__(self, count: int) -> None:
        self.roster = Roster(ZoneInfo("Asia/Shanghai"))
        self.roster.fill(_responder(number, None) for number in range(count))
        self._questions: list[Place] = []

    def prepare(self, questions: Sequence[Place]) -> None:
        """Take the questions."""
        self._questions = list(questions)

    def ask(self, number: int) -> Any:
        """Answer question `number`."""
        return self.roster._on_duty.nearest(self._questions[number], K)

    def answer(self, number: int) -> Answer:
        """The same in one form for all."""
        return [(int(found.key.rpartition("-")[2]), found.distance_m) for found in self.ask(number)]


class CellsInRedis:
    """Asks Redis at every question: cells in rings until nobody nearer can be farther out."""

    name = "cells"

    def __init__(
        self, client: SyncRedis, latitudes: NDArray[np.float64], longitudes: NDArray[np.float64], resolution: int
    ) -> None:
        self._client = client
        self._resolution = resolution
        # No point of the middle cell is nearer to what lies beyond ring r than r times this: two apothems of the
        # smallest hexagon, less a quarter for how H3 stretches its cells.
        self._ring_m = 0.75 * h3.average_hexagon_edge_length(resolution, unit="m") * 3**0.5
        self._questions: list[Place] = []
        cells: defaultdict[str, dict[str, bytes]] = defaultdict(dict)
        for number, (latitude, longitude) in enumerate(zip(latitudes.tolist(), longitudes.tolist(), strict=True)):
            cell = h3.latlng_to_cell(latitude, longitude, resolution)
            cells[cell][str(number)] = _FIX.pack(latitude, longitude, 10.0, 0.0)
        with client.pipeline(transaction=False) as pipeline:
            for cell, fixes in cells.items():
                pipeline.hset(self._key(cell), mapping=fixes)  # type: ignore[arg-type]
            pipeline.execute()

    def _key(self, cell: str) -> str:
        return f"rival:{self._resolution}:{{{cell}}}"

    def prepare(self, questions: Sequence[Place]) -> None:
        """Take the questions."""
        self._questions = list(questions)

    def ask(self, number: int) -> Answer:
        """Answer question `number`."""
        place = self._questions[number]
        middle = h3.latlng_to_cell(place.latitude, place.longitude, self._resolution)
        best: list[tuple[float, int]] = []
        ring, rings = 0, 2
        while True:
            asked = [cell for each in range(ring, ring + rings) for cell in h3.grid_ring(middle, each)]
            with self._client.pipeline(transaction=False) as pipeline:
                for cell in asked:
                    pipeline.hgetall(self._key(cell))
                for fixes in pipeline.execute():
                    best += [(_away_m(place, packed), int(key)) for key, packed in fixes.items()]
            best = sorted(best)[:K]
            ring += rings
            if len(best) == K and best[-1][0] <= (ring - 1) * self._ring_m:
                return [(key, away_m) for away_m, key in best]

    answer = ask


def _away_m(place: Place, packed: bytes) -> float:
    latitude, longitude, _, _ = _FIX.unpack(packed)
    return distance_m(place, Place(latitude, longitude))


def _responder(number: int, fix: Fix | None) -> Responder:
    return Responder(
        responder_id=ResponderId(f"responder-{number}"),
        name="救护员",
        phone=None,
        certificate_number="ZJ",
        certificate_expires_on=date(2030, 1, 1),
        mode=TravelMode.WALK,
        language="zh",
        on_duty=True,
        created_at=_NOW,
        fix=fix,
    )


async def _feed(server: RedisServer, replica: Replica, moved: Sequence[Responder]) -> dict[str, float]:
    """Tell the replica where everybody is, as one worker tells another, and what that cost whom a position, µs."""
    redis = read_redis_url(server.url).client(within_s=5)
    positions = LivePositions(redis)
    listening = read_redis_url(server.url).client(within_s=5)
    ear = listening.pubsub()
    await ear.subscribe("bench")
    before = _redis_cpu_s(server)
    telling_s = hearing_s = 0.0
    for begin in range(0, len(moved), _TOLD_AT_ONCE):
        some = moved[begin : begin + _TOLD_AT_ONCE]
        started_s = _cpu_s()
        rows = [row for each in some if (row := row_of(each)) is not None]
        await positions.write(some)
        await redis.execute_command("PUBLISH", "bench", Envelope("a", fixes=rows).to_bytes())
        told_s = _cpu_s()
        while (message := await ear.get_message(ignore_subscribe_messages=True, timeout=5)) is None:
            pass
        replica.roster.follow_fixes(map(fix_of, read_envelope(message["data"]).fixes))
        telling_s += told_s - started_s
        hearing_s += _cpu_s() - told_s
    redis_s = _redis_cpu_s(server) - before
    for client in (ear, redis, listening):
        await client.aclose()
    each = 1e6 / len(moved)
    return {"worker_tells": telling_s * each, "worker_hears": hearing_s * each, "redis": redis_s * each}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _redis_cpu_s(server: RedisServer) -> float:
    with server.client() as client:
        used: Any = client.info("cpu")
    return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])


def _must_agree(memory: Ours, others: Sequence[Any], count: int) -> None:
    for number in range(count):
        wanted = memory.answer(number)
        for other in others:
            # Redis has moved its points a little; all others measure the same.
            allowed_m = 1.0 if other.name == "Redis" else 1e-6
            got = other.answer(number)
            apart = max(abs(one[1] - two[1]) for one, two in zip(wanted, got, strict=True))
            if apart > allowed_m + 1e-6 * wanted[-1][1]:
                raise SystemExit(f"{other.name} and memory answer question {number} differently: {apart} m")


def _timed_us(askers: Sequence[Any], questions: int) -> dict[str, list[float]]:
    """Asked in turns of a few, so that whatever else the machine does falls on all alike."""
    took: dict[str, list[float]] = {each.name: [] for each in askers}
    for begin in range(0, questions, _TURN):
        for each in askers:
            ask: Callable[[int], Any] = each.ask
            for number in range(begin, min(begin + _TURN, questions)):
                started_ns = time.perf_counter_ns()
                ask(number)
                took[each.name].append((time.perf_counter_ns() - started_ns) / 1000)
    return took


def measure(count: int, questions: int) -> dict[str, Any]:
    """Everything, as one plain object; times in µs."""
    with tempfile.TemporaryDirectory(prefix="dispatch-nearest-") as folder:
        server = RedisServer(Path(folder))
        try:
            return _measured(server, count, questions)
        finally:
            server.stops()


def _measured(server: RedisServer, count: int, questions: int) -> dict[str, Any]:
    latitudes, longitudes = province(count, seed=2)
    asked = [Place(*pair) for pair in zip(*(each.tolist() for each in province(count, seed=3)), strict=True)][
        :questions
    ]
    memory = Ours(latitudes, longitudes, K)
    memory.prepare(asked)
    replica = Replica(count)
    replica.prepare(asked)
    places = zip(latitudes.tolist(), longitudes.tolist(), strict=True)
    moved = [_responder(number, Fix(Place(*place), _NOW, 10.0)) for number, place in enumerate(places)]
    costs = asyncio.run(_feed(server, replica, moved))
    with server.client() as client:
        geosearch = Redis(client, latitudes, longitudes, K)
        geosearch.prepare(asked, [memory.ask(number)[-1].distance_m for number in range(len(asked))])
        by_resolution = {}
        for resolution in _RESOLUTIONS:
            cells = CellsInRedis(client, latitudes, longitudes, resolution)
            cells.prepare(asked)
            _must_agree(memory, [cells], min(50, questions))
            by_resolution[resolution] = percentile(_timed_us([cells], min(100, questions))["cells"], 0.5)
        best = min(by_resolution, key=lambda each: by_resolution[each])
        cells = CellsInRedis(client, latitudes, longitudes, best)
        cells.prepare(asked)
        rivals: list[Any] = [memory, replica, geosearch, cells]
        _must_agree(memory, rivals[1:], questions)
        for each in rivals:
            each.ask(0)
        took = _timed_us(rivals, questions)
    names = {"ours": "memory", "Redis": "geosearch"}
    p50 = {names.get(name, name): round(percentile(values, 0.5), 2) for name, values in took.items()}
    return {
        "responders": count,
        "questions": questions,
        "p50_us": p50,
        "p99_us": {names.get(name, name): round(percentile(values, 0.99), 2) for name, values in took.items()},
        "cells_p50_us_by_resolution": {str(each): round(us, 1) for each, us in by_resolution.items()},
        "position_costs_us": {name: round(us, 2) for name, us in costs.items()},
        "nearest_ratio_memory": round(p50["replica"] / p50["memory"], 3),
        "nearest_ratio_geosearch": round(p50["replica"] / p50["geosearch"], 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--responders", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=2_000)
    given = parser.parse_args()
    json.dump(measure(given.responders, given.questions), sys.stdout)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
