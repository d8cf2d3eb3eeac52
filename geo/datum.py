"""The coordinates of Chinese maps: WGS-84, GCJ-02 and BD-09, and the ways between them.

GCJ-02 ("Mars coordinates", on every map published in China) shifts WGS-84 by up to 710 m, BD-09 is Baidu's
further shift of GCJ-02 and comes to 1.5 km. Neither is published officially. The formulas here are the ones
recovered in public (the 2013 EvilTransform code, described in Wikipedia's "Restrictions on geographic data in
China"): a sum of sines in local degrees, scaled to angles with the Krasovsky 1940 ellipsoid.

Outside China nothing is shifted. "China" is the rough box of the published formula, longitude 72.004 to
137.8347 and latitude 0.8293 to 55.8271, which takes in much of its neighbours and Taiwan; along its edge,
within a kilometre, the shift starts abruptly and has no inverse.

The ways back to WGS-84 solve for the place. The usual code subtracts the shift of the shifted place instead,
which is off by up to 5 m.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np

from geo.distance import FloatArray
from geo.place import Place

_WEST, _EAST = 72.004, 137.8347
_SOUTH, _NORTH = 0.8293, 55.8271

# Krasovsky 1940: semi-major axis in metres, first eccentricity squared.
_SEMI_MAJOR_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323

# The sines are taken of the degrees east of 105° E and north of 35° N.
_ORIGIN_LONGITUDE, _ORIGIN_LATITUDE = 105.0, 35.0

_BAIDU_WAVE = math.pi * 3000.0 / 180.0
_BAIDU_LATITUDE_DEGREES, _BAIDU_LONGITUDE_DEGREES = 0.006, 0.0065

# Measured over the box: farthest off after 3 rounds 6 mm, after 4 0.1 mm, after 6 less than a micrometre.
_ITERATIONS = 6

_Degrees = TypeVar("_Degrees", float, FloatArray)
_ArrayConversion = Callable[[FloatArray, FloatArray, "Datum", Any], tuple[FloatArray, FloatArray]]


class Datum(StrEnum):
    """What a pair of coordinates is measured against."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


# Spelt as `_bare` leaves them. CGCS2000, China's own geodetic datum, agrees with WGS-84 within decimetres.
_SPELLINGS = {
    Datum.WGS84: (
        "wgs84",
        "wgs1984",
        "epsg4326",
        "4326",
        "crs84",
        "ogccrs84",
        "urnogcdefcrsogc13crs84",
        "gps",
        "cgcs2000",
        "epsg4490",
    ),
    Datum.GCJ02: ("gcj02", "gcj02ll", "gcj", "mars", "火星坐标", "火星坐标系"),
    Datum.BD09: ("bd09", "bd09ll", "bd", "baidu", "百度坐标", "百度坐标系"),
}
_DATUM_OF_SPELLING = {spelling: datum for datum, spellings in _SPELLINGS.items() for spelling in spellings}


class UnknownDatum(ValueError):
    """A text that names no datum known here: `problem` is a sentence about it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def parse_datum(text: str) -> Datum:
    """Return the datum of a usual spelling ("WGS-84", "EPSG:4326", "gcj02ll", "BD-09", ...).

    Case, spaces and punctuation do not matter. Raises UnknownDatum for anything else.
    """
    bare = "".join(character for character in text.lower() if character.isalnum())
    datum = _DATUM_OF_SPELLING.get(bare)
    if datum is not None:
        return datum
    known = ", ".join(Datum)
    if bare == "bd09mc":
        raise UnknownDatum(f"bd09mc is in metres of Baidu's Mercator plane, not degrees; known are {known}.")
    raise UnknownDatum(f"The datum {text[:40]!r} is not known; known are {known}.")


def to_wgs84(place: Place, datum: Datum) -> Place:
    """Return the WGS-84 place of a place given in the datum; outside China the same place.

    `from_wgs84` takes it back to within a millimetre, except along the edge of the box.
    """
    if datum is Datum.WGS84 or not _in_china(place):
        return place
    return Place(*_unshifted(place.latitude, place.longitude, datum, math))


def from_wgs84(place: Place, datum: Datum) -> Place:
    """Return a WGS-84 place in the datum; outside China the same place."""
    if datum is Datum.WGS84 or not _in_china(place):
        return place
    return Place(*_shifted(place.latitude, place.longitude, datum, math))


def to_wgs84_arrays(latitudes: FloatArray, longitudes: FloatArray, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return what `to_wgs84` does for arrays of degrees: new arrays of latitudes and longitudes."""
    return _converted(latitudes, longitudes, datum, _unshifted)


