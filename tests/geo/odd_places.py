"""Places where an index of the globe can go wrong."""

import math

from h3.api import basic_int as h3

from geo.distance import EARTH_RADIUS_M
from geo.place import Place

HANGZHOU = Place(30.25, 120.15)
POLES = [Place(90.0, 0.0), Place(90.0, 135.0), Place(-90.0, 0.0)]
ANTIMERIDIAN = [Place(0.0, 180.0), Place(0.0, -180.0), Place(-17.0, 179.9999), Place(66.0, -179.9999)]
FACE_CENTRE = Place(4.530155, 137.977584)
PENTAGONS = [Place(*h3.cell_to_latlng(cell)) for cell in h3.get_pentagons(8)]


def between(a: Place, b: Place, share: float) -> Place:
    """The place a share of the way from one to the other, in degrees."""
    return Place(a.latitude + share * (b.latitude - a.latitude), a.longitude + share * (b.longitude - a.longitude))


def moved(place: Place, way_m: float, bearing: float) -> Place:
    """A place roughly so far away in that direction; always a valid one."""
    north = math.degrees(way_m / EARTH_RADIUS_M) * math.cos(bearing)
    level = max(math.cos(math.radians(place.latitude)), 1e-9)
    east = math.degrees(way_m / EARTH_RADIUS_M) * math.sin(bearing) / level
    return Place(max(-90.0, min(90.0, place.latitude + north)), (place.longitude + east + 180.0) % 360.0 - 180.0)


def _corners_and_edges(cell: int) -> list[Place]:
    corners = [Place(*corner) for corner in h3.cell_to_boundary(cell)]
    halves = [between(a, b, 0.5) for a, b in zip(corners, corners[1:] + corners[:1], strict=True)]
    return corners + halves


CELL_EDGES = [
    place
    for resolution in (0, 4, 7, 8, 12)
    for place in _corners_and_edges(h3.latlng_to_cell(HANGZHOU.latitude, HANGZHOU.longitude, resolution))
] + _corners_and_edges(h3.get_pentagons(8)[4])
ANCHORS = [HANGZHOU, FACE_CENTRE, *POLES, *ANTIMERIDIAN, *PENTAGONS, *CELL_EDGES]
