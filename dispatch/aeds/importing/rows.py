"""A file cut into rows, whatever it is written in, so that the rest need not know."""

from collections.abc import Mapping
from dataclasses import dataclass, field


class UnreadableFile(ValueError):
    """A file in which no list of places can be found; the message says what was found instead."""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One entry of a list. `line` is where it begins in the file, `number` its place among the entries, both from 1.

    `notes` says what had to be put right to read it, `fault` why it cannot be read at all.
    """

    line: int
    number: int
    values: Mapping[str, str]
    notes: tuple[str, ...] = ()
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class SourceList:
    """A file as rows. `headers` in the file's order; `form` such as `csv` or `geojson`."""

    form: str
    headers: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    delimiter: str | None = None
    warnings: tuple[str, ...] = field(default=())
