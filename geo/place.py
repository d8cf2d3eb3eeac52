"""A place on the globe, and the check that every place from outside has to pass."""

import math
from dataclasses import dataclass
from numbers import Real
from typing import Literal

MAX_LATITUDE = 90.0
MAX_LONGITUDE = 180.0

PlaceField = Literal["latitude", "longitude"]


@dataclass(frozen=True, slots=True)
class Place:
    """A point in degrees, WGS-84 unless a name nearby says another datum.

    The constructor checks nothing, because it runs for every position that moves;
    whatever comes from outside goes through `place_from` once.
    """

    latitude: float
    longitude: float


class InvalidPlace(ValueError):
    """Coordinates that name no place: `field` is the one at fault, `problem` a sentence about it."""

    def __init__(self, field: PlaceField, problem: str) -> None:
        super().__init__(problem)
        self.field: PlaceField = field
        self.problem = problem


def place_from(latitude: object, longitude: object) -> Place:
    """Return the place of two values from outside, in degrees.

    Raises InvalidPlace when a value is missing, no number (a bool or a text is none), not finite,
    or out of range; a swapped pair is recognised where the latitude gives it away.
    """
    latitude_degrees = _degrees("latitude", latitude)
    longitude_degrees = _degrees("longitude", longitude)
    if abs(latitude_degrees) > MAX_LATITUDE:
        raise InvalidPlace("latitude", _latitude_problem(latitude_degrees, longitude_degrees))
    if abs(longitude_degrees) > MAX_LONGITUDE:
        raise InvalidPlace("longitude", f"The longitude must be from -180 to 180 degrees, not {longitude_degrees:g}.")
    return Place(latitude_degrees, longitude_degrees)


def _degrees(field: PlaceField, value: object) -> float:
    if value is None:
        raise InvalidPlace(field, f"The {field} is missing.")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidPlace(field, f"The {field} must be a number, not {type(value).__name__}.")
    try:
        degrees = float(value)
    except OverflowError:
        # An integer of hundreds of digits is valid JSON and no float.
        degrees = math.inf
    if not math.isfinite(degrees):
        raise InvalidPlace(field, f"The {field} must be a finite number.")
    return degrees


def _latitude_problem(latitude: float, longitude: float) -> str:
    if abs(latitude) <= MAX_LONGITUDE and abs(longitude) <= MAX_LATITUDE:
        return (
            f"Latitude and longitude look swapped: {latitude:g} cannot be a latitude, "
            f"but latitude {longitude:g} with longitude {latitude:g} would be a place."
        )
    return f"The latitude must be from -90 to 90 degrees, not {latitude:g}."
