"""A file of bytes into drafts of AEDs and a report that accounts for every row."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dispatch.aeds.hours import InvalidHours, checked_hours
from dispatch.aeds.importing.coordinates import SWAPPED, NoPlace, degrees_of, read_place
from dispatch.aeds.importing.decoding import Decoded, decode
from dispatch.aeds.importing.delimited import read_delimited
from dispatch.aeds.importing.documents import LATITUDE, LONGITUDE, looks_like_json, read_document
from dispatch.aeds.importing.drafts import Draft, NotTaken, draft_of
from dispatch.aeds.importing.headings import headings_known, words_known
from dispatch.aeds.importing.identity import with_references
from dispatch.aeds.importing.mapping import ColumnMapping, headings_by_shape, recognise
from dispatch.aeds.importing.report import Findings, ImportReport, LeftOut, Note
from dispatch.aeds.importing.rows import SourceList, SourceRow, UnreadableFile
from dispatch.aeds.importing.vocabulary import Field
from dispatch.aeds.own_schema import BadCell, is_own, values_of
from dispatch.aeds.record import Access
from geo.datum import Datum, parse_datum
from geo.distance import distance_m
from geo.place import Place

# Farther than this from the middle of a list, and within the list when turned round: swapped.
_SWAPPED_M = 1_000_000.0
_ENOUGH_TO_HAVE_A_MIDDLE = 20
_SLACK_DEGREES = 1.0
_NO_HOURS = "hours not understood"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: drafts for the register, and the report, not yet counting what is new."""

    drafts: tuple[Draft, ...]
    report: ImportReport


def read_list(data: bytes, *, source: str, datum: Datum | None = None) -> Reading:
    """Read a list of AEDs, CSV or JSON, in whatever encoding, language and layout it comes.

    `datum` is what its coordinates are in; without it what a heading says, else WGS-84. Raises `UnreadableFile`
    when the file holds no list of places.
    """
    if not data.strip():
        raise UnreadableFile("the file is empty")
    decoded = decode(data, words_known)
    if looks_like_json(decoded.text):
        listed = read_document(decoded.text)
    else:
        listed = read_delimited(decoded.text, headings_known, headings_by_shape)
    if not listed.rows:
        raise UnreadableFile("there are headings but no rows")
    if is_own(listed.headers):
        return _own(listed, decoded, source)
    return _foreign(listed, decoded, source, datum)


def _foreign(listed: SourceList, decoded: Decoded, source: str, datum: Datum | None) -> Reading:
    mapping = recognise(listed.headers, listed.rows)
    findings = Findings()
    drafts: list[tuple[Draft, str]] = []
    id_column = mapping.first(Field.ID)
    for row in listed.rows:
        try:
            draft = draft_of(row, mapping, datum, source)
        except NotTaken as error:
            findings.left_out.append(LeftOut(row.line, row.number, error.reason, error.column, error.value))
            continue
        drafts.append((draft, "" if id_column is None else row.values.get(id_column, "")))
    drafts = _without_swapped(drafts, mapping, findings)
    found_datum, datum_from = _datum(mapping, datum)
    warnings = [*listed.warnings, *mapping.warnings]
    if decoded.broken:
        warnings.append(f"{decoded.broken} characters could not be read as {decoded.encoding} and were left away.")
    return _reading(
        tuple(with_references(drafts)), listed, decoded, source, findings,
        datum=found_datum, datum_from=datum_from, mapping=mapping.as_text(), unused=mapping.unused, warnings=warnings,
    )  # fmt: skip


def _datum(mapping: ColumnMapping, option: Datum | None) -> tuple[str, str]:
    if option is not None:
        return option.value, "option"
    named = mapping.coordinates[0].datum
    return (Datum.WGS84.value, "assumed") if named is None else (named.value, "headings")


