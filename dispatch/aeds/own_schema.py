"""The register's own form of a list, in CSV and GeoJSON: what `export` writes and the importer takes back whole."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from dispatch.aeds.record import AED_FIELDS, Access, Aed, Readiness
from geo.datum import Datum

COLUMNS: tuple[str, ...] = tuple(
    part for name in AED_FIELDS for part in (("latitude", "longitude", "datum") if name == "place" else (name,))
)
_TELLING = frozenset({"id", "name", "latitude", "longitude", "readiness", "readiness_at", "source", "source_ref"})
# A geometry holds them in GeoJSON.
_IN_GEOMETRY = frozenset({"id", "latitude", "longitude"})


def is_own(headers: Iterable[str]) -> bool:
    """Whether a list's columns are those of this register's export, as CSV or as GeoJSON properties."""
    present = set(headers)
    return present >= _TELLING or present >= (_TELLING - _IN_GEOMETRY) | {"@id", "datum"}


def cells_of(aed: Aed) -> dict[str, str]:
    """An AED as the cells of one row; unknown is empty."""
    values: dict[str, Any] = {name: getattr(aed, name) for name in AED_FIELDS if name != "place"}
    values |= {"latitude": aed.place.latitude, "longitude": aed.place.longitude, "datum": Datum.WGS84.value}
    values["readiness_reasons"] = " ".join(aed.readiness_reasons)
    return {name: _cell(values[name]) for name in COLUMNS}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)


def as_csv(aeds: Iterable[Aed]) -> str:
    """A CSV text with headings, lines ended by CRLF (RFC 4180)."""
    page = io.StringIO(newline="")
    writer = csv.DictWriter(page, COLUMNS)
    writer.writeheader()
    writer.writerows(cells_of(aed) for aed in aeds)
    return page.getvalue()


def as_geojson(aeds: Iterable[Aed]) -> str:
    """A GeoJSON FeatureCollection, one feature a line."""
    features = ",\n".join(json.dumps(_feature(aed), ensure_ascii=False) for aed in aeds)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def _feature(aed: Aed) -> dict[str, Any]:
    cells = cells_of(aed)
    return {
        "type": "Feature",
        "id": cells["id"],
        "geometry": {"type": "Point", "coordinates": [aed.place.longitude, aed.place.latitude]},
        "properties": {name: cell or None for name, cell in cells.items() if name not in _IN_GEOMETRY},
    }


class BadCell(ValueError):
    """A cell of an exported list that does not hold what it must."""

    def __init__(self, column: str, value: str, problem: str) -> None:
        super().__init__(problem)
        self.column = column
        self.value = value
        self.problem = problem


def values_of(cells: Mapping[str, str]) -> dict[str, Any]:
    """The register's fields out of the cells of one exported row, the place apart. Raises `BadCell`."""
    values: dict[str, Any] = {}
    for name in AED_FIELDS:
        if name == "place" or name not in cells:
            continue
        try:
            values[name] = _READ.get(name, _text)(cells[name])
        except ValueError as error:
            raise BadCell(name, cells[name][:80], str(error)[:200]) from None
    for name in ("name", "readiness_at", "created_at", "updated_at"):
        if values.get(name) is None:
            raise BadCell(name, "", "is missing")
    return values


def _text(cell: str) -> str | None:
    return cell or None


def _flag(cell: str) -> bool | None:
    flags = {"": None, "yes": True, "no": False}
    if cell not in flags:
        raise ValueError("must be yes, no or empty")
    return flags[cell]


def _instant(cell: str) -> datetime | None:
    if not cell:
        return None
    instant = datetime.fromisoformat(cell)
    if instant.tzinfo is None:
        raise ValueError("must say its time zone")
    return instant


def _integer(cell: str) -> int | None:
    return int(cell) if cell else None


def _date(cell: str) -> date | None:
    return date.fromisoformat(cell) if cell else None


_READ: dict[str, Callable[[str], Any]] = {
    "id": UUID,
    "floor": _integer,
    "indoor": _flag,
    "access": Access,
    "readiness": Readiness,
    "readiness_reasons": lambda cell: tuple(cell.split()),
    "readiness_at": _instant,
    "created_at": _instant,
    "updated_at": _instant,
    "manufactured_on": _date,
    "battery_expires_on": _date,
    "pads_expire_on": _date,
}
