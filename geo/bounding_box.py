"""A box between two meridians and two parallels, also one that crosses the antimeridian."""

import math
from dataclasses import dataclass
from typing import Self

from geo.distance import EARTH_RADIUS_M
from geo.place import MAX_LATITUDE, MAX_LONGITUDE, Place

# Widens `around` by a tenth of a metre, so that rounding cannot leave out a place on the rim: an arc sine
# near 1 is good to 1.5e-8 radians only.
_RIM_DEGREES = 1e-6

_FULL_CIRCLE_DEGREES = 360.0

_EDGES = ("west", "south", "east", "north")


class InvalidBoundingBox(ValueError):
    """A text that names no box: `problem` is a sentence about what is wrong with it."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """All places from `west` eastward to `east` and from `south` to `north`, edges included, in degrees.

    With west > east the box crosses the antimeridian (RFC 7946, section 5.2). The constructor checks
    nothing; `parse_bounding_box` does.
    """

    west: float
    south: float
    east: float
    north: float

    @classmethod
    def around(cls, place: Place, radius_m: float) -> Self:
        """Return the smallest box that holds every place within the radius (metres, sphere) of the place.

        A circle that reaches a pole touches every meridian, so its box goes all the way round. Elsewhere
        the meridian that touches the circle and the radius to that point meet at a right angle; the sine
        rule in that triangle with the pole gives sin(half width) = sin(radius) / cos(latitude).
        """
        angle = radius_m / EARTH_RADIUS_M
        height = math.degrees(angle) + _RIM_DEGREES
        south, north = place.latitude - height, place.latitude + height
        if south <= -MAX_LATITUDE or north >= MAX_LATITUDE:
            return cls(-MAX_LONGITUDE, max(south, -MAX_LATITUDE), MAX_LONGITUDE, min(north, MAX_LATITUDE))
        sine = math.sin(angle) / math.cos(math.radians(place.latitude))
        half_width = math.degrees(math.asin(min(1.0, sine))) + _RIM_DEGREES
        return cls(_wrapped(place.longitude - half_width), south, _wrapped(place.longitude + half_width), north)

    def contains(self, place: Place) -> bool:
        """Tell whether the place lies in the box or on its edge; -180° and 180° are one meridian."""
        return self.south <= place.latitude <= self.north and self.spans(place.longitude)

    def intersects(self, other: "BoundingBox") -> bool:
        """Tell whether the two boxes have a place in common, if only on their edges."""
        if self.south > other.north or other.south > self.north:
            return False
        # Two arcs of a circle meet exactly when one of them begins within the other.
        return self.spans(other.west) or other.spans(self.west)

    def spans(self, longitude: float) -> bool:
        """Tell whether the meridian lies between west and east, edges included."""
        if self.west <= longitude <= self.east:
            return True
        if self.west > self.east and (longitude >= self.west or longitude <= self.east):
            return True
        # The antimeridian goes by two names, and the box may know it by the other.
        return abs(longitude) == MAX_LONGITUDE and MAX_LONGITUDE in (abs(self.west), abs(self.east))


def parse_bounding_box(text: str) -> BoundingBox:
    """Read a box from "west,south,east,north" in degrees (the order of RFC 7946).

    Raises InvalidBoundingBox unless there are four finite numbers within the ranges of longitude and
    latitude, south not above north. West may be greater than east: such a box crosses the antimeridian.
    """
    parts = text.split(",")
    if len(parts) != len(_EDGES):
        raise InvalidBoundingBox(
            f"A box is four numbers, west,south,east,north, separated by commas; here are {len(parts)}."
        )
    west, south, east, north = (_number(name, part) for name, part in zip(_EDGES, parts, strict=True))
    for name, latitude in (("south", south), ("north", north)):
        if abs(latitude) > MAX_LATITUDE:
            raise InvalidBoundingBox(
                f"The {name} edge must be from -90 to 90 degrees, not {latitude:g}"
                f"{_order_hint(west, south, east, north)}."
            )
    for name, longitude in (("west", west), ("east", east)):
        if abs(longitude) > MAX_LONGITUDE:
            raise InvalidBoundingBox(f"The {name} edge must be from -180 to 180 degrees, not {longitude:g}.")
    if south > north:
        raise InvalidBoundingBox(f"The south edge ({south:g}) lies north of the north edge ({north:g}).")
    return BoundingBox(west, south, east, north)


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise InvalidBoundingBox(f"The {name} edge is not a number.") from None
    if not math.isfinite(number):
        raise InvalidBoundingBox(f"The {name} edge must be a finite number.")
    return number


def _order_hint(west: float, south: float, east: float, north: float) -> str:
    latitudes_would_fit = max(abs(west), abs(east)) <= MAX_LATITUDE
    longitudes_would_fit = max(abs(south), abs(north)) <= MAX_LONGITUDE
    if latitudes_would_fit and longitudes_would_fit:
        return "; latitude and longitude look swapped, the order is west,south,east,north"
    return ""


def _wrapped(longitude: float) -> float:
    if longitude < -MAX_LONGITUDE:
        return longitude + _FULL_CIRCLE_DEGREES
    if longitude > MAX_LONGITUDE:
        return longitude - _FULL_CIRCLE_DEGREES
    return longitude
