"""One row of a list made into what the register would hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from dispatch.aeds.importing.coordinates import (
    NoPlace,
    PairOrder,
    ReadPlace,
    degrees_of,
    pair_of,
    read_place,
)
from dispatch.aeds.importing.mapping import ColumnMapping, CoordinateColumns, inside
from dispatch.aeds.importing.row_hours import DayCells, HoursCells, RowHours, hours_of
from dispatch.aeds.importing.rows import SourceRow
from dispatch.aeds.importing.values import (
    access_of,
    date_of,
    floor_of,
    is_broken,
    is_internal_only,
    phone_of,
    yes_or_no,
)
from dispatch.aeds.importing.vocabulary import Field
from dispatch.aeds.importing.words import one_line, printable
from dispatch.aeds.record import Access
from geo.datum import Datum
from geo.place import Place

_LENGTHS = {"name": 200, "address": 300, "place_detail": 1000, "opening_hours_note": 2000}
_OTHER_LENGTH = 200
_SHOWN = 80

_TEXTS = (Field.OWNER, Field.MAKER, Field.MODEL, Field.SERIAL_NUMBER)
_DATES = (Field.MANUFACTURED_ON, Field.BATTERY_EXPIRES_ON, Field.PADS_EXPIRE_ON)
_HOURS = (
    Field.HOURS, Field.HOURS_ALWAYS, Field.HOURS_DAYS, Field.HOURS_FROM, Field.HOURS_TO, Field.HOURS_REMARK,
)  # fmt: skip


class NotTaken(ValueError):
    """A row that names no device's place."""

    def __init__(self, reason: str, column: str | None = None, value: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column
        self.value = value


@dataclass(frozen=True, slots=True)
class Draft:
    """What a row says of a device. `values` holds the register's fields that the list speaks of, None for blanks.

    `given_access` is false when access was concluded, not read. `id` only in lists of this register's own making.
    """

    line: int
    row: int
    place: Place
    values: Mapping[str, Any]
    source: str | None
    source_ref: str | None
    given_access: bool = True
    reported_broken: str | None = None
    id: UUID | None = None
    notes: tuple[str, ...] = field(default=())


def draft_of(row: SourceRow, mapping: ColumnMapping, datum: Datum | None, source: str) -> Draft:
    """The draft of a row, without its reference. Raises `NotTaken`."""
    if row.fault is not None:
        raise NotTaken(row.fault)
    where = _place_of(row, mapping, datum)
    notes = [*row.notes, *where.notes]
    values: dict[str, Any] = {}
    hours = _hours_of(row, mapping)
    if hours is not None:
        values["opening_hours"], values["opening_hours_note"] = hours.expression, hours.source_text
        notes += hours.notes
    _add_texts(row, mapping, values, notes)
    _add_flags(row, mapping, values)
    given = _add_access(row, mapping, values, notes)
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = _shortened(name, value, notes)
    state = _cell(row, mapping, Field.STATE)
    broken = one_line(state)[:_SHOWN] if is_broken(state) else None
    if broken is not None:
        notes.append(f"the list says it is {broken!r}")
    return Draft(
        row.line,
        row.number,
        where.place,
        values,
        source,
        None,
        given_access=given,
        reported_broken=broken,
        notes=tuple(notes),
    )


def _cell(row: SourceRow, mapping: ColumnMapping, wanted: Field) -> str:
    heading = mapping.first(wanted)
    return "" if heading is None else row.values.get(heading, "")


def _cells(row: SourceRow, mapping: ColumnMapping, wanted: Field) -> list[str]:
    return [row.values.get(heading, "") for heading in mapping.columns.get(wanted, ())]


def _place_of(row: SourceRow, mapping: ColumnMapping, datum: Datum | None) -> ReadPlace:
    """The first place of a row that is one, in the mapping's order of preference."""
    refusal: NotTaken | None = None
    for columns in mapping.coordinates:
        try:
            found = _read(row, columns, datum or columns.datum or Datum.WGS84)
        except NotTaken as error:
            refusal = refusal or error
            continue
        if refusal is None:
            return found
        note = f"{refusal.column}: {refusal.reason}; {columns.latitude} was read instead"
        return ReadPlace(found.place, (*found.notes, note))
    raise refusal or NotTaken("there are no coordinates")


def _read(row: SourceRow, columns: CoordinateColumns, datum: Datum) -> ReadPlace:
    latitude_cell, longitude_cell = (row.values.get(name, "") for name in (columns.latitude, columns.longitude))
    if columns.order is not None:
        latitude, longitude = _pair(latitude_cell, columns)
    else:
        latitude = _degrees(latitude_cell, columns.latitude)
        longitude = _degrees(longitude_cell, columns.longitude)
    try:
        return read_place(latitude, longitude, datum)
    except NoPlace as error:
        at_longitude = error.part == "longitude"
        column, cell = (columns.longitude, longitude_cell) if at_longitude else (columns.latitude, latitude_cell)
        raise NotTaken(str(error), column, one_line(cell)[:_SHOWN]) from None


def _pair(cell: str, columns: CoordinateColumns) -> tuple[float, float]:
    if not cell.strip():
        raise NotTaken("the coordinates are missing", columns.latitude, "")
    pair = pair_of(cell)
    if pair is None:
        raise NotTaken("not a pair of coordinates", columns.latitude, one_line(cell)[:_SHOWN])
    first, second, order = pair
    order = columns.order or order if order is PairOrder.UNKNOWN else order
    return (second, first) if order is PairOrder.LONGITUDE_FIRST else (first, second)


def _degrees(cell: str, column: str) -> float:
    degrees = degrees_of(cell)
    if degrees is None:
        raise NotTaken(
            "the coordinate is missing" if not cell.strip() else "not a number of degrees",
            column,
            one_line(cell)[:_SHOWN],
        )
    return degrees


def _hours_of(row: SourceRow, mapping: ColumnMapping) -> RowHours | None:
    if not mapping.days and not any(wanted in mapping.columns for wanted in _HOURS):
        return None
    by_day: dict[frozenset[int], dict[str, str]] = {}
    for heading, said in mapping.days.items():
        by_day.setdefault(said.days, {})[said.part] = row.values.get(heading, "")
    return hours_of(
        HoursCells(
            texts=_cells(row, mapping, Field.HOURS),
            always=_cell(row, mapping, Field.HOURS_ALWAYS),
            days=_cell(row, mapping, Field.HOURS_DAYS),
            opens=_cell(row, mapping, Field.HOURS_FROM),
            closes=_cell(row, mapping, Field.HOURS_TO),
            by_day=[
                DayCells(days, parts.get("opens", ""), parts.get("closes", ""), parts.get("both", ""))
                for days, parts in by_day.items()
            ],
            remarks=_cells(row, mapping, Field.HOURS_REMARK),
        )
    )


def _add_texts(row: SourceRow, mapping: ColumnMapping, values: dict[str, Any], notes: list[str]) -> None:
    address = _address_of(row, mapping)
    if any(wanted in mapping.columns for wanted in (Field.ADDRESS, Field.STREET, Field.CITY, Field.DISTRICT)):
        values["address"] = address
    if Field.PLACE_DETAIL in mapping.columns:
        parts = [one_line(cell) for cell in _cells(row, mapping, Field.PLACE_DETAIL)]
        kept = [part for at, part in enumerate(parts) if part and not any(part in other for other in parts[at + 1 :])]
        values["place_detail"] = "; ".join(kept) or None
    for wanted in _TEXTS:
        if wanted in mapping.columns:
            values[wanted.value] = one_line(_cell(row, mapping, wanted)) or None
    if Field.PHONE in mapping.columns:
        cell = one_line(_cell(row, mapping, Field.PHONE))
        values["phone"] = phone_of(cell)
        if cell and values["phone"] is None:
            notes.append(f"phone {cell[:_SHOWN]!r} cannot be dialled")
    named = (one_line(_cell(row, mapping, Field.NAME)), values.get("owner"), address, values.get("place_detail"))
    values["name"] = next((each for each in named if each), "AED")


def _address_of(row: SourceRow, mapping: ColumnMapping) -> str | None:
    whole = one_line(_cell(row, mapping, Field.ADDRESS))
    province, city, district, street, number = (
        one_line(_cell(row, mapping, wanted))
        for wanted in (Field.PROVINCE, Field.CITY, Field.DISTRICT, Field.STREET, Field.HOUSE_NUMBER)
    )
    if whole and whole.isascii():
        return whole if not city or city.lower() in whole.lower() else f"{whole}, {city}"
    if whole and any(each > "\u2e80" for each in whole):
        # Written from the large to the small, without spaces; the large is often left to its own columns.
        missing = [part for part in (city, district) if part and part not in whole]
        return "".join(missing) + whole
    if whole:
        return whole
    asian = any(each > "\u2e80" for each in province + city + district + street)
    if asian:
        return "".join(dict.fromkeys((province, city, district, street, number))) or None
    return ", ".join(each for each in (f"{street} {number}".strip(), district, city) if each) or None


def _add_flags(row: SourceRow, mapping: ColumnMapping, values: dict[str, Any]) -> None:
    if Field.FLOOR in mapping.columns:
        values["floor"] = floor_of(_cell(row, mapping, Field.FLOOR))
    if Field.INDOOR in mapping.columns or Field.OUTDOOR in mapping.columns:
        indoors = inside(_cell(row, mapping, Field.INDOOR))
        outdoors = yes_or_no(_cell(row, mapping, Field.OUTDOOR))
        values["indoor"] = indoors if indoors is not None or outdoors is None else not outdoors
    for wanted in _DATES:
        if wanted in mapping.columns:
            values[wanted.value] = date_of(_cell(row, mapping, wanted))


def _add_access(row: SourceRow, mapping: ColumnMapping, values: dict[str, Any], notes: list[str]) -> bool:
    """Access as the list says it; else public where hours are published, for that is what they are published for."""
    cell = one_line(_cell(row, mapping, Field.ACCESS))
    if cell:
        access = access_of(cell)
        if access is None:
            notes.append(f"access {cell[:_SHOWN]!r} is not known")
        values["access"] = access or Access.UNKNOWN
        return True
    remarks = [*_cells(row, mapping, Field.HOURS), *_cells(row, mapping, Field.HOURS_REMARK)]
    if any(is_internal_only(printable(each)) for each in remarks):
        notes.append("a remark says that strangers do not get it")
        values["access"] = Access.PRIVATE
        return True
    values["access"] = Access.UNKNOWN if values.get("opening_hours") is None else Access.PUBLIC
    return False


def _shortened(name: str, value: str, notes: list[str]) -> str:
    longest = _LENGTHS.get(name, _OTHER_LENGTH)
    if name == "opening_hours" or len(value) <= longest:
        return value
    notes.append(f"{name} was cut from {len(value)} to {longest} characters")
    return value[: longest - 1] + "…"
