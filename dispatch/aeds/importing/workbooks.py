"""Lists kept in a spreadsheet program: xlsx as offices keep them, with titles, merged cells, dates and several sheets.

Read as a stream, with what a hostile file may cost bounded before the library sees it: how much comes out of the
archive, no document types (so no entities that expand), no more cells than any list has.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from dispatch.aeds.importing.grids import GridRow, HeadingsKnown, Shaped, list_of, said_of_above
from dispatch.aeds.importing.merged_cells import Area, filled
from dispatch.aeds.importing.rows import SourceList, SourceRow, UnreadableFile

# An honest file of 50 MB holds some 500 MB of XML; the strings that all sheets share have to be in memory.
_MOST_UNPACKED = 800 * 1024 * 1024
_MOST_SHARED = 160 * 1024 * 1024
# Styles, relations and what else the library holds whole, as objects many times the size.
_MOST_OF_OTHERS = 32 * 1024 * 1024
# What lies between two rows of a sheet, or before and after all, is held whole too: 200 full cells are a tenth.
_MOST_BETWEEN_ROWS = 8 * 1024 * 1024
_MOST_STRINGS = 5_000_000
_MOST_PARTS = 5_000
_MOST_SHEETS = 200
_MOST_CELLS = 8_000_000
_MOST_MERGED = 100_000
# Wider than any list; whatever stands to the right of it is scribble.
_MOST_COLUMNS = 200
_LAST_ROW = 1_048_576
_CHUNK = 1 << 20
_OVERLAP = 200

_FORBIDDEN = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
_NEVER_CALCULATED = re.compile(rb"</(?:\w+:)?f>\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#GETTING_DATA"})
_CARRIAGE_RETURN = re.compile(r"_x000[dD]_\n?")
# Before this a date is a time of day that the program keeps as a fraction of its day zero.
_FIRST_YEAR = 1901
# Whole numbers beyond this are rounded in the file already.
_EXACT = 1e15


@dataclass(frozen=True, slots=True)
class _Part:
    """What one look over a sheet's XML found, before it is read."""

    merged: tuple[Area, ...] = ()
    never_calculated: int = 0


def is_archive(data: bytes) -> bool:
    """Whether the bytes are a zip archive, as xlsx files are."""
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def read_workbook(data: bytes, headings_known: HeadingsKnown, shaped: Shaped) -> list[SourceList]:
    """The lists in a workbook, one for all its sheets with the same headings. Raises `UnreadableFile`."""
    parts = _inspected(data)
    try:
        with warnings.catch_warnings():
            # Of charts, validations and extensions, which are not read.
            warnings.simplefilter("ignore")
            return _lists(data, parts, headings_known, shaped)
    except UnreadableFile:
        raise
    except Exception as error:  # noqa: BLE001 - a library for files in good faith: whatever it stumbles over is the file
        raise UnreadableFile(f"the workbook is damaged ({type(error).__name__}: {str(error)[:120]})") from None


