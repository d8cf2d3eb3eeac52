"""A file of bytes into drafts of AEDs and a report that accounts for every row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from dispatch.aeds.importing.drafts import Draft, NotTaken, draft_of
from dispatch.aeds.importing.identity import reference_of, with_references
from dispatch.aeds.importing.mapping import ColumnMapping, recognise
from dispatch.aeds.importing.own_drafts import own_draft
from dispatch.aeds.importing.report import ImportReport, LeftOut, Note
from dispatch.aeds.importing.row_hours import Told
from dispatch.aeds.importing.rows import SourceList, UnreadableFile, check_count
from dispatch.aeds.importing.suspicion import placeholders
from dispatch.aeds.importing.tables import Tables, tables_of
from dispatch.aeds.importing.turned_round import without_turned_round
from dispatch.aeds.importing.vocabulary import Field
from dispatch.aeds.importing.words import bare, one_line
from dispatch.aeds.own_schema import is_own
from geo.datum import Datum

log = structlog.get_logger()

# The mainland; Hong Kong and Macao lie in it, and publish WGS-84.
_MAINLAND = (18.0, 53.6, 73.5, 134.8)
_HONG_KONG = (22.1, 22.6, 113.5, 114.5)
_TAIWAN = (21.8, 26.5, 118.1, 122.1)
_MOST = 0.5
# What `drafts` calls a device by, in this order.
_NAMING = (Field.NAME, Field.OWNER, Field.ADDRESS, Field.PLACE_DETAIL)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: drafts for the register, and the report, not yet counting what is new.

    `is_own`: it is this register's export. `held_back` are the list's ids of rows that could not be taken, and
    `held_back_names` the names and places by which those may be known that have no id: their devices are in the list
    all the same. `read_as` is the datum that the coordinates were taken to be in.
    """

    drafts: tuple[Draft, ...]
    report: ImportReport
    is_own: bool = False
    held_back: frozenset[str] = frozenset()
    held_back_names: frozenset[str] = frozenset()
    read_as: Datum = Datum.WGS84


