import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.bounding_box import BoundingBox, InvalidBoundingBox, parse_bounding_box
from geo.distance import EARTH_RADIUS_M, distance_m
from geo.place import Place

LATITUDES = st.floats(-90, 90) | st.sampled_from([-90.0, 0.0, 90.0])
LONGITUDES = st.floats(-180, 180) | st.sampled_from([-180.0, 0.0, 180.0])
PLACES = st.builds(Place, LATITUDES, LONGITUDES)
FIJI = BoundingBox(west=176.0, south=-21.0, east=-178.0, north=-12.0)


@st.composite
def boxes(draw: st.DrawFn) -> BoundingBox:
    south, north = sorted((draw(LATITUDES), draw(LATITUDES)))
    return BoundingBox(draw(LONGITUDES), south, draw(LONGITUDES), north)


def test_four_numbers_make_a_box() -> None:
    assert parse_bounding_box("118.0, 29.2,120.7,30.6") == BoundingBox(118.0, 29.2, 120.7, 30.6)


def test_a_box_may_cross_the_antimeridian() -> None:
    assert parse_bounding_box("176,-21,-178,-12") == FIJI
    assert FIJI.contains(Place(-18.1, 178.4))
    assert FIJI.contains(Place(-16.8, -179.9))
    assert FIJI.contains(Place(-17.0, 180.0))
    assert FIJI.contains(Place(-17.0, -180.0))
    assert not FIJI.contains(Place(-17.0, 175.9))
    assert not FIJI.contains(Place(-17.0, 0.0))


def test_edges_belong_to_the_box() -> None:
    box = BoundingBox(118.0, 29.0, 120.0, 31.0)
    assert all(box.contains(Place(latitude, longitude)) for latitude in (29, 31) for longitude in (118, 120))
    assert not box.contains(Place(31.000001, 119.0))
    assert not box.contains(Place(30.0, 120.000001))


def test_the_antimeridian_is_one_line_by_either_name() -> None:
    assert BoundingBox(170.0, -10.0, 180.0, 10.0).contains(Place(0.0, -180.0))
    assert BoundingBox(-180.0, -10.0, -170.0, 10.0).contains(Place(0.0, 180.0))
    assert not BoundingBox(-170.0, -10.0, 170.0, 10.0).contains(Place(0.0, 180.0))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "four numbers"),
        ("1,2,3", "four numbers"),
        ("1,2,3,4,5", "four numbers"),
        ("a,2,3,4", "west edge is not a number"),
        ("1,2,,4", "east edge is not a number"),
        ("1,nan,3,4", "south edge must be a finite"),
        ("1,2,3,inf", "north edge must be a finite"),
        ("1,-90.1,3,4", "south edge must be from -90"),
        ("1,2,3,91", "north edge must be from -90"),
        ("-181,2,3,4", "west edge must be from -180"),
        ("1,2,180.5,4", "east edge must be from -180"),
        ("1,5,3,4", "lies north of"),
        ("29.2,118.0,30.6,120.7", "look swapped"),
    ],
)
def test_a_bad_box_is_refused_with_a_sentence(text: str, word: str) -> None:
    with pytest.raises(InvalidBoundingBox) as caught:
        parse_bounding_box(text)
    assert word in caught.value.problem


@given(PLACES, st.floats(0, 2.1e7), PLACES)
@example(Place(89.9, 10.0), 20_000.0, Place(89.95, -170.0))
@example(Place(0.0, 179.99), 5_000.0, Place(0.0, -179.98))
def test_the_box_around_a_circle_holds_the_circle(centre: Place, radius_m: float, place: Place) -> None:
    if distance_m(centre, place) <= radius_m:
        assert BoundingBox.around(centre, radius_m).contains(place)


@given(PLACES, st.floats(1, 2e6), st.floats(0, 2 * math.pi))
def test_the_box_around_a_circle_holds_its_rim(centre: Place, radius_m: float, bearing: float) -> None:
    rim = _destination(centre, radius_m, bearing)
    assert BoundingBox.around(centre, radius_m).contains(rim)


def test_the_box_around_a_circle_is_tight() -> None:
    box = BoundingBox.around(Place(60.0, 179.5), 100_000.0)
    degrees = math.degrees(100_000.0 / EARTH_RADIUS_M)
    assert (box.south, box.north) == pytest.approx((60.0 - degrees, 60.0 + degrees), abs=3e-6)
    # The rim reaches its easternmost meridian a little north of the centre's parallel.
    half_width = math.degrees(math.asin(math.sin(math.radians(degrees)) / math.cos(math.radians(60.0))))
    assert (box.west, box.east) == pytest.approx((179.5 - half_width, 179.5 + half_width - 360.0), abs=3e-6)


def test_a_circle_over_a_pole_takes_in_every_meridian() -> None:
    box = BoundingBox.around(Place(-89.99, 40.0), 10_000.0)
    assert (box.west, box.east, box.south) == (-180.0, 180.0, -90.0)
    assert box.contains(Place(-89.95, -140.0))


def test_the_box_around_a_point_is_the_point() -> None:
    box = BoundingBox.around(Place(30.25, 120.15), 0.0)
    assert (box.west, box.south, box.east, box.north) == pytest.approx((120.15, 30.25, 120.15, 30.25), abs=3e-6)


@given(boxes(), boxes(), PLACES)
def test_boxes_with_a_place_in_common_intersect(a: BoundingBox, b: BoundingBox, place: Place) -> None:
    assert a.intersects(b) == b.intersects(a)
    if a.contains(place) and b.contains(place):
        assert a.intersects(b)


@given(boxes(), boxes())
def test_boxes_that_intersect_have_a_place_in_common(a: BoundingBox, b: BoundingBox) -> None:
    corners = [
        Place(latitude, longitude)
        for latitude in (a.south, a.north, b.south, b.north)
        for longitude in (a.west, a.east, b.west, b.east)
    ]
    assert a.intersects(b) == any(a.contains(corner) and b.contains(corner) for corner in corners)


def _destination(start: Place, way_m: float, bearing: float) -> Place:
    angle = way_m / EARTH_RADIUS_M
    latitude, longitude = math.radians(start.latitude), math.radians(start.longitude)
    sine = math.sin(latitude) * math.cos(angle) + math.cos(latitude) * math.sin(angle) * math.cos(bearing)
    turn = math.atan2(
        math.sin(bearing) * math.sin(angle) * math.cos(latitude), math.cos(angle) - math.sin(latitude) * sine
    )
    level = math.hypot(
        math.sin(bearing) * math.sin(angle),
        math.cos(latitude) * math.cos(angle) - math.sin(latitude) * math.sin(angle) * math.cos(bearing),
    )
    degrees = math.degrees(longitude + turn)
    return Place(math.degrees(math.atan2(sine, level)), (degrees + 180.0) % 360.0 - 180.0)
