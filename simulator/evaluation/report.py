"""The evaluation as a page that people read, and as a table for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulator.evaluation.naming import RESPECTS, SENSITIVITIES, minutes, percent, rule_name
from simulator.evaluation.parameters import Parameters

_CLAIMED: Final = ("shock_s", "larsen", "valenzuela", "de_maio")
_RESPECTS: Final = ("cpr_s", *_CLAIMED)


def page(told: Mapping[str, Any], pictures: Mapping[str, list[str]]) -> str:
    """The report in Markdown. `pictures` says which pictures there are of each density, by their paths."""
    arrests = told["arrests"]
    lines = [
        "# Does it save time?",
        "",
        f"Written by `simulator evaluate --arrests {arrests} --seed {told['seed']} --report docs`.",
        "",
        f"{arrests:,} cardiac arrests in each of three kinds of place, each under every rule, with the same people,",
        "answers, devices and ambulances; ours is the code that runs in service. What is modelled, what is not,",
        "and where each rule is published: decision [20](decisions/0020-the-city-in-virtual-time.md). Times count from",
        "the collapse and end, at the latest, with the ambulance's crew at the patient's side, who bring hands and a",
        "defibrillator. Survival is for comparing rules; it is no forecast. *Ours* has the policy of",
        "`simulator/evaluation/policy.json`, at several prices of an alert; between two of them arrests fall to one or",
        "the other by lot.",
        "",
        "That policy is told what a service would have counted here: how often people say yes by the hour and by",
        "distance, and how often promises are kept. Of any one arrest it knows nothing that the service would not. It",
        "weighs a minute less the later it is: survival falls by a share each minute in the models of Valenzuela and",
        "De Maio, and by Larsen's nobody is left to save after a dozen. So what is planned by has the form of what",
        "rules are judged by here, which no rival has.",
        "",
        *_verdict(told),
    ]
    for density, each in told["densities"].items():
        lines += _density(density, each, pictures.get(density, []))
    return "\n".join(lines) + "\n"


def _verdict(told: Mapping[str, Any]) -> list[str]:
    lines = ["## What holds", ""]
    claims = [claim for each in told["densities"].values() for claim in each["claims"]]
    for kind, words in (
        ("equal", "At as many alerts as each rival sends, ours is strictly better (the whole 95 % interval)"),
        ("half", "At half the alerts of the best rivals, ours is at least as good (the mean)"),
    ):
        mine = [claim for claim in claims if claim["claim"] == kind]
        lines.append(f"- {words}: in {sum(claim['holds'] for claim in mine)} of {len(mine)} comparisons.")
    missed = told["measure"]["not_held"]
    if missed:
        lines += ["", "Where it does not hold (gain of ours and its 95 % interval; minus is worse):", ""]
        lines += ["| place | alerts | rival | in | gain | |", "|---|---|---|---|---|---|"]
        lines += [
            f"| {each['density']} | {'as many' if each['claim'] == 'equal' else 'half'} | {rule_name(each['rival'])} "
            f"| {RESPECTS[each['what']]} | {_gain(each['what'], each['gain'])} "
            f"| {'cannot be told apart' if each['in_doubt'] else 'worse'} |"
            for each in missed
        ]
    return [*lines, ""]


def _density(name: str, each: Mapping[str, Any], pictures: Iterable[str]) -> list[str]:
    calibration = each["calibration"]
    lines = [
        f"## {name.capitalize()}",
        "",
        _surroundings(calibration),
        "",
        "| rule | alerts | a year each | CPR | shock | Larsen | Valenzuela | De Maio | shock by a volunteer |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rules = {**each["rivals"], **each["ours_at_prices"]}
    lines += [_rule_row(rule, figures) for rule, figures in rules.items()]
    lines += ["", "Ours at as many alerts as each rival: what it gains, with the 95 % interval.", ""]
    lines += _gains_table(
        (rival, figures["ours_at_equal_alerts"])
        for rival, figures in each["rivals"].items()
        if "ours_at_equal_alerts" in figures
    )
    lines += ["", "Ours at half the alerts of those rivals that are best by one of the models:", ""]
    lines += _gains_table(each["ours_at_half_the_alerts"].items())
    lines += ["", *_defaults(each.get("ours_with_defaults")), ""]
    lines += [f"![{name}]({picture})" for picture in pictures]
    lines += ["", *_sensitivities(each["sensitivities"])]
    return lines


def _defaults(told: Mapping[str, Any] | None) -> list[str]:
    """A line on what the core's own defaults come to."""
    if told is None:
        return []
    gains = "; ".join(
        f"{rule_name(rival)}: shock {_gain('shock_s', gain['shock_s'])}, Larsen {_gain('larsen', gain['larsen'])}"
        for rival, gain in told["gain"].items()
    )
    words = (
        f"With the core's defaults instead of that policy, {told['alerts']['mean']:.1f} alerts an arrest, "
        f"over {told['arrests']} arrests. What they gain on the best rivals: {gains}."
    )
    return [words]


