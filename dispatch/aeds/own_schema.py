"""The register's own form of a list, in CSV and GeoJSON: what `export` writes and the importer takes back whole."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.conclusion import conclude
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.policy import care_policy
from dispatch.aeds.record import AED_FIELDS, Access, Aed, Readiness
from dispatch.aeds.settling.kept import Kept
from dispatch.encoding import to_json_text
from geo.datum import Datum
from geo.place import Place

EVIDENCE = "evidence"
COLUMNS: tuple[str, ...] = (
    *(part for name in AED_FIELDS for part in (("latitude", "longitude", "datum") if name == "place" else (name,))),
    EVIDENCE,
)
_TELLING = frozenset({"id", "name", "latitude", "longitude", "readiness", "readiness_at", "source", "source_ref"})
# A geometry holds them in GeoJSON.
_IN_GEOMETRY = frozenset({"id", "latitude", "longitude"})
_WIDEST_FENCE_M = 100_000
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
_HIGHEST_FLOOR = 1000
_LONGEST_URL, _MOST_PHOTOS = 600, 25
_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")
# What spreadsheet programs take for the beginning of a formula, behind any marks that say it is none.
_FORMULA = re.compile("'*[=+\\-@\t\r]")
_ANYWHERE, _USUAL_CARE = Place(0, 0), care_policy([])


def is_own(headers: Iterable[str]) -> bool:
    """Whether a list's columns are those of this register's export, as CSV or as GeoJSON properties."""
    present = set(headers)
    return present >= _TELLING or present >= (_TELLING - _IN_GEOMETRY) | {"@id", "datum"}


def cells_of(aed: Aed, kept: Kept | None = None) -> dict[str, str]:
    """An AED as the cells of one row, with what is known of its condition; unknown is empty."""
    values: dict[str, Any] = {name: getattr(aed, name) for name in AED_FIELDS if name != "place"}
    values |= {"latitude": aed.place.latitude, "longitude": aed.place.longitude, "datum": Datum.WGS84.value}
    values["readiness_reasons"] = " ".join(aed.readiness_reasons)
    values["photos"] = " ".join(aed.photos)
    values["belief"] = None if aed.belief is None else to_json_text(aed.belief.as_json())
    values[EVIDENCE] = None if kept is None else to_json_text(kept.as_json())
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


def as_csv(aeds: Iterable[Aed], kept: Mapping[UUID, Kept] = MappingProxyType({})) -> str:
    """A CSV text with headings, lines ended by CRLF (RFC 4180). `kept`: what is known of their condition."""
    page = io.StringIO(newline="")
    writer = csv.DictWriter(page, COLUMNS)
    writer.writeheader()
    for aed in aeds:
        cells = cells_of(aed, kept.get(aed.id))
        writer.writerow({name: _marked(cell) if name in _WORDS else cell for name, cell in cells.items()})
    return page.getvalue()


def _marked(cell: str) -> str:
    """A text that no spreadsheet program takes for a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unmarked(cells: Mapping[str, str]) -> dict[str, str]:
    """The cells of a row of a CSV export, or of what a spreadsheet program made of it, as they were."""
    return {
        name: cell[1:] if name in _WORDS and cell.startswith("'") and _FORMULA.match(cell) else cell
        for name, cell in cells.items()
    }


def as_geojson(aeds: Iterable[Aed], kept: Mapping[UUID, Kept] = MappingProxyType({})) -> str:
    """A GeoJSON FeatureCollection, one feature a line. `kept`: what is known of their condition."""
    features = ",\n".join(json.dumps(_feature(aed, kept.get(aed.id)), ensure_ascii=False) for aed in aeds)
    return f'{{"type": "FeatureCollection", "features": [\n{features}\n]}}\n'


def _feature(aed: Aed, kept: Kept | None) -> dict[str, Any]:
    cells = cells_of(aed, kept)
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


def evidence_of(cells: Mapping[str, str]) -> Kept | None:
    """What was known of an exported device's condition; None where the export does not tell. Raises `BadCell`."""
    cell = cells.get(EVIDENCE, "")
    if not cell:
        return None
    try:
        kept = Kept.of_json(json.loads(cell))
        # What the rules stumble over would stop whatever settles the device, now and for ever.
        conclude(kept.latest, Facts(place=_ANYWHERE), _USUAL_CARE, kept.latest.at or datetime.now(UTC))
    except Exception:  # noqa: BLE001 - a text from outside: whatever is wrong with it, it is no evidence
        raise BadCell(EVIDENCE, cell[:80], "is not evidence as this register exports it") from None
    return kept


def _text(cell: str, longest: int = 2000) -> str | None:
    # What the database cannot keep would stop the whole import.
    if len(cell) > longest:
        raise ValueError(f"is longer than {longest} characters")
    if _NOT_KEPT.search(cell):
        raise ValueError("holds characters that cannot be kept")
    return cell or None


def _short(cell: str) -> str | None:
    return _text(cell, 200)


def _in_our_time(instant: date) -> date:
    # Beyond these, what is reckoned from a day is no day any more.
    if not _FIRST_YEAR <= instant.year <= _LAST_YEAR:
        raise ValueError(f"the year must be from {_FIRST_YEAR} to {_LAST_YEAR}")
    return instant


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
    _in_our_time(instant)
    return instant


def _identity(cell: str) -> UUID | None:
    return UUID(cell) if cell else None


def _metres(cell: str) -> float | None:
    if not cell:
        return None
    metres = float(cell)
    if not 0 < metres <= _WIDEST_FENCE_M:
        raise ValueError("must be more than 0 and at the most 100,000")
    return metres


def _belief(cell: str) -> Belief | None:
    if not cell:
        return None
    try:
        belief = Belief.of_json(json.loads(cell))
        belief.at(belief.since)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError("is not a belief as this register exports it") from error
    return belief


def _integer(cell: str) -> int | None:
    if not cell:
        return None
    number = int(cell)
    if not abs(number) <= _HIGHEST_FLOOR:
        raise ValueError(f"must be from -{_HIGHEST_FLOOR} to {_HIGHEST_FLOOR}")
    return number


def _photos(cell: str) -> tuple[str, ...]:
    photos = tuple(cell.split())
    if any(not each.startswith("https://") or len(each) > _LONGEST_URL for each in photos):
        raise ValueError("must be https addresses separated by spaces")
    _text(cell, _LONGEST_URL * _MOST_PHOTOS)
    return photos


def _date(cell: str) -> date | None:
    return _in_our_time(date.fromisoformat(cell)) if cell else None


_READ: dict[str, Callable[[str], Any]] = {
    "id": UUID,
    **dict.fromkeys(("name", "source", "source_ref"), _short),
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
    "battery_fitted_on": _date,
    "pads_fitted_on": _date,
    "pads_child_fitted_on": _date,
    "pads_child_expire_on": _date,
    "has_self_test": _flag,
    "is_connected": _flag,
    "is_mobile": lambda cell: bool(_flag(cell)),
    "fix_at": _instant,
    "fence_m": _metres,
    "photos": _photos,
    "site_id": _identity,
    "owner_id": _identity,
    "belief": _belief,
}
# Written by people, so that anything may stand in them.
_WORDS = frozenset(name for name in AED_FIELDS if name != "place" and _READ.get(name, _text) in {_text, _short})
