"""Who lives in the city: certified first-aiders with a home, a workplace, a way of moving and a temper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp, log
from random import Random
from typing import Final

from geo.place import Place
from simulator.hangzhou import CENTRE, QUARTERS, Landmark, Quarter
from simulator.movement import offset, scatter

# Share of alerts accepted, from published volunteer-responder programmes: 8-47 %, typically 17-35 %.
ACCEPTANCE: Final = (0.17, 0.35)

# Of those who do not accept, how many say so; the rest stay silent until the offer runs out.
DECLINES_ALOUD: Final = 0.6

# Alert to moving: median 1:45. The spread is ours, wide enough for someone in the shower.
TURNOUT_MEDIAN_S: Final = 105.0
_TURNOUT_SIGMA: Final = 0.45

# How they get about: a city of electric bicycles.
_MODES: Final = {"walk": 0.27, "run": 0.2, "bike": 0.15, "ebike": 0.32, "car": 0.06}
_SURNAMES: Final = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁"
_GIVEN: Final = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚华建文玲慧颖宇浩凯悦晨欣怡雪峰佳琪子轩涵梓"
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Resident:
    """One certified first-aider, the same for the same seed.

    Without a telephone number on purpose: no text message of a simulated city may ever reach a real person.
    """

    id: str
    name: str
    home: Place
    work: Place
    mode: str
    language: str
    acceptance: float
    on_duty_share: float
    certificate_number: str
    certificate_expires_on: date


def populate(
    count: int,
    *,
    seed: int,
    today: date,
    acceptance: tuple[float, float] = ACCEPTANCE,
    centre: Place = CENTRE,
) -> list[Resident]:
    """Make `count` first-aiders, clustered as the city's people are.

    The first n of a larger city are the people of a city of n, so that growing a city keeps who was there.
    """
    rng = Random(f"people {seed}")
    return [
        _resident(number, seed=seed, rng=rng, today=today, acceptance=acceptance, centre=centre)
        for number in range(1, count + 1)
    ]


def _resident(
    number: int, *, seed: int, rng: Random, today: date, acceptance: tuple[float, float], centre: Place
) -> Resident:
    # One in thirty has let the certificate run out: such a person must never be alerted.
    lapsed = happens(1 / 30, rng)
    days = -rng.randint(1, 300) if lapsed else rng.randint(30, 700)
    return Resident(
        id=f"sim-{seed}-{number:04d}",
        name=rng.choice(_SURNAMES) + "".join(rng.sample(_GIVEN, rng.choice((1, 2)))),
        home=somewhere_to_live(rng, centre),
        work=somewhere_to_live(rng, centre),
        mode=rng.choices(list(_MODES), list(_MODES.values()))[0],
        language=rng.choices(("zh", "en"), (0.93, 0.07))[0],
        acceptance=rng.uniform(*acceptance),
        on_duty_share=rng.uniform(0.6, 0.95),
        certificate_number=f"SIM-{seed}-{number:06d}",
        certificate_expires_on=today + timedelta(days=days),
    )


def visitor(visitor_id: str, *, today: date) -> Resident:
    """Answer the first-aider whom a visitor of the demo plays: certified, and as eager as they like."""
    return Resident(
        id=visitor_id,
        name="访客 Visitor",
        home=CENTRE,
        work=CENTRE,
        mode="run",
        language="zh",
        acceptance=1.0,
        on_duty_share=1.0,
        certificate_number="SIM-VISITOR",
        certificate_expires_on=today + timedelta(days=365),
    )


def somewhere_to_live(rng: Random, centre: Place = CENTRE) -> Place:
    """Answer a place drawn by the density of people."""
    quarter, landmark = some_landmark(rng)
    return scatter(moved(landmark.place, centre), quarter.spread_m, rng)


def some_landmark(rng: Random, quarters: Sequence[Quarter] = QUARTERS) -> tuple[Quarter, Landmark]:
    """Answer a landmark drawn by its quarter's share of the people."""
    quarter = rng.choices(quarters, [each.weight for each in quarters])[0]
    return quarter, rng.choice(quarter.landmarks)


def moved(place: Place, centre: Place) -> Place:
    """Answer where a place of Hangzhou lies when the city is laid around another centre."""
    if centre == CENTRE:
        return place
    # Keep degrees north as they are; degrees east are re-scaled by `offset` so that the city keeps its shape.
    one_degree = offset(CENTRE, north_m=0, east_m=1_000).longitude - CENTRE.longitude
    north = offset(CENTRE, north_m=1_000, east_m=0).latitude - CENTRE.latitude
    return offset(
        centre,
        north_m=(place.latitude - CENTRE.latitude) / north * 1_000,
        east_m=(place.longitude - CENTRE.longitude) / one_degree * 1_000,
    )


def happens(share: float, rng: Random) -> bool:
    """Answer whether something that happens in `share` of all cases happens now."""
    return rng.random() < share


def turnout_s(rng: Random) -> float:
    """Answer how long it takes somebody to get moving, in seconds of the city."""
    return min(max(rng.lognormvariate(log(TURNOUT_MEDIAN_S), _TURNOUT_SIGMA), 20.0), 420.0)


def decision(resident: Resident, rng: Random) -> str | None:
    """Answer `accept`, `decline`, or None for somebody who never looks at the phone."""
    if happens(resident.acceptance, rng):
        return "accept"
    return "decline" if happens(DECLINES_ALOUD, rng) else None


def thinking_s(rng: Random) -> float:
    """Answer how long somebody looks at an alert before answering it, in seconds of the city."""
    return min(max(rng.lognormvariate(log(6.0), 0.5), 1.5), 18.0)


def duty_spell_s(resident: Resident, rng: Random, *, on_duty: bool) -> float:
    """Answer how long the next spell on or off duty lasts, in seconds of the city.

    Off-duty spells are as long as keeps the resident's share on duty in the long run.
    """
    mean_on_s = 3 * 3_600.0
    mean_s = mean_on_s if on_duty else mean_on_s * (1 - resident.on_duty_share) / resident.on_duty_share
    # Memoryless: -ln(u) times the mean, never longer than a day.
    return min(rng.expovariate(1 / mean_s), _DAY_S)


def accuracy_m(rng: Random) -> float:
    """Answer what a phone says its accuracy is, in metres: a dozen in the street, far worse indoors."""
    return round(min(exp(rng.gauss(log(14.0), 0.7)), 250.0), 1)
