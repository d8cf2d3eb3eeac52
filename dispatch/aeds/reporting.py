"""A report about an AED: what belongs into it, and the readiness that follows."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.readiness import Evidence, KnownFacts, ReportKind, conclude
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import BY_PUBLIC, AedRepository, StoredReport
from dispatch.aeds.schemas import ReportIn
from dispatch.problems import Conflict, Forbidden, InvalidField, Unauthenticated

# Clocks of devices and phones are a little off; more than this is a mistake.
_CLOCK_SKEW = timedelta(minutes=5)

_ALWAYS = {"kind", "at", "report_id", "note"}
_FIELDS: dict[ReportKind, set[str]] = {
    ReportKind.HEARTBEAT: {"battery_percent", "temperature_c"},
    ReportKind.SELF_TEST: {"outcome", "code", "battery_percent", "temperature_c"},
    ReportKind.DOOR: {"open"},
    ReportKind.LOCATION: {"location"},
    ReportKind.INSPECTION: {"outcome", "code", "battery_expires_on", "pads_expire_on"},
    ReportKind.USED: set(),
    ReportKind.FAULT: {"code"},
}
_NEEDED: dict[ReportKind, str] = {
    ReportKind.SELF_TEST: "outcome",
    ReportKind.DOOR: "open",
    ReportKind.LOCATION: "location",
    ReportKind.INSPECTION: "outcome",
}


@dataclass(frozen=True, slots=True)
class Reported:
    """A report as taken, and the AED as it stands after it."""

    report: StoredReport
    aed: Aed
    repeated: bool


def stored_report(said: ReportIn, aed_id: UUID, by: str, now: datetime) -> StoredReport:
    """The report to keep. Raises `InvalidField` for what is missing, does not belong, or lies in the future."""
    allowed = _ALWAYS | _FIELDS[said.kind]
    for name in sorted(said.model_fields_set):
        if name not in allowed and getattr(said, name) is not None:
            raise InvalidField(name, f"A report of kind {said.kind} has no {name}.")
    needed = _NEEDED.get(said.kind)
    if needed is not None and getattr(said, needed) is None:
        raise InvalidField(needed, f"A report of kind {said.kind} needs {needed}.")
    at = said.at or now
    if at > now + _CLOCK_SKEW:
        raise InvalidField("at", "This is in the future.")
    return StoredReport(said.report_id or uuid4(), aed_id, said.kind, at, now, by, _data_of(said))


def _data_of(said: ReportIn) -> dict[str, Any]:
    data = said.model_dump(mode="json", exclude={"kind", "at", "report_id", "location"}, exclude_none=True)
    if data.get("outcome") == "fail":
        data["outcome"] = "failed"
    if said.location is not None:
        place = said.location.place()
        data |= {"latitude": place.latitude, "longitude": place.longitude}
    return data


def reporter(identity: Identity | None, aed: Aed, kind: ReportKind) -> str:
    """In whose name a report is kept. Raises `Unauthenticated` or `Forbidden` for those who may not make it."""
    if identity is not None:
        own_device = identity.role is Role.DEVICE and identity.subject == str(aed.id)
        own_custodian = identity.role is Role.CUSTODIAN and identity.subject == aed.custodian
        if own_device or own_custodian or identity.role is Role.ADMIN:
            return str(identity)
        if identity.role is Role.RESPONDER and kind is ReportKind.FAULT:
            # A first-aider who stands before it has no reason to make it up.
            return str(identity)
    if kind is ReportKind.FAULT:
        return BY_PUBLIC
    if identity is None:
        raise Unauthenticated("Without a token only a `fault` may be reported.")
    raise Forbidden("This takes the token of the device itself, of its custodian, or of an administrator.")


async def take(repository: AedRepository, aed: Aed, report: StoredReport, now: datetime) -> Reported:
    """Keep the report and conclude; the same report again changes nothing.

    Raises `Conflict` when its id was used for another AED, or the AED is removed.
    """
    if aed.removed:
        raise Conflict("This AED is removed.", code="removed")
    known = await repository.report(report.id)
    if known is not None:
        if known.aed_id != aed.id or known.kind != report.kind:
            raise Conflict("This report_id was used for another report.", code="report_id_used")
        return Reported(known, aed, repeated=True)
    await repository.add_reports([report])
    seen: dict[str, Any] = {
        name: datetime.fromisoformat(report.data[name]).date()
        for name in ("battery_expires_on", "pads_expire_on")
        if name in report.data
    }
    evidence = await repository.evidence(aed.id)
    newest = not any(each.kind is report.kind and each.trusted and each.at > report.at for each in evidence)
    changed = replace(aed, **seen) if seen and newest else aed
    return Reported(report, concluded(changed, evidence, now), repeated=False)


def concluded(aed: Aed, evidence: list[Evidence], now: datetime) -> Aed:
    """The AED with the readiness that the evidence gives it."""
    conclusion = conclude(evidence, KnownFacts(aed.place, aed.battery_expires_on, aed.pads_expire_on), now)
    newest = max((each.at for each in evidence), default=None)
    if (conclusion.readiness, conclusion.reasons) == (aed.readiness, aed.readiness_reasons):
        at = aed.readiness_at if newest is None else max(newest, aed.readiness_at)
    else:
        at = newest or now
    return replace(
        aed,
        readiness=conclusion.readiness,
        readiness_reasons=conclusion.reasons,
        readiness_at=at,
        updated_at=now,
    )