def _inspected(data: bytes) -> dict[str, _Part]:
    """What is in the archive, each part unpacked once and thrown away. Raises `UnreadableFile`."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _parts_of(archive)
    except UnreadableFile:
        raise
    except Exception as error:  # noqa: BLE001 - zipfile and zlib raise a dozen kinds for a broken archive
        raise UnreadableFile(f"the workbook's archive is damaged ({type(error).__name__})") from None


def _parts_of(archive: zipfile.ZipFile) -> dict[str, _Part]:
    members = archive.infolist()
    if len(members) > _MOST_PARTS:
        raise UnreadableFile("the archive has more parts than any workbook")
    if not any(member.filename == "[Content_Types].xml" for member in members):
        raise UnreadableFile("this is a zip archive and no workbook (.xlsx); unpack it first")
    parts: dict[str, _Part] = {}
    left = _MOST_UNPACKED
    for member in members:
        if not member.filename.lower().endswith((".xml", ".rels")):
            continue
        if member.flag_bits & 1:
            raise UnreadableFile("the workbook is protected by a password")
        with archive.open(member) as source:
            parts[member.filename], size = _looked_over(source, member.filename, left)
        left -= size
    return parts


def _looked_over(source: Any, name: str, left: int) -> tuple[_Part, int]:
    is_sheet, is_shared = "/worksheets/" in f"/{name}", name.lower().endswith("sharedstrings.xml")
    most = min(left, _MOST_UNPACKED if is_sheet else _MOST_SHARED if is_shared else _MOST_OF_OTHERS)
    size, uncalculated, row_ended, strings = 0, 0, 0, 0
    before = b""
    merged: dict[bytes, None] = {}
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > most:
            raise UnreadableFile("the workbook unpacks to more than any list of AEDs; it may be a trap")
        if chunk.count(0) > len(chunk) // 10:
            raise UnreadableFile("the workbook's parts are not in UTF-8")
        window = before + chunk
        if _FORBIDDEN.search(window):
            raise UnreadableFile("the workbook's XML declares entities, which no spreadsheet program writes")
        strings += chunk.count(b"<si")
        if strings > _MOST_STRINGS:
            raise UnreadableFile("the workbook has more texts than any list of AEDs; it may be a trap")
        if is_sheet:
            last = chunk.rfind(b"<row")
            row_ended = row_ended if last < 0 else size - len(chunk) + last
            if size - row_ended > _MOST_BETWEEN_ROWS:
                raise UnreadableFile("the workbook has a row longer than any list's; it may be a trap")
            merged |= dict.fromkeys(_MERGED.findall(window))
            uncalculated += len(_NEVER_CALCULATED.findall(window))
            if len(merged) > _MOST_MERGED:
                raise UnreadableFile("the workbook has more merged cells than any list")
        before = chunk[-_OVERLAP:]
    return _Part(tuple(map(_area, merged)), uncalculated), size


def _area(reference: bytes) -> Area:
    left, top, right, bottom = range_boundaries(reference.decode())
    return Area(int(top or 1), int(left or 1), int(bottom or _LAST_ROW), int(right or _MOST_COLUMNS))


def _lists(data: bytes, parts: dict[str, _Part], headings_known: HeadingsKnown, shaped: Shaped) -> list[SourceList]:
    book = _book(data, parts)
    gathered: dict[tuple[str, ...], list[SourceRow]] = {}
    said: list[str] = []
    count = 0
    cells = _CellCount()
    if len(book.worksheets) > _MOST_SHEETS:
        raise UnreadableFile(f"the workbook has {len(book.worksheets)} sheets, more than any list of AEDs")
    several = sum(1 for sheet in book.worksheets if sheet.sheet_state == "visible") > 1
    for sheet in book.worksheets:
        title = str(sheet.title)[:80]
        if not isinstance(sheet, ReadOnlyWorksheet):
            continue
        if sheet.sheet_state != "visible":
            said.append(f"The sheet {title!r} is hidden and was not read.")
            continue
        # The library keeps a sheet's part to itself, and its merged cells are told nowhere else.
        part = parts.get(str(vars(sheet)["_worksheet_path"]), _Part())
        grid = list_of(
            filled(_grid(sheet, cells), part.merged),
            headings_known,
            shaped,
            sheet=title if several else None,
            counted_from=count,
        )
        if grid is None:
            said.append(f"The sheet {title!r} was not read: no headings are recognised in it.")
            continue
        gathered.setdefault(grid.headers, []).extend(grid.rows)
        count += len(grid.rows)
        if grid.blank:
            said.append(f"{grid.blank} rows of the sheet {title!r} are blank or repeat the headings.")
        said += [f"Of the sheet {title!r}: {each}" for each in said_of_above(grid.above)]
        if part.never_calculated:
            said.append(
                f"{part.never_calculated} formulas of the sheet {title!r} have no result: they were never calculated, "
                "and count as empty. Open the file in a spreadsheet program and save it."
            )
    if not gathered:
        raise UnreadableFile("no sheet of the workbook has headings that are recognised")
    return [
        SourceList("xlsx", headers, tuple(rows), warnings=() if at else tuple(said))
        for at, (headers, rows) in enumerate(gathered.items())
    ]


# The stubs know the sheets of a workbook that is held whole.
def _book(data: bytes, parts: Container[str]) -> Any:
    reader: Any = ExcelReader(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    for name in reader.archive.namelist():
        if name not in parts:
            # What has not been looked over is not read, whatever the workbook says that it is.
            reader.archive.NameToInfo.pop(name, None)
    reader.read()
    return reader.wb


@dataclass(slots=True)
class _CellCount:
    seen: int = 0

    def add(self, more: int) -> None:
        self.seen += more
        if self.seen > _MOST_CELLS:
            raise UnreadableFile(f"the workbook has more than {_MOST_CELLS:,} cells; import the list in parts")


def _grid(sheet: Any, count: _CellCount) -> Iterator[GridRow]:
    # What a sheet says of its own size may be wrong either way.
    sheet.reset_dimensions()
    # One row too many, so that the library stops instead of filling up to the last.
    rows = sheet.iter_rows(max_row=_LAST_ROW + 1, max_col=_MOST_COLUMNS, values_only=True)
    for line, values in enumerate(rows, start=1):
        if line > _LAST_ROW:
            return
        last = next((at for at in range(len(values), 0, -1) if values[at - 1] is not None), 0)
        if not last:
            yield GridRow(line, ())
            continue
        count.add(last)
        wrong = [value for value in values[:last] if isinstance(value, str) and value in _ERRORS]
        notes = (f"{len(wrong)} cells hold an error such as {wrong[0]} and count as empty",) if wrong else ()
        yield GridRow(line, tuple(map(_text, values[:last])), notes)


def _text(value: Any) -> str:
    """A cell as it would stand in a CSV file: dates in ISO form, whole numbers without a point."""
    match value:
        case None:
            text = ""
        case str():
            text = "" if value in _ERRORS else _CARRIAGE_RETURN.sub("\n", value)
        case bool():
            text = "yes" if value else "no"
        case float():
            whole = value.is_integer() and abs(value) < _EXACT
            text = str(int(value)) if whole else repr(value)
        case datetime() if value.year < _FIRST_YEAR:
            text = f"{value:%H:%M}"
        case datetime():
            text = value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date():
            text = value.isoformat()
        case time():
            text = f"{value:%H:%M}"
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            text = f"{minutes // 60:02}:{minutes % 60:02}"
        case _:
            text = str(value)
    return text
