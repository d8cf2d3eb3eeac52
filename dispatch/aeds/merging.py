"""What an import changes: drafts laid over the AEDs that they are about. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.importing.changes import Change, What
from dispatch.aeds.importing.drafts import UNNAMED, Draft
from dispatch.aeds.importing.known import by_source
from dispatch.aeds.importing.proposing import Match
from dispatch.aeds.record import UNVERIFIED_YET, Access, Aed, Readiness
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.kept import Kept

# Concluded from evidence here, or kept by the register itself: not copied from a list.
_OF_THE_REGISTER = frozenset(
    {"readiness", "readiness_reasons", "readiness_at", "created_at", "updated_at", "belief", "district_code", "site_id"}
)
_NEVER_NULL = frozenset({"name", "access", "is_mobile", "photos"})
# Corrections finer than coordinates are, by the rounding of two publishers.
_SAME_DEGREES = 1e-6
_DEVICE_OF = "urn:dispatch:aed:"


@dataclass(frozen=True, slots=True)
class Merged:
    """What is to be written: new AEDs, fields of known ones, faults that the list tells of; and every row's change.

    `evidence` of new ones that come with what was known of them.
    """

    created: tuple[Aed, ...]
    edits: Mapping[UUID, Mapping[str, Any]]
    reports: tuple[StoredReport, ...]
    changes: tuple[Change, ...]
    evidence: Mapping[UUID, Kept]

    def count(self, what: What) -> int:
        """How many rows become that."""
        return sum(1 for change in self.changes if change.what is what)


def merged(
    matches: Sequence[Match], now: datetime, *, revivable: frozenset[UUID] = frozenset(), ambiguous_as_new: bool = False
) -> Merged:
    """Lay drafts over what they are about. Readiness of what exists is left to the evidence.

    `revivable` are removed ones that are back in the list whose import removed them.
    """
    created: list[Aed] = []
    edits: dict[UUID, Mapping[str, Any]] = {}
    reports: list[StoredReport] = []
    changes: list[Change] = []
    evidence: dict[UUID, Kept] = {}
    for match in matches:
        draft = match.draft
        if match.there is None and match.candidates and not ambiguous_as_new:
            changes.append(_change(match, What.AMBIGUOUS))
            continue
        if match.there is None:
            aed = _new(draft, now)
            created.append(aed)
            if draft.evidence is not None:
                evidence[aed.id] = draft.evidence
            changes.append(_change(match, What.NEW, aed_id=aed.id))
            reports += _broken(aed, draft, now)
            continue
        there = match.there
        fields = _edits(match)
        if there.id in revivable:
            fields["readiness"] = Readiness.UNVERIFIED
        if not there.removed or there.id in revivable:
            reports += _broken(there, draft, now)
        differences = {name: (getattr(there, name), value) for name, value in fields.items()}
        changes.append(
            _change(match, What.UPDATE if fields else What.UNCHANGED, aed_id=there.id, differences=differences)
        )
        if fields:
            edits[there.id] = fields
    return Merged(tuple(created), edits, tuple(reports), tuple(changes), evidence)


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


def _new(draft: Draft, now: datetime) -> Aed:
    values: dict[str, Any] = {
        "readiness_at": now,
        "created_at": now,
        "updated_at": now,
        "readiness": Readiness.UNVERIFIED,
        "readiness_reasons": (UNVERIFIED_YET,),
    }
    given = {name: value for name, value in draft.values.items() if value is not None or name not in _NEVER_NULL}
    return Aed(
        id=draft.id or uuid4(),
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
    said: dict[str, Any] = {name: value for name, value in draft.values.items() if name not in _OF_THE_REGISTER}
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
    if "place" in said and _is_same(there, draft):
        del said["place"]
    return {name: value for name, value in said.items() if getattr(there, name) != value}


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
