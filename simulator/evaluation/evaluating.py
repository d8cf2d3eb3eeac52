"""The whole evaluation: the same arrests of every density under every rival, and under ours at several prices."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from dispatch.rescue.policy import Policy
from simulator.evaluation.arrests import Worse
from simulator.evaluation.contenders import Crew, Field, ours, rivals
from simulator.evaluation.draws import Floats
from simulator.evaluation.estimates import between, column
from simulator.evaluation.parameters import Parameters
from simulator.evaluation.rivals import RIVALS
from simulator.evaluation.survival import MODELS
from simulator.evaluation.tuning import TRIED, Tuning, tune

NO_VOLUNTEERS: Final = "no_volunteers"

SENSITIVITIES: Final[dict[str, Worse]] = {
    "acceptance_halved": Worse(acceptance_factor=0.5),
    "positions_3_min_older": Worse(fixes_older_s=180.0),
    "half_of_hours_unknown": Worse(hours_known_factor=0.5),
}

# Numbers of alerts as near to each other as this share one run of ours.
_AS_MANY: Final = 1.05

# A lot between two prices is a little worse than the price between them would be: half the alerts are met between
# prices that lie close around them.
_CLOSE: Final = 1.03


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """What to evaluate: how many arrests of each density, by which seed, with how many processes."""

    arrests: int
    seed: int
    jobs: int
    densities: tuple[str, ...]
    policy: Policy = field(default_factory=Policy)
    sensitivity_arrests: int = 1000
    tuning_arrests: int = 150


@dataclass(frozen=True, slots=True)
class Mixed:
    """Ours with a share of the arrests, by lot, at the price of `upper` and the others at that of `lower`."""

    lower: str
    upper: str
    upper_share: float
    outcomes: Floats


@dataclass(slots=True)
class Density:
    """All outcomes of one density by rule; ours by `prices`, as `ours@PRICE`, the fewest alerts first."""

    where: Field
    outcomes: dict[str, Floats]
    prices: dict[str, float]
    # Ours with the core's own defaults, of fewer arrests.
    shipped: Floats
    # The rivals that are best by any model, the best by most of them first.
    best: list[str]
    sensitivities: dict[str, dict[str, Floats]]

    @property
    def rivals(self) -> list[str]:
        """Every rival's name."""
        return [each for each in self.outcomes if each in RIVALS]

    def at(self, alerts: float) -> Mixed:
        """Ours at so many alerts an arrest: by lot between the two prices beside it; at most all there are."""
        before = NO_VOLUNTEERS
        for run in self.prices:
            if float(column(self.outcomes[run], "alerts").mean()) > alerts:
                outcomes, share = between(self.outcomes[before], self.outcomes[run], alerts)
                return Mixed(before, run, share, outcomes)
            before = run
        return Mixed(before, before, 1.0, self.outcomes[before])


def evaluate(parameters: Parameters, options: EvaluationOptions, say: Callable[[str], None]) -> dict[str, Density]:
    """Run everything. The same options but for `jobs` give the same outcomes."""
    found: dict[str, Density] = {}
    with Crew(options.jobs) as crew:
        for density in options.densities:
            started = time.perf_counter()
            found[density] = _evaluate(crew, Field(parameters, density, options.seed), options)
            say(f"{density}: {options.arrests} arrests, {time.perf_counter() - started:.0f} s")
    return found


def _evaluate(crew: Crew, where: Field, options: EvaluationOptions) -> Density:
    against = rivals()
    tuning = tune(crew, where, against, options.policy, TRIED[: options.tuning_arrests])
    outcomes = crew.outcomes(where, against, range(options.arrests))
    best = _best_rivals(outcomes, [each for each in tuning.rivals if each != NO_VOLUNTEERS])
    runs = [ours(options.policy, price, name=f"ours@{price:g}") for price in prices_for(tuning, best)]
    prices = {run.name: run.policy.price.alert for run in runs if run.policy is not None}
    outcomes |= crew.outcomes(where, runs, range(options.arrests))
    fewer = range(min(options.sensitivity_arrests, options.arrests))
    shipped = crew.outcomes(where, [ours(Policy())], fewer)["ours"]
    # As tuned for the best rival in the usual city.
    kept = ours(options.policy, tuning.price_for(tuning.rivals[best[0]]), name="ours")
    sensitivities = {
        name: crew.outcomes(
            Field(where.parameters, where.density, where.seed, worse),
            [*against, kept],
            fewer,
        )
        for name, worse in SENSITIVITIES.items()
    }
    return Density(where, outcomes, prices, shipped, best, sensitivities)


def prices_for(tuning: Tuning, best: Sequence[str]) -> list[float]:
    """The prices to run: for the fewest and most alerts of any rival, around half of the best ones', and between."""
    alerts = [each for name, each in tuning.rivals.items() if name != NO_VOLUNTEERS and each > 0.0]
    halves = [tuning.rivals[name] / 2.0 for name in best]
    between_them = math.sqrt(min(alerts) * min(halves))
    around_halves = [min(halves) / _CLOSE, *(each * _CLOSE for each in halves)]
    wanted = sorted([min(alerts), between_them, *around_halves, max(alerts)])
    targets: list[float] = []
    for target in wanted:
        if not targets or target > targets[-1] * _AS_MANY:
            targets.append(target)
    # More than the cap lets through, and fewer than the dearest alert, come to the same price.
    return sorted({tuning.price_for(target) for target in targets}, reverse=True)


def _best_rivals(outcomes: dict[str, Floats], names: Sequence[str]) -> list[str]:
    """The best by each model, the one that most models find best first, none twice."""
    best = [max(names, key=lambda name: float(column(outcomes[name], model).mean())) for model in MODELS]
    return sorted(set(best), key=lambda name: (-best.count(name), best.index(name)))
