"""Time to arrive, against figures worked out by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dispatch.rescue.arrival import estimate_arrivals
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import AedId, ResponderId, TravelMode
from geo.place import Place

# On the equator one thousandth of a degree is 111.195 m on the sphere that distances are measured on.
STEP_M = 111.195
PATIENT = Place(0.0, 0.0)

ROUND_FIGURES = TravelPolicy(
    speed_m_s={
        TravelMode.WALK: 1.0,
        TravelMode.RUN: 2.0,
        TravelMode.BIKE: 3.0,
        TravelMode.EBIKE: 5.0,
        TravelMode.CAR: 10.0,
    },
    detour_factor=dict.fromkeys(TravelMode, 1.5),
    turnout_day_s=100,
    turnout_night_s=140,
    collection_s=30,
    floor_s=12,
)


def _east(name: str, steps: float, mode: TravelMode = TravelMode.WALK) -> Candidate:
    return Candidate(ResponderId(name), Place(0.0, steps / 1000), steps * STEP_M, mode)


def _aed(steps: float) -> AedOption:
    return AedOption(AedId("a"), "a", Place(0.0, steps / 1000), abs(steps) * STEP_M, 1.0)


def test_straight_to_the_patient_is_turnout_and_the_way_there() -> None:
    walker, driver = _east("walker", 2), _east("driver", 2, TravelMode.CAR)
    arrivals = estimate_arrivals([walker, driver], [], floor=None, is_night=False, travel=ROUND_FIGURES)
    # 2 * 111.195 m * 1.5 = 333.585 m of street.
    assert arrivals.direct_s == pytest.approx([100 + 333.585, 100 + 33.3585])


def test_by_way_of_an_aed_is_turnout_the_way_to_it_collecting_it_and_the_way_on() -> None:
    # The responder 1 step east, the AED 3 steps west: 4 steps to it, 3 steps on.
    arrivals = estimate_arrivals([_east("r", 1)], [_aed(-3)], floor=None, is_night=False, travel=ROUND_FIGURES)
    to_aed_s, onward_s = 4 * STEP_M * 1.5, 3 * STEP_M * 1.5
    assert arrivals.at_aed_s[0, 0] == pytest.approx(100 + to_aed_s, rel=1e-5)
    assert arrivals.via_aed_s[0, 0] == pytest.approx(100 + to_aed_s + 30 + onward_s, rel=1e-5)


def test_at_night_people_take_longer_to_get_going() -> None:
    arrivals = estimate_arrivals([_east("r", 0)], [_aed(0)], floor=None, is_night=True, travel=ROUND_FIGURES)
    assert arrivals.direct_s[0] == pytest.approx(140)
    assert arrivals.via_aed_s[0, 0] == pytest.approx(170)


@pytest.mark.parametrize(("floor", "stairs_s"), [(None, 0), (0, 0), (5, 60), (-2, 24)])
def test_floors_count_up_and_down_for_the_patient_and_not_for_the_cabinet(floor: int | None, stairs_s: float) -> None:
    arrivals = estimate_arrivals([_east("r", 0)], [_aed(0)], floor=floor, is_night=False, travel=ROUND_FIGURES)
    assert arrivals.direct_s[0] == pytest.approx(100 + stairs_s)
    assert arrivals.at_aed_s[0, 0] == pytest.approx(100)
    assert arrivals.via_aed_s[0, 0] == pytest.approx(130 + stairs_s)


def test_every_mode_has_its_own_speed() -> None:
    everyone = [_east(mode, 1, mode) for mode in TravelMode]
    arrivals = estimate_arrivals(everyone, [], floor=None, is_night=False, travel=ROUND_FIGURES)
    street_m = STEP_M * 1.5
    by_hand = [100 + street_m / speed for speed in (1.0, 2.0, 3.0, 5.0, 10.0)]
    assert arrivals.direct_s == pytest.approx(by_hand)


def test_rows_are_people_and_columns_are_aeds() -> None:
    arrivals = estimate_arrivals(
        [_east("x", 0), _east("y", 1)], [_aed(0), _aed(1), _aed(2)], floor=None, is_night=False, travel=ROUND_FIGURES
    )
    assert arrivals.via_aed_s.shape == arrivals.at_aed_s.shape == (2, 3)
    steps = np.array([[0, 1, 2], [1, 0, 1]])
    assert arrivals.at_aed_s == pytest.approx(100 + steps * STEP_M * 1.5, rel=1e-4)


def test_with_nobody_and_nothing_there_is_nothing_to_say() -> None:
    nothing = estimate_arrivals([], [], floor=None, is_night=False, travel=ROUND_FIGURES)
    assert nothing.direct_s.shape == (0,)
    assert nothing.via_aed_s.shape == (0, 0)
    nobody = estimate_arrivals([], [_aed(1)], floor=None, is_night=False, travel=ROUND_FIGURES)
    assert nobody.via_aed_s.shape == (0, 1)


def test_the_figures_of_the_default_policy() -> None:
    # A brisk walker 300 m away by day: 105 + 300 * 1.3 / 1.4 = 383.6 s.
    walker = Candidate(ResponderId("w"), Place(0.0, 300 / STEP_M / 1000), 300.0, TravelMode.WALK)
    arrivals = estimate_arrivals([walker], [], floor=None, is_night=False, travel=TravelPolicy())
    assert arrivals.direct_s[0] == pytest.approx(383.57, abs=0.01)


def test_what_the_streets_say_stands_before_the_estimate() -> None:
    walker = _east("walker", 2)
    streets = StreetTimes(
        direct_s={ResponderId("walker"): 700.0},
        to_aed_s={(ResponderId("walker"), AedId("a")): 60.0},
        onward_s={(AedId("a"), TravelMode.WALK): 50.0},
    )
    arrivals = estimate_arrivals([walker], [_aed(3)], floor=None, is_night=False, travel=ROUND_FIGURES, streets=streets)
    assert arrivals.direct_s[0] == pytest.approx(100 + 700)
    assert arrivals.at_aed_s[0, 0] == pytest.approx(100 + 60)
    assert arrivals.via_aed_s[0, 0] == pytest.approx(100 + 60 + 30 + 50)


def test_who_has_no_way_never_arrives() -> None:
    streets = StreetTimes(direct_s={ResponderId("islander"): math.inf})
    arrivals = estimate_arrivals(
        [_east("islander", 1)], [], floor=None, is_night=False, travel=ROUND_FIGURES, streets=streets
    )
    assert arrivals.direct_s[0] == math.inf


def test_who_was_not_asked_about_is_taken_to_go_as_roundabout_as_the_others() -> None:
    people = [_east(f"r{number}", 1 + number) for number in range(5)]
    straight = estimate_arrivals(people, [_aed(-2)], floor=None, is_night=False, travel=ROUND_FIGURES)
    known = {each.responder_id: 2.5 * (time - 100) for each, time in zip(people[:4], straight.direct_s, strict=False)}
    known[people[0].responder_id] = math.inf
    arrivals = estimate_arrivals(
        people, [_aed(-2)], floor=None, is_night=False, travel=ROUND_FIGURES, streets=StreetTimes(direct_s=known)
    )
    assert arrivals.direct_s[4] - 100 == pytest.approx(2.5 * (straight.direct_s[4] - 100))
    assert arrivals.at_aed_s[4, 0] - 100 == pytest.approx(2.5 * (straight.at_aed_s[4, 0] - 100))


def test_two_known_ways_say_nothing_of_the_others_and_nobody_is_sped_up() -> None:
    people = [_east(f"r{number}", 1 + number) for number in range(5)]
    straight = estimate_arrivals(people, [], floor=None, is_night=False, travel=ROUND_FIGURES)
    for known, factor in ((2, 9.0), (4, 0.5)):
        streets = StreetTimes(
            direct_s={each.responder_id: factor * 200 * (1 + n) for n, each in enumerate(people[:known])}
        )
        arrivals = estimate_arrivals(people, [], floor=None, is_night=False, travel=ROUND_FIGURES, streets=streets)
        assert arrivals.direct_s[4] == straight.direct_s[4]


def test_how_sure_a_position_is_counts_on_streets_too() -> None:
    vague = replace(_east("vague", 2), spread_m=400.0)
    streets = StreetTimes(direct_s={ResponderId("vague"): 300.0})
    arrivals = estimate_arrivals([vague], [], floor=None, is_night=False, travel=ROUND_FIGURES, streets=streets)
    # 400 m at 1.5 s a metre are 600 s to either side.
    assert arrivals.direct_s[0] == pytest.approx(100 + math.hypot(300, 600))
