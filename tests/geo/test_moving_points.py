import math
import random
from collections.abc import Callable, Hashable, Mapping

import pytest
from h3.api import basic_int as h3
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from geo.bounding_box import BoundingBox
from geo.distance import EARTH_RADIUS_M, distance_m
from geo.nearest import Found, MovingPoints
from geo.place import Place
from tests.geo.odd_places import ANCHORS, FACE_CENTRE, HANGZHOU, between, moved
from tests.geo.plain_points import PlainPoints

# A millimetre to a quarter of the way round, evenly by order of magnitude.
NEAR_ANCHORS = st.sampled_from(ANCHORS) | st.builds(
    lambda anchor, exponent, bearing: moved(anchor, 10.0**exponent, bearing),
    st.sampled_from(ANCHORS),
    st.floats(-3, 7),
    st.floats(0, 2 * math.pi),
)
ONE_NEIGHBOURHOOD = st.builds(
    lambda exponent, bearing: moved(HANGZHOU, 10.0**exponent, bearing),
    st.floats(-2, 4),
    st.floats(0, 2 * math.pi),
)
PLACES = NEAR_ANCHORS | ONE_NEIGHBOURHOOD
WORLDS = st.lists(NEAR_ANCHORS, max_size=30) | st.lists(ONE_NEIGHBOURHOOD, max_size=30)


def _index_of(points: Mapping[int, Place], resolution: int = 12, leaf_capacity: int = 3) -> MovingPoints[int]:
    # Leaves of few, so that a small world has many cells.
    index: MovingPoints[int] = MovingPoints(resolution, leaf_capacity)
    for key, place in points.items():
        index.put(key, place)
    return index


def _by_brute_force(
    points: Mapping[int, Place],
    place: Place,
    k: int,
    within_m: float = math.inf,
    keep: Callable[[int], bool] | None = None,
) -> list[Found[int]]:
    plain: PlainPoints[int] = PlainPoints()
    for key, there in points.items():
        plain.put(key, there)
    return plain.nearest(place, k, within_m=within_m, keep=keep)


@given(WORLDS, PLACES, st.integers(0, 35), st.sampled_from([0, 3, 7, 8, 9, 12, 15]), st.sampled_from([0, 1, 5, 64]))
@settings(max_examples=500, deadline=None)
def test_the_nearest_are_those_of_a_full_comparison(
    world: list[Place], place: Place, k: int, resolution: int, leaf_capacity: int
) -> None:
    points = dict(enumerate(world))
    index = _index_of(points, resolution, leaf_capacity)
    assert index.nearest(place, k) == _by_brute_force(points, place, k)


@given(WORLDS, PLACES, st.integers(1, 8), st.floats(-3, 7.4), st.integers(1, 20))
@settings(max_examples=400, deadline=None)
def test_distance_limits_and_filters_are_part_of_the_question(
    world: list[Place], place: Place, k: int, exponent: float, one_in: int
) -> None:
    points = dict(enumerate(world))
    index = _index_of(points)
    within_m = 10.0**exponent

    def keep(key: int) -> bool:
        return key % one_in == 0

    everything = len(points)
    assert index.nearest(place, k, keep=keep) == _by_brute_force(points, place, k, keep=keep)
    assert index.nearest(place, k, within_m=within_m) == _by_brute_force(points, place, k, within_m)
    assert index.within(place, within_m) == _by_brute_force(points, place, everything, within_m)
    assert index.within(place, within_m, keep=keep) == _by_brute_force(points, place, everything, within_m, keep)


@pytest.mark.parametrize("seed", range(20))
def test_large_worlds_around_odd_places_agree_with_a_full_comparison(seed: int) -> None:
    random_ = random.Random(seed)
    points: dict[int, Place] = {}
    for anchor in random_.sample(ANCHORS, 3):
        scale_m = 10 ** random_.uniform(0.5, 6.5)
        for _ in range(random_.choice([1, 20, 200])):
            place = moved(anchor, abs(random_.gauss(0, scale_m)), random_.uniform(0, 2 * math.pi))
            points[len(points)] = place
    index = _index_of(points, random_.choice([6, 8, 12]), random_.choice([0, 10, 64]))
    for _ in range(10):
        centre = random_.choice([*ANCHORS, *points.values()])
        place = moved(centre, 10 ** random_.uniform(-3, 6), random_.uniform(0, 2 * math.pi))
        k = random_.choice([1, 5, 20, 100])
        assert index.nearest(place, k) == _by_brute_force(points, place, k)


