"""What a second is worth that passes: all the same, or the early ones more than the late."""

import math

import numpy as np

from dispatch.rescue.offer_arrays import Floats, Offers, Terms
from dispatch.rescue.policy import BenefitPolicy

_MINUTE_S = 60.0


def worth_of(offers: Offers, terms: Terms, benefit: BenefitPolicy, elapsed_s: float) -> tuple[Offers, Terms]:
    """The same offers and terms where time runs as fast as it is worth: what the search adds up is survival then.

    At s seconds from now a second is worth exp(-fade (elapsed + s - slopes_at)) times what the slopes say. The benefit
    is an integral over time of that weight and a step function of the arrivals, so that it is the integral of the step
    function alone once each arrival is put at the worth of all seconds before it: (1 - exp(-fade s)) / fade. Arrivals
    keep their order, and whatever holds of the benefit (monotone, submodular, its bound) goes on to hold.
    """
    fade_per_s = benefit.fades_per_min / _MINUTE_S
    if fade_per_s == 0.0:
        return offers, terms
    works, pair_worth, until_s, hands_per_s, shock_per_s = terms
    weight = math.exp(-fade_per_s * (elapsed_s - benefit.slopes_at_s))
    passed = _passed(np.append(offers[0], until_s), fade_per_s)
    weighed = (works, pair_worth, float(passed[-1]), hands_per_s * weight, shock_per_s * weight)
    return (passed[:-1], *offers[1:]), weighed


def _passed(seconds: Floats, fade_per_s: float) -> Floats:
    # Whoever should have been there already is there now.
    return np.asarray(-np.expm1(-fade_per_s * np.maximum(seconds, 0.0)) / fade_per_s, np.float64)
