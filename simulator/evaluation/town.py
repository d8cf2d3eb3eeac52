"""One town: who lives and works where in it, how they are, and where the AEDs hang; in metres from its middle."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from geo.place import Place
from simulator.evaluation.draws import Draws, Floats, Integers, What
from simulator.evaluation.parameters import DensityParameters, Parameters
from simulator.evaluation.willing import by_day_and_night, odds_of, share_of

# The town lies here; a degree is as long as on the mean earth, and a few kilometres of it are as good as flat.
_ORIGIN: Final = Place(30.0, 120.0)
_DEGREE_M: Final = 111_195.08

# Nobody collapses nearer to the edge: help would come from one side only.
_MARGIN_M: Final = 3000.0

# People work where others do: the weight of a centre as a place of work is that of its homes to this power.
_WORK_POWER: Final = 1.5
_WORK_SPREAD: Final = 0.7
_PUBLIC_SPREAD: Final = 0.5

ALWAYS_OPEN, SHOP, OFFICE = 0, 1, 2
"""When an AED can be reached: day and night, from 8 to 22, from 8 to 18 on weekdays."""

_WEEKEND: Final = 5


@dataclass(frozen=True, slots=True)
class Town:
    """Arrays of one entry for each first-aider, and for each AED; `centres` are where people live close together."""

    draws: Draws
    density: DensityParameters
    centre_east_m: Floats
    centre_north_m: Floats
    centre_weight: Floats
    work_weight: Floats
    home_east_m: Floats
    home_north_m: Floats
    work_east_m: Floats
    work_north_m: Floats
    # Which of the five modes they said they would come by, and what multiplies its speed in their case.
    mode: Integers
    pace: Floats
    # Their own log odds of a yes beside the others'; and how often they were asked by day and by night before.
    willingness: Floats
    asked_by_day: Integers
    accepted_by_day: Integers
    asked_by_night: Integers
    accepted_by_night: Integers
    aed_east_m: Floats
    aed_north_m: Floats
    aed_hours: Integers
    aed_hours_known: np.ndarray[tuple[int], np.dtype[np.bool_]]

    @property
    def people(self) -> int:
        """How many first-aiders there are."""
        return len(self.mode)

    @property
    def aeds(self) -> int:
        """How many AEDs there are."""
        return len(self.aed_hours)


def settle(parameters: Parameters, density: str, seed: int) -> Town:
    """The town of that density and seed. Raises KeyError where there is no such density."""
    what = parameters.density[density]
    draws = Draws(seed, -1)
    area_km2 = what.side_km**2
    side_m = what.side_km * 1000.0
    centres = np.arange(max(1, round(area_km2 * what.centres_per_km2)))
    east_m = (draws.uniform(What.CENTRE_EAST, centres) - 0.5) * side_m
    north_m = (draws.uniform(What.CENTRE_NORTH, centres) - 0.5) * side_m
    weight = np.exp(what.centre_sigma * draws.normal(What.CENTRE_WEIGHT, centres))
    work_weight = weight**_WORK_POWER
    population = area_km2 * what.people_per_km2
    people = np.arange(round(population * parameters.people.registered_share))
    home = _chosen(weight, draws.uniform(What.HOME_CENTRE, people))
    work = _chosen(work_weight, draws.uniform(What.WORK_CENTRE, people))
    spread_m = what.spread_m
    aeds = np.arange(round(population * what.aeds_per_10000 / 10_000))
    at = _chosen(work_weight, draws.uniform(What.AED_CENTRE, aeds))
    hours = draws.uniform(What.AED_HOURS, aeds)
    always, shop = parameters.aed.always_open_share, parameters.aed.shop_hours_share
    asked = _poisson(parameters.people.past_alerts_mean, draws.uniform(What.PAST_ALERTS, people))
    by_night = np.floor(asked * 0.4 * draws.uniform(What.PAST_BY_NIGHT, people)).astype(np.int64)
    spread = parameters.people.acceptance_spread
    willingness = spread * draws.normal(What.WILLINGNESS, people)
    day, night = (odds_of(each, spread) for each in by_day_and_night(parameters.people.acceptance_by_hour))
    return Town(
        draws=draws,
        density=what,
        centre_east_m=east_m,
        centre_north_m=north_m,
        centre_weight=weight,
        work_weight=work_weight,
        home_east_m=east_m[home] + spread_m * draws.normal(What.HOME_EAST, people),
        home_north_m=north_m[home] + spread_m * draws.normal(What.HOME_NORTH, people),
        work_east_m=east_m[work] + _WORK_SPREAD * spread_m * draws.normal(What.WORK_EAST, people),
        work_north_m=north_m[work] + _WORK_SPREAD * spread_m * draws.normal(What.WORK_NORTH, people),
        mode=_chosen(np.array(what.modes), draws.uniform(What.MODE, people)),
        pace=np.exp(parameters.travel.speed_sigma * 0.7 * draws.normal(What.PACE, people)),
        willingness=willingness,
        asked_by_day=asked - by_night,
        accepted_by_day=_accepted(draws, What.PAST_YES_BY_DAY, asked - by_night, share_of(day + willingness)),
        asked_by_night=by_night,
        accepted_by_night=_accepted(draws, What.PAST_YES_BY_NIGHT, by_night, share_of(night + willingness)),
        aed_east_m=east_m[at] + _PUBLIC_SPREAD * spread_m * draws.normal(What.AED_EAST, aeds),
        aed_north_m=north_m[at] + _PUBLIC_SPREAD * spread_m * draws.normal(What.AED_NORTH, aeds),
        aed_hours=np.where(hours < always, ALWAYS_OPEN, np.where(hours < always + shop, SHOP, OFFICE)),
        aed_hours_known=draws.uniform(What.AED_HOURS_KNOWN, aeds) < parameters.aed.hours_known_share,
    )


def patient_at(town: Town, draws: Draws, *, at_home: bool) -> tuple[float, float]:
    """Where somebody of this town collapses, east and north in metres."""
    inside_m = max(town.density.side_km * 500.0 - _MARGIN_M, town.density.side_km * 250.0)
    inside = (np.abs(town.centre_east_m) < inside_m) & (np.abs(town.centre_north_m) < inside_m)
    weight = np.where(inside, town.centre_weight if at_home else town.work_weight, 0.0)
    centre = int(_chosen(weight if weight.any() else town.centre_weight, np.array([draws.one(What.PATIENT_CENTRE)]))[0])
    spread_m = town.density.spread_m * (1.0 if at_home else _PUBLIC_SPREAD)
    east_m = float(town.centre_east_m[centre]) + spread_m * draws.one_normal(What.PATIENT_EAST)
    north_m = float(town.centre_north_m[centre]) + spread_m * draws.one_normal(What.PATIENT_NORTH)
    return east_m, north_m


def is_open(hours: int, hour: float, weekday: int) -> bool:
    """Whether an AED of such hours can be reached at that hour of that day (0: Monday)."""
    if hours == ALWAYS_OPEN:
        return True
    if hours == SHOP:
        return 8.0 <= hour < 22.0  # noqa: PLR2004 - the clock
    return weekday < _WEEKEND and 8.0 <= hour < 18.0  # noqa: PLR2004 - the clock


def closes_at(hours: int) -> float | None:
    """At which hour it closes today; None: never."""
    return {ALWAYS_OPEN: None, SHOP: 22.0, OFFICE: 18.0}[hours]


def place_at(east_m: float, north_m: float) -> Place:
    """That point as degrees."""
    return Place(
        _ORIGIN.latitude + north_m / _DEGREE_M,
        _ORIGIN.longitude + east_m / (_DEGREE_M * math.cos(math.radians(_ORIGIN.latitude))),
    )


def _chosen(weight: Floats, uniform: Floats) -> Integers:
    total = np.cumsum(weight)
    chosen: Integers = np.searchsorted(total, uniform * total[-1], side="right").astype(np.int64)
    return np.minimum(chosen, len(weight) - 1)


def _accepted(draws: Draws, what: What, asked: Integers, yes: Floats) -> Integers:
    """How many of so many alerts each accepted."""
    people = np.arange(len(asked))
    accepted = np.zeros(len(asked), np.int64)
    for alert in range(int(asked.max()) if len(asked) else 0):
        accepted += (alert < asked) & (draws.uniform(what, people + alert * 2**32) < yes)
    return accepted


def _poisson(mean: float, uniform: Floats) -> Integers:
    """Poisson by inversion: how many probabilities lie below."""
    probability, below = math.exp(-mean), 0.0
    counts = np.zeros(len(uniform), np.int64)
    for number in range(1, 60):
        below += probability
        counts += uniform > below
        probability *= mean / number
    return counts
