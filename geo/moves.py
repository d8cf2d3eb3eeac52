"""What comes in with points: checked once, and for many points as columns."""

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geo.tree_kernels import KEPT_MARKS

_ALL_MARKS = 0xFFFF_FFFF


class Moves(NamedTuple):
    """Where many points are from now on, a column for each thing: degrees, metres, seconds and sets of marks."""

    latitudes: NDArray[np.float64]
    longitudes: NDArray[np.float64]
    accuracies_m: NDArray[np.float64]
    fixed_at_s: NDArray[np.float64]
    marks: NDArray[np.int64]

    @classmethod
    def checked(
        cls,
        count: int,
        latitudes: ArrayLike,
        longitudes: ArrayLike,
        accuracies_m: ArrayLike,
        fixed_at_s: ArrayLike | None,
        marks: ArrayLike | None,
    ) -> Self:
        """Take values from outside, one for each of `count` points or, but for the coordinates, one for all.

        Raises ValueError for another number of them, and for values as in `check_fix` and `check_marks`.
        """
        places = (np.asarray(latitudes, np.float64), np.asarray(longitudes, np.float64))
        if any(column.shape != (count,) for column in places):
            raise ValueError("There must be one latitude and one longitude for every key.")
        moves = cls(
            *places,
            _column(accuracies_m, count),
            _column(math.inf if fixed_at_s is None else fixed_at_s, count),
            _column(KEPT_MARKS if marks is None else marks, count).astype(np.int64),
        )
        for accuracy_m in _extremes(moves.accuracies_m):
            check_fix(accuracy_m, math.inf)
        for at_s in _extremes(moves.fixed_at_s):
            check_fix(0.0, at_s)
        if marks is not None:
            for mark in _extremes(moves.marks):
                check_marks(int(mark))
        return moves

    def in_order(self, order: NDArray[np.int64]) -> "Moves":
        """Return the columns with the rows in this order, which may leave some out."""
        return Moves(
            self.latitudes[order],
            self.longitudes[order],
            self.accuracies_m[order],
            self.fixed_at_s[order],
            self.marks[order],
        )


def check_fix(accuracy_m: float, fixed_at_s: float) -> None:
    """Raise ValueError for an accuracy that is no distance and a time that is none (positive infinity is one)."""
    if not 0.0 <= accuracy_m < math.inf:
        raise ValueError(f"An accuracy is zero or more metres, not {accuracy_m}.")
    if not fixed_at_s > -math.inf:
        raise ValueError(f"The time of a fix is a number of seconds, not {fixed_at_s}.")


def check_marks(marks: int) -> None:
    """Raise ValueError for what is not a set of 32 bits."""
    if not 0 <= marks <= _ALL_MARKS:
        raise ValueError(f"Marks are 32 bits, not {marks}.")


def last_of_each(keys: Sequence[object]) -> NDArray[np.int64]:
    """Return at which number each key is found last."""
    last = {key: number for number, key in enumerate(keys)}
    return np.fromiter(last.values(), np.int64, len(last))


def _column(values: ArrayLike, count: int) -> NDArray[np.float64]:
    column = np.asarray(values, np.float64)
    if column.ndim > 0 and column.shape != (count,):
        raise ValueError("There must be one value for every key, or one for all.")
    return np.broadcast_to(column, count)


def _extremes(column: NDArray[np.float64] | NDArray[np.int64]) -> list[float]:
    """Return the least and the greatest value, both NaN when there is any."""
    return [column.min().item(), column.max().item()] if column.size else []
