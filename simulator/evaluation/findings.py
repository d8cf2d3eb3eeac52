"""What an evaluation found, as `evaluate.json` has it: figures of every rule, what ours gains, which claims hold."""

from typing import Any, Final

import numpy as np

from simulator.evaluation.calibration import calibrated
from simulator.evaluation.draws import Floats
from simulator.evaluation.estimates import column, estimate, gain
from simulator.evaluation.evaluating import NO_VOLUNTEERS, Density, EvaluationOptions, Mixed
from simulator.evaluation.parameters import HOURS, Parameters
from simulator.evaluation.survival import MODELS

# Survival and the shock are claimed; the time to CPR is told beside them.
CLAIMED: Final = ("shock_s", *MODELS)
TOLD: Final = ("cpr_s", *CLAIMED)

# Arrests that crews assess, of 100,000 people in a year: 92,913 in what is 9 % of mainland China (BASIC-OHCA, 2023).
_A_YEAR_PER_100000: Final = 73.0


def told(found: dict[str, Density], parameters: Parameters, options: EvaluationOptions) -> dict[str, Any]:
    """Everything as `evaluate.json` has it: no times of this machine, so that the same seed gives the same file."""
    densities = {name: _told_density(each, parameters) for name, each in found.items()}
    claims = [claim for each in densities.values() for claim in each["claims"]]
    return {
        "name": "evaluate",
        "seed": options.seed,
        "arrests": options.arrests,
        "measure": {
            "equal_alerts": all(each["holds"] for each in claims if each["claim"] == "equal"),
            "half_the_alerts": all(each["holds"] for each in claims if each["claim"] == "half"),
            "not_held": [each for each in claims if not each["holds"]],
        },
        "densities": densities,
    }


def _told_density(density: Density, parameters: Parameters) -> dict[str, Any]:
    outcomes, hours = density.outcomes, column(density.outcomes[NO_VOLUNTEERS], "hour")
    alerts = {rival: float(column(outcomes[rival], "alerts").mean()) for rival in density.rivals}
    equal = {rival: density.at(alerts[rival]) for rival in density.rivals if rival != NO_VOLUNTEERS}
    half = {rival: density.at(alerts[rival] / 2.0) for rival in density.best}
    rivals_told: dict[str, Any] = {}
    for rival in density.rivals:
        rivals_told[rival] = _told_rule(outcomes[rival], parameters)
        if rival in equal:
            rivals_told[rival]["ours_at_equal_alerts"] = _against(equal[rival], outcomes[rival])
    best = density.best[0]
    shown = {**{rival: outcomes[rival] for rival in density.rivals}, "ours": equal[best].outcomes}
    name = density.where.density
    return {
        "calibration": calibrated(density.where, len(hours)),
        "rivals": rivals_told,
        "ours_at_prices": {
            run: _told_rule(outcomes[run], parameters) | {"price": price} for run, price in density.prices.items()
        },
        "ours_with_defaults": _with_defaults(density),
        "best_rivals": density.best,
        "ours_at_half_the_alerts": {rival: _against(mixed, outcomes[rival]) for rival, mixed in half.items()},
        "by_hour": {rule: _by_hour(each, hours) for rule, each in shown.items()},
        "sensitivities": {worse: _sensitivity(each) for worse, each in density.sensitivities.items()},
        "claims": [
            *(
                _claim(name, "equal", rival, equal[rival].outcomes, outcomes[rival], what)
                for rival in equal
                for what in CLAIMED
            ),
            *(
                _claim(name, "half", rival, half[rival].outcomes, outcomes[rival], what)
                for rival in half
                for what in MODELS
            ),
        ],
    }


def _with_defaults(density: Density) -> dict[str, Any]:
    """Ours with the core's defaults beside the best rivals, on as many arrests as it was run on."""
    mine = density.shipped
    return {
        "arrests": len(mine),
        "alerts": estimate(column(mine, "alerts")).as_dict(),
        "gain": {
            rival: {what: gain(mine, density.outcomes[rival][: len(mine)], what).as_dict() for what in TOLD}
            for rival in density.best
        },
    }


def _told_rule(outcomes: Floats, parameters: Parameters) -> dict[str, Any]:
    alerts = estimate(column(outcomes, "alerts"))
    # So many arrests a year fall to each registered first-aider, whom alerts are shared among.
    each_year = _A_YEAR_PER_100000 / 100_000.0 / parameters.people.registered_share
    return {
        "alerts": alerts.as_dict(),
        "alerts_per_responder_a_year": float(f"{alerts.mean * each_year:.4g}"),
        "cpr_s": estimate(column(outcomes, "cpr_s")).as_dict(),
        "shock_s": estimate(column(outcomes, "shock_s")).as_dict(),
        "survival": {model: estimate(column(outcomes, model)).as_dict() for model in MODELS},
        **{
            f"{name}_{what}": float(f"{np.mean(column(outcomes, name)):.5g}")
            for name, what in (
                *(("accepted", "mean"), ("arrived", "mean")),
                *(("volunteer_cpr", "share"), ("volunteer_shock", "share")),
            )
        },
    }


def _against(mixed: Mixed, theirs: Floats) -> dict[str, Any]:
    """What ours gains in each respect, pair by pair; above 0 is better for ours, whatever the respect."""
    return {
        "runs": {mixed.lower: round(1.0 - mixed.upper_share, 4), mixed.upper: round(mixed.upper_share, 4)},
        "alerts": estimate(column(mixed.outcomes, "alerts")).as_dict(),
        "rival_alerts": estimate(column(theirs, "alerts")).as_dict(),
        "cpr_s": estimate(column(mixed.outcomes, "cpr_s")).as_dict(),
        "shock_s": estimate(column(mixed.outcomes, "shock_s")).as_dict(),
        "survival": {model: estimate(column(mixed.outcomes, model)).as_dict() for model in MODELS},
        "gain": {what: gain(mixed.outcomes, theirs, what).as_dict() for what in TOLD},
    }


def _claim(density: str, claim: str, rival: str, mine: Floats, theirs: Floats, what: str) -> dict[str, Any]:
    """Whether ours is strictly better (equal alerts: the whole interval), or at least as good (half: the mean)."""
    gained = gain(mine, theirs, what)
    return {
        "density": density,
        "claim": claim,
        "rival": rival,
        "what": what,
        "gain": gained.as_dict(),
        "holds": gained.low > 0.0 if claim == "equal" else gained.mean >= 0.0,
        # Neither better nor worse, as far as so many arrests can tell.
        "in_doubt": gained.low <= 0.0 <= gained.high,
    }


def _by_hour(outcomes: Floats, hours: Floats) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for hour in range(HOURS):
        here = outcomes[hours == hour]
        row: dict[str, Any] = {"hour": hour, "arrests": len(here)}
        if len(here):
            row |= {what: float(f"{column(here, what).mean():.6g}") for what in ("alerts", *TOLD)}
        rows.append(row)
    return rows


def _sensitivity(outcomes: dict[str, Floats]) -> dict[str, Any]:
    run = "ours"
    rules: dict[str, Any] = {}
    for name, each in outcomes.items():
        rules[name] = {what: float(f"{column(each, what).mean():.6g}") for what in ("alerts", *TOLD)}
        if name != run:
            rules[name]["gain"] = {what: gain(outcomes[run], each, what).as_dict() for what in TOLD}
    return {"arrests": len(outcomes[run]), "rules": rules}
