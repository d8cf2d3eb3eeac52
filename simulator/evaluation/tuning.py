"""At which price of an alert our rule sends as many alerts as another: so that rules are compared like for like."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dispatch.rescue.policy import Policy
from simulator.evaluation.contenders import Contender, Crew, Field, ours
from simulator.evaluation.estimates import column

# Arrests that nothing else is measured on: a price is not to be fitted to those that it is judged by.
TRIED: Final = range(10_000_000, 10_000_500)

# Prices that bracket everything from two alerts an arrest to as many as the cap lets through.
PRICES: Final = (0.16, 0.08, 0.04, 0.02, 0.01, 0.005, 0.0025, 0.00125, 0.0006, 0.00015)

# Ours is to send no more than the rival: so much less is aimed at, for a trial's mean is not exact.
_SAFELY: Final = 0.99


@dataclass(frozen=True, slots=True)
class Tuning:
    """How many alerts an arrest gets at each price tried, and under each rival, on the same arrests."""

    prices: tuple[float, ...]
    alerts: tuple[float, ...]
    rivals: dict[str, float]

    def price_for(self, target: float) -> float:
        """The price at which the mean number of alerts is `target`, between those tried; the nearest of them beyond.

        Linear in the logarithms of both. Fewer alerts cost more, so prices fall along `prices` as alerts rise.
        """
        wanted = target * _SAFELY
        if wanted <= self.alerts[0]:
            return self.prices[0]
        for place in range(1, len(self.alerts)):
            fewer, more = self.alerts[place - 1], self.alerts[place]
            if fewer < wanted <= more:
                share = math.log(wanted / fewer) / math.log(more / fewer)
                low, high = math.log(self.prices[place - 1]), math.log(self.prices[place])
                return float(f"{math.exp(low + share * (high - low)):.5g}")
        return self.prices[-1]


def tune(crew: Crew, field: Field, rivals: Sequence[Contender], policy: Policy, tried: range = TRIED) -> Tuning:
    """Try every price on arrests set apart for it."""
    at_prices = [ours(policy, price, name=f"{price:g}") for price in PRICES]
    outcomes = crew.outcomes(field, [*rivals, *at_prices], tried)
    alerts = {name: float(column(each, "alerts").mean()) for name, each in outcomes.items()}
    return Tuning(
        PRICES, tuple(alerts[f"{price:g}"] for price in PRICES), {each.name: alerts[each.name] for each in rivals}
    )