def from_wgs84_arrays(latitudes: FloatArray, longitudes: FloatArray, datum: Datum) -> tuple[FloatArray, FloatArray]:
    """Return what `from_wgs84` does for arrays of degrees: new arrays of latitudes and longitudes."""
    return _converted(latitudes, longitudes, datum, _shifted)


def _in_china(place: Place) -> bool:
    return _WEST <= place.longitude <= _EAST and _SOUTH <= place.latitude <= _NORTH


def _converted(
    latitudes: FloatArray, longitudes: FloatArray, datum: Datum, convert: _ArrayConversion
) -> tuple[FloatArray, FloatArray]:
    latitudes = np.array(latitudes, dtype=np.float64)
    longitudes = np.array(longitudes, dtype=np.float64)
    if datum is Datum.WGS84:
        return latitudes, longitudes
    inside = (longitudes >= _WEST) & (longitudes <= _EAST) & (latitudes >= _SOUTH) & (latitudes <= _NORTH)
    latitudes[inside], longitudes[inside] = convert(latitudes[inside], longitudes[inside], datum, np)
    return latitudes, longitudes


# Each formula below stands once for numbers (maths is `math`) and for arrays (maths is `numpy`).


def _unshifted(latitude: _Degrees, longitude: _Degrees, datum: Datum, maths: Any) -> tuple[_Degrees, _Degrees]:
    """Solve shifted(x) = given: x = given - shift(x), repeated.

    The shift changes by less than 2 % of the way moved, so each round adds nearly two digits.
    """
    original_latitude, original_longitude = latitude, longitude
    for _ in range(_ITERATIONS):
        back_latitude, back_longitude = _shifted(original_latitude, original_longitude, datum, maths)
        original_latitude = original_latitude + (latitude - back_latitude)
        original_longitude = original_longitude + (longitude - back_longitude)
    return original_latitude, original_longitude


def _shifted(latitude: _Degrees, longitude: _Degrees, datum: Datum, maths: Any) -> tuple[_Degrees, _Degrees]:
    gcj_latitude, gcj_longitude = _gcj02_of_wgs84(latitude, longitude, maths)
    if datum is Datum.GCJ02:
        return gcj_latitude, gcj_longitude
    return _bd09_of_gcj02(gcj_latitude, gcj_longitude, maths)


def _gcj02_of_wgs84(latitude: _Degrees, longitude: _Degrees, maths: Any) -> tuple[_Degrees, _Degrees]:
    x, y = longitude - _ORIGIN_LONGITUDE, latitude - _ORIGIN_LATITUDE
    waves = _waves(x, maths, (20, 6.0), (20, 2.0))
    root = maths.sqrt(maths.fabs(x))
    north_m = (
        (-100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root)
        + waves
        + _waves(y, maths, (20, 1.0), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))
    )
    east_m = (
        (300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root)
        + waves
        + _waves(x, maths, (20, 1.0), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))
    )
    # Metres to degrees by the ellipsoid's two radii of curvature at this latitude.
    radians = latitude * (math.pi / 180.0)
    flattening = 1.0 - _ECCENTRICITY_SQUARED * maths.sin(radians) ** 2
    across_m = _SEMI_MAJOR_M / maths.sqrt(flattening)
    along_m = across_m * (1.0 - _ECCENTRICITY_SQUARED) / flattening
    return (
        latitude + north_m / along_m * (180.0 / math.pi),
        longitude + east_m / (across_m * maths.cos(radians)) * (180.0 / math.pi),
    )


def _waves(t: _Degrees, maths: Any, *terms: tuple[float, float]) -> _Degrees:
    """Return 2/3 of the sum of height·sin(frequency·π·t) over the (height, frequency) terms, in metres."""
    total = sum(height * maths.sin(frequency * math.pi * t) for height, frequency in terms)
    waves: _Degrees = total * (2.0 / 3.0)
    return waves


def _bd09_of_gcj02(latitude: _Degrees, longitude: _Degrees, maths: Any) -> tuple[_Degrees, _Degrees]:
    """Baidu's step: in the plane of degrees, sway radius and angle a little, then add a constant."""
    radius = maths.sqrt(longitude * longitude + latitude * latitude)
    radius = radius + 0.00002 * maths.sin(latitude * _BAIDU_WAVE)
    angle = maths.atan2(latitude, longitude) + 0.000003 * maths.cos(longitude * _BAIDU_WAVE)
    return (
        radius * maths.sin(angle) + _BAIDU_LATITUDE_DEGREES,
        radius * maths.cos(angle) + _BAIDU_LONGITUDE_DEGREES,
    )