def _without_swapped(
    drafts: list[tuple[Draft, str]], mapping: ColumnMapping, findings: Findings
) -> list[tuple[Draft, str]]:
    """The drafts without those that lie far from all others, but among them when turned round, or only then far."""
    if len(drafts) < _ENOUGH_TO_HAVE_A_MIDDLE:
        return drafts
    latitudes = sorted(draft.place.latitude for draft, _ in drafts)
    longitudes = sorted(draft.place.longitude for draft, _ in drafts)
    middle = Place(median(latitudes), median(longitudes))
    twentieth = len(drafts) // 20
    south, north = latitudes[twentieth] - _SLACK_DEGREES, latitudes[-1 - twentieth] + _SLACK_DEGREES
    west, east = longitudes[twentieth] - _SLACK_DEGREES, longitudes[-1 - twentieth] + _SLACK_DEGREES
    kept: list[tuple[Draft, str]] = []
    for draft, own_id in drafts:
        would_fit_turned = south <= draft.place.longitude <= north and west <= draft.place.latitude <= east
        was_turned = any(SWAPPED in note for note in draft.notes)
        is_far = distance_m(draft.place, middle) > _SWAPPED_M
        if is_far and was_turned:
            reason = "out of range, and turned round it lies far from all other rows"
            where = f"{draft.place.longitude:g}, {draft.place.latitude:g}"
            findings.left_out.append(LeftOut(draft.line, draft.row, reason, mapping.coordinates[0].latitude, where))
        elif is_far and would_fit_turned:
            where = f"{draft.place.latitude:g}, {draft.place.longitude:g}"
            reason = "latitude and longitude look swapped: it lies far from all other rows"
            findings.left_out.append(LeftOut(draft.line, draft.row, reason, mapping.coordinates[0].latitude, where))
        else:
            kept.append((draft, own_id))
    return kept


def _own(listed: SourceList, decoded: Decoded, source: str) -> Reading:
    """A list that this register exported: every field as it was, ids and sources with them."""
    findings = Findings()
    drafts: list[Draft] = []
    seen: Counter[str] = Counter()
    for row in listed.rows:
        try:
            draft = _own_draft(row)
        except NotTaken as error:
            findings.left_out.append(LeftOut(row.line, row.number, error.reason, error.column, error.value))
            continue
        seen[str(draft.id)] += 1
        if seen[str(draft.id)] > 1:
            findings.left_out.append(LeftOut(row.line, row.number, "this id came before", "id", str(draft.id)))
            continue
        drafts.append(draft)
    return _reading(
        tuple(drafts), listed, decoded, source, findings,
        datum=Datum.WGS84.value, datum_from="the export", mapping={"export": ["every field as exported"]}, unused=(),
        warnings=listed.warnings,
    )  # fmt: skip


def _own_draft(row: SourceRow) -> Draft:
    if row.fault is not None:
        raise NotTaken(row.fault)
    cells = dict(row.values)
    for name, other in (("id", "@id"), ("latitude", LATITUDE), ("longitude", LONGITUDE)):
        cells.setdefault(name, cells.get(other, ""))
    try:
        values = values_of(cells)
        if values["opening_hours"] is not None:
            values["opening_hours"] = checked_hours(values["opening_hours"])
        latitude, longitude = degrees_of(cells["latitude"]), degrees_of(cells["longitude"])
        if latitude is None or longitude is None:
            raise NotTaken("not a number of degrees", "latitude" if latitude is None else "longitude")
        where = read_place(latitude, longitude, parse_datum(cells.get("datum") or "wgs84"))
    except BadCell as error:
        raise NotTaken(error.problem, error.column, error.value) from None
    except InvalidHours as error:
        raise NotTaken(str(error), "opening_hours", cells["opening_hours"][:80]) from None
    except NoPlace as error:
        part = error.part or "latitude"
        raise NotTaken(str(error), part, cells[part][:80]) from None
    except ValueError as error:
        raise NotTaken(str(error), "datum", cells.get("datum", "")[:80]) from None
    values["access"] = values.get("access") or Access.UNKNOWN
    own = {"id", "source", "source_ref"}
    return Draft(
        row.line,
        row.number,
        where.place,
        {name: value for name, value in values.items() if name not in own},
        values.get("source"),
        values.get("source_ref"),
        id=values["id"],
        notes=(*row.notes, *where.notes),
    )


def _reading(
    drafts: tuple[Draft, ...],
    listed: SourceList,
    decoded: Decoded,
    source: str,
    findings: Findings,
    *,
    datum: str,
    datum_from: str,
    mapping: dict[str, list[str]],
    unused: tuple[str, ...],
    warnings: Sequence[str],
) -> Reading:
    findings.notes += [Note(draft.line, draft.row, note) for draft in drafts for note in draft.notes]
    unclear = sum(1 for draft in drafts if any(note.startswith(_NO_HOURS) for note in draft.notes))
    report = ImportReport(
        source=source,
        form=listed.form,
        encoding=decoded.encoding,
        delimiter=listed.delimiter,
        datum=datum,
        datum_from=datum_from,
        mapping=mapping,
        unused=unused,
        rows=len(listed.rows),
        taken=len(drafts),
        left_out=tuple(sorted(findings.left_out, key=lambda each: (each.line, each.row))),
        notes=tuple(findings.notes),
        warnings=tuple(warnings),
        hours_understood=sum(1 for draft in drafts if draft.values.get("opening_hours") is not None),
        hours_not_understood=unclear,
    )
    return Reading(drafts, report)