@pytest.mark.parametrize("seed", range(20))
def test_a_point_in_the_farthest_corner_of_its_cell_is_not_missed(seed: int) -> None:
    # Cells are largest at the centre of an icosahedron face. A bound 1 % too small ends the search here when
    # the rival has been found and the cell with the nearer point in its corner has not been opened yet.
    random_ = random.Random(seed)
    cell = h3.latlng_to_cell(FACE_CENTRE.latitude, FACE_CENTRE.longitude, 8)
    for corner in (Place(*corner) for corner in h3.cell_to_boundary(cell)):
        for _ in range(40):
            place = moved(corner, random_.uniform(0, 1_500), random_.uniform(0, 2 * math.pi))
            rival_m = distance_m(place, corner) * (1 + 10 ** random_.uniform(-5, -3))
            rival = moved(place, rival_m, random_.uniform(0, 2 * math.pi))
            points = {0: between(corner, Place(*h3.cell_to_latlng(cell)), 1e-4), 1: rival}
            assert _index_of(points, 8, leaf_capacity=0).nearest(place, 1) == _by_brute_force(points, place, 1)


def test_an_empty_world_has_no_nearest() -> None:
    index: MovingPoints[str] = MovingPoints()
    assert index.nearest(HANGZHOU, 5) == []
    assert index.within(HANGZHOU, math.inf) == []
    assert list(index.in_box(BoundingBox(-180, -90, 180, 90))) == []
    assert len(index) == 0


def test_a_lone_point_is_found_from_the_far_side_of_the_earth() -> None:
    index = _index_of({7: HANGZHOU})
    antipode = Place(-30.25, -59.85)
    [found] = index.nearest(antipode, 3)
    assert found.key == 7
    assert found.distance_m == pytest.approx(math.pi * EARTH_RADIUS_M)


def test_a_crowd_at_one_spot_is_ordered_by_key_alone() -> None:
    keys = list(range(500))
    random.Random(3).shuffle(keys)
    index = _index_of(dict.fromkeys(keys, HANGZHOU) | {1000: Place(30.25, 120.1501)})
    expected = sorted(range(500), key=repr)[:20]
    assert [found.key for found in index.nearest(HANGZHOU, 20)] == expected
    assert {found.distance_m for found in index.nearest(HANGZHOU, 20)} == {0.0}
    assert index.nearest(HANGZHOU, 501)[-1].key == 1000


def test_answers_do_not_depend_on_the_order_of_arrival() -> None:
    points = {key: Place(30.25 + key % 7 * 1e-4, 120.15) for key in range(70)}
    forward, backward = _index_of(points), _index_of(dict(reversed(points.items())))
    assert forward.nearest(HANGZHOU, 25) == backward.nearest(HANGZHOU, 25)


def test_a_filter_that_rejects_almost_all_still_gets_its_k() -> None:
    random_ = random.Random(4)
    points = {key: moved(HANGZHOU, abs(random_.gauss(0, 5_000)), random_.uniform(0, 7)) for key in range(5_000)}
    index = _index_of(points)
    for one_in in (50, 1_000, 2_500):
        wanted = set(range(0, 5_000, one_in))
        found = index.nearest(HANGZHOU, 2, keep=wanted.__contains__)
        assert found == _by_brute_force(points, HANGZHOU, 2, keep=wanted.__contains__)
        assert len(found) == 2


def test_a_filter_is_asked_about_few_points() -> None:
    random_ = random.Random(4)
    index = _index_of(
        {key: moved(HANGZHOU, abs(random_.gauss(0, 5_000)), random_.uniform(0, 7)) for key in range(5_000)}
    )
    asked: list[int] = []

    def keep(key: int) -> bool:
        asked.append(key)
        return True

    index.nearest(HANGZHOU, 10, keep=keep)
    assert len(asked) < 100


