"""The offers of all candidates from their times of arrival, compiled: a dozen array operations in one."""

import numpy as np
from numba import float64

from dispatch.rescue.offer_arrays import FREE, OFFERS, Floats, Offers
from geo.compiled import compiled


@compiled(
    OFFERS,
    [
        float64[::1],
        float64[:, ::1],
        float64[:, ::1],
        float64[::1],
        float64,
        float64[::1],
        float64[::1],
    ],
)
def offers_in_time(
    direct_s: Floats,
    at_aed_s: Floats,
    via_aed_s: Floats,
    open_s: Floats,
    until_s: float,
    comes: Floats,
    price: Floats,
) -> Offers:
    """Every role in which each candidate would be there before `until_s`, in the order of arrival.

    The way by an AED counts if it is still open when its runner gets there: `open_s` from now. Arrivals are as in
    `rescue.arrival.Arrivals`; equal ones stay in the order of candidates and AEDs.
    """
    people, aeds = via_aed_s.shape
    arrive_s = np.empty(people * (aeds + 1))
    person = np.empty(len(arrive_s), np.int64)
    aed = np.empty(len(arrive_s), np.int64)
    count = 0
    for row in range(people):
        for column in range(-1, aeds):
            at_s = direct_s[row] if column < 0 else via_aed_s[row, column]
            if at_s < until_s and (column < 0 or at_aed_s[row, column] < open_s[column]):
                arrive_s[count], person[count], aed[count] = at_s, row, column
                count += 1
    order = np.argsort(arrive_s[:count], kind="mergesort")
    comes_here = comes[person[order]]
    return (
        arrive_s[order],
        comes_here,
        np.where(aed[order] < 0, 0.0, comes_here),
        aed[order],
        person[order],
        price[person[order]],
        np.full(count, FREE, np.int64),
    )
