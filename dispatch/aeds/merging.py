"""What an import changes: drafts laid over the AEDs that they are about. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.importing.changes import Change, What
from dispatch.aeds.importing.drafts import UNNAMED, Draft
from dispatch.aeds.importing.known import by_source
from dispatch.aeds.importing.proposing import Match
from dispatch.aeds.importing.report import Note
from dispatch.aeds.record import UNVERIFIED_YET, Access, Aed, Readiness
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.kept import SEEN_DATES, Kept

# Concluded from evidence here, or kept by the register itself: not copied from a list.
_OF_THE_REGISTER = frozenset(
    {"readiness", "readiness_reasons", "readiness_at", "created_at", "updated_at", "belief", "district_code", "site_id"}
)
_NEVER_NULL = frozenset({"name", "access", "is_mobile", "photos"})
# What a list has a blank for it does not know: an expiry forgotten would make a device good for ever, and a device that
# is not known to report could fall silent unnoticed.
_NEVER_UNLEARNED = frozenset({*SEEN_DATES, "has_self_test", "is_connected", "fix_at", "owner_id"})
_NOT_YET_TO_COME = frozenset({"created_at", "updated_at", "readiness_at", "fix_at"})
_CLOCKS_DIFFER = timedelta(minutes=5)
# Corrections finer than coordinates are, by the rounding of two publishers.
_SAME_DEGREES = 1e-6
_DEVICE_OF = "urn:dispatch:aed:"


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be written: new AEDs, fields of known ones, faults that the list tells of; and every row's change.

    `evidence` of new ones that come with what was known of them. `notes`: what of a row was not taken, and why.
    """

    created: tuple[Aed, ...]
    edits: Mapping[UUID, Mapping[str, Any]]
    reports: tuple[StoredReport, ...]
    changes: tuple[Change, ...]
    evidence: Mapping[UUID, Kept]
    notes: tuple[Note, ...] = ()

    def count(self, what: What) -> int:
        """How many rows become that."""
        return sum(1 for change in self.changes if change.what is what)


def merged(
    matches: Sequence[Match],
    now: datetime,
    *,
    dates_seen: Mapping[UUID, frozenset[str]] = MappingProxyType({}),
    revivable: frozenset[UUID] = frozenset(),
    ambiguous_as_new: bool = False,
) -> Merged:
    """Lay drafts over what they are about. Readiness of what exists is left to the evidence.

    `revivable` are removed ones that are back in the list whose import removed them. `dates_seen`: the dates on each
    device that an inspection has seen there.
    """
    created: list[Aed] = []
    edits: dict[UUID, Mapping[str, Any]] = {}
    reports: list[StoredReport] = []
    changes: list[Change] = []
    evidence: dict[UUID, Kept] = {}
    notes: list[Note] = []
    for match in matches:
        draft = _of_now(match.draft, now, notes)
        if match.there is None and match.candidates and not ambiguous_as_new:
            changes.append(_change(match, What.AMBIGUOUS))
            continue
        if match.there is None:
            aed = _new(draft, now, is_taken=bool(match.candidates))
            created.append(aed)
            if draft.evidence is not None:
                evidence[aed.id] = draft.evidence
            changes.append(_change(match, What.NEW, aed_id=aed.id))
            reports += _broken(aed, draft, now)
            continue
        there = match.there
        fields = _edits(match)
        for name in sorted(dates_seen.get(there.id, frozenset()) & fields.keys()):
            said = fields.pop(name)
            notes.append(_note(draft, f"{name} {said} was not taken: an inspection saw {getattr(there, name)}"))
        if there.id in revivable:
            fields["readiness"] = Readiness.UNVERIFIED
        elif there.removed:
            notes.append(_note(draft, "its device was removed here, and stays so"))
        if not there.removed or there.id in revivable:
            reports += _broken(there, draft, now)
        differences = {name: (getattr(there, name), value) for name, value in fields.items()}
        changes.append(
            _change(match, What.UPDATE if fields else What.UNCHANGED, aed_id=there.id, differences=differences)
        )
        if fields:
            edits[there.id] = fields
    return Merged(tuple(created), edits, tuple(reports), tuple(changes), evidence, tuple(notes))


def _note(draft: Draft, note: str) -> Note:
    return Note(draft.line, draft.row, note, draft.sheet)


def _of_now(draft: Draft, now: datetime, notes: list[Note]) -> Draft:
    """The draft without evidence of a time to come: that would outrank whatever is reported from now on."""
    if draft.evidence is None or not _is_of_the_future(draft.evidence, now):
        return draft
    notes.append(_note(draft, "its evidence is of a time to come and was left away"))
    return replace(draft, evidence=None)


