"""What belongs into a report of each kind, and how it is kept. Pure: no clock, no database."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

from dispatch.access.tokens import Role
from dispatch.aeds.health.evidence import is_good
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.kept import SEEN_DATES
from dispatch.encoding import to_json_text
from dispatch.problems import InvalidField

# Clocks of devices and phones are a little off; more than this is a mistake.
CLOCK_SKEW = timedelta(minutes=5)

# Somebody who walks by speaks of what they see; a device that was out of reach may have buffered for months.
PUBLIC_LOOK_BACK = timedelta(days=1)

_ALWAYS = frozenset({"kind", "at", "report_id", "aed_id", "note"})
_MEASURED = frozenset({"battery_percent", "temperature_c", "signal_dbm", "pads_ok"})
_FIELDS: Mapping[ReportKind, frozenset[str]] = {
    ReportKind.HEARTBEAT: _MEASURED,
    ReportKind.SELF_TEST: _MEASURED | {"outcome", "code", "codes"},
    ReportKind.DOOR: frozenset({"open"}),
    ReportKind.LOCATION: frozenset({"location"}),
    ReportKind.INSPECTION: frozenset({"outcome", "code", "items", "photos", *SEEN_DATES}),
    ReportKind.USED: frozenset({"incident_id"}),
    ReportKind.FAULT: frozenset({"code", "codes", "photos"}),
}
_NEEDED: Mapping[ReportKind, str] = {
    ReportKind.SELF_TEST: "outcome",
    ReportKind.DOOR: "open",
    ReportKind.LOCATION: "location",
    ReportKind.INSPECTION: "outcome",
}
_NOT_DATA = {"kind", "at", "report_id", "aed_id", "location"}

_KNOWN_BY_CONTENT = UUID("6b0b6a0c-6a0e-5a5d-9a3e-0d2f3f0a7c11")


def stored_report(said: ReportIn, aed_id: UUID, by: str, now: datetime) -> StoredReport:
    """The report to keep, in the name of `by`.

    Raises `InvalidField` for what is missing, does not belong to its kind, or lies in the future. Bad news from a
    device whose clock is fast (it calls its local time UTC) is of now: the fault is there all the same.
    """
    allowed = _FIELDS[said.kind]
    for name in sorted(said.model_fields_set - _ALWAYS - allowed):
        if getattr(said, name) is not None:
            raise InvalidField(name, f"A report of kind {said.kind} has no {name}.")
    needed = _NEEDED.get(said.kind)
    if needed is not None and getattr(said, needed) is None:
        raise InvalidField(needed, f"A report of kind {said.kind} needs {needed}.")
    data = _data_of(said)
    at = now if said.at is None else said.at
    if at > now + CLOCK_SKEW:
        if not (by.startswith(f"{Role.DEVICE}:") and _is_bad_news(said.kind, data)):
            raise InvalidField("at", "This is in the future.")
        at, data = now, data | {"said_at": at.isoformat()}
    return StoredReport(_id_of(said, aed_id, by, data), aed_id, said.kind, at, now, by, data)


def _is_bad_news(kind: ReportKind, data: Mapping[str, Any]) -> bool:
    told_outright = kind in {ReportKind.FAULT, ReportKind.USED}
    return told_outright or ("outcome" in data and not is_good(kind, data))


def _data_of(said: ReportIn) -> dict[str, Any]:
    data = said.model_dump(mode="json", include=said.model_fields_set - _NOT_DATA, exclude_none=True)
    if data.get("outcome") == "fail":
        data["outcome"] = "failed"
    if "codes" in data:
        data.setdefault("code", data["codes"][0])
    if said.location is not None:
        place = said.location.place()
        data |= {"latitude": place.latitude, "longitude": place.longitude}
        if said.location.accuracy_m is not None:
            data["accuracy_m"] = said.location.accuracy_m
    return data


def _id_of(said: ReportIn, aed_id: UUID, by: str, data: Mapping[str, Any]) -> UUID:
    # Without an id one that says when it was is known by what it says: who heard no answer sends the same once more.
    if said.report_id is not None:
        return said.report_id
    if said.at is None:
        return uuid4()
    content = [aed_id, said.kind.value, said.at, by, sorted(data.items())]
    return uuid5(_KNOWN_BY_CONTENT, to_json_text(content))
