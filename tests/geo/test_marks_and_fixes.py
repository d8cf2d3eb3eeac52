"""Who is asked for, and where they may be by now."""

import math
import random
from enum import IntFlag

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.distance import distance_m
from geo.fixes import FixAging
from geo.nearest import MovingPoints
from geo.place import Place
from tests.geo.odd_places import HANGZHOU, moved


class Duty(IntFlag):
    ON = 1
    DRIVES = 2


FREE, CERTIFIED, HAS_CAR, BLOCKED = 1, 2, 4, 8


def _row(count: int) -> MovingPoints[int]:
    """Points at 10 m, 20 m, … to the north."""
    index: MovingPoints[int] = MovingPoints(leaf_capacity=4)
    for number in range(count):
        index.put(number, moved(HANGZHOU, 10.0 * (number + 1), 0.0))
    return index


def _keys(index: MovingPoints[int], k: int, *, all_of: int = 0, any_of: int = 0, none_of: int = 0) -> list[int]:
    return [found.key for found in index.nearest(HANGZHOU, k, all_of=all_of, any_of=any_of, none_of=none_of)]


def test_marks_that_are_missing_do_not_count_towards_k() -> None:
    index = _row(100)
    for number in range(0, 100, 30):
        index.set_marks(number, FREE | CERTIFIED)
    index.set_marks(5, FREE)
    assert _keys(index, 3, all_of=FREE | CERTIFIED) == [0, 30, 60]
    assert _keys(index, 3, any_of=FREE | HAS_CAR) == [0, 5, 30]


def test_a_mark_can_rule_out() -> None:
    index = _row(10)
    index.set_marks(0, BLOCKED)
    index.set_marks(1, FREE | BLOCKED)
    index.set_marks(2, FREE)
    assert _keys(index, 2, none_of=BLOCKED) == [2, 3]
    assert _keys(index, 5, all_of=FREE, none_of=BLOCKED) == [2]


def test_no_mark_asked_for_is_everybody() -> None:
    assert _keys(_row(3), 5, any_of=0, all_of=0, none_of=0) == [0, 1, 2]


def test_marks_may_be_flags_and_numbers_whole() -> None:
    index: MovingPoints[int] = MovingPoints()
    index.put(1, Place(30, 120), accuracy_m=5, fixed_at_s=0, marks=Duty.ON)
    index.set_marks(1, Duty.ON | Duty.DRIVES)
    aging = FixAging(now_s=1, lifetime_s=300, drift_m_s=1)
    [found] = index.nearest(Place(30, 120), 1, within_m=1_000, all_of=Duty.ON, any_of=Duty.DRIVES, aging=aging)
    assert found.key == 1


def test_all_32_marks_can_be_used() -> None:
    index = _row(2)
    index.set_marks(1, 1 << 31)
    assert _keys(index, 2, any_of=1 << 31) == [1]
    assert index.marks_of(1) == 1 << 31
    for wrong in (-1, 1 << 32):
        with pytest.raises(ValueError, match="32 bits"):
            index.set_marks(1, wrong)
        with pytest.raises(ValueError, match="32 bits"):
            index.put(1, HANGZHOU, marks=wrong)


def test_marks_stay_when_a_point_moves_and_go_when_it_goes() -> None:
    index = _row(20)
    index.put(7, HANGZHOU, marks=HAS_CAR)
    index.put(7, Place(30.26, 120.15))
    index.put(7, Place(-30.0, 10.0))
    assert index.marks_of(7) == HAS_CAR
    index.remove(7)
    index.put(7, HANGZHOU)
    assert index.marks_of(7) == 0
    with pytest.raises(KeyError):
        index.marks_of(99)
    with pytest.raises(KeyError):
        index.set_marks(99, 0)


def test_a_fix_too_old_does_not_count() -> None:
    index = _row(5)
    index.put(0, moved(HANGZHOU, 10.0, 0.0), fixed_at_s=1_000.0)
    index.put(1, moved(HANGZHOU, 20.0, 0.0), fixed_at_s=1_000.5)
    aging = FixAging(now_s=1_300.25, lifetime_s=300.0)
    assert [found.key for found in index.nearest(HANGZHOU, 2, aging=aging)] == [1, 2]
    assert [found.key for found in index.nearest(HANGZHOU, 2)] == [0, 1]


def test_a_fix_just_as_old_as_its_lifetime_counts() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put("on the brink", HANGZHOU, fixed_at_s=1_000.0)
    assert len(index.nearest(HANGZHOU, 1, aging=FixAging(1_300.0, 300.0))) == 1
    assert index.nearest(HANGZHOU, 1, aging=FixAging(math.nextafter(1_300.0, math.inf), 300.0)) == []


