"""A file cut into rows, whatever it is written in, so that the rest need not know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field


class UnreadableFile(ValueError):
    """A file in which no list of places can be found; the message says what was found instead."""


# A province has some ten thousand devices, France 190,000. Beyond this a file is no list of them, or an attack.
MOST_ROWS = 500_000


def check_count(rows: int) -> None:
    """Raise `UnreadableFile` when a list is longer than any list of AEDs."""
    if rows > MOST_ROWS:
        raise UnreadableFile(f"there are more than {MOST_ROWS:,} rows; import the list in parts")


class Columns:
    """The headings of a list, shared by all its rows."""

    __slots__ = ("at", "names")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.at = {name: position for position, name in enumerate(self.names)}


class Cells(Mapping[str, str]):
    """The cells of one row by their headings: a third of what a dict of its own takes for each row."""

    __slots__ = ("_cells", "_columns")

    def __init__(self, columns: Columns, cells: Sequence[str]) -> None:
        """Cells in the order of the columns; those left off at the end are empty, those too many are not kept."""
        self._columns = columns
        self._cells = tuple(cells[: len(columns.names)])

    def __getitem__(self, name: str) -> str:
        position = self._columns.at[name]
        return self._cells[position] if position < len(self._cells) else ""

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.names)

    def __len__(self) -> int:
        return len(self._columns.names)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One entry of a list. `line` is where it begins in the file, `number` its place among the entries, both from 1.

    In a workbook `line` is the row of the sheet, and `sheet` its name where there are several. `notes` says what had to
    be put right to read it, `fault` why it cannot be read at all.
    """

    line: int
    number: int
    values: Mapping[str, str]
    notes: tuple[str, ...] = ()
    fault: str | None = None
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class SourceList:
    """A file as rows. `headers` in the file's order; `form` such as `csv` or `geojson`."""

    form: str
    headers: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    delimiter: str | None = None
    warnings: tuple[str, ...] = field(default=())
