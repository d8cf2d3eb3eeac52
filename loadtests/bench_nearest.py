"""Who is nearest, against PostGIS, Redis and a frozen kd-tree: `python -m loadtests.bench_nearest`.

All four hold the same points, clustered like a province, and are asked the same questions in turns of a few, so that
whatever else the machine does falls on all alike. Before that they have to agree. Then points move while questions
go on, and the memory of a point is counted in a process of its own. Writes `build/bench/nearest.json`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from geo.place import Place
from loadtests.bench_nearest_province import province
from loadtests.bench_nearest_rivals import Answer, KdTree, Ours, Postgis, Redis, Rival
from loadtests.bench_nearest_servers import own_postgres, own_redis
from loadtests.bench_nearest_updates import Updates, measure_updates
from loadtests.bench_sos import machine
from loadtests.figures import percentile, publish
from loadtests.processes import ServerFailedError, ended_by_signals

SIZES: Final = (10_000, 100_000, 1_000_000)
K: Final = 20
_TURN: Final = 20
_CHECKED: Final = 100
_MOVES: Final = 200_000
_MEMORY_WITHIN_S: Final = 300.0

# How far the answers may be apart: rounding only; a radius that differs in the ninth digit; and Redis' 52 bits.
_TOLERANCES: Final[dict[str, Callable[[float], float]]] = {
    "kd-tree": lambda _: 1e-6,
    "PostGIS": lambda distance_m: 1e-5 + 1e-7 * distance_m,
    "Redis": lambda distance_m: 1.0 + 1e-6 * distance_m,
}
# These tell who is nearest to the last digit that matters; Redis has moved its points.
_EXACT: Final = ("kd-tree", "PostGIS")


class DisagreementError(AssertionError):
    """Two answered the same question differently."""


@dataclass(frozen=True, slots=True)
class Field:
    """One size: the points, the four who hold them, and how many questions there are."""

    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    rivals: tuple[Ours, KdTree, Postgis, Redis]


def make_field(size: int, questions: int, connection: Any, client: Any) -> Field:
    """Give the same points and questions to all four."""
    latitudes, longitudes = province(size, seed=2)
    asked = [Place(*pair) for pair in zip(*(each.tolist() for each in province(size, seed=3)), strict=True)][:questions]
    k = min(K, size)
    rivals = (
        Ours(latitudes, longitudes, k),
        KdTree(latitudes, longitudes, k),
        Postgis(connection, latitudes, longitudes, k),
        Redis(client, latitudes, longitudes, k),
    )
    ours, kdtree, postgis, redis = rivals
    for each in (ours, kdtree, postgis):
        each.prepare(asked)
    redis.prepare(asked, [ours.ask(number)[-1].distance_m for number in range(len(asked))])
    return Field(latitudes, longitudes, rivals)


def check_agreement(rivals: Sequence[Rival], questions: int) -> None:
    """Ask all of them some of the questions. Raises DisagreementError unless they tell the same."""
    ours, *others = rivals
    for number in range(questions):
        expected = ours.answer(number)
        for other in others:
            if not _same(expected, other.answer(number), other.name):
                raise DisagreementError(f"{other.name} answers question {number} otherwise")


def _same(expected: Answer, told: Answer, name: str) -> bool:
    if len(expected) != len(told):
        return False
    for (key, distance_m), (told_key, told_m) in zip(expected, sorted(told, key=lambda each: each[1]), strict=True):
        if abs(distance_m - told_m) > _TOLERANCES[name](distance_m):
            return False
        if name in _EXACT and key != told_key and _distance_of(told_key, expected) != distance_m:
            return False
    return True


def _distance_of(key: int, answer: Answer) -> float | None:
    return next((distance_m for each, distance_m in answer if each == key), None)


def take_turns(fields: Sequence[Field], questions: int) -> list[dict[str, list[float]]]:
    """Ask everybody at every size, some questions each in turn; return the microseconds by size and name."""
    took_us: list[dict[str, list[float]]] = [{rival.name: [] for rival in field.rivals} for field in fields]
    for start in range(0, questions, _TURN):
        for field, taken in zip(fields, took_us, strict=True):
            first = start // _TURN % len(field.rivals)
            for rival in (*field.rivals[first:], *field.rivals[:first]):
                for number in range(start, min(start + _TURN, questions)):
                    began = time.perf_counter_ns()
                    rival.ask(number)
                    taken[rival.name].append((time.perf_counter_ns() - began) / 1e3)
    return took_us


def report(
    sizes: Sequence[int],
    took_us: Sequence[dict[str, list[float]]],
    singles: Updates,
    batches: Updates,
    memory: dict[str, float],
) -> dict[str, Any]:
    """Answer what is written down; ratios are of medians, at the largest size."""
    medians = [{name: percentile(values, 0.5) for name, values in taken.items()} for taken in took_us]
    least, most = medians[0], medians[-1]
    return {
        "name": "nearest",
        "what": f"the {K} nearest of points clustered like a province, microseconds a question, one after the other",
        "ratio_postgis": round(most["PostGIS"] / most["ours"], 2),
        "ratio_redis": round(most["Redis"] / most["ours"], 2),
        "ratio_kdtree": round(most["ours"] / most["kd-tree"], 3),
        "growth": round(most["ours"] / least["ours"], 3),
        "updates_per_s": round(singles.per_s),
        "bytes_per_point": memory["bytes_per_point"],
        "question_us": {
            str(size): {
                name: {f"p{share}": round(percentile(values, share / 100), 2) for share in (50, 90, 99)}
                for name, values in taken.items()
            }
            for size, taken in zip(sizes, took_us, strict=True)
        },
        "question_us_during_updates": round(singles.question_us, 2),
        "batched_updates_per_s": round(batches.per_s),
        "question_us_during_batches": round(batches.question_us, 2),
        "resident_bytes_per_point": memory["resident_bytes_per_point"],
        "questions": len(took_us[0]["ours"]),
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def table(written: dict[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    lines = [
        f"The {K} nearest, {written['questions']} questions each in turn, median (and 99th percentile) in µs",
        f"{'points':>10}" + "".join(f"{name:>20}" for name in ("ours", "kd-tree", "PostGIS", "Redis")),
    ]
    for size, by_name in written["question_us"].items():
        cells = (f"{by_name[name]['p50']:.1f} ({by_name[name]['p99']:.0f})" for name in by_name)
        lines.append(f"{int(size):>10,}" + "".join(f"{cell:>20}" for cell in cells))
    get = written.__getitem__
    lines += [
        "ours is the whole call with its list of keys and metres; Redis is told the distance of the last beforehand",
        f"ratios: PostGIS to ours {get('ratio_postgis'):.1f}, Redis to ours {get('ratio_redis'):.1f}",
        f"ratio of ours to the kd-tree: {get('ratio_kdtree'):.2f}",
        f"growth from the smallest to the largest at equal density: {get('growth'):.2f}",
        f"updates a second: {get('updates_per_s'):,}; a question meanwhile: {get('question_us_during_updates'):.1f} µs",
        f"by the thousand: {get('batched_updates_per_s'):,}; meanwhile: {get('question_us_during_batches'):.1f} µs",
        f"bytes a point: {get('bytes_per_point'):.0f}; the process grew by {get('resident_bytes_per_point'):.0f}",
    ]
    return "\n".join(lines)


def run(sizes: Sequence[int], questions: int, moves: int) -> dict[str, Any]:
    """Measure everything, and answer what is written down."""
    memory = _memory(max(sizes))
    with tempfile.TemporaryDirectory(prefix="bench-nearest-") as name:
        folder = Path(name)
        # The database may run as another user, who has to get through to its own folder.
        folder.chmod(0o755)
        with own_postgres(folder) as connection, own_redis(folder) as client:
            fields = []
            for size in sizes:
                print(f"giving {size:,} points to all four", file=sys.stderr, flush=True)
                fields.append(make_field(size, questions, connection, client))
            for field in fields:
                check_agreement(field.rivals, min(_CHECKED, questions))
            took_us = take_turns(fields, questions)
        largest = fields[-1]
        moved = (largest.rivals[0], largest.latitudes, largest.longitudes)
        singles = measure_updates(*moved, moves=moves, batched=False)
        batches = measure_updates(*moved, moves=moves, batched=True)
    return report(sizes, took_us, singles, batches, memory)


def _memory(count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "loadtests.bench_nearest_memory", "--count", str(count)]
    # What is freed leaves the process at once: otherwise it grows by what the allocator keeps for the next time.
    environment = {**os.environ, "MALLOC_TRIM_THRESHOLD_": "131072"}
    done = subprocess.run(  # noqa: S603 - our own module, no shell
        command, check=True, capture_output=True, text=True, timeout=_MEMORY_WITHIN_S, env=environment
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of points, such as 10000,100000")
    parser.add_argument("--questions", type=int, default=1_000, help="questions to each at each size (default 1000)")
    parser.add_argument("--moves", type=int, default=_MOVES, help=f"position updates (default {_MOVES})")
    parser.add_argument("--out", type=Path, default=Path("build/bench/nearest.json"), help="where the figures go")
    options = parser.parse_args(arguments)
    if options.questions < 1 or options.moves < 1:
        parser.error("--questions and --moves must be at least 1")
    try:
        with ended_by_signals():
            written = run(options.sizes, options.questions, options.moves)
    except (ServerFailedError, DisagreementError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    publish(written, options.out, table(written))
    return 0


def _sizes(text: str) -> tuple[int, ...]:
    sizes = tuple(sorted(int(part) for part in text.split(",")))
    if sizes[0] < 1:
        raise ValueError
    return sizes


if __name__ == "__main__":
    sys.exit(main())
