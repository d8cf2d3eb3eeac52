"""Merged cells taken apart: what stands in the first cell counts for all of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dispatch.aeds.importing.grids import GridRow

# A cell merged over more columns than this is a line of the page's layout.
_WIDEST = 60


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, all bounds from 1 and inclusive."""

    top: int
    left: int
    bottom: int
    right: int


def filled(rows: Iterable[GridRow], areas: Sequence[Area]) -> Iterator[GridRow]:
    """The rows with the merged cells filled; a row with nothing of its own stays blank."""
    waiting = sorted(areas, key=lambda area: area.top, reverse=True)
    open_areas: list[tuple[Area, str]] = []
    for row in rows:
        if waiting or open_areas:
            open_areas = [each for each in open_areas if each[0].bottom >= row.line]
            while waiting and waiting[-1].top <= row.line:
                area = waiting.pop()
                value = row.cells[area.left - 1] if area.left <= len(row.cells) and area.top == row.line else ""
                if value.strip() and area.bottom >= row.line:
                    open_areas.append((area, value))
            if open_areas and any(cell.strip() for cell in row.cells):
                yield GridRow(row.line, _with(row.cells, open_areas), row.notes)
                continue
        yield row


def _with(cells: tuple[str, ...], areas: Sequence[tuple[Area, str]]) -> tuple[str, ...]:
    found = list(cells)
    for area, value in areas:
        right = min(area.right, area.left + _WIDEST - 1)
        found += [""] * (right - len(found))
        for at in range(area.left - 1, right):
            if not found[at].strip():
                found[at] = value
    return tuple(found)
