import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.distance import EARTH_RADIUS_M, distance_m, distance_matrix_m, distances_m
from geo.place import Place

PLACES = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
HALF_WAY_ROUND_M = math.pi * EARTH_RADIUS_M


def test_a_degree_of_latitude_is_a_360th_of_the_way_round() -> None:
    expected = pytest.approx(EARTH_RADIUS_M * math.radians(1.0), rel=1e-12)
    assert distance_m(Place(30, 120), Place(31, 120)) == expected


def test_the_poles_are_half_way_round_apart_whatever_their_longitude() -> None:
    assert distance_m(Place(90, 13), Place(-90, -77)) == pytest.approx(HALF_WAY_ROUND_M, rel=1e-15)
    assert distance_m(Place(90, 13), Place(90, -77)) == pytest.approx(0.0, abs=1e-8)


def test_the_way_over_the_antimeridian_is_short() -> None:
    assert distance_m(Place(0, 179.9), Place(0, -179.9)) == pytest.approx(EARTH_RADIUS_M * math.radians(0.2), rel=1e-12)


@pytest.mark.parametrize("step_m", [1e-4, 1e-2, 1.0, 100.0])
def test_short_distances_keep_their_digits(step_m: float) -> None:
    degrees = math.degrees(step_m / EARTH_RADIUS_M)
    assert distance_m(Place(30, 120), Place(30 + degrees, 120)) == pytest.approx(step_m, abs=5e-9)


@pytest.mark.parametrize("step_m", [1e-4, 1e-2, 1.0, 100.0])
def test_distances_to_near_the_antipode_keep_their_digits(step_m: float) -> None:
    degrees = math.degrees(step_m / EARTH_RADIUS_M)
    far = distance_m(Place(30, 120), Place(-30 + degrees, -60))
    assert HALF_WAY_ROUND_M - far == pytest.approx(step_m, abs=2e-8)


@given(PLACES, PLACES)
def test_both_ways_are_equally_long_to_the_last_bit(a: Place, b: Place) -> None:
    assert distance_m(a, b) == distance_m(b, a)
    assert distance_m(a, a) == 0.0


@given(PLACES, PLACES, PLACES)
def test_a_detour_is_never_shorter(a: Place, b: Place, c: Place) -> None:
    assert distance_m(a, c) <= distance_m(a, b) + distance_m(b, c) + 1e-7


@given(PLACES, st.lists(PLACES, max_size=20))
def test_many_at_once_are_what_one_by_one_gives(place: Place, others: list[Place]) -> None:
    latitudes = np.array([other.latitude for other in others])
    longitudes = np.array([other.longitude for other in others])
    one_by_one = [distance_m(place, other) for other in others]
    np.testing.assert_allclose(distances_m(place, latitudes, longitudes), one_by_one, rtol=0, atol=2e-8)


def test_arrays_keep_their_shape() -> None:
    assert distances_m(Place(0, 0), np.zeros((3, 1)), np.zeros(4)).shape == (3, 4)


def test_a_surveyed_line_is_within_the_stated_error() -> None:
    # Flinders Peak to Buninyong is 54,972.271 m on the ellipsoid (Geocentric Datum of Australia manual).
    flinders_peak = Place(-(37 + 57 / 60 + 3.72030 / 3600), 144 + 25 / 60 + 29.52440 / 3600)
    buninyong = Place(-(37 + 39 / 60 + 10.15610 / 3600), 143 + 55 / 60 + 35.38390 / 3600)
    ratio = distance_m(flinders_peak, buninyong) / 54_972.271
    assert 1 - 0.0045 <= ratio <= 1 + 0.0057


@pytest.mark.parametrize("latitude", range(-90, 91, 5))
def test_the_stated_error_holds_along_meridians_and_parallels(latitude: int) -> None:
    semi_major_m, flattening = 6_378_137.0, 1 / 298.257223563
    eccentricity_squared = flattening * (2 - flattening)
    radians = math.radians(latitude)
    inner = 1 - eccentricity_squared * math.sin(radians) ** 2
    along_m = semi_major_m * (1 - eccentricity_squared) / inner**1.5
    across_m = semi_major_m / math.sqrt(inner)
    for radius_m in (along_m, across_m):
        assert 1 - 0.0045 <= EARTH_RADIUS_M / radius_m <= 1 + 0.0057


@given(st.lists(PLACES, max_size=4), st.lists(PLACES, max_size=3))
def test_the_matrix_has_the_distance_of_every_pair(here: list[Place], there: list[Place]) -> None:
    matrix = distance_matrix_m(
        np.array([each.latitude for each in here]),
        np.array([each.longitude for each in here]),
        np.array([each.latitude for each in there]),
        np.array([each.longitude for each in there]),
    )
    assert matrix.shape == (len(here), len(there))
    for row, one in enumerate(here):
        for column, other in enumerate(there):
            assert matrix[row, column] == pytest.approx(distance_m(one, other), rel=1e-12, abs=1e-7)
