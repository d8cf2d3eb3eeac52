"""How likely people say yes: a share of the hour, and each person's own log odds around it."""

import math
from typing import Final

import numpy as np

from simulator.evaluation.draws import Floats
from simulator.evaluation.parameters import HOURS

# As the service has it (`rescue.daytime`): from ten in the evening to six.
NIGHT_BEGINS: Final = 22
NIGHT_ENDS: Final = 6


def odds_of(share: float, spread: float) -> float:
    """The middle log odds of people who differ by `spread` so that on the average they accept that share.

    A logistic curve averaged over a normal spread is nearly one again, flatter by sqrt(1 + pi spread^2 / 8)
    (D. MacKay, "Information Theory, Inference, and Learning Algorithms", 2003, section 41.4).
    """
    return math.log(share / (1.0 - share)) * math.sqrt(1.0 + math.pi * spread**2 / 8.0)


def share_of(odds: Floats) -> Floats:
    """The probability that log odds stand for."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float64)


def by_day_and_night(by_hour: tuple[float, ...]) -> tuple[float, float]:
    """The mean of a day's hours, and of a night's."""
    night = [by_hour[hour % HOURS] for hour in range(NIGHT_BEGINS, HOURS + NIGHT_ENDS)]
    day = by_hour[NIGHT_ENDS:NIGHT_BEGINS]
    return sum(day) / len(day), sum(night) / len(night)
