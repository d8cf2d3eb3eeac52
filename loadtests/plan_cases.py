"""Random emergencies to plan for: people and AEDs around a patient, by day and by night."""

import math
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from dispatch.rescue.plan import PlanRequest
from dispatch.rescue.policy import BenefitPolicy, Policy, PricePolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.distance import distance_m
from geo.place import Place

_PATIENT: Final = Place(30.2741, 120.1551)
_NOW: Final = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
_METRES_PER_DEGREE: Final = 111_195.0


def random_request(rng: Random, *, people: int, aeds: int, cap: int, price: PricePolicy | None = None) -> PlanRequest:
    """An emergency with so many people and AEDs within a reach of 200 m to 2 km, drawn anew each time."""
    reach_m = rng.choice((200.0, 500.0, 1000.0, 2000.0))
    ambulance_s = rng.choice((None, rng.uniform(240.0, 1800.0)))
    pair_worth = rng.choice(((1.0,), (1.0, 0.1), (1.0, 0.5, 0.1)))
    return PlanRequest(
        now=_NOW,
        is_night=rng.choice((False, False, True)),
        floor=rng.choice((None, 0, 6)),
        cpr_in_progress=rng.choice((False, False, False, True)),
        ambulance_arrives_at=None if ambulance_s is None else _NOW + timedelta(seconds=ambulance_s),
        candidates=tuple(_candidate(rng, number, reach_m) for number in range(people)),
        aeds=tuple(_aed(rng, number, reach_m) for number in range(aeds)),
        under_way=(),
        cap=cap,
        policy=Policy(benefit=BenefitPolicy(pair_worth=pair_worth), price=price or _price(rng)),
    )


def _price(rng: Random) -> PricePolicy:
    return rng.choice((PricePolicy(), PricePolicy(alert=0.0, journey=0.0), PricePolicy(alert=0.002, journey=0.02)))


def _candidate(rng: Random, number: int, reach_m: float) -> Candidate:
    place = _around(rng, reach_m)
    return Candidate(
        ResponderId(f"r{number:03}"),
        place,
        distance_m(_PATIENT, place),
        rng.choice(list(TravelMode)),
        spread_m=rng.choice((0.0, 30.0, 150.0)),
        acceptance=rng.uniform(0.05, 0.6),
        recent_alerts=rng.choice((0, 0, 0, 1, 4)),
    )


def _aed(rng: Random, number: int, reach_m: float) -> AedOption:
    place = _around(rng, reach_m)
    closes = _NOW + timedelta(seconds=rng.uniform(60.0, 900.0))
    open_until = rng.choice((None, None, None, closes))
    works = rng.choice((0.6, 0.85, 0.9, 0.97, 1.0))
    return AedOption(AedId(f"a{number:02}"), f"AED {number}", place, distance_m(_PATIENT, place), works, open_until)


def _around(rng: Random, reach_m: float) -> Place:
    away_m, bearing = reach_m * math.sqrt(rng.random()), rng.uniform(0.0, 2.0 * math.pi)
    north, east = away_m * math.cos(bearing), away_m * math.sin(bearing)
    return Place(
        _PATIENT.latitude + north / _METRES_PER_DEGREE,
        _PATIENT.longitude + east / (_METRES_PER_DEGREE * math.cos(math.radians(_PATIENT.latitude))),
    )
