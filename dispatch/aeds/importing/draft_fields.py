"""The fields of a device out of the cells of a row, its place and hours apart."""

from typing import Any

from dispatch.aeds.importing.mapping import ColumnMapping, inside
from dispatch.aeds.importing.rows import SourceRow
from dispatch.aeds.importing.values import (
    access_of,
    date_of,
    floor_of,
    is_internal_only,
    phone_of,
    photos_of,
    yes_or_no,
)
from dispatch.aeds.importing.vocabulary import Field
from dispatch.aeds.importing.words import one_line, printable
from dispatch.aeds.record import Access

_LENGTHS = {"name": 200, "address": 300, "place_detail": 1000, "opening_hours_note": 2000}
_OTHER_LENGTH = 200
_SHOWN = 80

_TEXTS = (Field.OWNER, Field.MAKER, Field.MODEL, Field.SERIAL_NUMBER)
_DATES = (
    Field.MANUFACTURED_ON,
    Field.BATTERY_FITTED_ON,
    Field.BATTERY_EXPIRES_ON,
    Field.PADS_FITTED_ON,
    Field.PADS_EXPIRE_ON,
    Field.PADS_CHILD_EXPIRE_ON,
)


def texts_of(row: SourceRow, mapping: ColumnMapping, notes: list[str]) -> dict[str, Any]:
    """What is written about it: where exactly, who makes and owns it, whom to call."""
    values: dict[str, Any] = {}
    if Field.PLACE_DETAIL in mapping.columns:
        parts = [one_line(cell) for cell in mapping.cells(row, Field.PLACE_DETAIL)]
        kept = [part for at, part in enumerate(parts) if part and not any(part in other for other in parts[at + 1 :])]
        values["place_detail"] = "; ".join(kept) or None
    for wanted in _TEXTS:
        if wanted in mapping.columns:
            values[wanted.value] = one_line(mapping.cell(row, wanted)) or None
    if Field.PHONE in mapping.columns:
        cell = one_line(mapping.cell(row, Field.PHONE))
        values["phone"] = phone_of(cell)
        if cell and values["phone"] is None:
            notes.append(f"phone {cell[:_SHOWN]!r} cannot be dialled")
    if Field.PHOTO in mapping.columns:
        cells = mapping.cells(row, Field.PHOTO)
        values["photos"] = photos_of(cells)
        if any("http://" in cell for cell in cells):
            notes.append("a photo's address is not https and was left away")
    return values


def address_of(row: SourceRow, mapping: ColumnMapping) -> str | None:
    """The address, put together of its parts where the list keeps them apart."""
    whole = one_line(mapping.cell(row, Field.ADDRESS))
    province, city, district, street, number = (
        one_line(mapping.cell(row, wanted))
        for wanted in (Field.PROVINCE, Field.CITY, Field.DISTRICT, Field.STREET, Field.HOUSE_NUMBER)
    )
    if whole and whole.isascii():
        return whole if not city or city.lower() in whole.lower() else f"{whole}, {city}"
    if whole and any(each > "\u2e80" for each in whole):
        # Written from the large to the small, without spaces; the large is often left to its own columns.
        missing = [part for part in (city, district) if part and part not in whole]
        return " ".join([*missing, whole]) if _is_hangul(whole) else "".join([*missing, whole])
    if whole:
        return whole
    asian = any(each > "\u2e80" for each in province + city + district + street)
    if asian:
        parts = [part for part in dict.fromkeys((province, city, district, street, number)) if part]
        return ("".join(parts) if not any(map(_is_hangul, parts)) else " ".join(parts)) or None
    along = f"{number} {street}" if street.lower().startswith(_FRENCH) else f"{street} {number}"
    return ", ".join(each for each in (along.strip(), district, city) if each) or None


def _is_hangul(text: str) -> bool:
    return any("\uac00" <= each <= "\ud7a3" for each in text)


# Where the number comes before the street.
_FRENCH = ("rue ", "avenue ", "place ", "boulevard ", "chemin ", "route ", "allée ", "impasse ", "quai ", "cours ")


def flags_of(row: SourceRow, mapping: ColumnMapping, notes: list[str]) -> dict[str, Any]:
    """Floors, days, and what is either so or not."""
    values: dict[str, Any] = {}
    if Field.FLOOR in mapping.columns:
        cell = mapping.cell(row, Field.FLOOR)
        values["floor"] = floor_of(cell)
        if cell.strip() and values["floor"] is None:
            notes.append(f"floor {one_line(cell)[:_SHOWN]!r} is not one floor")
    if Field.INDOOR in mapping.columns or Field.OUTDOOR in mapping.columns:
        indoors = inside(mapping.cell(row, Field.INDOOR))
        outdoors = yes_or_no(mapping.cell(row, Field.OUTDOOR))
        values["indoor"] = indoors if indoors is not None or outdoors is None else not outdoors
    if yes_or_no(mapping.cell(row, Field.MOBILE)):
        values["is_mobile"] = True
    for wanted in _DATES:
        if wanted in mapping.columns:
            cell = mapping.cell(row, wanted)
            values[wanted.value] = date_of(cell)
            if cell.strip() and values[wanted.value] is None and any(each.isdigit() for each in cell):
                notes.append(f"{wanted.value} {one_line(cell)[:_SHOWN]!r} is not a day")
    return values


def access_said(
    row: SourceRow, mapping: ColumnMapping, values: dict[str, Any], notes: list[str]
) -> tuple[Access, bool]:
    """Access as the list says it; else public where hours are published, for that is what they are published for.

    With it whether it was said, or is concluded.
    """
    cell = one_line(mapping.cell(row, Field.ACCESS))
    if cell:
        access = access_of(cell)
        if access is None:
            notes.append(f"access {cell[:_SHOWN]!r} is not known")
        return access or Access.UNKNOWN, True
    remarks = [*mapping.cells(row, Field.HOURS), *mapping.cells(row, Field.HOURS_REMARK)]
    if any(is_internal_only(printable(each)) for each in remarks):
        notes.append("a remark says that strangers do not get it")
        return Access.PRIVATE, True
    return (Access.UNKNOWN if values.get("opening_hours") is None else Access.PUBLIC), False


def shortened(name: str, value: str, notes: list[str]) -> str:
    """A text that fits its field; what is cut is noted."""
    longest = _LENGTHS.get(name, _OTHER_LENGTH)
    if name == "opening_hours" or len(value) <= longest:
        return value
    notes.append(f"{name} was cut from {len(value)} to {longest} characters")
    return value[: longest - 1] + "…"