def _is_of_the_future(evidence: Kept, now: datetime) -> bool:
    latest = now + _CLOCKS_DIFFER
    times = [each.at for each in evidence.latest.newest.values()] + [sight.at for sight in evidence.sights.values()]
    return any(each > latest for each in times)


def _change(match: Match, what: What, **more: Any) -> Change:
    draft = match.draft
    name = str(draft.values.get("name") or UNNAMED)
    return Change(
        draft.line,
        draft.row,
        what,
        name,
        matched_by=match.matched_by,
        candidates=match.candidates if what is What.AMBIGUOUS else (),
        sheet=draft.sheet,
        **more,
    )


def _new(draft: Draft, now: datetime, *, is_taken: bool) -> Aed:
    """`is_taken`: the id that it comes with may be another's."""
    values: dict[str, Any] = {
        "readiness_at": now,
        "created_at": now,
        "updated_at": now,
        "readiness": Readiness.UNVERIFIED,
        "readiness_reasons": (UNVERIFIED_YET,),
    }
    given = {name: value for name, value in draft.values.items() if value is not None or name not in _NEVER_NULL}
    for name in _NOT_YET_TO_COME & given.keys():
        # Whoever catches up asks for what was written since the newest: one of next year would hide all of this year.
        given[name] = given[name] and min(given[name], now)
    return Aed(
        id=uuid4() if draft.id is None or is_taken else draft.id,
        place=draft.place,
        source=draft.source,
        source_ref=draft.source_ref,
        **values | given,
    )


def _edits(match: Match) -> dict[str, Any]:
    """The fields of a known device that are to be others, by whose list it is on.

    Its own list says everything, blanks among it. On a device that nobody's list has, a list says what it has words
    for, and takes it in. On another list's device it only fills in what nobody knows yet: else two lists would
    overwrite each other with every import.
    """
    draft, there = match.draft, match.there
    assert there is not None  # noqa: S101 - asked of matched rows only
    said: dict[str, Any] = {
        name: value
        for name, value in draft.values.items()
        if name not in _OF_THE_REGISTER and (value is not None or name not in _NEVER_UNLEARNED)
    }
    if draft.id is None or there.source != draft.source:
        said = {name: value for name, value in said.items() if value is not None or name not in _NEVER_NULL}
    if not draft.given_access and there.access is not Access.UNKNOWN:
        # Concluded from nothing better than the hours: somebody here may know more.
        said.pop("access", None)
    if there.source == draft.source:
        said |= {"place": draft.place, "source_ref": draft.source_ref}
    elif there.source is None:
        said = {name: value for name, value in said.items() if value is not None}
        said |= {"place": draft.place, "source": draft.source, "source_ref": draft.source_ref}
    else:
        said = {name: value for name, value in said.items() if value is not None and _is_unknown(getattr(there, name))}
        if there.opening_hours is not None or "opening_hours" not in said:
            said.pop("opening_hours_note", None)
    if _is_followed(there, said):
        said = {name: value for name, value in said.items() if name not in {"place", "fix_at"}}
    if "place" in said and _is_same(there, draft):
        del said["place"]
    return {name: value for name, value in said.items() if getattr(there, name) != value}


def _is_followed(there: Aed, said: Mapping[str, Any]) -> bool:
    """Whether it is a mobile device that has told where it is, and stays one: no list knows that better."""
    return there.is_mobile and there.fix_at is not None and bool(said.get("is_mobile", True))


def _is_unknown(value: Any) -> bool:
    return value is None or value is Access.UNKNOWN or value == ()


def _is_same(there: Aed, draft: Draft) -> bool:
    return (
        abs(there.place.latitude - draft.place.latitude) < _SAME_DEGREES
        and abs(there.place.longitude - draft.place.longitude) < _SAME_DEGREES
    )


def _broken(aed: Aed, draft: Draft, now: datetime) -> list[StoredReport]:
    """The fault that a list tells of, once for each wording: its next edition only repeats it."""
    words = draft.reported_broken
    # Anywhere on the globe the day is over a day later.
    if draft.removed_on is not None and draft.removed_on < (now - timedelta(days=1)).date():
        words = words or f"removed on {draft.removed_on.isoformat()}"
    if words is None:
        return []
    data = {"code": "said_by_source", "note": words}
    known_by = report_id(aed.id, words)
    return [StoredReport(known_by, aed.id, ReportKind.FAULT, now, now, by_source(draft.source or "import"), data)]


def report_id(aed_id: UUID, words: str) -> UUID:
    """The id of the report that a source made about an AED: one for each wording, however often it is imported."""
    return uuid5(NAMESPACE_URL, f"{_DEVICE_OF}{aed_id}:source:{words}")
