"""A real incident run again under every rule: what is known of it stays, what nobody knows is drawn, many times.

Known, and the same in every run: the patient, the floor, the AEDs of the registry, when the ambulance came if anybody
said so; of everybody who was alerted how far away they were, what they answered and when, and when they arrived.
Drawn: in which direction they were, what those would have said who were asked and never answered, how fast those are
who never arrived, where the others stood whom the plan looked at and did not ask, whether devices work. The collapse is
taken to be at the SOS.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from dispatch.rescue.acceptance import NEVER_ASKED
from dispatch.rescue.daytime import is_night_at
from dispatch.rescue.policy import Policy
from geo.distance import distance_m
from geo.place import Place
from simulator.evaluation.arrests import Arrest
from simulator.evaluation.contenders import Contender, noted, ours, rivals
from simulator.evaluation.draws import Draws, Floats, Integers, What
from simulator.evaluation.estimates import column
from simulator.evaluation.naming import minutes, percent, rule_name
from simulator.evaluation.parameters import Parameters
from simulator.evaluation.past_incident import PastAlert, PastIncident
from simulator.evaluation.rescue import Rescue
from simulator.evaluation.survival import MODELS
from simulator.evaluation.willing import by_day_and_night

_REACH_M: Final = 3000.0
_MOST_OTHERS: Final = 60
_LEAST_WAY_S: Final = 15.0
_DEGREE_M: Final = 111_195.08


@dataclass(frozen=True, slots=True, kw_only=True)
class PastArrest(Arrest):
    """An arrest in the place of a real one: the town of the evaluation is not where it happened."""

    centre: Place

    def place(self, east_m: float, north_m: float) -> Place:
        """A point beside the patient as degrees."""
        level = math.cos(math.radians(self.centre.latitude))
        return Place(self.centre.latitude + north_m / _DEGREE_M, self.centre.longitude + east_m / (_DEGREE_M * level))


@dataclass(frozen=True, slots=True)
class Replay:
    """What came of an incident under every rule: arrays (runs, `COLUMNS`) by the rule's name."""

    past: PastIncident
    outcomes: dict[str, Floats]


def replay(
    past: PastIncident, parameters: Parameters, density: str, policy: Policy, *, seed: int, draws: int
) -> Replay:
    """Run the incident so many times under every rule. Raises KeyError where there is no such density."""
    contenders: list[Contender] = [*rivals(), ours(policy)]
    rows: dict[str, list[list[float]]] = {each.name: [] for each in contenders}
    for number in range(draws):
        case = scene_again(past, parameters, density, Draws(seed, number))
        for contender in contenders:
            outcome = Rescue(case, parameters, contender.rule()).run()
            rows[contender.name].append(noted(case, outcome))
    return Replay(past, {name: np.array(each, np.float64) for name, each in rows.items()})


