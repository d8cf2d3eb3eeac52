"""What the simulated city comes to, beside the published figures that it is to reproduce."""

import math
from statistics import median
from typing import Any, Final

from simulator.evaluation.arrests import Arrest, arrest
from simulator.evaluation.contenders import Field
from simulator.evaluation.town import settle

_LOOKED_AT: Final = 1000
_NEAREST: Final = 20

PUBLISHED: Final[dict[str, str]] = {
    "turnout_day_median_s": "105",
    "turnout_night_median_s": "142",
    "acceptance_day": "0.17-0.47",
    "acceptance_night": "0.08 and more",
    "ambulance_mean_s": "540-720",
    "aed_ready_share": "0.85 of all that hang; those known to be faulty are left out here",
    "speed_median_m_s": "2.3; 1.8 where it is densest, 3.1 where it is least",
    "at_home_share": "0.77",
    "people_within_1_km": "(follows from density)",
    "aeds_within_1_km": "(follows from density)",
}


def calibrated(where: Field, arrests: int) -> dict[str, Any]:
    """The figures of up to a thousand arrests, over the twenty nearest people of each."""
    town = settle(where.parameters, where.density, where.seed)
    cases = [arrest(town, where.parameters, where.seed, each, where.worse) for each in range(min(arrests, _LOOKED_AT))]
    by_day = [each for each in cases if not each.is_night]
    by_night = [each for each in cases if each.is_night]
    figures = {
        "turnout_day_median_s": _median([each for case in by_day for each in case.turnout_s[:_NEAREST]]),
        "turnout_night_median_s": _median([each for case in by_night for each in case.turnout_s[:_NEAREST]]),
        "acceptance_day": _share([each for case in by_day for each in case.says_yes[:_NEAREST]]),
        "acceptance_night": _share([each for case in by_night for each in case.says_yes[:_NEAREST]]),
        "ambulance_mean_s": _mean([case.ambulance_s for case in cases]),
        "aed_ready_share": _share([each for case in cases for each in case.aed_works]),
        "speed_median_m_s": _median([each for case in cases for each in case.speed_m_s[:_NEAREST]]),
        "at_home_share": _share([case.at_home for case in cases]),
        "people_within_1_km": _mean([_within_1_km(case) for case in cases]),
        "aeds_within_1_km": _mean([sum(each <= 1000.0 for each in case.aed_away_m) for case in cases]),  # noqa: PLR2004
    }
    return {name: None if math.isnan(value) else float(f"{value:.4g}") for name, value in figures.items()}


def _within_1_km(case: Arrest) -> int:
    return sum(each <= 1000.0 for each in case.fix_away_m)  # noqa: PLR2004 - the name says it


def _median(values: list[float]) -> float:
    return median(values) if values else math.nan


def _mean(values: list[float] | list[int]) -> float:
    return sum(values) / len(values) if values else math.nan


def _share(values: list[bool]) -> float:
    return sum(values) / len(values) if values else math.nan