def test_who_is_surely_near_comes_before_who_may_be_near() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put("doubtful", moved(HANGZHOU, 50.0, 1.0), accuracy_m=300.0, fixed_at_s=0.0)
    index.put("sure", moved(HANGZHOU, 100.0, 2.0), accuracy_m=5.0, fixed_at_s=0.0)
    assert [found.key for found in index.nearest(HANGZHOU, 2)] == ["doubtful", "sure"]
    sure, doubtful = index.nearest(HANGZHOU, 2, aging=FixAging(0.0, 300.0))
    assert (sure.key, doubtful.key) == ("sure", "doubtful")
    # 95 % within 300 m is a root-mean-square of 300/sqrt(ln 20) = 173.3 m.
    assert doubtful.spread_m == pytest.approx(173.33, abs=0.01)
    assert doubtful.distance_m == pytest.approx(50.0, abs=0.1)
    assert doubtful.likely_m == pytest.approx(math.hypot(doubtful.distance_m, doubtful.spread_m))


def test_age_makes_doubt() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put("old", HANGZHOU, accuracy_m=10.0, fixed_at_s=0.0)
    index.put("new", HANGZHOU, accuracy_m=10.0, fixed_at_s=100.0)
    new, old = index.nearest(HANGZHOU, 2, aging=FixAging(100.0, 300.0, drift_m_s=1.5))
    assert (new.key, old.key) == ("new", "old")
    assert old.spread_m == pytest.approx(math.hypot(150.0, new.spread_m))


def test_what_does_not_move_never_ages() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put("AED", HANGZHOU)
    [found] = index.nearest(HANGZHOU, 1, aging=FixAging(1e12, 0.0, drift_m_s=2.0))
    assert (found.spread_m, found.likely_m) == (0.0, 0.0)


def test_a_limit_is_by_the_measure_that_orders() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put("doubtful", HANGZHOU, accuracy_m=100.0, fixed_at_s=0.0)
    aging = FixAging(0.0, 300.0)
    assert index.within(HANGZHOU, 57.0, aging=aging) == []
    [found] = index.within(HANGZHOU, 58.0, aging=aging)
    assert found.likely_m == pytest.approx(100.0 / math.sqrt(math.log(20.0)))
    assert len(index.within(HANGZHOU, 0.0)) == 1


@given(st.floats(0, 1e5), st.floats(0, 1e4), st.floats(0, 1e4))
def test_doubt_never_brings_anybody_nearer(way_m: float, accuracy_m: float, age_s: float) -> None:
    index: MovingPoints[int] = MovingPoints()
    there = moved(HANGZHOU, way_m, 1.0)
    index.put(1, there, accuracy_m=accuracy_m, fixed_at_s=-age_s)
    aging = FixAging(0.0, math.inf, drift_m_s=1.2)
    [found] = index.nearest(HANGZHOU, 1, aging=aging)
    assert found.distance_m == distance_m(HANGZHOU, there)
    assert found.spread_m == aging.spread_m(accuracy_m, -age_s)
    assert found.likely_m >= found.distance_m


def test_a_95_percent_radius_is_that_of_a_circular_normal_distribution() -> None:
    random_ = random.Random(8)
    sigma_m = 40.0
    ways_m = sorted(math.hypot(random_.gauss(0, sigma_m), random_.gauss(0, sigma_m)) for _ in range(20_000))
    accuracy_m = ways_m[19_000]
    mean_square = sum(way_m * way_m for way_m in ways_m) / len(ways_m)
    spread_m = FixAging(0.0, 1.0).spread_m(accuracy_m, 0.0)
    assert spread_m == pytest.approx(math.sqrt(mean_square), rel=0.02)


@pytest.mark.parametrize("accuracy_m", [-1.0, math.nan, math.inf])
def test_an_accuracy_that_is_no_distance_is_refused(accuracy_m: float) -> None:
    index: MovingPoints[int] = MovingPoints()
    with pytest.raises(ValueError, match="accuracy"):
        index.put(1, HANGZHOU, accuracy_m=accuracy_m)
    with pytest.raises(ValueError, match="accuracy"):
        index.put_many([1, 2], [30.0, 30.0], [120.0, 120.0], accuracies_m=[1.0, accuracy_m])
    assert len(index) == 0


@pytest.mark.parametrize("fixed_at_s", [math.nan, -math.inf])
def test_a_time_that_is_none_is_refused(fixed_at_s: float) -> None:
    index: MovingPoints[int] = MovingPoints()
    with pytest.raises(ValueError, match="seconds"):
        index.put(1, HANGZHOU, fixed_at_s=fixed_at_s)
    with pytest.raises(ValueError, match="seconds"):
        index.put_many([1, 2], [30.0, 30.0], [120.0, 120.0], fixed_at_s=[fixed_at_s, 0.0])
    assert len(index) == 0


@pytest.mark.parametrize(
    ("now_s", "lifetime_s", "drift_m_s"),
    [(math.nan, 1, 1), (math.inf, 1, 1), (0, -1, 1), (0, math.nan, 1), (0, 1, -1), (0, 1, math.inf)],
)
def test_fixes_cannot_age_backwards(now_s: float, lifetime_s: float, drift_m_s: float) -> None:
    with pytest.raises(ValueError, match="cannot age"):
        FixAging(now_s, lifetime_s, drift_m_s)