def _surroundings(calibration: Mapping[str, float]) -> str:
    return (
        f"{calibration['people_within_1_km']:.0f} first-aiders who can be reached and "
        f"{calibration['aeds_within_1_km']:.1f} usable AEDs within 1 km of the patient; the ambulance is at the door "
        f"after {minutes(calibration['ambulance_mean_s'])} on the average."
    )


def _rule_row(rule: str, figures: Mapping[str, Any]) -> str:
    survival = " | ".join(percent(each["mean"]) for each in figures["survival"].values())
    return (
        f"| {rule_name(rule)} | {figures['alerts']['mean']:.1f} | {figures['alerts_per_responder_a_year']:.2f} "
        f"| {minutes(figures['cpr_s']['mean'])} | {minutes(figures['shock_s']['mean'])} | {survival} "
        f"| {100 * figures['volunteer_shock_share']:.0f} % |"
    )


def _gains_table(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[str]:
    head = " | ".join(RESPECTS[what] for what in _RESPECTS)
    lines = [f"| rival | alerts: ours, theirs | {head} |", "|---|---|" + "---|" * len(_RESPECTS)]
    for rival, against in rows:
        gains = " | ".join(_gain(what, against["gain"][what]) for what in _RESPECTS)
        lines.append(
            f"| {rule_name(rival)} | {against['alerts']['mean']:.1f}, {against['rival_alerts']['mean']:.1f} | {gains} |"
        )
    return lines


def _gain(what: str, gain: Mapping[str, float]) -> str:
    """Seconds, or points of a per cent of survival."""
    if what.endswith("_s"):
        return f"{gain['mean']:+.0f} s ({gain['low']:+.0f} to {gain['high']:+.0f})"
    return f"{100 * gain['mean']:+.2f} ({100 * gain['low']:+.2f} to {100 * gain['high']:+.2f})"


def _sensitivities(worse: Mapping[str, Any]) -> list[str]:
    """Each sensitivity as a table; empty where none were run."""
    if not worse:
        return []
    lines = [
        "What if the city is worse than anybody was told? Ours keeps the price that it was tuned to in the usual city.",
        "",
        "| | rule | alerts | CPR | shock | Larsen | gain of ours: shock | gain of ours: Larsen |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, each in worse.items():
        words = SENSITIVITIES.get(name, name)
        # It sends as many as it does there: no longer as many as the rival.
        named = {rule: "ours" if rule == "ours" else rule_name(rule) for rule in each["rules"]}
        lines += [_worse_row(words, named[rule], figures) for rule, figures in each["rules"].items()]
    return [*lines, ""]


def _worse_row(words: str, rule: str, figures: Mapping[str, Any]) -> str:
    gains = ["", ""]
    if "gain" in figures:
        gains = [_gain(what, figures["gain"][what]) for what in ("shock_s", "larsen")]
    return (
        f"| {words} | {rule} | {figures['alerts']:.1f} | {minutes(figures['cpr_s'])} "
        f"| {minutes(figures['shock_s'])} | {percent(figures['larsen'])} | {gains[0]} | {gains[1]} |"
    )


def table(told: Mapping[str, Any]) -> str:
    """Every rule of every density as CSV, one a line, means and intervals."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    respects = ("alerts", "cpr_s", "shock_s")
    models = ("larsen", "valenzuela", "de_maio")
    ends = ("mean", "low", "high")
    writer.writerow(["density", "rule", *(f"{what}_{end}" for what in (*respects, *models) for end in ends)])
    for density, each in told["densities"].items():
        rules = {**each["rivals"], **each["ours_at_prices"]}
        for rule, figures in rules.items():
            values = [figures[what] for what in respects] + [figures["survival"][model] for model in models]
            writer.writerow([density, rule, *(value[end] for value in values for end in ends)])
    return text.getvalue()


def sources(parameters: Parameters) -> str:
    """Where every parameter comes from, a line each."""
    return "\n".join(f"{name}: {source}" for name, source in parameters.sources.items())
