"""`make test-faults`: storms of SOS while something dies, and an audit after each run.

Loopback only, on a database and a service of its own, both gone afterwards. Figures in build/bench/faults.json.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import uvloop

from loadtests.figures import publish
from loadtests.processes import ended_by_signals
from tests.faults.audit import Measure
from tests.faults.link import why_not
from tests.faults.runs import Outcome, Turn, run_in_turn
from tests.faults.scenarios import SCENARIOS
from tests.faults.scene import Cast
from tests.faults.storm import Shape

_FIRST_FINDINGS: Final = 20
_FIRST_COMPLAINTS: Final = 12
_OUT: Final = Path("build/bench/faults.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it, write the figures down, and answer 1 when anything was not as it must be."""
    options = _options(arguments)
    seed = random.SystemRandom().randrange(10**9) if options.seed is None else options.seed
    names = list(SCENARIOS) if options.scenario == "all" else [options.scenario]
    shape = Shape(responders=options.responders, sos_per_s=options.sos_per_s)
    print(f"faults: seed {seed}", flush=True)
    outcomes: list[Outcome] = []
    try:
        with ended_by_signals():
            for name in names:
                if SCENARIOS[name].cast is Cast.TWO_APART and (reason := why_not()) is not None:
                    print(f"{name}: not run, {reason}", flush=True)
                    continue
                # Each in a city of its own: what one has broken must not be found again by the next.
                # What a call with another seed has kept stays: what to look for is sometimes understood too late.
                logs = None if options.logs is None else options.logs / f"{name}-{seed}"
                outcomes += uvloop.run(run_in_turn([_turn(name, options)], seed=seed, shape=shape, logs=logs))
    except KeyboardInterrupt:
        print("interrupted: everything that was started has been ended")
        return 130
    publish(_figures(outcomes, seed, shape), options.out, _table(outcomes, seed))
    return 1 if any(each.counts.total() for each in outcomes) else 0


def _turn(name: str, options: argparse.Namespace) -> Turn:
    scenario = SCENARIOS[name]
    runs = scenario.runs if options.runs is None else options.runs
    run_s = scenario.run_s if options.run_s is None else options.run_s
    return Turn(name, runs, run_s, options.away_s)


def _figures(outcomes: Sequence[Outcome], seed: int, shape: Shape) -> dict[str, Any]:
    totals = {measure.value: sum(each.counts[measure] for each in outcomes) for measure in Measure}
    return {
        "runs": sum(each.runs for each in outcomes),
        **totals,
        "seed": seed,
        "responders": shape.responders,
        "sos_per_s": shape.sos_per_s,
        "scenarios": {each.scenario: each.as_dict() for each in outcomes},
        "first_findings": [text for each in outcomes for text in each.findings][:_FIRST_FINDINGS],
    }


def _table(outcomes: Sequence[Outcome], seed: int) -> str:
    lines = []
    for each in outcomes:
        found = ", ".join(f"{measure} {each.counts[measure]}" for measure in Measure)
        lines.append(f"{each.scenario}: {each.runs} runs, {each.notes['sos']} SOS; {found}")
        lines.append("  " + ", ".join(f"{name} {value:g}" for name, value in sorted(each.notes.items())))
        lines += [f"  {text}" for text in each.findings[:_FIRST_FINDINGS]]
        lines += [
            f"  the service's log, {times} times: {text}"
            for text, times in each.complaints.most_common(_FIRST_COMPLAINTS)
        ]
    return "\n".join([*lines, f"seed {seed}"])


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", choices=[*SCENARIOS, "all"], default="all", help="what befalls the service")
    parser.add_argument("--runs", type=int, default=None, help="of each scenario (kill: 200, others fewer)")
    parser.add_argument("--run-s", type=float, default=None, help="how long the storm blows for a fault")
    parser.add_argument("--away-s", type=float, default=None, help="of workers: how long something stays away (10)")
    parser.add_argument("--seed", type=int, default=None, help="to see the runs again")
    parser.add_argument("--sos-per-s", type=float, default=20.0)
    parser.add_argument("--responders", type=int, default=500)
    parser.add_argument("--logs", type=Path, default=None, help="where to keep what the services wrote, at length")
    parser.add_argument("--out", type=Path, default=_OUT)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
