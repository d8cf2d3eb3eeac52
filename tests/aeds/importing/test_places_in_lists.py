"""Coordinates as lists write them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.aeds.importing.coordinates import NoPlace, PairOrder, degrees_of, pair_of, read_place
from geo.datum import Datum
from geo.distance import distance_m
from geo.place import Place


@pytest.mark.parametrize(
    ("cell", "degrees"),
    [
        ("30.25", 30.25),
        (" 30,25 ", 30.25),
        ("３０．２５", 30.25),
        ("-3.7", -3.7),
        ("−3.7", -3.7),
        ("N30.25", 30.25),
        ("30.25°S", -30.25),
        ("東経135.5", 135.5),
        ("30°15'00\"N", 30.25),
        ("3°42'0\"W", -3.7),
        ("30度15分0秒", 30.25),
        ("45.438.123", 45.438123),
        ("1.2e1", 12.0),
        ("", None),
        ("–", None),
        ("north", None),
        ("nan", None),
        ("inf", None),
        ("30.25, 120.15", None),
        ("30°75'00\"", None),
        ("1" * 500, None),
    ],
)
def test_degrees_are_read_or_refused(cell: str, degrees: float | None) -> None:
    found = degrees_of(cell)
    assert found == degrees if degrees is None else found is not None and math.isclose(found, degrees)


@pytest.mark.parametrize(
    ("cell", "pair"),
    [
        ("( 120.335807,22.731406 )", (120.335807, 22.731406, PairOrder.UNKNOWN)),
        ("30.25，120.15", (30.25, 120.15, PairOrder.UNKNOWN)),
        ("POINT (16.37 48.2)", (16.37, 48.2, PairOrder.LONGITUDE_FIRST)),
        ("SRID=4326;POINT(16.37 48.2)", (16.37, 48.2, PairOrder.LONGITUDE_FIRST)),
        ('{"type": "Point", "coordinates": [16.37, 48.2]}', (16.37, 48.2, PairOrder.LONGITUDE_FIRST)),
        ("1 Main St\nBaltimore, MD\n(39.29, -76.61)", (39.29, -76.61, PairOrder.UNKNOWN)),
        ("30°15'0\"N 120°09'0\"E", (30.25, 120.15, PairOrder.UNKNOWN)),
        ("24/7", None),
        ("Main Street 5, 12", None),
        ("", None),
    ],
)
def test_pairs_are_read_with_their_order_where_it_shows(cell: str, pair: tuple[float, float, PairOrder] | None) -> None:
    assert pair_of(cell) == pair


def test_a_swapped_pair_is_turned_with_a_note() -> None:
    found = read_place(120.15, 30.25, Datum.WGS84)
    assert found.place == Place(30.25, 120.15)
    assert "swapped" in found.notes[0]


@pytest.mark.parametrize(
    ("latitude", "longitude", "part"),
    [
        (0.0, 0.0, "latitude"),
        (90.0, 24.3, "latitude"),
        (30.0, 181.0, "longitude"),
        (200.0, 30.0, "latitude"),
        (4474254.6, 440291.5, "latitude"),
        (math.inf, 1.0, "latitude"),
        (1.0, math.nan, "longitude"),
    ],
)
def test_what_is_no_place_is_refused_by_part(latitude: float, longitude: float, part: str) -> None:
    with pytest.raises(NoPlace) as refusal:
        read_place(latitude, longitude, Datum.WGS84)
    assert refusal.value.part == part


def test_the_datum_is_taken_off() -> None:
    moved = read_place(30.25, 120.15, Datum.GCJ02).place
    assert 400 < distance_m(moved, Place(30.25, 120.15)) < 700


@given(st.text(max_size=50))
def test_no_text_breaks_the_readers(text: str) -> None:
    degrees = degrees_of(text)
    assert degrees is None or math.isfinite(degrees)
    pair_of(text)
