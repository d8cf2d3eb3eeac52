"""Opening hours in OpenStreetMap's syntax: checked on entry, evaluated where the AED is.

The library knows public holidays (`PH`) of many countries, China among them, by their legal dates; days moved by a
government's yearly notice are not in it, nor are Taiwan's holidays. School holidays (`SH`) it cannot know: refused.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# The stubs know less than the module.
from opening_hours import OpeningHours, ParserError, State  # type: ignore[attr-defined]

from geo.place import Place

MAX_EXPRESSION_LENGTH = 1000

# A change further away than this is "none": it keeps rare expressions (29 February on a Monday) from searching
# ten thousand years; 0.5 s became 0.1 ms.
_HORIZON_DAYS = 366
# More changes of the comment alone, one after the other, are not told apart from opening and closing.
_CHANGES_LOOKED_AT = 10
# Meridians meet at the poles: no zone to be told from coordinates there.
_ZONELESS_LATITUDE = 89.0
# The library reads a zone's name, which `datetime.UTC` does not have.
_UTC = ZoneInfo("UTC")
# By the specification a rule that is nothing but a comment ("by appointment") is unknown; the library opens it.
_ONLY_A_COMMENT = re.compile(r'(?:^|(?<=;)|(?<=\|\|))(\s*)("[^"]*")(?=\s*(?:;|\|\||$))')


_QUOTED = re.compile(r'"[^"]*"')
# What the library takes for certain and nobody can be: it has no calendar of schools, and leaves an open end open.
_UNCERTAIN = (
    (re.compile(r"(?<![a-z])SH(?![a-z])", re.IGNORECASE), "school holidays (SH) are not known here; write their dates"),
    (
        re.compile(r"(?:\d:\d\d|sunrise|sunset|dawn|dusk|\))\+(?!\d)", re.IGNORECASE),
        "an open end (10:00+) does not tell how long somebody is there; write until when",
    ),
)


class InvalidHours(ValueError):
    """A text that is not opening hours; the message says where it goes wrong."""


def checked_hours(expression: str) -> str:
    """The expression as it is stored: as given, or with its small faults (`SU`, `mo`) put right.

    Raises `InvalidHours`, also for what is well-formed and nobody can be certain of.
    """
    text = well_formed_hours(expression)
    uncertain = uncertainty_of(text)
    if uncertain is not None:
        raise InvalidHours(uncertain)
    return text


def well_formed_hours(expression: str) -> str:
    """The same, if it is in OpenStreetMap's syntax. Raises `InvalidHours`."""
    text = expression.strip()
    if len(text) > MAX_EXPRESSION_LENGTH:
        raise InvalidHours(f"opening hours longer than {MAX_EXPRESSION_LENGTH} characters")
    parsed = _parse(text, None, None)
    return str(parsed) if parsed.warnings else text


def uncertainty_of(expression: str) -> str | None:
    """Why it cannot be told when it is open, though the expression is well-formed; None when it can."""
    rules = _QUOTED.sub("", expression)
    return next((problem for pattern, problem in _UNCERTAIN if pattern.search(rules)), None)


def is_open_at(expression: str | None, place: Place, at: datetime, default_zone: str) -> bool:
    """Whether a place with these hours is certainly open at the instant; unknown hours never are."""
    if expression is None:
        return False
    return _hours_at(expression, place, default_zone).is_open(at.astimezone(_UTC))


def next_change_after(expression: str | None, place: Place, at: datetime, default_zone: str) -> datetime | None:
    """When the place next opens or closes, in UTC; None when it does not within a year or hours are unknown."""
    if expression is None:
        return None
    change = _hours_at(expression, place, default_zone).next_change(at.astimezone(_UTC))
    return None if change is None else change.astimezone(UTC)


def state_at(expression: str | None, place: Place, at: datetime, default_zone: str) -> tuple[bool, datetime | None]:
    """Whether a place is certainly open at the instant, and when it next opens or closes (UTC; None: not in a year).

    Hours may also change their comment alone, which is neither. Hours that are none, written past the checks by
    whomever, are closed doors.
    """
    try:
        is_open = is_open_at(expression, place, at, default_zone)
        change = next_change_after(expression, place, at, default_zone)
        for _ in range(_CHANGES_LOOKED_AT):
            if change is None or is_open_at(expression, place, change, default_zone) != is_open:
                break
            change = next_change_after(expression, place, change, default_zone)
    except InvalidHours:
        return False, None
    return is_open, change


def open_intervals(
    expression: str | None, place: Place, start: datetime, length: timedelta, default_zone: str
) -> Iterator[tuple[datetime, datetime]]:
    """The stretches (UTC) within `length` from `start` in which the place is certainly open, in order."""
    if expression is None:
        return
    begin = start.astimezone(_UTC)
    for opens, closes, state, _comment in _hours_at(expression, place, default_zone).intervals(begin, begin + length):
        if state == State.OPEN:
            yield opens.astimezone(UTC), closes.astimezone(UTC)


def _hours_at(expression: str, place: Place, default_zone: str) -> OpeningHours:
    if abs(place.latitude) >= _ZONELESS_LATITUDE:
        return _parse_in_zone(expression, default_zone)
    # Rounded to about a kilometre: no zone is finer, the sun moves by seconds, and one street shares one parse.
    return _parse(expression, round(place.latitude, 2), round(place.longitude, 2))


@lru_cache(maxsize=65536)
def _parse(expression: str, latitude: float | None, longitude: float | None) -> OpeningHours:
    coordinates = None if latitude is None or longitude is None else (latitude, longitude)
    try:
        return OpeningHours(_marked(expression), coords=coordinates, max_interval_days=_HORIZON_DAYS)
    except ParserError as error:
        raise InvalidHours(_sentence_of(error)) from None


@lru_cache(maxsize=1024)
def _parse_in_zone(expression: str, zone: str) -> OpeningHours:
    return OpeningHours(_marked(expression), timezone=ZoneInfo(zone), max_interval_days=_HORIZON_DAYS)


def _marked(expression: str) -> str:
    return _ONLY_A_COMMENT.sub(r"\1unknown \2", expression)


def _sentence_of(error: Exception) -> str:
    # The parser draws a picture over several lines; what it expected is on the last one.
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    column = next((line.rpartition(":")[2] for line in lines if line.startswith("Failed") and "-->" in line), "")
    column = column or next((line.rpartition(":")[2] for line in lines if line.startswith("-->")), "")
    where = f" at character {column}" if column.isdigit() else ""
    return f"not OpenStreetMap opening_hours syntax{where}, such as `Mo-Fr 08:00-18:00; Sa 09:00-12:00` or `24/7`"
