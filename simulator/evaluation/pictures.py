"""Pictures for the report. Without matplotlib there are none, and the command says how to get them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from simulator.evaluation.naming import rule_name

HOW_TO_GET_THEM: Final = "no pictures: matplotlib is missing; `pip install 'first-minutes[plots]'` brings it"

_MODELS: Final = {"larsen": "Larsen", "valenzuela": "Valenzuela", "de_maio": "De Maio"}
_OURS: Final = "#c0392b"
_THEIRS: Final = "#34495e"


class NoPlotsError(Exception):
    """matplotlib is not installed."""


def draw(told: Mapping[str, Any], folder: Path) -> dict[str, list[Path]]:
    """Write two pictures for each density into `folder`; answers their paths. Raises NoPlotsError."""
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra: only who wants pictures has it
    except ImportError as error:
        raise NoPlotsError(HOW_TO_GET_THEM) from error
    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "evaluation", "svg.fonttype": "none", "font.size": 9})
    folder.mkdir(parents=True, exist_ok=True)
    drawn: dict[str, list[Path]] = {}
    for density, each in told["densities"].items():
        frontier, hours = folder / f"{density}-frontier.svg", folder / f"{density}-hours.svg"
        _frontier(density, each, frontier)
        _hours(density, each, hours)
        drawn[density] = [frontier, hours]
    return drawn


def _frontier(density: str, each: Mapping[str, Any], path: Path) -> None:
    """What survival, and what time to the shock, so many alerts bring: ours as a line, the rivals as points."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    figure = Figure(figsize=(11.0, 3.4), layout="constrained")
    axes = figure.subplots(1, 4)
    runs = sorted(each["ours_at_prices"].values(), key=lambda run: run["alerts"]["mean"])
    nobody = each["rivals"]["no_volunteers"]
    for axis, what in zip(axes, ("shock_s", *_MODELS), strict=True):
        line = [nobody, *runs]
        axis.plot(
            [run["alerts"]["mean"] for run in line],
            [_value(run, what) for run in line],
            "o-",
            ms=3,
            color=_OURS,
            label="ours",
        )
        for number, (rival, figures) in enumerate(each["rivals"].items()):
            axis.plot(figures["alerts"]["mean"], _value(figures, what), "s", ms=4, color=_THEIRS)
            axis.annotate(
                str(number), (figures["alerts"]["mean"], _value(figures, what)), (3, -9), textcoords="offset points"
            )
            if axis is axes[0]:
                axis.plot([], [], "s", ms=4, color=_THEIRS, label=f"{number} {rule_name(rival)}")
        axis.set_xlabel("alerts an arrest")
        axis.set_title("time to shock, s" if what == "shock_s" else f"survival, {_MODELS[what]}, %")
        axis.grid(alpha=0.3)
    figure.suptitle(f"{density}: what an alert brings")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def _hours(density: str, each: Mapping[str, Any], path: Path) -> None:
    """By the hour of the day: alerts, time to CPR and to the shock, of ours and of the best rival."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - as above

    shown = ["no_volunteers", each["best_rivals"][0], "ours"]
    figure = Figure(figsize=(11.0, 2.8), layout="constrained")
    axes = figure.subplots(1, 4)
    titles = {
        "alerts": "alerts",
        "cpr_s": "time to CPR, s",
        "shock_s": "time to shock, s",
        "larsen": "survival, Larsen, %",
    }
    for axis, (what, title) in zip(axes, titles.items(), strict=True):
        for rule, colour in zip(shown, ("#95a5a6", _THEIRS, _OURS), strict=True):
            rows = [row for row in each["by_hour"][rule] if row["arrests"]]
            scale = 100.0 if what == "larsen" else 1.0
            axis.plot(
                [row["hour"] for row in rows],
                [row[what] * scale for row in rows],
                color=colour,
                label=rule_name(rule),
            )
        axis.set_title(title)
        axis.set_xlabel("hour of the day")
        axis.grid(alpha=0.3)
    figure.suptitle(f"{density}: day and night")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=7)
    figure.savefig(path, metadata={"Date": None})


def _value(figures: Mapping[str, Any], what: str) -> float:
    mean = figures["survival"][what]["mean"] * 100.0 if what in _MODELS else figures[what]["mean"]
    return float(mean)