def scene_again(past: PastIncident, parameters: Parameters, density: str, draws: Draws) -> PastArrest:
    """The scene as it may have been, by one draw of what is not known."""
    is_night = is_night_at(past.opened_at, past.zone)
    known = [each for each in past.alerts if each.distance_m < _REACH_M]
    others = min(_MOST_OTHERS, max(0, past.considered - len(known)))
    count = len(known) + others
    who = np.arange(count)
    nothing: list[float] = [0.0] * count
    bearing = 2.0 * np.pi * draws.uniform(What.HEADING, who)
    away_m = np.array([each.distance_m for each in known] + _elsewhere_m(draws, others, known))
    east_m, north_m = away_m * np.sin(bearing), away_m * np.cos(bearing)
    order = np.argsort(away_m, kind="stable")
    people, what = parameters.people, parameters.arrest
    entry_s = parameters.building.entry_home_median_s * math.exp(
        parameters.building.entry_sigma * draws.one_normal(What.ENTRY)
    )
    entry_s += abs(past.floor or 0) * parameters.building.floor_s
    mean_s = parameters.density[density].ambulance_mean_s
    sigma = parameters.ambulance.sigma
    drawn_s = mean_s * math.exp(sigma * draws.one_normal(What.AMBULANCE) - sigma**2 / 2.0)
    ambulance_s = drawn_s if past.ambulance_s is None else past.ambulance_s
    aeds = _aeds(past, parameters, draws, count)
    answers = _answers(known, parameters, draws, who, is_night=is_night)
    detour = draws.lognormal(What.DETOUR, who, parameters.travel.detour_median, parameters.travel.detour_sigma)
    turnout_s = draws.lognormal(
        What.TURNOUT,
        who,
        people.turnout_night_median_s if is_night else people.turnout_day_median_s,
        people.turnout_sigma,
    )
    mode = _modes(parameters, density, draws, who)
    speed = _speeds(known, parameters, density, draws, who, mode, detour, turnout_s, entry_s)
    arrest = PastArrest(
        number=0,
        at=past.opened_at,
        is_night=is_night,
        at_home=True,
        collapsed_before_s=0.0,
        bystander_cpr_s=what.bystander_cpr_median_s if past.cpr_in_progress else None,
        shockable=what.shockable_home_share,
        ambulance_s=max(1.0, ambulance_s),
        # When somebody noted the crew's arrival, it was at the patient.
        crew_entry_s=entry_s * parameters.building.crew_factor if past.ambulance_s is None else 0.0,
        entry_s=entry_s,
        people=who.tolist(),
        east_m=east_m.tolist(),
        north_m=north_m.tolist(),
        speed_m_s=speed.tolist(),
        detour=detour.tolist(),
        says_yes=answers[0],
        says_anything=answers[1],
        delivered=[True] * count,
        answers_after_s=answers[2],
        turnout_s=turnout_s.tolist(),
        turns_back_at=[None] * count,
        says_so=[True] * count,
        taps=[True] * count,
        replies=[True] * count,
        **aeds,  # type: ignore[arg-type] # lists by name, each of the type that the arrest has
        tap=past.place,
        floor_told=past.floor,
        told_of_cpr=past.cpr_in_progress,
        announced_s=parameters.ambulance.announced_after_s,
        announced_ambulance_s=max(1.0, ambulance_s),
        fix_east_m=east_m.tolist(),
        fix_north_m=north_m.tolist(),
        fix_age_s=nothing,
        fix_away_m=away_m.tolist(),
        mode=mode.tolist(),
        history=[NEVER_ASKED] * count,
        origin_east_m=0.0,
        origin_north_m=0.0,
        centre=past.place,
    )
    return _nearest_first(arrest, order.tolist())


def _nearest_first(arrest: PastArrest, order: list[int]) -> PastArrest:
    """The same with its people in another order: the rules take the first to be the nearest."""
    by_person = (
        *("people", "east_m", "north_m", "speed_m_s", "detour", "says_yes", "says_anything", "delivered"),
        *("answers_after_s", "turnout_s", "fix_east_m", "fix_north_m", "fix_away_m", "mode", "detour_to_aed"),
    )
    changed = {name: [getattr(arrest, name)[each] for each in order] for name in by_person}
    return replace(arrest, **changed)  # type: ignore[arg-type] # lists by name, in another order


def _elsewhere_m(draws: Draws, others: int, known: Sequence[PastAlert]) -> list[float]:
    """How far away those are who were looked at and not asked: evenly over the reach, beyond the nearest asked."""
    nearest_m = min((each.distance_m for each in known), default=0.0)
    share = draws.uniform(What.ALONG, np.arange(others) + 1000)
    away_m: list[float] = np.sqrt(nearest_m**2 + share * (_REACH_M**2 - nearest_m**2)).tolist()
    return away_m


def _answers(
    known: Sequence[PastAlert], parameters: Parameters, draws: Draws, who: Integers, *, is_night: bool
) -> tuple[list[bool], list[bool], list[float]]:
    """Who says yes, who says anything, and after how long: as it was where that is known."""
    people = parameters.people
    day, night = by_day_and_night(people.acceptance_by_hour)
    yes: list[bool] = (draws.uniform(What.ANSWER, who) < (night if is_night else day)).tolist()
    spoken: list[bool] = (draws.uniform(What.SILENT, who) >= people.silent_share).tolist()
    median_s = people.answer_median_s * (people.answer_night_factor if is_night else 1.0)
    after_s: list[float] = draws.lognormal(What.ANSWER_AT, who, median_s, people.answer_sigma).tolist()
    for person, alert in enumerate(known):
        if alert.said_yes is not None:
            yes[person] = alert.said_yes
            spoken[person] = alert.answered_s is not None
        if alert.answered_s is not None:
            after_s[person] = max(0.5, alert.answered_s - alert.asked_s)
    return yes, [said or also for said, also in zip(yes, spoken, strict=True)], after_s


def _modes(parameters: Parameters, density: str, draws: Draws, who: Integers) -> Integers:
    shares = np.cumsum(parameters.density[density].modes)
    place: Integers = np.searchsorted(shares, draws.uniform(What.MODE, who) * shares[-1], side="right").astype(np.int64)
    return np.minimum(place, len(shares) - 1)


