"""Positions, which are nearly everything that a service hears: two thousand a second, read without ceremony."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from geo.datum import Datum, to_wgs84
from geo.place import MAX_LATITUDE, MAX_LONGITUDE, Place

_TIME: TypeAdapter[datetime] = TypeAdapter(AwareDatetime)
_DATUMS = {datum.value: datum for datum in Datum}
_WORST_ACCURACY_M = 100_000
# Not `isinstance`: true and false are integers too.
_NUMBERS = (float, int)
# No position is longer; a parser that is given more is given it once, by who can also say what is wrong with it.
_MOST_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a responder is, in WGS-84; `accuracy_m` is a radius of 68 %, `at` the phone's own time."""

    place: Place
    accuracy_m: float | None
    at: datetime | None


def plain_position(frame: str) -> Whereabouts | None:
    """The position that a frame tells; None when it tells anything else, or a position with anything odd about it.

    A tenth of what `read_message` takes, which is asked in all other cases and whose rules these are.
    """
    if len(frame) > _MOST_CHARACTERS or '"position"' not in frame:
        return None
    try:
        said: Any = orjson.loads(frame)
        if type(said) is not dict or not _is_plain(said):
            return None
        at = None if said.get("at") is None else _TIME.validate_python(said["at"])
    except (orjson.JSONDecodeError, ValidationError):
        return None
    place = Place(float(said["latitude"]), float(said["longitude"]))
    datum = _DATUMS[said.get("datum", "wgs84")]
    accuracy_m = said.get("accuracy_m")
    return Whereabouts(
        place if datum is Datum.WGS84 else to_wgs84(place, datum), None if accuracy_m is None else float(accuracy_m), at
    )


def _is_plain(said: dict[str, Any]) -> bool:
    accuracy_m, datum = said.get("accuracy_m"), said.get("datum", "wgs84")
    return (
        said.get("type") == "position"
        and _is_degrees(said.get("latitude"), MAX_LATITUDE)
        and _is_degrees(said.get("longitude"), MAX_LONGITUDE)
        and (accuracy_m is None or (type(accuracy_m) in _NUMBERS and 0 <= accuracy_m <= _WORST_ACCURACY_M))
        and type(datum) is str
        and datum in _DATUMS
    )


def _is_degrees(value: Any, most: float) -> bool:
    return type(value) in _NUMBERS and -most <= value <= most
