"""Distance along the great circle, from unit vectors.

The angle between the unit vectors a and b is 2·atan2(|a - b|, |a + b|) (W. Kahan, "How Futile are
Mindless Assessments of Roundoff in Floating-Point Computation?", 2006, "Mangled Angles"). The haversine
loses half its digits near antipodes and the arc cosine near zero; this form loses none anywhere, and what
remains is the rounding of the unit vectors, a few nanometres on the ground.

How far the sphere is from the WGS-84 ellipsoid. On the ellipsoid one radian of latitude is M(φ) long and
one radian of longitude N(φ)·cos φ, with the radii of curvature M and N; on the sphere R and R·cos φ. With
a = 6,378,137 m and 1/f = 298.257223563 (NIMA TR8350.2, 2000, table 3.1), M runs from 6,335,439 m at the
equator to 6,399,594 m at the poles and N from 6,378,137 m to the same. Each piece of any path is therefore
measured by a factor between 6,371,009/6,399,594 and 6,371,009/6,335,439, and so is the shortest path: a
distance from here is at most 0.45 % shorter and at most 0.57 % longer than the geodesic on the ellipsoid.
In Zhejiang (27-31.5° N): at most 0.21 % shorter and 0.36 % longer.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geo.distance_kernels import angles
from geo.place import Place

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius (2a + b)/3 of the ellipsoid (H. Moritz, "Geodetic Reference System 1980", 2000)."""

FloatArray = NDArray[np.float64]
UnitVector = tuple[float, float, float]


def unit_vector(place: Place) -> UnitVector:
    """Return the place as a point on the unit sphere: x to 0° E, y to 90° E, z to the north pole."""
    latitude = math.radians(place.latitude)
    longitude = math.radians(place.longitude)
    level = math.cos(latitude)
    return level * math.cos(longitude), level * math.sin(longitude), math.sin(latitude)


def angle_between(a: UnitVector, b: UnitVector) -> float:
    """Return the angle between two unit vectors in radians, the same both ways round to the last bit."""
    ax, ay, az = a
    bx, by, bz = b
    dx, dy, dz = ax - bx, ay - by, az - bz
    sx, sy, sz = ax + bx, ay + by, az + bz
    # Not math.hypot, which rounds better in its own way: so compiled code gets the same to the last bit.
    apart = math.sqrt(dx * dx + dy * dy + dz * dz)
    together = math.sqrt(sx * sx + sy * sy + sz * sz)
    return 2.0 * math.atan2(apart, together)


def distance_m(a: Place, b: Place) -> float:
    """Return the great-circle distance in metres, within -0.45 % and +0.57 % of the WGS-84 ellipsoid.

    Symmetric to the last bit, and exactly zero for equal places. The error bound is derived at the top of
    this file.
    """
    return EARTH_RADIUS_M * angle_between(unit_vector(a), unit_vector(b))


def distances_m(
    place: Place, latitudes: NDArray[np.floating[Any]], longitudes: NDArray[np.floating[Any]]
) -> FloatArray:
    """Return the distance in metres from one place to each of many, given as arrays of degrees.

    Arrays of any shapes that broadcast together; the answer has the broadcast shape and agrees with
    `distance_m` to a few nanometres (NumPy's sine may differ from Python's in the last place).
    """
    x, y, z = unit_vector(place)
    xs, ys, zs = _unit_vectors(latitudes, longitudes)
    apart = np.sqrt((x - xs) ** 2 + (y - ys) ** 2 + (z - zs) ** 2)
    together = np.sqrt((x + xs) ** 2 + (y + ys) ** 2 + (z + zs) ** 2)
    return np.asarray(2.0 * EARTH_RADIUS_M * np.arctan2(apart, together), dtype=np.float64)


def distance_matrix_m(
    latitudes: NDArray[np.floating[Any]],
    longitudes: NDArray[np.floating[Any]],
    to_latitudes: NDArray[np.floating[Any]],
    to_longitudes: NDArray[np.floating[Any]],
) -> FloatArray:
    """Return the distance in metres from each of n places to each of m, as an array (n, m), from arrays of degrees.

    Agrees with `distance_m` as `distances_m` does.
    """
    degrees = (np.ascontiguousarray(each, np.float64) for each in (latitudes, longitudes, to_latitudes, to_longitudes))
    return np.asarray(EARTH_RADIUS_M * angles(*degrees), dtype=np.float64)


def _unit_vectors(
    latitudes: NDArray[np.floating[Any]], longitudes: NDArray[np.floating[Any]]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    latitude = np.radians(np.asarray(latitudes, dtype=np.float64))
    longitude = np.radians(np.asarray(longitudes, dtype=np.float64))
    level = np.cos(latitude)
    return level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)
