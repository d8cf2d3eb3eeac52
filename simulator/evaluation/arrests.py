"""One cardiac arrest and all that surrounds it: what is so, and beside it what anybody knows of it.

Nothing here depends on who is alerted. Times are seconds from the call unless they say otherwise.
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from dispatch.rescue.acceptance import AnswerRecord
from geo.place import Place
from simulator.evaluation.draws import Draws, Floats, Integers, What
from simulator.evaluation.parameters import HOURS, Parameters
from simulator.evaluation.town import Town, closes_at, is_open, patient_at, place_at
from simulator.evaluation.willing import NIGHT_BEGINS, NIGHT_ENDS, odds_of, share_of

# As far as any rule looks, and as many as any rule comes to.
_REACH_M: Final = 3000.0
# A fix may be nearer than its owner.
_BEYOND_M: Final = 500.0
_AED_REACH_M: Final = 2000.0
_MOST_PEOPLE: Final = 160
_MOST_AEDS: Final = 20

# Two rows of numbers for pairs: a person's times this, and the AED's.
_PAIR: Final = 2**20
_MONDAY: Final = datetime(2026, 3, 2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Worse:
    """How much worse things are than the parameters say, for the table of sensitivities."""

    acceptance_factor: float = 1.0
    fixes_older_s: float = 0.0
    hours_known_factor: float = 1.0


AS_TOLD = Worse()


@dataclass(frozen=True, slots=True)
class Arrest:
    """One arrest: the patient at (0, 0), and lists of those around, nearest fix first.

    What is true stands first, what is known below. Distances in metres, speeds along streets in metres a second.
    """

    number: int
    at: datetime
    is_night: bool
    at_home: bool
    collapsed_before_s: float
    bystander_cpr_s: float | None
    shockable: float
    ambulance_s: float
    crew_entry_s: float
    entry_s: float
    # People.
    people: list[int]
    east_m: list[float]
    north_m: list[float]
    speed_m_s: list[float]
    detour: list[float]
    says_yes: list[bool]
    says_anything: list[bool]
    delivered: list[bool]
    answers_after_s: list[float]
    turnout_s: list[float]
    # The share of their way after which they turn back, if they do.
    turns_back_at: list[float | None]
    says_so: list[bool]
    taps: list[bool]
    replies: list[bool]
    # AEDs that the registry holds usable, nearest first.
    aeds: list[int]
    aed_east_m: list[float]
    aed_north_m: list[float]
    aed_works: list[bool]
    # Whether it can be had at the cabinet.
    aed_there: list[bool]
    aed_closes_s: list[float]
    collection_s: list[float]
    detour_to_aed: list[list[float]]
    detour_onward: list[float]
    # What is known.
    tap: Place
    floor_told: int | None
    told_of_cpr: bool
    announced_s: float
    announced_ambulance_s: float
    fix_east_m: list[float]
    fix_north_m: list[float]
    fix_age_s: list[float]
    fix_away_m: list[float]
    mode: list[int]
    history: list[AnswerRecord]
    aed_verified: list[bool]
    aed_away_m: list[float]
    origin_east_m: float
    origin_north_m: float

    def place(self, east_m: float, north_m: float) -> Place:
        """A point beside the patient as degrees."""
        return place_at(self.origin_east_m + east_m, self.origin_north_m + north_m)

    def route_m(self, person: int, aed: int) -> float:
        """As anybody would guess it from a map: the straight way from a fix to an AED and on."""
        east_m, north_m = self.aed_east_m[aed], self.aed_north_m[aed]
        to_m = math.hypot(east_m - self.fix_east_m[person], north_m - self.fix_north_m[person])
        return to_m + self.aed_away_m[aed]


def arrest(town: Town, parameters: Parameters, seed: int, number: int, worse: Worse = AS_TOLD) -> Arrest:
    """The arrest of that number in the town; the same for the same seed, whatever else is asked."""
    draws = Draws(seed, number)
    what = parameters.arrest
    hour = _hour(what.by_hour, draws.one(What.HOUR))
    weekday = int(draws.one(What.DAY) * 7)
    whole_hour = int(hour)
    is_night = whole_hour >= NIGHT_BEGINS or whole_hour < NIGHT_ENDS
    at_home = draws.one(What.AT_HOME) < what.at_home_share
    east_m, north_m = patient_at(town, draws, at_home=at_home)
    at = _MONDAY + timedelta(days=weekday, hours=hour)
    floor = _floor(town, draws.one(What.FLOOR)) if at_home else 0
    entry_median_s = parameters.building.entry_home_median_s if at_home else parameters.building.entry_public_median_s
    entry_s = entry_median_s * math.exp(parameters.building.entry_sigma * draws.one_normal(What.ENTRY))
    entry_s += floor * parameters.building.floor_s
    ambulance = parameters.ambulance
    mean_s = town.density.ambulance_mean_s * ambulance.by_hour[whole_hour] / _mean(ambulance.by_hour, what.by_hour)
    # The mean of a log-normal is its median times exp(sigma squared / 2).
    ambulance_s = mean_s * math.exp(ambulance.sigma * draws.one_normal(What.AMBULANCE) - ambulance.sigma**2 / 2.0)
    bystander = draws.one(What.BYSTANDER) < what.bystander_cpr_share
    after_s = what.bystander_cpr_median_s * math.exp(0.5 * draws.one_normal(What.BYSTANDER_AT))
    people = _people(town, parameters, draws, (east_m, north_m), whole_hour, is_night=is_night, worse=worse)
    aeds = _aeds(town, parameters, draws, (east_m, north_m), hour, weekday, people, worse)
    return Arrest(
        number=number,
        at=at,
        is_night=is_night,
        at_home=at_home,
        collapsed_before_s=_collapsed_before_s(parameters, draws),
        bystander_cpr_s=after_s if bystander else None,
        shockable=what.shockable_home_share if at_home else what.shockable_public_share,
        ambulance_s=ambulance_s,
        crew_entry_s=entry_s * parameters.building.crew_factor,
        entry_s=entry_s,
        tap=place_at(
            east_m + what.accuracy_m * 0.4 * draws.one_normal(What.TAP_EAST),
            north_m + what.accuracy_m * 0.4 * draws.one_normal(What.TAP_NORTH),
        ),
        floor_told=floor if draws.one(What.FLOOR_TOLD) < what.floor_told_share else None,
        told_of_cpr=bystander and draws.one(What.TOLD_OF_CPR) < what.told_of_cpr_share,
        announced_s=ambulance.announced_after_s,
        announced_ambulance_s=ambulance_s * math.exp(ambulance.announced_sigma * draws.one_normal(What.ANNOUNCED)),
        origin_east_m=east_m,
        origin_north_m=north_m,
        **people,  # type: ignore[arg-type] # the lists by name, each of the type that stands above
        **aeds,  # type: ignore[arg-type]
    )


def _people(
    town: Town,
    parameters: Parameters,
    draws: Draws,
    patient: tuple[float, float],
    hour: int,
    *,
    is_night: bool,
    worse: Worse,
) -> dict[str, list[object]]:
    what = parameters.people
    everybody = _ever_near(town, patient)
    on_duty = what.on_duty_night_share if is_night else what.on_duty_day_share
    available = everybody[draws.uniform(What.ON_DUTY, everybody) < on_duty * what.reachable_share]
    where = draws.uniform(What.WHERE, available)
    home, moving = what.home_by_hour[hour], what.moving_by_hour[hour]
    # How far along from home to work they are.
    along = np.where(where < home, 0.0, np.where(where < home + moving, draws.uniform(What.ALONG, available), 1.0))
    is_moving = (where >= home) & (where < home + moving)
    east_m = town.home_east_m[available] * (1.0 - along) + town.work_east_m[available] * along - patient[0]
    north_m = town.home_north_m[available] * (1.0 - along) + town.work_north_m[available] * along - patient[1]
    near = np.hypot(east_m, north_m) < _REACH_M + _BEYOND_M
    available, east_m, north_m, is_moving = available[near], east_m[near], north_m[near], is_moving[near]
    age_s = -what.fix_age_mean_s * np.log(draws.uniform(What.FIX_AGE, available)) + worse.fixes_older_s
    heading = 2.0 * np.pi * draws.uniform(What.HEADING, available)
    away_m = np.where(is_moving, what.moving_speed_m_s * age_s / parameters.travel.detour_median, 0.0)
    fix_east_m = east_m - away_m * np.cos(heading) + what.fix_error_m * draws.normal(What.FIX_EAST, available)
    fix_north_m = north_m - away_m * np.sin(heading) + what.fix_error_m * draws.normal(What.FIX_NORTH, available)
    fix_away_m = np.hypot(fix_east_m, fix_north_m)
    nearest = np.argsort(fix_away_m, kind="stable")[:_MOST_PEOPLE]
    nearest = nearest[fix_away_m[nearest] < _REACH_M]
    person, true_m = available[nearest], np.hypot(east_m[nearest], north_m[nearest])
    turnout_s = what.turnout_night_median_s if is_night else what.turnout_day_median_s
    answer_s = what.answer_median_s * (what.answer_night_factor if is_night else 1.0)
    delivery_s = draws.lognormal(What.DELIVERY, person, what.delivery_median_s, what.delivery_sigma)
    odds = odds_of(what.acceptance_by_hour[hour] * worse.acceptance_factor, what.acceptance_spread)
    yes = share_of(odds + town.willingness[person] + what.acceptance_per_km * true_m / 1000.0)
    says_yes = draws.uniform(What.ANSWER, person) < yes
    gives_up = draws.uniform(What.GIVES_UP, person) < what.gives_up_share
    gives_up_at = draws.uniform(What.GIVES_UP_AT, person)
    return {
        "people": person.tolist(),
        "east_m": east_m[nearest].tolist(),
        "north_m": north_m[nearest].tolist(),
        "speed_m_s": _speeds(town, parameters, draws, person).tolist(),
        "detour": _detour(parameters, draws, person, What.DETOUR, What.BARRIER).tolist(),
        "says_yes": says_yes.tolist(),
        "says_anything": (says_yes | (draws.uniform(What.SILENT, person) >= what.silent_share)).tolist(),
        "delivered": (draws.uniform(What.DELIVERED, person) >= what.never_delivered_share).tolist(),
        "answers_after_s": (delivery_s + draws.lognormal(What.ANSWER_AT, person, answer_s, what.answer_sigma)).tolist(),
        "turnout_s": draws.lognormal(What.TURNOUT, person, turnout_s, what.turnout_sigma).tolist(),
        "turns_back_at": [at if gives else None for gives, at in zip(gives_up, gives_up_at.tolist(), strict=True)],
        "says_so": (draws.uniform(What.SAYS_SO, person) < what.says_so_share).tolist(),
        "taps": (draws.uniform(What.TAPS, person) < what.taps_share).tolist(),
        "replies": (draws.uniform(What.REPLIES, person) < what.replies_share).tolist(),
        "fix_east_m": fix_east_m[nearest].tolist(),
        "fix_north_m": fix_north_m[nearest].tolist(),
        "fix_age_s": age_s[nearest].tolist(),
        "fix_away_m": fix_away_m[nearest].tolist(),
        "mode": town.mode[person].tolist(),
        "history": _histories(town, person),
    }


def _ever_near(town: Town, patient: tuple[float, float]) -> Integers:
    """Those who may be near at some time of the day: whose way from home to work comes within reach."""
    from_east_m, from_north_m = town.home_east_m - patient[0], town.home_north_m - patient[1]
    way_east_m, way_north_m = town.work_east_m - town.home_east_m, town.work_north_m - town.home_north_m
    length = np.maximum(way_east_m**2 + way_north_m**2, 1.0)
    along = np.clip(-(from_east_m * way_east_m + from_north_m * way_north_m) / length, 0.0, 1.0)
    away_m = np.hypot(from_east_m + along * way_east_m, from_north_m + along * way_north_m)
    return np.nonzero(away_m < _REACH_M + _BEYOND_M)[0]


def _histories(town: Town, person: Integers) -> list[object]:
    """What each has answered before."""
    columns = (town.asked_by_day, town.accepted_by_day, town.asked_by_night, town.accepted_by_night)
    return [AnswerRecord(*each) for each in zip(*(column[person].tolist() for column in columns), strict=True)]


def _speeds(town: Town, parameters: Parameters, draws: Draws, person: Integers) -> Floats:
    """How fast each really is, along the street, by whichever way they come after all."""
    travel = parameters.travel
    on_foot = draws.uniform(What.OTHER_MODE, person) < travel.other_mode_share
    median = np.array(travel.speeds_m_s)[np.where(on_foot, 0, town.mode[person])]
    # Half of what differs is the person's, for good; the rest is the day's.
    rest = travel.speed_sigma * math.sqrt(1.0 - 0.7**2)
    today = np.exp(rest * draws.normal(What.SPEED, person))
    return np.asarray(np.maximum(0.6, median * town.density.speed_factor * town.pace[person] * today), np.float64)


def _detour(parameters: Parameters, draws: Draws, who: Integers, what: What, barrier: What) -> Floats:
    travel = parameters.travel
    detour = np.maximum(1.02, draws.lognormal(what, who, travel.detour_median, travel.detour_sigma))
    return np.where(draws.uniform(barrier, who) < travel.barrier_share, detour * travel.barrier_factor, detour)


def _aeds(
    town: Town,
    parameters: Parameters,
    draws: Draws,
    patient: tuple[float, float],
    hour: float,
    weekday: int,
    people: dict[str, list[object]],
    worse: Worse,
) -> dict[str, list[object]]:
    what = parameters.aed
    everything = np.arange(town.aeds)
    east_m, north_m = town.aed_east_m - patient[0], town.aed_north_m - patient[1]
    away_m = np.hypot(east_m, north_m)
    ready = draws.uniform(What.AED_READY, everything) >= what.not_ready_share
    fault_known = ~ready & (draws.uniform(What.AED_FAULT_KNOWN, everything) < what.fault_known_share)
    hours_known = town.aed_hours_known & (
        town.draws.uniform(What.AED_HOURS_WRONG, everything) < worse.hours_known_factor
    )
    told_open = np.array([is_open(each, hour, weekday) for each in town.aed_hours.tolist()], np.bool_)
    usable = everything[(away_m < _AED_REACH_M) & told_open & hours_known & ~fault_known]
    aed = usable[np.argsort(away_m[usable], kind="stable")][:_MOST_AEDS]
    works = ready[aed]
    seen = draws.uniform(What.AED_FAULT_SEEN, aed) < what.fault_seen_share
    wrong = draws.uniform(What.AED_HOURS_WRONG, aed) < what.hours_wrong_share
    closes = [closes_at(each) for each in town.aed_hours[aed].tolist()]
    person = np.array(people["people"], np.int64)
    pairs = (person[:, None] * _PAIR + aed[None, :]).reshape(-1)
    shape = (len(person), len(aed))
    to_aed = _detour(parameters, draws, pairs, What.DETOUR_TO_AED, What.BARRIER_TO_AED).reshape(shape)
    onward = _detour(parameters, draws, aed, What.DETOUR_ONWARD, What.BARRIER_ONWARD)
    return {
        "aeds": aed.tolist(),
        "aed_east_m": east_m[aed].tolist(),
        "aed_north_m": north_m[aed].tolist(),
        "aed_works": works.tolist(),
        "aed_there": ((works | ~seen) & ~wrong).tolist(),
        "aed_closes_s": [math.inf if each is None else (each - hour) * 3600.0 for each in closes],
        "collection_s": draws.lognormal(What.COLLECTING, aed, what.collection_median_s, what.collection_sigma).tolist(),
        "detour_to_aed": to_aed.tolist(),
        "detour_onward": onward.tolist(),
        "aed_verified": (draws.uniform(What.AED_VERIFIED, aed) < what.verified_share).tolist(),
        "aed_away_m": away_m[aed].tolist(),
    }


def _collapsed_before_s(parameters: Parameters, draws: Draws) -> float:
    what = parameters.arrest
    if draws.one(What.WITNESSED) < what.witnessed_share:
        return what.witnessed_call_median_s * math.exp(what.witnessed_call_sigma * draws.one_normal(What.CALL))
    return -what.unwitnessed_call_mean_s * math.log(draws.one(What.CALL))


def _floor(town: Town, chance: float) -> int:
    """Floors above the ground: geometric with the density's mean, up to its highest."""
    mean = town.density.floor_mean
    if mean <= 0.0:
        return 0
    return min(town.density.floor_most, int(math.log(chance) / math.log(mean / (1.0 + mean))))


def _hour(weights: tuple[float, ...], chance: float) -> float:
    total = np.cumsum(weights)
    place = chance * total[-1]
    hour = int(np.searchsorted(total, place, side="right"))
    hour = min(hour, HOURS - 1)
    below = total[hour] - weights[hour]
    return hour + min(0.999999, float((place - below) / weights[hour]))


def _mean(values: tuple[float, ...], weights: tuple[float, ...]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
