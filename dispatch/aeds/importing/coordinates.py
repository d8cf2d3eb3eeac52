"""Places as lists write them: numbers, degrees and minutes, pairs in one field, the wrong way round."""

import json
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from geo.datum import Datum, to_wgs84
from geo.place import Place

# No device hangs on a pole; a latitude of 90 is what spreadsheets and broken programs write.
_POLE = 89.9
_LONGEST_CELL = 400
# How a note says that a pair was turned round.
SWAPPED = "were swapped"

_NUMBER = r"[-+]?\d+(?:[.,]\d+)?(?:e[-+]?\d{1,2})?"
_PLAIN = re.compile(_NUMBER)
_SEXAGESIMAL = re.compile(
    r"(?P<before>[nsew]|north|south|east|west|北緯|南緯|東経|西経|北纬|南纬|东经|西经|東經|西經)?\s*"
    r"(?P<sign>[-+])?(?P<degrees>\d{1,3}(?:\.\d+)?)\s*(?:°|º|度|deg|d|:|\s)\s*"
    r"(?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*(?:'|′|’|‘|分|min|m|:|\s)\s*)?"
    r"(?:(?P<seconds>\d{1,2}(?:[.,]\d+)?)\s*(?:\"|″|”|''|′′|秒|sec|s)?\s*)?"
    r"(?P<after>[nsewo]|north|south|east|west)?",
    re.IGNORECASE,
)
_HALF = re.compile(
    r"(?P<before>[nsew]|北緯|南緯|東経|西経|北纬|南纬|东经|西经|東經|西經)?\s*"
    rf"(?P<number>{_NUMBER})\s*°?\s*(?P<after>[nsewo])?",
    re.IGNORECASE,
)
_WKT_POINT = re.compile(rf"point\s*(?:z\s*)?\(\s*({_NUMBER})\s+({_NUMBER})(?:\s+{_NUMBER})?\s*\)", re.IGNORECASE)
_PAIR = re.compile(r"([-+]?\d{1,3}(?:\.\d*)?)\s*[,;|\s]\s*([-+]?\d{1,3}(?:\.\d*)?)")
_BETWEEN = re.compile(r"\s*[,;|]\s*|\s+(?=[news])|(?<=[news])\s+", re.IGNORECASE)
_GROUPED = re.compile(r"([-+]?\d{1,3})\.(\d{3})\.(\d{1,3}(?:\.\d{3})*)")
_NEGATIVE = ("s", "w", "o", "南", "西")


class PairOrder(StrEnum):
    """Which of two numbers in one field comes first."""

    LATITUDE_FIRST = "latitude first"
    LONGITUDE_FIRST = "longitude first"
    UNKNOWN = "unknown"


class NoPlace(ValueError):
    """Coordinates that name no place. `part` is `latitude` or `longitude` when one of them is at fault."""

    def __init__(self, problem: str, part: str | None = None) -> None:
        super().__init__(problem)
        self.part = part


@dataclass(frozen=True, slots=True)
class ReadPlace:
    """A place in WGS-84 and what had to be put right on the way."""

    place: Place
    notes: tuple[str, ...] = ()


def degrees_of(cell: str) -> float | None:
    """The degrees a cell says, or None: `34.7`, `34,7`, `N34.7`, `34°43'01"N`, `東経135度15分`."""
    text = _plain_text(cell)
    if not text:
        return None
    if _PLAIN.fullmatch(text):
        return float(text.replace(",", "."))
    if grouped := _GROUPED.fullmatch(text):
        # A spreadsheet took the point for a thousands separator and added its own.
        return float(f"{grouped[1]}.{grouped[2]}{grouped[3].replace('.', '')}")
    if half := _HALF.fullmatch(text):
        return _signed(float(half["number"].replace(",", ".")), half["before"], half["after"])
    if parts := _SEXAGESIMAL.fullmatch(text):
        return _sexagesimal(parts)
    return None


