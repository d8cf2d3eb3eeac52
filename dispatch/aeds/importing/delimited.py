"""Lists written as lines with delimiters: CSV as people and programs really write it."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dispatch.aeds.importing.grids import (
    COLUMNS_OF_A_ROW,
    LEAST_KNOWN,
    LINES_ABOVE_HEADINGS,
    SHAPE_ROWS,
    HeadingsKnown,
    Shaped,
    said_of_above,
    unique,
)
from dispatch.aeds.importing.rows import Cells, Columns, SourceList, SourceRow, UnreadableFile, check_count

_DELIMITERS = (",", ";", "\t", "|")
_STRAY_QUOTES_FOLLOWED = 50
# Fewer columns than this cannot tell a line of a list from a line of prose.
_COLUMNS_THAT_TELL = 3
# A quoted field over more lines, or longer, is a quotation mark that was never closed.
_LONGEST_RECORD_LINES = 400
_LONGEST_RECORD = 1_000_000
_MOST_BLANK = 1_000_000
# Words that come again and again are kept once.
_LONGEST_SHARED = 40

csv.field_size_limit(1 << 30)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_DECLARED = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    notes: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    """Where in a text records begin: its offset, and which line that is."""

    offset: int = 0
    line: int = 1


def read_delimited(text: str, headings_known: HeadingsKnown, shaped: Shaped) -> SourceList:
    """Cut a text into rows.

    `headings_known` says how many cells are headings it knows; `shaped` names the columns of a list without headings
    from what its cells look like, or gives None. Raises `UnreadableFile` when no headings can be found.
    """
    text = text.replace("\x00", "")
    delimiters: Sequence[str] = _DELIMITERS
    start = _Start()
    if declared := _DECLARED.match(text):
        delimiters, start = (declared[1],), _Start(declared.end(), 2)
    delimiter, headings_line, headers = _headings(text, start, delimiters, headings_known, shaped)
    columns = Columns(headers)
    rows: list[SourceRow] = []
    blank = 0
    above = 0
    words: dict[str, str] = {}
    for record in _records(text, start, delimiter, len(headers)):
        if record.line <= headings_line:
            above += record.line < headings_line and sum(1 for cell in record.cells if cell.strip()) >= COLUMNS_OF_A_ROW
            continue
        if record.fault is None and not any(cell.strip() for cell in record.cells):
            blank += 1
            if blank > _MOST_BLANK:
                raise UnreadableFile(f"there are more than {_MOST_BLANK:,} blank lines")
            continue
        check_count(len(rows) + 1)
        rows.append(_row(record, columns, len(rows) + 1, words))
    warnings = [*([f"{blank} rows are blank."] if blank else []), *said_of_above(above)]
    return SourceList("csv", columns.names, tuple(rows), delimiter, tuple(warnings))


def _headings(
    text: str, start: _Start, delimiters: Sequence[str], headings_known: HeadingsKnown, shaped: Shaped
) -> tuple[str, int, list[str]]:
    best: tuple[tuple[int, int], str, _Record] | None = None
    for delimiter in delimiters:
        for record in _some(_records(text, start, delimiter, None), LINES_ABOVE_HEADINGS):
            worth = (headings_known(record.cells), len(record.cells))
            if worth[0] >= LEAST_KNOWN and (best is None or worth > best[0]):
                best = (worth, delimiter, record)
    if best is not None:
        return best[1], best[2].line, unique(best[2].cells)
    for delimiter in delimiters:
        sample = [record.cells for record in _some(_records(text, start, delimiter, None), SHAPE_ROWS)]
        if (headers := shaped(sample)) is not None:
            return delimiter, 0, headers
    seen = text[start.offset :].lstrip("\ufeff \t\r\n")[:120].partition("\n")[0].strip()
    raise UnreadableFile(f"no headings are recognised; the file begins with {seen!r}" if seen else "the file is empty")


def _some(records: Iterator[_Record], count: int) -> Iterator[_Record]:
    for _, record in zip(range(count), records, strict=False):
        yield record


def _row(record: _Record, columns: Columns, number: int, words: dict[str, str]) -> SourceRow:
    cells, notes, width = record.cells, record.notes, len(columns.names)
    extra = [cell for cell in cells[width:] if cell.strip()]
    if extra:
        notes += (f"the row has {len(cells)} fields, the headings {width}: the last were not read",)
    elif len(cells) < width and record.fault is None:
        notes += (f"the row has {len(cells)} fields, the headings {width}: the rest count as empty",)
    kept = [words.setdefault(cell, cell) if len(cell) <= _LONGEST_SHARED else cell for cell in cells]
    return SourceRow(record.line, number, Cells(columns, kept), notes, record.fault)


class _RunsOn(Exception):
    """A record that goes on for longer than any does."""


class _Lines:
    """The lines of a text from an offset on; `taken` holds those of the record being read."""

    def __init__(self, text: str, offset: int) -> None:
        self._text = text
        self._offset = offset
        self._length = 0
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._offset >= len(self._text):
            raise StopIteration
        if len(self.taken) >= _LONGEST_RECORD_LINES or self._length > _LONGEST_RECORD:
            raise _RunsOn
        found = _LINE.match(self._text, self._offset)
        assert found is not None  # noqa: S101 - the pattern matches anywhere
        self._offset = found.end()
        self._length += len(found[0])
        self.taken.append(found[0])
        return found[0]

    def begin_record(self) -> None:
        """What comes next belongs to another record."""
        self.taken = []
        self._length = 0


def _records(text: str, start: _Start, delimiter: str, width: int | None) -> Iterator[_Record]:
    """The records from a place on. A quotation mark that swallows other rows is taken as a stray character."""
    offset, line, strays = start.offset, start.line, 0
    while strays <= _STRAY_QUOTES_FOLLOWED:
        lines = _Lines(text, offset)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        stray = False
        while not stray:
            lines.begin_record()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, _RunsOn):
                stray, cells = True, []
            stray = stray or (len(lines.taken) > 1 and _swallowed(lines.taken, cells, delimiter, width))
            if not stray:
                yield _Record(line, cells)
                offset += sum(map(len, lines.taken))
                line += len(lines.taken)
        strays += 1
        yield _plain(lines.taken[0], line, delimiter, width)
        offset += len(lines.taken[0])
        line += 1
    rest = _Lines(text, offset)
    for each in rest:
        rest.begin_record()
        yield _plain(each, line, delimiter, width)
        line += 1


def _swallowed(lines: list[str], cells: list[str], delimiter: str, width: int | None) -> bool:
    """Whether a record over several lines really is several rows behind a quotation mark that was never closed."""
    if width is None or width < _COLUMNS_THAT_TELL:
        return False
    if len(cells) == width and len(lines) < 3:  # noqa: PLR2004 - an address in two lines
        return False
    whole = sum(1 for line in lines[1:] if line.count(delimiter) >= width - 1)
    return whole >= max(1, (len(lines) - 1) / 2)


def _plain(line: str, number: int, delimiter: str, width: int | None) -> _Record:
    """The line by itself: quoted fields where they are well-formed, else every quotation mark a plain character."""
    bare = line.rstrip("\r\n")
    try:
        cells = next(csv.reader([bare], delimiter=delimiter, strict=True), [])
    except csv.Error:
        cells = next(csv.reader([bare], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    if width is None or len(cells) == width:
        return _Record(number, cells, ("a stray quotation mark was taken as a plain character",))
    return _Record(number, cells, (), f"a quotation mark is opened and never closed; {len(cells)} fields, not {width}")
