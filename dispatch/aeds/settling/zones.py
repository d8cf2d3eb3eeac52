"""What day it is where a device hangs."""

from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from opening_hours import OpeningHours

from geo.place import Place

# Meridians meet at the poles: no zone to be told from coordinates there.
_ZONELESS_LATITUDE = 89.0

# Changes every day, so that the library has to say when, and in which zone that is.
_ANY_DAY = "00:00-12:00"
# The library reads a zone's name, which `datetime.UTC` does not have.
_ANY_TIME = datetime(2026, 1, 1, 18, tzinfo=ZoneInfo("UTC"))


def zone_of(place: Place, default_zone: str) -> tzinfo:
    """The time zone of a place; the default one near the poles, where none can be told."""
    if abs(place.latitude) >= _ZONELESS_LATITUDE:
        return ZoneInfo(default_zone)
    # Rounded to some ten kilometres: a day begins an hour early or late for nobody but who hangs on a zone's border.
    return _zone_at(round(place.latitude, 1), round(place.longitude, 1)) or ZoneInfo(default_zone)


@lru_cache(maxsize=65536)
def _zone_at(latitude: float, longitude: float) -> tzinfo | None:
    change = OpeningHours(_ANY_DAY, coords=(latitude, longitude)).next_change(_ANY_TIME)
    return None if change is None else change.tzinfo
