"""What `simulator evaluate` does: reads, runs, writes, and says what holds."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.evaluation.evaluating import EvaluationOptions, evaluate
from simulator.evaluation.findings import told
from simulator.evaluation.naming import RESPECTS, minutes, percent, rule_name
from simulator.evaluation.parameters import BadParametersError, read_parameters
from simulator.evaluation.pictures import NoPlotsError, draw
from simulator.evaluation.policies import read_policy
from simulator.evaluation.report import page, table


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOptions:
    """What the command line says."""

    arrests: int
    seed: int
    jobs: int
    density: str
    parameters: Path
    policy: Path
    out: Path
    report: Path | None
    sensitivity_arrests: int
    tuning_arrests: int


def run_evaluation(options: EvaluateOptions, out: Callable[[str], None]) -> dict[str, Any]:
    """Evaluate and write JSON, CSV and, if asked for, the report; answers what the JSON holds.

    Raises BadParametersError.
    """
    parameters = read_parameters(options.parameters)
    densities = tuple(parameters.density) if options.density == "all" else (options.density,)
    if densities[0] not in parameters.density:
        raise BadParametersError(f"density.{densities[0]}: there is no such section in {options.parameters}")
    plan = EvaluationOptions(
        arrests=options.arrests,
        seed=options.seed,
        jobs=options.jobs,
        densities=densities,
        policy=read_policy(options.policy),
        sensitivity_arrests=options.sensitivity_arrests,
        tuning_arrests=options.tuning_arrests,
    )
    written = told(evaluate(parameters, plan, out), parameters, plan)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    csv_file = options.out.with_suffix(".csv")
    csv_file.write_text(table(written), encoding="utf-8")
    for line in summary(written):
        out(line)
    out(f"written to {options.out} and {csv_file}")
    if options.report is not None:
        _report(written, options.report, out)
    return written


def _report(written: dict[str, Any], folder: Path, out: Callable[[str], None]) -> None:
    pictures: dict[str, list[str]] = {}
    try:
        drawn = draw(written, folder / "pictures" / "evaluation")
        pictures = {name: [os.path.relpath(each, folder) for each in paths] for name, paths in drawn.items()}
    except NoPlotsError as error:
        out(str(error))
    file = folder / "evaluation.md"
    file.write_text(page(written, pictures), encoding="utf-8")
    out(f"report: {file}")


def summary(written: dict[str, Any]) -> list[str]:
    """The figures as a person reads them."""
    lines: list[str] = []
    for density, each in written["densities"].items():
        lines.append(f"{density}:")
        rules = {**each["rivals"], **each["ours_at_prices"]}
        for rule, figures in rules.items():
            survival = "  ".join(
                f"{RESPECTS[model]} {percent(value['mean'])}" for model, value in figures["survival"].items()
            )
            lines.append(
                f"  {rule_name(rule):<48} {figures['alerts']['mean']:5.1f} alerts  "
                f"CPR {minutes(figures['cpr_s']['mean'])}  shock {minutes(figures['shock_s']['mean'])}  {survival}"
            )
    for kind, words in (("equal", "at equal alerts strictly better"), ("half", "at half the alerts as good")):
        claims = [claim for each in written["densities"].values() for claim in each["claims"] if claim["claim"] == kind]
        lines.append(f"{words}: {sum(claim['holds'] for claim in claims)} of {len(claims)} comparisons")
        lines += [
            f"  not {claim['density']}, {rule_name(claim['rival'])}, {RESPECTS[claim['what']]}: "
            f"{claim['gain']['mean']:+.4g} ({claim['gain']['low']:+.4g} to {claim['gain']['high']:+.4g})"
            for claim in claims
            if not claim["holds"]
        ]
    return lines
