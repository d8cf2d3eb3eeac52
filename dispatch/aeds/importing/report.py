"""What became of every row of an imported file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatch.aeds.importing.changes import Change, Gone, What
from dispatch.aeds.importing.suspicion import Suspicion

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
    sheet: str | None = None

    def __str__(self) -> str:
        value = "" if self.value is None else f"={self.value!r}"
        at_fault = "" if self.field is None else f" ({self.field}{value})"
        return f"{_where(self)}: {self.reason}{at_fault}"


@dataclass(frozen=True, slots=True)
class Note:
    """Something put right, or not understood, in a row that was taken."""

    line: int
    row: int
    note: str
    sheet: str | None = None

    def __str__(self) -> str:
        return f"{_where(self)}: {self.note}"


def _on_sheet(sheet: str | None, said: str) -> str:
    return said if sheet is None else f"sheet {sheet!r}: {said}"


def _where(about: LeftOut | Note) -> str:
    return f"line {about.line}" if about.sheet is None else f"{about.sheet}, row {about.line}"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import in numbers and row by row. `rows` = `taken` + the number of `left_out`.

    `taken` = `created` + `updated` + `unchanged` + `ambiguous`: a row is ambiguous when it cannot be told which of
    several devices it is about; nothing is done with it. Of the rows taken, `hours_understood` have hours,
    `hours_with_exceptions` of these apart from exceptions that cannot be expressed; `hours_not_understood` speak of
    times, days or round the clock, and are treated as unknown; `hours_only_words` name none ("office hours"). `gone`
    are devices that the source had before and has no more; `removed` of these were taken out.
    """

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
    hours_with_exceptions: int = 0
    hours_only_words: int = 0
    ambiguous: int = 0
    changes: tuple[Change, ...] = ()
    gone: int = 0
    gone_devices: tuple[Gone, ...] = ()
    removed: int = 0
    suspicions: tuple[Suspicion, ...] = ()
    forced: bool = False

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
            "hours_with_exceptions": self.hours_with_exceptions,
            "hours_only_words": self.hours_only_words,
            "dry_run": self.dry_run,
            "forced": self.forced,
            "ambiguous": self.ambiguous,
            "gone": self.gone,
            "removed": self.removed,
            "suspicions": [each.as_dict() for each in self.suspicions],
            "changes": [each.as_dict() for each in self.changes],
            "gone_devices": [each.as_dict() for each in self.gone_devices],
            "warnings": list(self.warnings),
            "left_out": [
                {
                    "line": each.line,
                    "row": each.row,
                    "reason": _on_sheet(each.sheet, each.reason),
                    "field": each.field,
                    "value": each.value,
                }
                for each in self.left_out
            ],
            "notes": [
                {"line": each.line, "row": each.row, "note": _on_sheet(each.sheet, each.note)} for each in self.notes
            ],
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
        yield (
            f"opening hours: {self.hours_understood} understood ({self.hours_with_exceptions} apart from exceptions), "
            f"{self.hours_not_understood} kept as text only, {self.hours_only_words} told without any times"
        )
        yield from self._about_the_register(verb)
        if self.left_out:
            yield "left out:"
            yield from (f"  {self._entry(each)}{each}" for each in self.left_out)
        yield from self._notes_by_kind()

    def _about_the_register(self, verb: str) -> Iterator[str]:
        if self.ambiguous:
            yield f"{self.ambiguous} rows may be about several devices, and were not taken:"
        for change in self.changes:
            if change.what is What.AMBIGUOUS:
                names = ", ".join(f"{aed.name} ({aed.id})" for aed in change.candidates)
                yield f"  line {change.line}: {change.name}: {names}"
        if self.gone:
            yield f"{self.gone} devices of this source are not in the list any more; {verb}removed {self.removed}:"
            yield from (f"  {each.name} ({each.aed_id})" for each in self.gone_devices[:_LINES_NAMED])
            if self.gone > _LINES_NAMED:
                yield "  …"
        for suspicion in self.suspicions:
            yield f"suspicious: {suspicion.detail}"

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
