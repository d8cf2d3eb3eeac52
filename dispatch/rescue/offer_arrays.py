"""The arrays that the search for a plan works on, and their types for the compiler."""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

Offers = tuple[Floats, Floats, Floats, Integers, Integers, Floats, Integers]
"""A row for each offer: `arrive_s` (rising), `comes`, `brings`, `aed`, `responder` (from 0), `price` and `stands`."""

Terms = tuple[Floats, Floats, float, float, float]
"""`works`, `pair_worth`, `until_s`, `hands_per_s`, `shock_per_s`."""

Steps = tuple[Floats, Floats, Floats, Floats, Floats]
"""`knots`, `hands` and its integral up to `until_s` (n + 2,), `shock` and its integral (n + 2, AEDs)."""

# Where an offer stands in the search (`stands`): to be chosen, under way already, or there only to be compared with.
FREE, UNDER_WAY, ASIDE = 0, 1, 2

_tuple_of: Any = types.Tuple
_FLOATS, _INTEGERS = types.float64[::1], types.int64[::1]
OFFERS = _tuple_of((_FLOATS, _FLOATS, _FLOATS, _INTEGERS, _INTEGERS, _FLOATS, _INTEGERS))
_TERMS = _tuple_of((_FLOATS, _FLOATS, types.float64, types.float64, types.float64))

# What the search's two entries answer and take.
SEARCHING = (
    _tuple_of((_INTEGERS, types.float64, types.float64)),
    [OFFERS, _TERMS, types.int64, types.int64],
)
APPRAISING = (_tuple_of((types.float64, types.float64, _FLOATS)), [OFFERS, _TERMS, _INTEGERS])
