"""Chance that everybody shares: a draw is a function of who and what it is for, never of when it is asked for.

So two dispatch rules see the same people answer the same way (common random numbers; A. Law, "Simulation Modeling and
Analysis", 5th edition, section 11.2), in whatever order they ask, and whichever other rules run beside them.
"""

from enum import IntEnum, auto

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_TO_UNIT = 2.0**-53


class What(IntEnum):
    """What a draw is for."""

    CENTRE_EAST = 1
    CENTRE_NORTH = auto()
    CENTRE_WEIGHT = auto()
    HOME_CENTRE = auto()
    HOME_EAST = auto()
    HOME_NORTH = auto()
    WORK_CENTRE = auto()
    WORK_EAST = auto()
    WORK_NORTH = auto()
    MODE = auto()
    PACE = auto()
    WILLINGNESS = auto()
    PAST_ALERTS = auto()
    PAST_BY_NIGHT = auto()
    PAST_YES_BY_DAY = auto()
    PAST_YES_BY_NIGHT = auto()
    AED_CENTRE = auto()
    AED_EAST = auto()
    AED_NORTH = auto()
    AED_HOURS = auto()
    AED_HOURS_KNOWN = auto()
    AED_HOURS_WRONG = auto()
    AED_READY = auto()
    AED_FAULT_KNOWN = auto()
    AED_VERIFIED = auto()
    AED_FAULT_SEEN = auto()
    COLLECTING = auto()
    HOUR = auto()
    DAY = auto()
    AT_HOME = auto()
    PATIENT_CENTRE = auto()
    PATIENT_EAST = auto()
    PATIENT_NORTH = auto()
    WITNESSED = auto()
    CALL = auto()
    BYSTANDER = auto()
    BYSTANDER_AT = auto()
    TOLD_OF_CPR = auto()
    FLOOR = auto()
    FLOOR_TOLD = auto()
    ENTRY = auto()
    TAP_EAST = auto()
    TAP_NORTH = auto()
    AMBULANCE = auto()
    ANNOUNCED = auto()
    ON_DUTY = auto()
    WHERE = auto()
    ALONG = auto()
    HEADING = auto()
    FIX_AGE = auto()
    FIX_EAST = auto()
    FIX_NORTH = auto()
    DELIVERED = auto()
    DELIVERY = auto()
    ANSWER = auto()
    SILENT = auto()
    ANSWER_AT = auto()
    TURNOUT = auto()
    OTHER_MODE = auto()
    SPEED = auto()
    DETOUR = auto()
    BARRIER = auto()
    DETOUR_TO_AED = auto()
    BARRIER_TO_AED = auto()
    DETOUR_ONWARD = auto()
    BARRIER_ONWARD = auto()
    GIVES_UP = auto()
    GIVES_UP_AT = auto()
    SAYS_SO = auto()
    TAPS = auto()
    REPLIES = auto()


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): each bit of the input moves all."""
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


class Draws:
    """The chances of one story: a town (`story` -1) or one arrest in it."""

    def __init__(self, seed: int, story: int) -> None:
        start = np.array([seed % 2**63, (story + 1) % 2**63], np.uint64)
        with np.errstate(over="ignore"):
            self._key = _mixed(_mixed(start[:1] + _GOLDEN) + start[1:] * _GOLDEN)

    def uniform(self, what: What, who: Integers) -> Floats:
        """Between 0 and 1, neither included, for each of `who`."""
        with np.errstate(over="ignore"):
            key = _mixed(self._key + np.uint64(what) * _GOLDEN)
            bits = _mixed(key + (who.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
        return ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * _TO_UNIT

    def normal(self, what: What, who: Integers) -> Floats:
        """Standard normal (G. Box, M. Muller, 1958), for each of `who`."""
        first = self.uniform(what, who)
        second = self.uniform(what, who + 2**40)
        return np.asarray(np.sqrt(-2.0 * np.log(first)) * np.cos(2.0 * np.pi * second), np.float64)

    def lognormal(self, what: What, who: Integers, median: float, sigma: float) -> Floats:
        """Log-normal around `median`, for each of `who`."""
        return median * np.exp(sigma * self.normal(what, who))

    def one(self, what: What) -> float:
        """One uniform draw for the story itself."""
        return float(self.uniform(what, _NOBODY)[0])

    def one_normal(self, what: What) -> float:
        """One standard normal draw for the story itself."""
        return float(self.normal(what, _NOBODY)[0])


_NOBODY: Integers = np.zeros(1, np.int64)
