"""Many points at once, and what is left behind when they go."""

import random
import time
from collections.abc import Hashable

import pytest

from geo.nearest import MovingPoints
from geo.place import Place
from tests.geo.odd_places import HANGZHOU, moved

ROOTS = 122


def _places(count: int, seed: int = 1, scale_m: float = 3_000) -> list[Place]:
    random_ = random.Random(seed)
    return [moved(HANGZHOU, abs(random_.gauss(0, scale_m)), random_.uniform(0, 7)) for _ in range(count)]


def _put(index: MovingPoints[int], keys: list[int], places: list[Place]) -> None:
    index.put_many(keys, [place.latitude for place in places], [place.longitude for place in places])


def test_a_batch_is_the_same_as_one_by_one() -> None:
    places = _places(2_000)
    batched: MovingPoints[int] = MovingPoints(leaf_capacity=8)
    single: MovingPoints[int] = MovingPoints(leaf_capacity=8)
    _put(batched, list(range(2_000)), places)
    for key, place in enumerate(places):
        single.put(key, place)
    assert [batched.place_of(key) for key in range(2_000)] == places
    for place in _places(50, seed=2):
        assert batched.nearest(place, 30) == single.nearest(place, 30)


def test_what_is_the_same_for_all_is_given_once() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put_many(["a", "b"], [30.0, 31.0], [120.0, 120.0], marks=5, fixed_at_s=10.0)
    assert (index.marks_of("a"), index.marks_of("b")) == (5, 5)
    index.put_many(["a", "b"], [30.5, 31.0], [120.0, 120.0])
    assert (index.marks_of("a"), index.marks_of("b")) == (5, 5), "a move keeps marks"


def test_of_a_key_that_comes_twice_the_last_place_counts() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put_many(["a", "b", "a"], [30.0, 31.0, -10.0], [120.0, 120.0, 5.0], marks=[1, 2, 3])
    assert len(index) == 2
    assert (index.place_of("a"), index.marks_of("a")) == (Place(-10.0, 5.0), 3)


def test_an_empty_batch_is_one() -> None:
    index: MovingPoints[str] = MovingPoints()
    index.put_many([], [], [])
    assert len(index) == 0


def test_a_batch_with_something_wrong_changes_nothing() -> None:
    index: MovingPoints[str] = MovingPoints()
    with pytest.raises(ValueError, match="no cell"):
        index.put_many(["a", "b"], [30.0, float("nan")], [120.0, 120.0])
    with pytest.raises(ValueError, match="one latitude and one longitude"):
        index.put_many(["a", "b"], [30.0], [120.0, 120.0])
    with pytest.raises(ValueError, match="for every key"):
        index.put_many(["a", "b"], [30.0, 31.0], [120.0, 120.0], marks=[1, 2, 3])
    with pytest.raises(ValueError, match="32 bits"):
        index.put_many(["a", "b"], [30.0, 31.0], [120.0, 120.0], marks=[1, -1])
    assert len(index) == 0
    assert index.nearest(HANGZHOU, 1) == []


def test_keys_may_be_anything_that_hashes() -> None:
    index: MovingPoints[Hashable] = MovingPoints()
    keys: list[Hashable] = ["text", 7, (1, 2), None, frozenset({3})]
    for number, key in enumerate(keys):
        index.put(key, moved(HANGZHOU, 10.0 * number, 0.0))
    assert [found.key for found in index.nearest(HANGZHOU, 9)] == keys
    index.put_many(keys, [30.0, 30.1, 30.2, 30.3, 30.4], [120.0] * 5)
    assert [found.key for found in index.nearest(Place(29.0, 120.0), 9)] == keys


def test_coming_and_going_does_not_make_the_index_grow() -> None:
    random_ = random.Random(6)
    index: MovingPoints[int] = MovingPoints()
    _put(index, list(range(5_000)), _places(5_000))
    there = list(range(5_000))
    following = 5_000
    at_first = 0
    for round_ in range(40):
        random_.shuffle(there)
        for key in there[:1_000]:
            index.remove(key)
        there = there[1_000:]
        _put(index, list(range(following, following + 1_000)), _places(1_000, seed=round_))
        there += range(following, following + 1_000)
        following += 1_000
        if round_ == 9:
            at_first = index.array_bytes
    assert len(index) == 5_000
    assert index.array_bytes <= 1.15 * at_first


def test_a_crowd_that_moves_on_leaves_no_cells_behind() -> None:
    index: MovingPoints[int] = MovingPoints()
    keys = list(range(3_000))
    at_first = 0
    for hour in range(30):
        middle = Place(28.0 + 0.1 * hour, 120.0)
        random_ = random.Random(hour)
        _put(index, keys, [moved(middle, abs(random_.gauss(0, 500)), random_.uniform(0, 7)) for _ in keys])
        at_first = at_first or index._tree.node_count
    assert index._tree.node_count < 2 * at_first
    for key in keys:
        index.remove(key)
    assert index._tree.node_count == ROOTS
    assert index.nearest(HANGZHOU, 3) == []


def test_a_crowd_at_one_spot_can_only_be_divided_so_far() -> None:
    index: MovingPoints[int] = MovingPoints()
    _put(index, list(range(3_000)), [HANGZHOU] * 3_000)
    assert len(index.within(HANGZHOU, 0.0)) == 3_000
    for key in range(2_990):
        index.remove(key)
    assert [found.key for found in index.nearest(HANGZHOU, 3)] == [2990, 2991, 2992]
    assert index._tree.node_count == ROOTS


def test_the_way_to_a_state_does_not_show() -> None:
    """Points at a few spots only, so that ties straddle the k-th place; three histories that end alike."""
    random_ = random.Random(9)
    ends = {key: moved(HANGZHOU, 100.0 * (key % 5), 0.0) for key in range(300)}
    straight: MovingPoints[int] = MovingPoints(leaf_capacity=4)
    _put(straight, list(ends), list(ends.values()))
    backwards: MovingPoints[int] = MovingPoints(leaf_capacity=64)
    for key in reversed(ends):
        backwards.put(key, ends[key])
    wandering: MovingPoints[int] = MovingPoints(leaf_capacity=0)
    for _ in range(3):
        for key in random_.sample(range(400), 400):
            wandering.put(key, moved(HANGZHOU, random_.expovariate(1e-4), random_.uniform(0, 7)))
        for key in random_.sample(range(400), 200):
            wandering.remove(key)
    for key in range(400):
        if key in ends:
            wandering.put(key, ends[key])
        else:
            wandering.remove(key)
    for k in (1, 7, 20, 61, 119, 300, 500):
        for place in (HANGZHOU, *ends.values()):
            assert straight.nearest(place, k) == backwards.nearest(place, k) == wandering.nearest(place, k)


def test_a_batch_is_cheaper_than_the_same_one_by_one() -> None:
    places = _places(20_000)
    keys = list(range(20_000))
    index: MovingPoints[int] = MovingPoints()
    _put(index, keys, places)
    latitudes = [place.latitude for place in places]
    longitudes = [place.longitude for place in places]

    def one_by_one() -> float:
        began = time.perf_counter()
        for key, place in zip(keys, places, strict=True):
            index.put(key, place)
        return time.perf_counter() - began

    def at_once() -> float:
        began = time.perf_counter()
        index.put_many(keys, latitudes, longitudes)
        return time.perf_counter() - began

    # The best of a few: whatever else the machine does only ever adds.
    assert min(at_once() for _ in range(5)) < min(one_by_one() for _ in range(3))
