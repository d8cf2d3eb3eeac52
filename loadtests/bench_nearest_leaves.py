"""How finely to divide: `python -m loadtests.bench_nearest_leaves` prints what decision 0008 rests on.

Trees of one fixed H3 resolution beside trees that divide a cell when it holds too many, each over the densities that
the service meets: a million responders in a province, all of a hundred thousand in one city, and the few AEDs of a
province. Microseconds are medians of whole questions for the 20 nearest.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from geo.nearest import FINEST_RESOLUTION, MovingPoints
from geo.place import Place
from loadtests.bench_nearest_province import PROVINCE_POINTS, province
from loadtests.figures import percentile

_QUESTIONS: Final = 2_000
_K: Final = 20
_CITY_POINTS: Final = 100_000
# Red Cross AEDs of Zhejiang in 2021.
_AEDS: Final = 6_473
_HANGZHOU: Final = Place(30.25, 120.17)
_CITY_DEGREES: Final = 0.05

Points = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class World:
    """Some points and the questions about them."""

    name: str
    points: Points
    questions: tuple[Place, ...]


def worlds() -> tuple[World, ...]:
    """Return the densities that matter."""
    responders = province(PROVINCE_POINTS, seed=2)
    askers = province(PROVINCE_POINTS, seed=3)
    aeds = np.random.default_rng(4).choice(PROVINCE_POINTS, _AEDS, replace=False)
    city = _city(_CITY_POINTS, seed=5)
    return (
        World("1 M, province", responders, _places(askers)),
        World("100,000, city", city, _places(_city(_QUESTIONS, seed=6))),
        World("AEDs, province", (responders[0][aeds], responders[1][aeds]), _places(askers)),
    )


def _city(count: int, seed: int) -> Points:
    random = np.random.default_rng(seed)
    return (
        _HANGZHOU.latitude + _CITY_DEGREES * random.standard_normal(count),
        _HANGZHOU.longitude + _CITY_DEGREES * random.standard_normal(count),
    )


def _places(points: Points) -> tuple[Place, ...]:
    latitudes, longitudes = points
    return tuple(Place(*pair) for pair in islice(zip(latitudes.tolist(), longitudes.tolist(), strict=True), _QUESTIONS))


def measure(world: World, make: Callable[[], MovingPoints[int]]) -> tuple[float, float]:
    """Return the median of a question in microseconds and the bytes of arrays a point."""
    index = make()
    latitudes, longitudes = world.points
    index.put_many(range(len(latitudes)), latitudes, longitudes)
    took_us = []
    for place in world.questions:
        began = time.perf_counter_ns()
        index.nearest(place, _K)
        took_us.append((time.perf_counter_ns() - began) / 1e3)
    return percentile(took_us, 0.5), index.array_bytes / len(index)


def choices() -> Sequence[tuple[str, Callable[[], MovingPoints[int]]]]:
    """Return the trees to compare by name."""
    fixed = [
        (f"resolution {resolution}", lambda finest=resolution: MovingPoints[int](finest, leaf_capacity=0))
        for resolution in (6, 7, 8, 9, 10)
    ]
    divided = [
        (f"at most {most}", lambda capacity=most: MovingPoints[int](FINEST_RESOLUTION, capacity))
        for most in (16, 32, 48, 64, 96, 128, 256)
    ]
    return [*fixed, *divided]


def main() -> None:
    """Measure and print."""
    all_worlds = worlds()
    print(f"{'leaves':>14}" + "".join(f"{world.name:>26}" for world in all_worlds))
    for name, make in choices():
        cells = []
        for world in all_worlds:
            median_us, bytes_a_point = measure(world, make)
            cells.append(f"{median_us:.1f} µs, {bytes_a_point:.0f} B")
        print(f"{name:>14}" + "".join(f"{cell:>26}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