def test_the_limit_itself_is_within() -> None:
    there = Place(30.26, 120.16)
    index = _index_of({1: there})
    way_m = distance_m(HANGZHOU, there)
    assert [found.key for found in index.within(HANGZHOU, way_m)] == [1]
    assert index.within(HANGZHOU, math.nextafter(way_m, 0.0)) == []


@pytest.mark.parametrize("within_m", [-1.0, math.nan])
def test_a_limit_that_is_no_distance_is_refused(within_m: float) -> None:
    index = _index_of({1: HANGZHOU})
    with pytest.raises(ValueError, match="zero or more"):
        index.nearest(HANGZHOU, 1, within_m=within_m)
    with pytest.raises(ValueError, match="zero or more"):
        index.within(HANGZHOU, within_m)


@pytest.mark.parametrize("nowhere", [Place(math.nan, 120.0), Place(30.0, math.nan)])
def test_a_place_that_is_none_is_refused_and_changes_nothing(nowhere: Place) -> None:
    index = _index_of({1: HANGZHOU})
    with pytest.raises(ValueError, match="no cell"):
        index.put(1, nowhere)
    with pytest.raises(ValueError, match="finite"):
        index.nearest(nowhere, 1)
    assert index.place_of(1) == HANGZHOU


def test_the_index_may_change_while_a_box_is_read() -> None:
    index = _index_of({key: moved(HANGZHOU, 100.0 * key, 1.0) for key in range(20)})
    for key, _ in index.in_box(BoundingBox.around(HANGZHOU, 10_000)):
        index.remove(key)
    assert len(index) == 0


@given(WORLDS, NEAR_ANCHORS, NEAR_ANCHORS)
@settings(max_examples=150, deadline=None)
def test_a_box_holds_what_it_contains(world: list[Place], a: Place, b: Place) -> None:
    points = dict(enumerate(world))
    index = _index_of(points)
    south, north = sorted((a.latitude, b.latitude))
    for box in (
        BoundingBox(a.longitude, south, b.longitude, north),
        BoundingBox(b.longitude, south, a.longitude, north),
    ):
        expected = {key: place for key, place in points.items() if box.contains(place)}
        inside = list(index.in_box(box))
        assert len(inside) == len(expected)
        assert dict(inside) == expected


class PointsThatMove(RuleBasedStateMachine):
    """Whatever comes, moves and goes, the index tells the same as a plain dictionary."""

    @initialize(resolution=st.sampled_from([2, 8, 12]), leaf_capacity=st.sampled_from([0, 1, 4]))
    def begin(self, resolution: int, leaf_capacity: int) -> None:
        self.index: MovingPoints[Hashable] = MovingPoints(resolution, leaf_capacity)
        self.points: dict[Hashable, Place] = {}

    @rule(key=st.integers(0, 9), place=PLACES)
    def put(self, key: int, place: Place) -> None:
        self.index.put(key, place)
        self.points[key] = place

    @rule(key=st.integers(0, 9), way_m=st.floats(0, 2_000), bearing=st.floats(0, 7))
    def walk(self, key: int, way_m: float, bearing: float) -> None:
        place = self.points.get(key)
        if place is not None:
            self.put(key, moved(place, way_m, bearing))

    @rule(key=st.integers(0, 9))
    def remove(self, key: int) -> None:
        assert self.index.remove(key) == (self.points.pop(key, None) is not None)

    @rule(place=PLACES, k=st.integers(1, 5))
    def ask(self, place: Place, k: int) -> None:
        found = [(distance_m(place, there), repr(key)) for key, there in self.points.items()]
        assert [(one.distance_m, repr(one.key)) for one in self.index.nearest(place, k)] == sorted(found)[:k]

    @invariant()
    def the_same_points_are_there(self) -> None:
        assert len(self.index) == len(self.points)
        for key in range(10):
            assert (key in self.index) == (key in self.points)
            assert self.index.place_of(key) == self.points.get(key)

    def teardown(self) -> None:
        for key in list(self.points):
            self.index.remove(key)
        assert self.index._tree.node_count == 122, "an emptied index keeps no cells"


TestPointsThatMove = PointsThatMove.TestCase
TestPointsThatMove.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
