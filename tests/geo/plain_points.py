"""Points in a plain dictionary that answer as `MovingPoints` must: by looking at every one of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from geo.bounding_box import BoundingBox
from geo.distance import distance_m, distances_m
from geo.fixes import FixAging
from geo.nearest import Found
from geo.place import Place

Key = TypeVar("Key")

# NumPy's distances may differ from Python's in the last digits, so more are looked at than will answer.
_MARGIN_SHARE = 1e-9
_MARGIN_M = 1e-3


@dataclass(frozen=True)
class Point:
    """All that is known of a point."""

    place: Place
    accuracy_m: float = 0.0
    fixed_at_s: float = math.inf
    marks: int = 0


class PlainPoints(Generic[Key]):
    """The reference: nothing is clever here."""

    def __init__(self) -> None:
        self.points: dict[Key, Point] = {}

    def put(
        self,
        key: Key,
        place: Place,
        *,
        accuracy_m: float = 0.0,
        fixed_at_s: float | None = None,
        marks: int | None = None,
    ) -> None:
        if marks is None:
            marks = self.points[key].marks if key in self.points else 0
        self.points[key] = Point(place, accuracy_m, math.inf if fixed_at_s is None else fixed_at_s, marks)

    def remove(self, key: Key) -> bool:
        return self.points.pop(key, None) is not None

    def nearest(
        self,
        place: Place,
        k: int,
        *,
        within_m: float | None = None,
        keep: Callable[[Key], bool] | None = None,
        all_of: int = 0,
        any_of: int = 0,
        none_of: int = 0,
        aging: FixAging | None = None,
    ) -> list[Found[Key]]:
        radius_m = math.inf if within_m is None else within_m
        asked_for: list[tuple[Key, Place, float]] = []
        for key, point in self.points.items():
            spread_m = 0.0 if aging is None else aging.spread_m(point.accuracy_m, point.fixed_at_s)
            if (
                spread_m is not None
                and (point.marks & all_of) == all_of
                and (any_of == 0 or point.marks & any_of)
                and not point.marks & none_of
                and (keep is None or keep(key))
            ):
                asked_for.append((key, point.place, spread_m))
        if not asked_for or k < 1:
            return []
        latitudes = np.array([each[1].latitude for each in asked_for])
        longitudes = np.array([each[1].longitude for each in asked_for])
        likely_m = np.hypot(distances_m(place, latitudes, longitudes), [each[2] for each in asked_for])
        last = min(k, len(asked_for)) - 1
        limit_m = np.partition(likely_m, last)[last] * (1 + _MARGIN_SHARE) + _MARGIN_M
        found = [
            Found(asked_for[number][0], distance_m(place, asked_for[number][1]), asked_for[number][2])
            for number in np.flatnonzero(likely_m <= limit_m).tolist()
        ]
        found = [one for one in found if one.likely_m <= radius_m]
        return sorted(found, key=lambda one: (one.likely_m, repr(one.key)))[:k]

    def in_box(self, box: BoundingBox) -> dict[Key, Place]:
        return {key: point.place for key, point in self.points.items() if box.contains(point.place)}
