"""How good plans are, and how long they take: `python -m loadtests.bench_plan`. Writes `build/bench/plan.json`.

Small random cases are compared with the best of all choices, looked at one by one by code of its own
(`plan_oracle`). Large ones cannot be: there the plan's own upper bound says how far from the best it is at most.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.offer_arrays import FREE
from dispatch.rescue.offers import offer_table
from dispatch.rescue.plan_kernels import best_alerts
from dispatch.rescue.policy import PricePolicy
from loadtests.bench_sos import machine
from loadtests.figures import publish
from loadtests.plan_cases import random_request
from loadtests.plan_oracle import best

# More choices than this, and the slow way takes minutes.
_MOST_CHOICES: Final = 1500
_MANY: Final = 10**9
_TIMED: Final = 30
_ROUNDING: Final = 1e-9


def small_cases(count: int, rng: Random) -> dict[str, Any]:
    """Compare the search, made to search however few choices there are, with the best of all choices."""
    gaps: list[float] = []
    choices: list[int] = []
    below = 0
    while len(gaps) < count:
        cap = rng.randint(1, 5)
        table = offer_table(random_request(rng, people=rng.randint(1, 7), aeds=rng.randint(0, 3), cap=cap))
        if not 1 < table.choices <= _MOST_CHOICES or not (table.stands == FREE).all():
            continue
        _, value, bound = best_alerts(table.offers, table.terms, cap, _MANY)
        optimum = best(table.offers, table.terms, cap)
        gaps.append((optimum - value) / optimum if optimum > 0 else 0.0)
        choices.append(table.choices)
        below += bound < optimum * (1.0 - _ROUNDING)
    return {
        "cases": count,
        "choices_p50": statistics.median(choices),
        "gap_mean": max(0.0, statistics.fmean(gaps)),
        "gap_max": max(0.0, *gaps),
        "not_optimal": sum(each > _ROUNDING for each in gaps),
        "bounds_below_the_optimum": below,
    }


def large_cases(count: int, rng: Random, *, people: int, aeds: int, cap: int) -> dict[str, Any]:
    """Plan for many people and AEDs; answer how tight the bounds are and what a plan takes."""
    ratios: list[float] = []
    alerts: list[int] = []
    plan_ms: list[float] = []
    for number in range(count):
        # Half of them with alerts that cost nothing, so that the cap is what stops them.
        price = PricePolicy(alert=0.0, journey=0.0) if number % 2 else PricePolicy()
        request = random_request(rng, people=people, aeds=aeds, cap=cap, price=price)
        started = time.perf_counter()
        plan = best_plan(request)
        plan_ms.append((time.perf_counter() - started) * 1000.0)
        alerts.append(len(plan.alerts))
        if plan.value and plan.upper_bound:
            ratios.append(plan.upper_bound / plan.value)
    return {
        "cases": count,
        "people": people,
        "aeds": aeds,
        "cap": cap,
        "alerts_p50": statistics.median(alerts),
        "bound_over_value_p50": statistics.median(ratios),
        "bound_over_value_max": max(ratios),
        "plan_ms_p50": statistics.median(plan_ms[_TIMED:] or plan_ms),
        "plan_ms_max": max(plan_ms[_TIMED:] or plan_ms),
    }


def table_of(written: dict[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    small, large, usual = written["small"], written["large"], written["usual"]
    return "\n".join(
        [
            f"{small['cases']} small cases against every choice (median {small['choices_p50']:.0f} choices):",
            f"  gap mean {small['gap_mean']:.4%}, worst {small['gap_max']:.3%}; not optimal {small['not_optimal']};",
            f"  bounds below the optimum {small['bounds_below_the_optimum']}",
            *(
                f"{each['people']} people x {each['aeds']} AEDs, cap {each['cap']}: "
                f"bound over value {each['bound_over_value_p50']:.3f} at the median, "
                f"{each['bound_over_value_max']:.3f} at most; a plan takes {each['plan_ms_p50']:.2f} ms"
                for each in (large, usual)
            ),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code: 1 where a bound was below the optimum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", type=int, default=1000, help="small cases (default 1000)")
    parser.add_argument("--large", type=int, default=200, help="large cases of either size (default 200)")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("build/bench/plan.json"), help="where the figures go")
    options = parser.parse_args(arguments)
    if options.small < 1 or options.large < 1:
        parser.error("--small and --large must be at least 1")
    rng = Random(options.seed)
    small = small_cases(options.small, rng)
    large = large_cases(options.large, rng, people=200, aeds=20, cap=20)
    usual = large_cases(options.large, rng, people=60, aeds=12, cap=20)
    written = {
        "name": "plan",
        "gap_mean": small["gap_mean"],
        "gap_max": small["gap_max"],
        "bound_over_value_p50": large["bound_over_value_p50"],
        "small": small,
        "large": large,
        "usual": usual,
        "seed": options.seed,
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    publish(written, options.out, table_of(written))
    return 1 if small["bounds_below_the_optimum"] else 0


if __name__ == "__main__":
    sys.exit(main())
