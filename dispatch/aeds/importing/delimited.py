"""Lists written as lines with delimiters: CSV as people and programs really write it."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from dispatch.aeds.importing.rows import SourceList, SourceRow, UnreadableFile

_DELIMITERS = (",", ";", "\t", "|")
# Titles, dates and remarks that publishers put above the headings.
_LINES_ABOVE_HEADINGS = 15
_SHAPE_ROWS = 60
_STRAY_QUOTES_FOLLOWED = 50
# Fewer columns than this cannot tell a line of a list from a line of prose.
_COLUMNS_THAT_TELL = 3

csv.field_size_limit(1 << 30)

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: list[str]
    notes: tuple[str, ...] = ()
    fault: str | None = None


def read_delimited(
    text: str, headings_known: Callable[[Sequence[str]], int], shaped: Callable[[list[list[str]]], list[str] | None]
) -> SourceList:
    """Cut a text into rows.

    `headings_known` says how many cells are headings it knows; `shaped` names the columns of a list without headings
    from what its cells look like, or gives None. Raises `UnreadableFile` when no headings can be found.
    """
    lines = [found.group() for found in _LINE.finditer(text.replace("\x00", ""))]
    lines = [line for line in lines if line]
    first = 0
    delimiters: tuple[str, ...] = _DELIMITERS
    if lines and (declared := re.fullmatch(r"\ufeff?\"?sep=(.)\"?\s*", lines[0])):
        delimiters, first = (declared[1],), 1
    if not any(line.strip() for line in lines[first:]):
        raise UnreadableFile("the file is empty")
    delimiter, headings_at, headers = _headings(lines, first, delimiters, headings_known, shaped)
    after = headings_at.line - 1 if headings_at.line > 0 else first
    records = list(_records(lines, after, delimiter, len(headers)))
    if headings_at.line > 0:
        records = records[1:]
    rows: list[SourceRow] = []
    blank = 0
    for record in records:
        if record.fault is None and not any(cell.strip() for cell in record.cells):
            blank += 1
            continue
        rows.append(_row(record, headers, len(rows) + 1))
    warnings = (f"{blank} rows are blank.",) if blank else ()
    return SourceList("csv", tuple(headers), tuple(rows), delimiter, warnings)


def _headings(
    lines: list[str],
    first: int,
    delimiters: Sequence[str],
    headings_known: Callable[[Sequence[str]], int],
    shaped: Callable[[list[list[str]]], list[str] | None],
) -> tuple[str, _Record, list[str]]:
    best: tuple[tuple[int, int], str, _Record] | None = None
    for delimiter in delimiters:
        for record in _some(_records(lines, first, delimiter, None), _LINES_ABOVE_HEADINGS):
            worth = (headings_known(record.cells), len(record.cells))
            # Two known words are a row of headings; a single one may be a title.
            if worth[0] >= 2 and (best is None or worth > best[0]):  # noqa: PLR2004
                best = (worth, delimiter, record)
    if best is not None:
        return best[1], best[2], _unique(best[2].cells)
    for delimiter in delimiters:
        sample = [record.cells for record in _some(_records(lines, first, delimiter, None), _SHAPE_ROWS)]
        if (headers := shaped(sample)) is not None:
            return delimiter, _Record(0, []), headers
    seen = next((line.strip() for line in lines[first:] if line.strip()), "")
    raise UnreadableFile(f"no headings are recognised; the file begins with {seen[:120]!r}")


def _some(records: Iterator[_Record], count: int) -> Iterator[_Record]:
    for _, record in zip(range(count), records, strict=False):
        yield record


def _unique(cells: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split()) or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _row(record: _Record, headers: Sequence[str], number: int) -> SourceRow:
    cells, notes = record.cells, record.notes
    extra = [cell for cell in cells[len(headers) :] if cell.strip()]
    if extra:
        notes += (f"the row has {len(cells)} fields, the headings {len(headers)}: the last were not read",)
    elif len(cells) < len(headers) and record.fault is None:
        notes += (f"the row has {len(cells)} fields, the headings {len(headers)}: the rest count as empty",)
    values = dict.fromkeys(headers, "") | dict(zip(headers, cells, strict=False))
    return SourceRow(record.line, number, values, notes, record.fault)


def _records(lines: list[str], first: int, delimiter: str, width: int | None) -> Iterator[_Record]:
    """Records from line index `first` on. A quotation mark that swallows other rows is taken as a stray character."""
    position, strays = first, 0
    while position < len(lines):
        reader = csv.reader(iter(lines[position:]), delimiter=delimiter, strict=True)
        begin = position
        stray = False
        while not stray:
            taken = reader.line_num
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                stray, cells = True, []
            begin = position + taken
            length = reader.line_num - taken
            stray = stray or (length > 1 and _swallowed(lines[begin : begin + length], cells, delimiter, width))
            if not stray:
                yield _Record(begin + 1, cells)
        strays += 1
        yield _plain(lines[begin], begin + 1, delimiter, width)
        position = begin + 1
        if strays > _STRAY_QUOTES_FOLLOWED:
            yield from (_plain(line, at + 1, delimiter, width) for at, line in enumerate(lines[position:], position))
            return


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
