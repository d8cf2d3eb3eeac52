"""How many bytes a point takes in the index, in a process of its own: `python -m loadtests.bench_nearest_memory`.

Prints JSON: what Python's own bookkeeping counts (`tracemalloc`, NumPy included) and, beside it, by how much the
process grew. Keys are left out, for they belong to whoever puts points in; all else counts: arrays with the room
they have in reserve, the dictionary from key to slot, the slot numbers in it, and the array of keys.
"""

import argparse
import gc
import json
import os
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

from geo.nearest import MovingPoints
from loadtests.bench_nearest_province import province

_BATCH = 10_000


def bytes_per_point(count: int) -> dict[str, float]:
    """Build the index twice and return what it took each time, by `tracemalloc` and by the process's memory."""
    latitudes, longitudes = province(count, seed=2)
    keys = [f"responder-{number}" for number in range(count)]

    def filled() -> MovingPoints[str]:
        points: MovingPoints[str] = MovingPoints()
        for start in range(0, count, _BATCH):
            some = slice(start, start + _BATCH)
            points.put_many(keys[some], latitudes[some], longitudes[some])
        return points

    gc.collect()
    before = _resident()
    points = filled()
    resident = _resident() - before
    del points
    gc.collect()
    tracemalloc.start()
    points = filled()
    gc.collect()
    traced, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"bytes_per_point": round(traced / len(points), 1), "resident_bytes_per_point": round(resident / count, 1)}


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000, help="how many points")
    print(json.dumps(bytes_per_point(parser.parse_args(arguments).count)))


if __name__ == "__main__":
    main()
