"""Lists written as tables of a web page, which many offices' systems export under the name of a spreadsheet (.xls)."""

from html.parser import HTMLParser

from dispatch.aeds.importing.grids import GridRow, HeadingsKnown, Shaped, list_of, said_of_above
from dispatch.aeds.importing.merged_cells import Area, filled
from dispatch.aeds.importing.rows import SourceList, UnreadableFile, check_count

_CELLS = frozenset({"td", "th"})
_BREAKS = frozenset({"br", "p", "div", "li"})
_MOST_COLUMNS = 200
_LONGEST_CELL = 20_000
# The parser goes back and forth in what is broken.
_LONGEST_PAGE = 30_000_000


def looks_like_html(text: str) -> bool:
    """Whether a text is a page with a table in it."""
    begin = text.lstrip("\ufeff \t\r\n")
    return begin.startswith("<") and "<table" in text[:200_000].lower()


def read_tables(text: str, headings_known: HeadingsKnown, shaped: Shaped) -> list[SourceList]:
    """The list in the longest table whose headings are recognised. Raises `UnreadableFile`."""
    if len(text) > _LONGEST_PAGE:
        raise UnreadableFile("the page is longer than any list of AEDs; save it as CSV or xlsx")
    reader = _Tables()
    reader.feed(text)
    reader.close()
    tables = (
        list_of(filled(iter(table.rows), table.areas), headings_known, shaped)
        for table in sorted(reader.tables, key=lambda each: -len(each.rows))
    )
    grid = next((each for each in tables if each is not None and each.rows), None)
    if grid is None:
        raise UnreadableFile("the page has no table with headings that are recognised")
    said = [f"{grid.blank} rows are blank or repeat the headings."] if grid.blank else []
    return [SourceList("html", grid.headers, grid.rows, warnings=(*said, *said_of_above(grid.above)))]


class _Table:
    def __init__(self) -> None:
        self.rows: list[GridRow] = []
        self.areas: list[Area] = []
        self._reaching_down: dict[int, int] = {}

    def add(self, cells: list[tuple[str, int, int]]) -> None:
        """A row of cells, each with the columns and rows that it spans."""
        number = len(self.rows) + 1
        check_count(number)
        found: dict[int, str] = {}
        at = 1
        for text, wide, tall in cells:
            while self._reaching_down.get(at, 0) >= number:
                at += 1
            if at > _MOST_COLUMNS:
                break
            found[at] = text
            if wide > 1 or tall > 1:
                self.areas.append(Area(number, at, number + tall - 1, at + wide - 1))
            for column in range(at, at + wide):
                self._reaching_down[column] = number + tall - 1
            at += wide
        self.rows.append(
            GridRow(number, tuple(found.get(column, "") for column in range(1, max(found, default=0) + 1)))
        )


class _Tables(HTMLParser):
    """Gathers every table's rows; a table within a table is one of its own."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[_Table] = []
        self._open: list[_Table] = []
        self._row: list[tuple[str, int, int]] | None = None
        self._text: list[str] | None = None
        self._spans = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins: those of tables are taken to be closed where the next one begins."""
        if tag == "table":
            self._end_row()
            self.tables.append(_Table())
            self._open.append(self.tables[-1])
        elif tag == "tr":
            self._end_row()
            self._row = []
        elif tag in _CELLS and self._row is not None:
            self._end_cell()
            said = dict(attrs)
            self._text, self._spans = [], (_span(said.get("colspan")), _span(said.get("rowspan")))
        elif tag in _BREAKS and self._text is not None:
            self._text.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        if tag in _CELLS:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table" and self._open:
            self._end_row()
            self._open.pop()

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if self._text is not None:
            self._text.append(data)

    def close(self) -> None:
        """The page ends, closed tags or not."""
        super().close()
        self._end_row()

    def _end_cell(self) -> None:
        if self._text is not None and self._row is not None and len(self._row) < _MOST_COLUMNS:
            self._row.append(("".join(self._text)[:_LONGEST_CELL].strip(), *self._spans))
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row and self._open:
            self._open[-1].add(self._row)
        self._row = None


def _span(said: str | None) -> int:
    text = (said or "").strip()
    return min(max(int(text), 1), _MOST_COLUMNS) if text.isascii() and text.isdigit() and len(text) < 6 else 1  # noqa: PLR2004