def _speeds(
    known: Sequence[PastAlert],
    parameters: Parameters,
    density: str,
    draws: Draws,
    who: Integers,
    mode: Integers,
    detour: Floats,
    turnout_s: Floats,
    entry_s: float,
) -> Floats:
    """As fast as it takes to have arrived when they did; drawn for those who never did."""
    travel = parameters.travel
    median = np.array(travel.speeds_m_s)[mode] * parameters.density[density].speed_factor
    speed = median * np.exp(travel.speed_sigma * draws.normal(What.SPEED, who))
    for person, alert in enumerate(known):
        if alert.there_s is not None and alert.fetches is None:
            on_the_way_s = max(_LEAST_WAY_S, alert.there_s - alert.asked_s - float(turnout_s[person]) - entry_s)
            speed[person] = alert.distance_m * float(detour[person]) / on_the_way_s
    return np.maximum(speed, 0.5)


def _aeds(past: PastIncident, parameters: Parameters, draws: Draws, people: int) -> dict[str, list[object]]:
    what, travel = parameters.aed, parameters.travel
    near = sorted(past.aeds, key=lambda each: (distance_m(past.place, each.place), each.aed_id))
    which = np.arange(len(near))
    level = math.cos(math.radians(past.place.latitude)) * _DEGREE_M
    faulty = what.not_ready_share * (1.0 - what.fault_known_share)
    works = draws.uniform(What.AED_READY, which) >= faulty
    seen = draws.uniform(What.AED_FAULT_SEEN, which) < what.fault_seen_share
    closed = draws.uniform(What.AED_HOURS_WRONG, which) < what.hours_wrong_share
    pairs = np.arange(people * len(near)) + 2**20
    to_aed = draws.lognormal(What.DETOUR_TO_AED, pairs, travel.detour_median, travel.detour_sigma)
    onward = draws.lognormal(What.DETOUR_ONWARD, which, travel.detour_median, travel.detour_sigma)
    return {
        "aeds": which.tolist(),
        "aed_east_m": [(each.place.longitude - past.place.longitude) * level for each in near],
        "aed_north_m": [(each.place.latitude - past.place.latitude) * _DEGREE_M for each in near],
        "aed_works": works.tolist(),
        "aed_there": ((works | ~seen) & ~closed).tolist(),
        "aed_closes_s": [math.inf] * len(near),
        "collection_s": draws.lognormal(
            What.COLLECTING, which, what.collection_median_s, what.collection_sigma
        ).tolist(),
        "detour_to_aed": to_aed.reshape(people, len(near)).tolist(),
        "detour_onward": onward.tolist(),
        "aed_verified": [each.verified for each in near],
        "aed_away_m": [distance_m(past.place, each.place) for each in near],
    }


def table(found: Replay) -> Iterator[str]:
    """The replay as a person reads it."""
    past = found.past
    yes = sum(each.said_yes is True for each in past.alerts)
    yield (
        f"incident {past.incident_id}, {past.opened_at:%Y-%m-%d %H:%M} UTC: {past.alerts_sent} alerts to "
        f"{len(past.alerts)} people, {yes} said yes; {len(past.aeds)} AEDs near"
    )
    yield f"as it was: first there {_told(past.first_there_s)}, with an AED {_told(past.first_aed_there_s)}"
    arrives = "not known, and drawn" if past.ambulance_s is None else f"after {minutes(past.ambulance_s)}"
    yield f"ambulance {arrives}; times from the SOS"
    runs = len(next(iter(found.outcomes.values())))
    yield f"run again {runs} times; what nobody knows is drawn anew each time: median (5 % to 95 %)"
    yield f"{'rule':<48} {'alerts':>6}  {'CPR':^22}  {'shock':^22}  " + "  ".join(f"{each:>10}" for each in MODELS)
    for rule, outcomes in found.outcomes.items():
        survival = "  ".join(f"{percent(float(column(outcomes, model).mean())):>10}" for model in MODELS)
        name = "ours" if rule == "ours" else rule_name(rule)
        yield (
            f"{name:<48} {column(outcomes, 'alerts').mean():6.1f}  {_spread(column(outcomes, 'cpr_s')):^22}  "
            f"{_spread(column(outcomes, 'shock_s')):^22}  {survival}"
        )


def _told(seconds: float | None) -> str:
    return "never" if seconds is None else f"after {minutes(seconds)}"


def _spread(values: Floats) -> str:
    low, middle, high = np.percentile(values, (5.0, 50.0, 95.0)).tolist()
    return f"{minutes(middle)} ({minutes(low)} to {minutes(high)})"
