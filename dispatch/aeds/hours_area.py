"""Areas in which the same hours mean the same instants."""

import h3

from geo.place import Place

# About 200 km across: hours that go by the sun differ by minutes inside, all others by nothing but near borders.
_RESOLUTION = 2


def area_of(place: Place) -> str:
    """The area that a place lies in, as an H3 cell of resolution 2."""
    return str(h3.latlng_to_cell(place.latitude, place.longitude, _RESOLUTION))
