"""Lists laid out as a grid of cells: the headings found below titles, the rows below the headings."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from dispatch.aeds.importing.rows import Cells, Columns, SourceRow, check_count

# Titles, dates and remarks that offices put above the headings.
LINES_ABOVE_HEADINGS = 15
SHAPE_ROWS = 60
# A line above the headings with so much in it may be more than a title.
COLUMNS_OF_A_ROW = 4
# Two known words are a row of headings; a single one may be a title.
LEAST_KNOWN = 2

HeadingsKnown = Callable[[Sequence[str]], int]
Shaped = Callable[[list[list[str]]], list[str] | None]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row of a grid: its number in the file, from 1, its cells, and what had to be put right to read them."""

    line: int
    cells: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid as a list: its headings and its rows; blank ones left away and counted, as are those above the headings.

    Titles and remarks are not counted.
    """

    headers: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    blank: int
    above: int = 0


def list_of(
    grid: Iterable[GridRow],
    headings_known: HeadingsKnown,
    shaped: Shaped,
    *,
    sheet: str | None = None,
    counted_from: int = 0,
) -> Grid | None:
    """The list in a grid, or None when no headings are recognised. Rows are numbered on from `counted_from`.

    Raises `UnreadableFile` for more rows than any list has.
    """
    rest = iter(grid)
    above = _some(rest, LINES_ABOVE_HEADINGS)
    best, at = 0, -1
    for position, row in enumerate(above):
        # A title merged over all columns says one thing many times.
        known = headings_known(tuple(dict.fromkeys(row.cells)))
        if known >= max(best, LEAST_KNOWN):
            best, at = known, position
    if at >= 0:
        # Where the row below is as good, it holds the lower half of headings in two rows.
        headers = unique(above[at].cells)
    else:
        above += _some(rest, SHAPE_ROWS - len(above))
        named = shaped([list(row.cells) for row in above])
        if named is None:
            return None
        headers = named
    columns = Columns(headers)
    rows, blank = _rows(chain(above[at + 1 :], rest), columns, sheet, counted_from)
    # A title merged over all columns is one thing, and so are the upper half of headings in two rows.
    passed = sum(
        1
        for row in above[: max(at, 0)]
        if len({cell for cell in row.cells if cell.strip()} - {*headers}) >= COLUMNS_OF_A_ROW
    )
    return Grid(columns.names, rows, blank, passed)


def said_of_above(count: int) -> list[str]:
    """A warning of rows above the headings, if there are any."""
    return [f"{count} rows stand above the headings and were not read."] if count else []


def unique(cells: Sequence[str]) -> list[str]:
    """Headings that tell columns apart: nameless ones by their place, repeated ones by a number."""
    seen: dict[str, int] = {}
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\ufeff", "").split()) or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return names


def _some(rows: Iterator[GridRow], count: int) -> list[GridRow]:
    found: list[GridRow] = []
    for row in rows:
        if any(cell.strip() for cell in row.cells):
            found.append(row)
        if len(found) >= count:
            break
    return found


def _rows(
    grid: Iterable[GridRow], columns: Columns, sheet: str | None, counted_from: int
) -> tuple[tuple[SourceRow, ...], int]:
    rows: list[SourceRow] = []
    blank = 0
    for row in grid:
        if not any(cell.strip() for cell in row.cells):
            blank += 1
            continue
        if all(cell == name for cell, name in zip(row.cells, columns.names, strict=False) if cell):
            # The headings again, as printed on every page.
            blank += 1
            continue
        number = counted_from + len(rows) + 1
        check_count(number)
        rows.append(SourceRow(row.line, number, Cells(columns, row.cells), row.notes, sheet=sheet))
    return tuple(rows), blank
