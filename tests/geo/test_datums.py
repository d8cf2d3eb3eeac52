import csv
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.datum import (
    Datum,
    UnknownDatum,
    from_wgs84,
    from_wgs84_arrays,
    parse_datum,
    to_wgs84,
    to_wgs84_arrays,
)
from geo.distance import distance_m
from geo.place import Place

SHARED_DATA = Path(os.environ.get("SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SHIFTED_DATUMS = (Datum.GCJ02, Datum.BD09)

# A kilometre and more inside the published formula's box; see geo.datum on its edge.
IN_CHINA = st.builds(Place, st.floats(0.9, 55.75), st.floats(72.1, 137.7))
ANYWHERE = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


def test_hangzhou_is_shifted_by_half_a_kilometre() -> None:
    hangzhou = Place(30.25, 120.15)
    assert distance_m(hangzhou, from_wgs84(hangzhou, Datum.GCJ02)) == pytest.approx(520, abs=10)


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        # The examples that the EvilTransform and coordtransform projects publish.
        (Place(31.1774276, 121.5272106), Place(31.17530398364597, 121.531541859215)),
        (Place(22.543847, 113.912316), Place(22.540796131694766, 113.9171764808363)),
        (Place(39.911954, 116.377817), Place(39.91334545536069, 116.38404722455657)),
        (Place(39.915, 116.404), Place(39.91640428150164, 116.41024449916938)),
    ],
)
def test_published_gcj02_pairs_agree_both_ways(wgs84: Place, gcj02: Place) -> None:
    assert distance_m(from_wgs84(wgs84, Datum.GCJ02), gcj02) < 0.001
    assert distance_m(to_wgs84(gcj02, Datum.GCJ02), wgs84) < 0.001


def test_a_published_bd09_pair_agrees_both_ways() -> None:
    # coordtransform's example: GCJ-02 (39.915, 116.404) is this in BD-09.
    bd09 = Place(39.92133699351021, 116.41036949371029)
    wgs84 = to_wgs84(Place(39.915, 116.404), Datum.GCJ02)
    assert distance_m(from_wgs84(wgs84, Datum.BD09), bd09) < 0.001
    assert distance_m(to_wgs84(bd09, Datum.BD09), wgs84) < 0.001


def test_two_independent_libraries_agree_with_ours() -> None:
    file = SHARED_DATA / "gcj" / "vectors_50.csv"
    if not file.exists():
        pytest.skip(f"{file.name} is not there")
    with file.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows
    for row in rows:
        ours = from_wgs84(Place(float(row["wgs_lat"]), float(row["wgs_lng"])), Datum.GCJ02)
        for library in ("eviltransform", "prcoords"):
            theirs = Place(float(row[f"gcj_lat_{library}"]), float(row[f"gcj_lng_{library}"]))
            # One of them scales with another ellipsoid, which makes a centimetre.
            assert distance_m(ours, theirs) < 0.02


@given(IN_CHINA, st.sampled_from(SHIFTED_DATUMS))
def test_there_and_back_again_is_the_same_place(place: Place, datum: Datum) -> None:
    assert distance_m(to_wgs84(from_wgs84(place, datum), datum), place) < 0.001


@given(st.lists(ANYWHERE | IN_CHINA, max_size=20), st.sampled_from(Datum))
def test_arrays_give_what_one_by_one_gives(places: list[Place], datum: Datum) -> None:
    latitudes = np.array([place.latitude for place in places])
    longitudes = np.array([place.longitude for place in places])
    for one, many in ((to_wgs84, to_wgs84_arrays), (from_wgs84, from_wgs84_arrays)):
        expected = [one(place, datum) for place in places]
        new_latitudes, new_longitudes = many(latitudes, longitudes, datum)
        np.testing.assert_allclose(new_latitudes, [place.latitude for place in expected], rtol=0, atol=1e-11)
        np.testing.assert_allclose(new_longitudes, [place.longitude for place in expected], rtol=0, atol=1e-11)


def test_arrays_leave_what_they_are_given_alone() -> None:
    latitudes, longitudes = np.array([30.25]), np.array([120.15])
    for datum in Datum:
        new_latitudes, _ = from_wgs84_arrays(latitudes, longitudes, datum)
        new_latitudes += 1.0
    assert latitudes.tolist() == [30.25]
    assert longitudes.tolist() == [120.15]


@given(ANYWHERE, st.sampled_from(SHIFTED_DATUMS))
def test_outside_the_box_nothing_is_shifted(place: Place, datum: Datum) -> None:
    if 72.004 <= place.longitude <= 137.8347 and 0.8293 <= place.latitude <= 55.8271:
        assert from_wgs84(place, datum) != place
    else:
        assert from_wgs84(place, datum) == place
        assert to_wgs84(place, datum) == place


@given(ANYWHERE)
def test_wgs84_is_itself(place: Place) -> None:
    assert to_wgs84(place, Datum.WGS84) is place
    assert from_wgs84(place, Datum.WGS84) is place


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        ("wgs84", Datum.WGS84),
        ("WGS-84", Datum.WGS84),
        ("WGS 84", Datum.WGS84),
        ("EPSG:4326", Datum.WGS84),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", Datum.WGS84),
        ("CGCS2000", Datum.WGS84),
        ("gcj02", Datum.GCJ02),
        ("GCJ-02", Datum.GCJ02),
        ("gcj02ll", Datum.GCJ02),
        ("火星坐标", Datum.GCJ02),
        ("BD-09", Datum.BD09),
        ("bd09ll", Datum.BD09),
        (" bd_09 ", Datum.BD09),
    ],
)
def test_usual_spellings_are_understood(text: str, datum: Datum) -> None:
    assert parse_datum(text) is datum


@pytest.mark.parametrize("text", ["", "nad27", "EPSG:3857", "wgs", "84"])
def test_an_unknown_datum_is_refused_with_the_known_ones_named(text: str) -> None:
    with pytest.raises(UnknownDatum, match="wgs84, gcj02, bd09"):
        parse_datum(text)


def test_baidu_metres_are_refused_as_no_degrees() -> None:
    with pytest.raises(UnknownDatum, match="metres"):
        parse_datum("BD09MC")
