import itertools
import math
import random

import pytest
from h3.api import basic_int as h3
from hypothesis import given
from hypothesis import strategies as st

from geo.cells import (
    approximate_area,
    cell_of,
    cells_of,
    centre_of,
    centres_of_base_cells,
    centres_of_children,
    coarser,
    reach_of_cell,
)
from geo.distance import EARTH_RADIUS_M, distance_m, unit_vector
from geo.place import Place

HANGZHOU = Place(30.25, 120.15)
PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
PENTAGON_CENTRES = [centre_of(cell) for cell in h3.get_pentagons(0)]


def _face_centres() -> list[Place]:
    """Return the centres of the icosahedron's faces, each amid three neighbouring corners."""
    corners = [unit_vector(centre) for centre in PENTAGON_CENTRES]
    centres = []
    for three in itertools.combinations(corners, 3):
        # The corners of one face are 1.05 apart, all others at least 1.7.
        if all(math.dist(a, b) < 1.2 for a, b in itertools.combinations(three, 2)):
            x, y, z = (sum(axis) for axis in zip(*three, strict=True))
            centres.append(Place(math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))))
    return centres


FACE_CENTRES = _face_centres()


def _share_of_reach(place: Place, cell: int, member_resolution: int) -> float:
    away = math.dist(unit_vector(place), unit_vector(centre_of(cell)))
    return away / reach_of_cell(h3.get_resolution(cell), member_resolution)


def test_a_cell_is_the_integer_that_h3_prints() -> None:
    assert h3.int_to_str(cell_of(HANGZHOU, 9)) == approximate_area(HANGZHOU).cell


def test_a_resolution_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no cell of resolution 16"):
        cell_of(HANGZHOU, 16)


@pytest.mark.parametrize("place", [Place(math.nan, 0.0), Place(0.0, math.inf)])
def test_a_place_that_is_none_has_no_cell(place: Place) -> None:
    with pytest.raises(ValueError, match="no cell of resolution 9"):
        cell_of(place, 9)


@given(st.lists(PLACES, max_size=5), st.integers(0, 15))
def test_many_cells_at_once_are_those_of_one_after_the_other(places: list[Place], resolution: int) -> None:
    cells = cells_of([place.latitude for place in places], [place.longitude for place in places], resolution)
    assert cells.tolist() == [cell_of(place, resolution) for place in places]


def test_a_place_that_is_none_spoils_the_whole_list() -> None:
    with pytest.raises(ValueError, match="no cell of resolution 9"):
        cells_of([30.0, math.nan], [120.0, 120.0], 9)


def test_base_cells_come_in_the_order_of_their_numbers() -> None:
    centres = centres_of_base_cells()
    assert len(centres) == 122
    for cell in h3.get_res0_cells():
        assert centres[h3.get_base_cell_number(cell)] == unit_vector(centre_of(cell))


@pytest.mark.parametrize("place", [HANGZHOU, *PENTAGON_CENTRES])
@pytest.mark.parametrize("resolution", [0, 5, 14])
def test_children_come_in_the_order_of_their_digits(place: Place, resolution: int) -> None:
    cell = cell_of(place, resolution)
    centres = centres_of_children(cell)
    assert centres[0] == pytest.approx(unit_vector(centre_of(cell)), abs=1e-12)
    for child in h3.cell_to_children(cell):
        digit = int(h3.int_to_str(child), 16) >> 3 * (15 - resolution - 1) & 7
        assert centres[digit] == unit_vector(centre_of(child))
    # A pentagon has no child of digit 1.
    assert (math.dist(centres[1], centres[0]) < 1e-9) == h3.is_pentagon(cell)


@given(PLACES, st.integers(0, 15))
def test_no_place_is_beyond_the_reach_of_its_cell_or_of_an_ancestor(place: Place, resolution: int) -> None:
    cell = cell_of(place, resolution)
    for ancestor_resolution in range(resolution + 1):
        assert _share_of_reach(place, coarser(cell, ancestor_resolution), resolution) <= 1.0


def test_the_reach_holds_in_every_cell_of_the_coarse_resolutions() -> None:
    shares: list[float] = []
    for base_cell in h3.get_res0_cells():
        for cell in h3.cell_to_children(base_cell, 2):
            corners = [Place(*corner) for corner in h3.cell_to_boundary(cell)]
            for resolution in range(3):
                ancestor = coarser(cell, resolution)
                shares.extend(_share_of_reach(corner, ancestor, 2) for corner in corners)
    # So close to 1 that a smaller bound would be wrong: some hexagons lie at the centre of a face.
    assert 0.99 < max(shares) <= 1.0


def test_the_reach_holds_around_pentagons_and_where_cells_are_largest() -> None:
    random_ = random.Random(1)
    assert (len(PENTAGON_CENTRES), len(FACE_CENTRES)) == (12, 20)
    for anchor in PENTAGON_CENTRES + FACE_CENTRES:
        for _ in range(60):
            spread = 10 ** random_.uniform(-6.0, 0.5)
            place = Place(
                anchor.latitude + random_.gauss(0, spread),
                anchor.longitude + random_.gauss(0, spread) / math.cos(math.radians(anchor.latitude)),
            )
            cell = cell_of(place, 8)
            assert all(_share_of_reach(place, coarser(cell, coarse), 8) <= 1.0 for coarse in range(9))


def test_the_reach_in_metres_is_the_same_on_the_ground() -> None:
    # The mean edge at resolution 8 is 531 m (H3's table); the largest hexagons have 585 m.
    assert reach_of_cell(8, 8) * EARTH_RADIUS_M == pytest.approx(586, abs=2)


@given(PLACES, st.integers(4, 12))
def test_an_approximate_area_surrounds_its_place(place: Place, resolution: int) -> None:
    area = approximate_area(place, resolution)
    assert distance_m(area.centre, place) <= area.radius_m * (1 + 1e-6) + 0.2
    assert len(area.boundary) >= 5


@given(PLACES)
def test_an_approximate_area_tells_no_two_places_of_a_cell_apart(place: Place) -> None:
    area = approximate_area(place)
    assert approximate_area(area.centre) == area


def test_an_approximate_area_is_a_few_streets_wide() -> None:
    area = approximate_area(HANGZHOU)
    assert 150 < area.radius_m < 250
    assert max(distance_m(area.centre, corner) for corner in area.boundary) == area.radius_m
