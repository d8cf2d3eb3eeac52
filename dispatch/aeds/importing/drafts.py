"""One row of a list made into what the register would hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
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
from dispatch.aeds.importing.datums import datum_in
from dispatch.aeds.importing.draft_fields import access_said, address_of, flags_of, shortened, texts_of
from dispatch.aeds.importing.mapping import ColumnMapping, CoordinateColumns
from dispatch.aeds.importing.row_hours import DayCells, HoursCells, RowHours, Told, hours_of
from dispatch.aeds.importing.rows import SourceRow
from dispatch.aeds.importing.values import date_of, is_broken, yes_or_no
from dispatch.aeds.importing.vocabulary import Field
from dispatch.aeds.importing.words import bare, one_line
from dispatch.aeds.settling.kept import Kept
from geo.datum import Datum, UnknownDatum
from geo.place import Place

_SHOWN = 80
# Names that say what it is and not where.
NAMELESS = frozenset(map(bare, ("AED", "DAE", "defibrillator", "defibrillatore", "défibrillateur", "除颤仪", "除顫器")))
UNNAMED = "AED"

_HOURS = (
    Field.HOURS, Field.HOURS_ALWAYS, Field.HOURS_DAYS, Field.HOURS_FROM, Field.HOURS_TO, Field.HOURS_REMARK,
    Field.CLOSED_DAYS,
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

    `given_access` is false when access was concluded, not read. `removed_on` is the day on which the list says that
    it was, or will be, taken away. `id` and `evidence` only in lists of this register's own making. `told`: what became
    of its hours.
    """

    line: int
    row: int
    place: Place
    values: Mapping[str, Any]
    source: str | None
    source_ref: str | None
    given_access: bool = True
    reported_broken: str | None = None
    removed_on: date | None = None
    id: UUID | None = None
    notes: tuple[str, ...] = field(default=())
    told: Told = Told.NOTHING
    sheet: str | None = None
    evidence: Kept | None = None


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
    values |= texts_of(row, mapping, notes)
    address = address_of(row, mapping)
    if any(wanted in mapping.columns for wanted in (Field.ADDRESS, Field.STREET, Field.CITY, Field.DISTRICT)):
        values["address"] = address
    named = (one_line(mapping.cell(row, Field.NAME)), values.get("owner"), address, values.get("place_detail"))
    values["name"] = next((each for each in named if each), UNNAMED)
    values |= flags_of(row, mapping, notes)
    values["access"], given = access_said(row, mapping, values, notes)
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = shortened(name, value, notes)
    return Draft(
        row.line,
        row.number,
        where.place,
        values,
        source,
        None,
        given_access=given,
        reported_broken=_broken(row, mapping, notes),
        removed_on=date_of(mapping.cell(row, Field.REMOVED_ON)),
        notes=tuple(notes),
        told=Told.NOTHING if hours is None else hours.told,
        sheet=row.sheet,
    )


def _broken(row: SourceRow, mapping: ColumnMapping, notes: list[str]) -> str | None:
    """The list's words for a device that does not work or is not there."""
    state = mapping.cell(row, Field.STATE)
    broken = one_line(state)[:_SHOWN] if is_broken(state) else None
    if broken is None and yes_or_no(mapping.cell(row, Field.WORKING)) is False:
        broken = f"{mapping.first(Field.WORKING)}: {one_line(mapping.cell(row, Field.WORKING))}"[:_SHOWN]
    if broken is not None:
        notes.append(f"the list says it is {broken!r}")
    if yes_or_no(mapping.cell(row, Field.DUPLICATE)):
        notes.append("the list marks it as a duplicate of another entry")
    return broken


def _place_of(row: SourceRow, mapping: ColumnMapping, datum: Datum | None) -> ReadPlace:
    """The first place of a row that is one, in the mapping's order of preference."""
    refusal: NotTaken | None = None
    own_datum = datum or _own_datum(row, mapping)
    for columns in mapping.coordinates:
        try:
            found = _read(row, columns, own_datum or columns.datum or Datum.WGS84)
        except NotTaken as error:
            refusal = refusal or error
            continue
        if refusal is None:
            return found
        note = f"{refusal.column}: {refusal.reason}; {columns.latitude} was read instead"
        return ReadPlace(found.place, (*found.notes, note))
    raise refusal or NotTaken("there are no coordinates")


def _own_datum(row: SourceRow, mapping: ColumnMapping) -> Datum | None:
    cell = one_line(mapping.cell(row, Field.DATUM))
    try:
        return datum_in(cell) if cell else None
    except UnknownDatum:
        raise NotTaken("the datum of its coordinates is not known", mapping.first(Field.DATUM), cell[:_SHOWN]) from None


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
            texts=mapping.cells(row, Field.HOURS),
            always=mapping.cell(row, Field.HOURS_ALWAYS),
            days=mapping.cell(row, Field.HOURS_DAYS),
            opens=mapping.cell(row, Field.HOURS_FROM),
            closes=mapping.cell(row, Field.HOURS_TO),
            by_day=[
                DayCells(days, parts.get("opens", ""), parts.get("closes", ""), parts.get("both", ""))
                for days, parts in by_day.items()
            ],
            remarks=mapping.cells(row, Field.HOURS_REMARK),
            closed=mapping.cell(row, Field.CLOSED_DAYS),
        )
    )