@dataclass(slots=True)
class _Findings:
    """Gathers what is found list by list and row by row."""

    drafts: list[tuple[Draft, str]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    held_back: set[str] = field(default_factory=set)
    held_back_names: set[str] = field(default_factory=set)
    mapping: dict[str, list[str]] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    datums: Counter[tuple[Datum, str]] = field(default_factory=Counter)


def read_list(data: bytes, *, source: str, datum: Datum | None = None) -> Reading:
    """Read a list of AEDs: CSV, JSON, xlsx or a table of a page, in whatever encoding, language and layout it comes.

    `datum` is what its coordinates are in; without it what a column or a heading says, else WGS-84. Raises
    `UnreadableFile` when the file holds no list of places.
    """
    tables = tables_of(data)
    rows = sum(len(listed.rows) for listed in tables.lists)
    if not rows:
        raise UnreadableFile("there are headings but no rows")
    check_count(rows)
    findings = _Findings()
    if all(is_own(listed.headers) for listed in tables.lists):
        return _own(tables, source, findings)
    refused: UnreadableFile | None = None
    for listed in tables.lists:
        findings.warnings += listed.warnings
        try:
            mapping = recognise(listed.headers, listed.rows)
        except UnreadableFile as error:
            refused = error
            # A sheet of something else, beside a list: its rows are accounted for with the reason.
            findings.left_out += [
                LeftOut(row.line, row.number, str(error)[:200], sheet=row.sheet) for row in listed.rows
            ]
            continue
        _take(listed, mapping, datum, source, findings)
    if refused is not None and not findings.drafts and len(tables.lists) == 1:
        raise refused
    read_as, datum_from = max(findings.datums, key=findings.datums.__getitem__, default=(Datum.WGS84, "assumed"))
    if tables.broken:
        findings.warnings.append(
            f"{tables.broken} characters could not be read as {tables.encoding} and were left away."
        )
    drafts = tuple(with_references(findings.drafts))
    findings.warnings += placeholders(drafts)
    if datum_from == "assumed" and _lies_in_china(drafts):
        findings.warnings.append(
            "The list lies in mainland China and names no datum: its coordinates were read as WGS-84. If they come "
            "from a Chinese map they are GCJ-02 (or BD-09, if from Baidu) and 300 to 700 m off: then name the datum."
        )
    report = _report(tables, drafts, findings, source, read_as, datum_from)
    return Reading(
        drafts,
        report,
        held_back=frozenset(findings.held_back),
        held_back_names=frozenset(findings.held_back_names),
        read_as=read_as,
    )


def _take(listed: SourceList, mapping: ColumnMapping, datum: Datum | None, source: str, findings: _Findings) -> None:
    id_column = mapping.first(Field.ID)
    drafts: list[tuple[Draft, str]] = []
    refused: list[LeftOut] = []
    own_ids = {row.number: row.values.get(id_column, "") for row in listed.rows} if id_column is not None else {}
    for row in listed.rows:
        try:
            drafts.append((draft_of(row, mapping, datum, source), own_ids.get(row.number, "")))
        except NotTaken as error:
            refused.append(LeftOut(row.line, row.number, error.reason, error.column, error.value, row.sheet))
        except Exception as error:
            log.exception("a row of a list could not be read", source=source, line=row.line)
            reason = f"the row could not be read ({type(error).__name__})"
            refused.append(LeftOut(row.line, row.number, reason, sheet=row.sheet))
    drafts, turned = without_turned_round(drafts, mapping.coordinates[0].latitude)
    refused += turned
    findings.drafts += drafts
    findings.left_out += refused
    refused_rows = {each.row for each in refused}
    for row in listed.rows:
        if row.number not in refused_rows:
            continue
        if own_id := reference_of(own_ids.get(row.number, "")):
            findings.held_back.add(own_id)
        else:
            cells = (mapping.cell(row, wanted) for wanted in _NAMING)
            findings.held_back_names |= {name for cell in cells if (name := bare(one_line(cell)))}
    findings.warnings += mapping.warnings
    findings.unused += [heading for heading in mapping.unused if heading not in findings.unused]
    for name, headings in mapping.as_text().items():
        known = findings.mapping.setdefault(name, [])
        known += [heading for heading in headings if heading not in known]
    findings.datums[_datum(mapping, datum)] += len(listed.rows)


def _datum(mapping: ColumnMapping, option: Datum | None) -> tuple[Datum, str]:
    if option is not None:
        return option, "option"
    named = mapping.coordinates[0].datum
    if Field.DATUM in mapping.columns:
        return named or Datum.WGS84, "column"
    return (Datum.WGS84, "assumed") if named is None else (named, "headings")


def _lies_in_china(drafts: Sequence[Draft]) -> bool:
    inside = sum(1 for draft in drafts if _is_on_the_mainland(draft.place.latitude, draft.place.longitude))
    return len(drafts) > 0 and inside >= _MOST * len(drafts)


def _is_on_the_mainland(latitude: float, longitude: float) -> bool:
    def within(box: tuple[float, float, float, float]) -> bool:
        return box[0] <= latitude <= box[1] and box[2] <= longitude <= box[3]

    # Korea and Japan lie in the box too: east of the Yellow Sea and south of the Tumen it is not China.
    abroad = longitude > 124.3 and latitude < 43.0 and not (longitude < 131.5 and latitude > 41.0)  # noqa: PLR2004
    return within(_MAINLAND) and not within(_HONG_KONG) and not within(_TAIWAN) and not abroad


def _own(tables: Tables, source: str, findings: _Findings) -> Reading:
    """A list that this register exported: every field as it was, ids and sources with them."""
    drafts: list[Draft] = []
    seen: set[tuple[str, str, str | None]] = set()
    for listed in tables.lists:
        findings.warnings += listed.warnings
        for row in listed.rows:
            try:
                draft = own_draft(row, listed.form)
            except NotTaken as error:
                findings.left_out.append(
                    LeftOut(row.line, row.number, error.reason, error.column, error.value, row.sheet)
                )
                continue
            keys: list[tuple[str, str, str | None]] = [("id", str(draft.id), None)]
            if draft.source is not None and draft.source_ref is not None:
                keys.append(("source_ref", draft.source_ref, draft.source))
            again = next((key for key in keys if key in seen), None)
            if again is not None:
                reason = f"this {again[0]} came before"
                findings.left_out.append(LeftOut(row.line, row.number, reason, again[0], again[1], row.sheet))
                continue
            seen.update(keys)
            drafts.append(draft)
    findings.mapping = {"export": ["every field as exported"]}
    return Reading(tuple(drafts), _report(tables, drafts, findings, source, Datum.WGS84, "the export"), is_own=True)


def _report(
    tables: Tables, drafts: Sequence[Draft], findings: _Findings, source: str, datum: Datum, datum_from: str
) -> ImportReport:
    told = Counter(draft.told for draft in drafts)
    return ImportReport(
        source=source,
        form=tables.lists[0].form,
        encoding=tables.encoding,
        delimiter=tables.lists[0].delimiter,
        datum=datum.value,
        datum_from=datum_from,
        mapping=findings.mapping,
        unused=tuple(findings.unused),
        rows=sum(len(listed.rows) for listed in tables.lists),
        taken=len(drafts),
        left_out=tuple(sorted(findings.left_out, key=lambda each: (each.row, each.line))),
        notes=tuple(Note(draft.line, draft.row, note, draft.sheet) for draft in drafts for note in draft.notes),
        warnings=tuple(findings.warnings),
        hours_understood=told[Told.UNDERSTOOD] + told[Told.WITH_EXCEPTIONS],
        hours_not_understood=told[Told.NOT_UNDERSTOOD],
        hours_with_exceptions=told[Told.WITH_EXCEPTIONS],
        hours_only_words=told[Told.ONLY_WORDS],
    )