def pair_of(cell: str) -> tuple[float, float, PairOrder] | None:
    """Two numbers out of one cell and their order where the form tells it: `( lng,lat )`, WKT, a GeoJSON point."""
    text = _plain_text(cell)
    if text.startswith("{"):
        return _geojson_pair(text)
    if wkt := _WKT_POINT.search(text):
        return _number(wkt[1]), _number(wkt[2]), PairOrder.LONGITUDE_FIRST
    # 35,694 is one number where the comma is the decimal point.
    return None if _PLAIN.fullmatch(text) else _plain_pair(text)


def _plain_pair(text: str) -> tuple[float, float, PairOrder] | None:
    inner = (
        text.rsplit("(", maxsplit=1)[-1].split(")", maxsplit=1)[0].strip(" []") if "(" in text else text.strip("[] ")
    )
    if pair := _PAIR.fullmatch(inner):
        return float(pair[1]), float(pair[2]), PairOrder.UNKNOWN
    halves = _BETWEEN.split(inner, maxsplit=1)
    degrees = [found for half in halves if (found := degrees_of(half)) is not None]
    if len(halves) != len(degrees) or len(degrees) != 2:  # noqa: PLR2004 - a pair
        return None
    order = PairOrder.LONGITUDE_FIRST if re.search(r"[ew东東]", halves[0], re.IGNORECASE) else PairOrder.UNKNOWN
    return degrees[0], degrees[1], order


def read_place(latitude: float, longitude: float, datum: Datum) -> ReadPlace:
    """The WGS-84 place of two numbers. A pair that can only be meant the other way round is turned, with a note.

    Raises `NoPlace` for numbers that are out of range, zero and zero, or a pole.
    """
    notes: tuple[str, ...] = ()
    if abs(latitude) > 90 and abs(longitude) <= 90 and abs(latitude) <= 180:  # noqa: PLR2004 - degrees
        notes = (f"latitude {latitude:g} and longitude {longitude:g} {SWAPPED}",)
        latitude, longitude = longitude, latitude
    if not abs(latitude) <= 90:  # noqa: PLR2004 - degrees
        raise NoPlace(f"the latitude must be from -90 to 90 degrees{_hint(latitude)}", "latitude")
    if not abs(longitude) <= 180:  # noqa: PLR2004 - degrees
        raise NoPlace(f"the longitude must be from -180 to 180 degrees{_hint(longitude)}", "longitude")
    if latitude == 0 and longitude == 0:
        raise NoPlace("latitude and longitude are both zero", "latitude")
    if abs(latitude) >= _POLE:
        raise NoPlace("the latitude is that of a pole", "latitude")
    return ReadPlace(to_wgs84(Place(latitude, longitude), datum), notes)


def _hint(value: float) -> str:
    return "; these look like metres of a projection" if abs(value) > 1000 else ""  # noqa: PLR2004 - degrees


def _plain_text(cell: str) -> str:
    if len(cell) > _LONGEST_CELL:
        return ""
    text = unicodedata.normalize("NFKC", cell).replace("\N{MINUS SIGN}", "-")
    return text.strip().strip("'\"").strip() if text.count('"') != 1 else text.strip()


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _signed(number: float, *marks: str | None) -> float:
    negative = any(mark and mark.lower().startswith(_NEGATIVE) for mark in marks)
    return -abs(number) if negative else number


def _sexagesimal(parts: re.Match[str]) -> float | None:
    minutes = float(parts["minutes"] or 0)
    seconds = float((parts["seconds"] or "0").replace(",", "."))
    if minutes >= 60 or seconds >= 60:  # noqa: PLR2004 - sixty to a degree, sixty to a minute
        return None
    degrees = float(parts["degrees"]) + minutes / 60 + seconds / 3600
    return _signed(-degrees if parts["sign"] == "-" else degrees, parts["before"], parts["after"])


def _geojson_pair(text: str) -> tuple[float, float, PairOrder] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    coordinates = value.get("coordinates")
    if isinstance(coordinates, list) and len(coordinates) >= 2:  # noqa: PLR2004 - x and y
        first, second = coordinates[0], coordinates[1]
        if all(isinstance(each, int | float) and not isinstance(each, bool) for each in (first, second)):
            return float(first), float(second), PairOrder.LONGITUDE_FIRST
    return None
