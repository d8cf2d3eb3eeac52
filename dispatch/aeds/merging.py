"""What an import changes: drafts laid over the AEDs that are there already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from dispatch.aeds.importing.drafts import Draft
from dispatch.aeds.readiness import ReportKind
from dispatch.aeds.record import UNVERIFIED_YET, Access, Aed, Readiness, differing_fields
from dispatch.aeds.repository import StoredReport

# Concluded from evidence here, not copied from a list.
_OF_THE_REGISTER = frozenset({"readiness", "readiness_reasons", "readiness_at", "created_at", "updated_at"})
BROKEN_REASON = "fault_said_by_source"


@dataclass(frozen=True, slots=True)
class Merged:
    """The AEDs to write, and how many rows changed nothing."""

    created: tuple[Aed, ...]
    updated: tuple[Aed, ...]
    unchanged: int
    reports: tuple[StoredReport, ...]


def merged(drafts: Sequence[Draft], existing: Iterable[Aed], now: datetime) -> Merged:
    """Lay drafts over what exists, found by id or by source and reference. Readiness of what exists is left alone."""
    known = list(existing)
    by_id = {aed.id: aed for aed in known}
    by_reference = {(aed.source, aed.source_ref): aed for aed in known if aed.source_ref is not None}
    created: list[Aed] = []
    updated: list[Aed] = []
    reports: list[StoredReport] = []
    unchanged = 0
    for draft in drafts:
        there = by_reference.get((draft.source, draft.source_ref)) if draft.source_ref is not None else None
        if there is None and draft.id is not None:
            there = by_id.get(draft.id)
        if there is None:
            aed = _new(draft, now)
            created.append(aed)
            if draft.reported_broken is not None:
                reports.append(_broken(aed, draft.reported_broken, now))
            continue
        changed = replace(there, place=draft.place, **_kept_from(draft, there))
        if differing_fields(there, changed):
            updated.append(replace(changed, updated_at=now))
        else:
            unchanged += 1
    return Merged(tuple(created), tuple(updated), unchanged, tuple(reports))


def _new(draft: Draft, now: datetime) -> Aed:
    values: dict[str, Any] = {
        "readiness_at": now,
        "created_at": now,
        "updated_at": now,
        "readiness": Readiness.UNVERIFIED,
        "readiness_reasons": (UNVERIFIED_YET,),
    }
    if draft.reported_broken is not None:
        values |= {"readiness": Readiness.OUT_OF_SERVICE, "readiness_reasons": (BROKEN_REASON,)}
    values |= draft.values
    return Aed(id=draft.id or uuid4(), place=draft.place, source=draft.source, source_ref=draft.source_ref, **values)


def _kept_from(draft: Draft, there: Aed) -> Mapping[str, Any]:
    values = {name: value for name, value in draft.values.items() if name not in _OF_THE_REGISTER}
    if not draft.given_access and there.access is not Access.UNKNOWN:
        # Concluded from nothing better than the hours: somebody here may know more.
        values.pop("access", None)
    return values


def _broken(aed: Aed, words: str, now: datetime) -> StoredReport:
    return StoredReport(
        report_id(aed.id),
        aed.id,
        ReportKind.FAULT,
        now,
        now,
        f"source:{aed.source}",
        {"code": "said_by_source", "note": words},
    )


def report_id(aed_id: UUID) -> UUID:
    """The id of the report that a source made about an AED: one, however often it is imported."""
    return uuid5(NAMESPACE_URL, f"urn:dispatch:aed:{aed_id}:source")
