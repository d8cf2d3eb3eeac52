import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.place import InvalidPlace, Place, place_from


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_any_pair_within_range_is_a_place(latitude: float, longitude: float) -> None:
    assert place_from(latitude, longitude) == Place(latitude, longitude)


def test_whole_and_numpy_numbers_become_floats() -> None:
    place = place_from(30, np.float32(120.5))
    assert place == Place(30.0, 120.5)
    assert type(place.latitude) is float
    assert type(place.longitude) is float


@pytest.mark.parametrize(
    ("latitude", "longitude", "field", "word"),
    [
        (None, 120.0, "latitude", "missing"),
        (30.0, None, "longitude", "missing"),
        ("30", 120.0, "latitude", "number"),
        (30.0, [120.0], "longitude", "number"),
        (True, 120.0, "latitude", "number"),
        (30.0, False, "longitude", "number"),
        (Decimal(30), 120.0, "latitude", "number"),
        (math.nan, 120.0, "latitude", "finite"),
        (30.0, -math.inf, "longitude", "finite"),
        (10**400, 120.0, "latitude", "finite"),
        (90.001, 120.0, "latitude", "-90 to 90"),
        (-1000, 20.0, "latitude", "-90 to 90"),
        (30.0, 180.001, "longitude", "-180 to 180"),
        (200.0, 400.0, "latitude", "-90 to 90"),
    ],
)
def test_bad_input_names_the_field_at_fault(latitude: object, longitude: object, field: str, word: str) -> None:
    with pytest.raises(InvalidPlace) as caught:
        place_from(latitude, longitude)
    assert caught.value.field == field
    assert word in caught.value.problem
    assert caught.value.problem == str(caught.value)


def test_a_swapped_pair_is_recognised() -> None:
    with pytest.raises(InvalidPlace, match="look swapped") as caught:
        place_from(120.15, 30.25)
    assert caught.value.field == "latitude"


def test_no_swap_is_suggested_where_swapping_would_not_help() -> None:
    with pytest.raises(InvalidPlace) as caught:
        place_from(120.15, 100.0)
    assert "swapped" not in caught.value.problem
