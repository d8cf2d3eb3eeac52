"""Which tiles a place is on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.aeds.tiles.addresses import (
    DEEPEST_ZOOM,
    FIRST_ZOOM_WITH_POINTS,
    TileAddress,
    on_square,
    place_at,
    tile_address,
    tiles_that_show,
    window_of,
)
from dispatch.problems import InvalidField
from geo.datum import Datum, from_wgs84
from geo.place import Place

in_zhejiang = st.builds(Place, st.floats(27.0, 31.2), st.floats(118.0, 122.9))
anywhere = st.builds(Place, st.floats(-85.0, 85.0), st.floats(-179.999, 179.999))


@given(anywhere)
def test_the_way_to_the_square_and_back_ends_where_it_began(place: Place) -> None:
    there = place_at(*on_square(place))
    assert there.latitude == pytest.approx(place.latitude, abs=1e-9)
    assert there.longitude == pytest.approx(place.longitude, abs=1e-9)


@given(anywhere, st.sampled_from(Datum))
def test_a_place_is_shown_by_the_tile_it_lies_on_at_every_zoom(place: Place, datum: Datum) -> None:
    x, y = on_square(from_wgs84(place, datum))
    shown = set(tiles_that_show(place, datum))
    for z in range(DEEPEST_ZOOM + 1):
        assert TileAddress(z, int(x * 2**z), int(y * 2**z)) in shown
    # Single devices reach over an edge or a corner; clusters belong to one tile.
    assert len([each for each in shown if each.z < 13]) == 13
    assert len(shown) <= 13 + 4 * 8


@given(in_zhejiang, st.sampled_from(Datum), st.integers(0, DEEPEST_ZOOM))
def test_what_a_tile_shows_lies_in_the_window_that_it_looks_through(place: Place, datum: Datum, z: int) -> None:
    for address in tiles_that_show(place, datum):
        if address.z == z:
            window = window_of(address, datum)
            assert window.south <= place.latitude <= window.north
            assert window.west <= place.longitude <= window.east


@given(in_zhejiang, st.sampled_from([Datum.GCJ02, Datum.BD09]), st.integers(11, 18))
def test_a_device_on_a_shifted_map_is_near_where_that_map_has_it(place: Place, datum: Datum, z: int) -> None:
    x, y = on_square(from_wgs84(place, datum))
    count = 2**z
    address = TileAddress(z, int(x * count), int(y * count))
    plain_x, plain_y = on_square(place)
    u, v = plain_x * count - address.x, plain_y * count - address.y
    zero_e, u_e, v_e, both_e, zero_s, u_s, v_s, both_s = window_of(address, datum).shift
    east = u + zero_e + u_e * u + v_e * v + both_e * u * v
    south = v + zero_s + u_s * u + v_s * v + both_s * u * v
    metres = 40_075_016 * 0.87 / count
    # Baidu's shift has ripples of a few hundred metres' length, which a tile does not follow; clusters, before zoom 13,
    # are dozens of pixels wide anyway.
    allowed_m = metres / 512 if datum is Datum.GCJ02 else 30.0 if z >= FIRST_ZOOM_WITH_POINTS else 80.0
    assert abs(east - (x * count - address.x)) * metres < allowed_m
    assert abs(south - (y * count - address.y)) * metres < allowed_m


@pytest.mark.parametrize(("z", "x", "y", "named"), [(-1, 0, 0, "z"), (21, 0, 0, "z"), (3, 8, 0, "x"), (3, 0, -1, "y")])
def test_a_tile_that_is_none_is_named(z: int, x: int, y: int, named: str) -> None:
    with pytest.raises(InvalidField) as refused:
        tile_address(z, x, y)
    assert [each.field for each in refused.value.errors] == [named]
