"""What became of every row of an imported file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# What makes two notes of one kind differ: numbers, and what stands in quotation marks.
_FIGURES = re.compile(r"'[^']*'|\"[^\"]*\"|[-+]?\d+(?:\.\d+)?")
_LINES_NAMED = 10


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that was not taken: where it is, why, and the field and value at fault where there is one."""

    line: int
    row: int
    reason: str
    field: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value!r}"
        at_fault = "" if self.field is None else f" ({self.field}{value})"
        return f"line {self.line}: {self.reason}{at_fault}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something put right, or not understood, in a row that was taken."""

    line: int
    row: int
    note: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.note}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import in numbers and row by row. `rows` = `taken` + the number of `left_out`."""

    source: str
    form: str
    encoding: str
    delimiter: str | None
    datum: str
    datum_from: str
    mapping: Mapping[str, list[str]]
    unused: tuple[str, ...]
    rows: int
    taken: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[Note, ...]
    warnings: tuple[str, ...]
    hours_understood: int
    hours_not_understood: int
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    dry_run: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON has it."""
        return {
            "source": self.source,
            "form": self.form,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "datum": self.datum,
            "datum_from": self.datum_from,
            "mapping": dict(self.mapping),
            "unused": list(self.unused),
            "rows": self.rows,
            "taken": self.taken,
            "created": self.created,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "hours_understood": self.hours_understood,
            "hours_not_understood": self.hours_not_understood,
            "dry_run": self.dry_run,
            "warnings": list(self.warnings),
            "left_out": [
                {"line": each.line, "row": each.row, "reason": each.reason, "field": each.field, "value": each.value}
                for each in self.left_out
            ],
            "notes": [{"line": each.line, "row": each.row, "note": each.note} for each in self.notes],
        }

    def lines(self) -> Iterator[str]:
        """The report for people: numbers, columns, then every row left out."""
        yield f"{self.source}: {self.form}, {self.encoding}, datum {self.datum} ({self.datum_from})"
        for name, headings in self.mapping.items():
            yield f"  {name}: {', '.join(headings)}"
        if self.unused:
            yield f"  not used: {', '.join(self.unused)}"
        yield from (f"  note: {warning}" for warning in self.warnings)
        yield f"{self.rows} rows: {self.taken} taken, {len(self.left_out)} left out"
        verb = "would be " if self.dry_run else ""
        yield f"{verb}created {self.created}, updated {self.updated}, unchanged {self.unchanged}"
        yield f"opening hours: {self.hours_understood} understood, {self.hours_not_understood} kept as text only"
        if self.left_out:
            yield "left out:"
            yield from (f"  {self._entry(each)}{each}" for each in self.left_out)
        yield from self._notes_by_kind()

    def _notes_by_kind(self) -> Iterator[str]:
        """Notes that differ in their figures only are one kind: how many, the first as an example, and which lines."""
        kinds: dict[str, list[Note]] = {}
        for each in self.notes:
            if not each.note.startswith("hours not understood"):
                kinds.setdefault(_FIGURES.sub("#", each.note), []).append(each)
        if kinds:
            yield "put right or set aside (all of them are in the JSON report):"
        for alike in sorted(kinds.values(), key=len, reverse=True):
            lines = ", ".join(str(each.line if self.form == "csv" else each.row) for each in alike[:_LINES_NAMED])
            more = ", …" if len(alike) > _LINES_NAMED else ""
            what = "line" if self.form == "csv" else "entry"
            yield f"  {len(alike)} x {alike[0].note} ({what} {lines}{more})"

    def _entry(self, about: LeftOut | Note) -> str:
        """Which entry is meant, where a file may have all of them on one line."""
        return "" if self.form == "csv" else f"entry {about.row}, "


@dataclass(slots=True)
class Findings:
    """Gathers what is found row by row."""

    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
