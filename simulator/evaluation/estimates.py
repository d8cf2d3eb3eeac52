"""Means and differences with 95 % intervals.

Rules are compared arrest by arrest, for all see the same ones: the difference of each pair is what is averaged, and
its spread, not that of the rules apart, makes the interval. With ten thousand pairs a mean is normal enough.
"""

import math
from dataclasses import dataclass
from typing import Final

from simulator.evaluation.draws import Floats

COLUMNS: Final = (
    *("alerts", "cpr_s", "shock_s", "larsen", "valenzuela", "de_maio"),
    *("accepted", "arrived", "volunteer_cpr", "volunteer_shock", "hour"),
)
"""What is noted of each arrest under each rule, in this order."""

LESS_IS_BETTER: Final = frozenset({"alerts", "cpr_s", "shock_s"})

_Z95: Final = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and its 95 % interval."""

    mean: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The three, to seven digits."""
        return {name: float(f"{getattr(self, name):.7g}") for name in ("mean", "low", "high")}


def estimate(values: Floats) -> Estimate:
    """The mean of independent values. Raises ValueError when there are none."""
    if not len(values):
        raise ValueError("no values have no mean")
    mean = float(values.mean())
    if len(values) == 1:
        return Estimate(mean, -math.inf, math.inf)
    half = _Z95 * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Estimate(mean, mean - half, mean + half)


def column(outcomes: Floats, name: str) -> Floats:
    """One column of outcomes (arrests, columns)."""
    return outcomes[:, COLUMNS.index(name)]


def gain(ours: Floats, theirs: Floats, name: str) -> Estimate:
    """By how much ours is better, pair by pair: less time, or more survival. Below 0: worse."""
    difference = column(ours, name) - column(theirs, name)
    return estimate(-difference if name in LESS_IS_BETTER else difference)


def between(lower: Floats, upper: Floats, target: float) -> tuple[Floats, float]:
    """What is expected where each arrest falls to one of two rules by lot, so that `target` alerts are sent.

    Answers the outcomes and the share that falls to the upper. `target` outside the two takes the nearer one.
    """
    few, many = float(column(lower, "alerts").mean()), float(column(upper, "alerts").mean())
    share = 0.0 if many <= few else min(1.0, max(0.0, (target - few) / (many - few)))
    return lower + share * (upper - lower), share
