from random import Random
from statistics import pstdev

import pytest

from geo.distance import distance_m
from geo.place import Place
from simulator.movement import SPEED_M_S, STREET_FACTOR, Traveller, offset, scatter

HERE = Place(30.2741, 120.1551)


@pytest.mark.parametrize("mode", sorted(SPEED_M_S))
def test_a_traveller_makes_headway_at_street_speed(mode: str) -> None:
    traveller = Traveller(HERE)
    traveller.go(offset(HERE, north_m=5_000, east_m=0), speed_m_s=SPEED_M_S[mode])
    traveller.advance(100)
    assert distance_m(HERE, traveller.place) == pytest.approx(100 * SPEED_M_S[mode] / STREET_FACTOR, rel=1e-3)


def test_many_small_steps_lead_as_far_as_one_big_one() -> None:
    goal = offset(HERE, north_m=800, east_m=600)
    one, many = Traveller(HERE), Traveller(HERE)
    one.go(goal, speed_m_s=2.6)
    many.go(goal, speed_m_s=2.6)
    one.advance(300)
    for _ in range(300):
        many.advance(1)
    assert distance_m(one.place, many.place) < 0.5


def test_a_way_by_the_aed_goes_round_the_corner_and_stops_at_the_patient() -> None:
    aed, patient = offset(HERE, north_m=300, east_m=0), offset(HERE, north_m=300, east_m=400)
    traveller = Traveller(HERE)
    traveller.go(aed, patient, speed_m_s=STREET_FACTOR)
    assert distance_m(traveller.advance(300), aed) < 1
    assert distance_m(traveller.advance(200), offset(aed, north_m=0, east_m=200)) < 1
    traveller.advance(10_000)
    assert traveller.arrived
    assert traveller.place == patient


def test_a_new_way_forgets_the_old_one() -> None:
    traveller = Traveller(HERE)
    traveller.go(offset(HERE, north_m=1_000, east_m=0), speed_m_s=2)
    traveller.go(HERE, speed_m_s=2)
    assert traveller.advance(1) == HERE
    assert traveller.arrived


def test_scattered_places_spread_as_far_as_asked() -> None:
    rng = Random(2)
    north = [(scatter(HERE, 500, rng).latitude - HERE.latitude) * 111_195 for _ in range(4_000)]
    assert 480 < pstdev(north) < 520
