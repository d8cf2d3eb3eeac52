"""States that come with a device from another register: they stand until there is evidence here."""

from uuid import uuid5

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import UNVERIFIED_YET, Aed, Readiness
from dispatch.aeds.repository import StoredReport

_NOTHING_KNOWN = (Readiness.UNVERIFIED, (UNVERIFIED_YET,))


def is_carried(aed: Aed) -> bool:
    """Whether a new device comes with a state that somebody else concluded."""
    return not aed.removed and (aed.readiness, aed.readiness_reasons) != _NOTHING_KNOWN


def carried_report(aed: Aed, by: str) -> StoredReport | None:
    """What is kept as evidence of a new device that comes as unusable; None for any other.

    Without it the first date that passes here would make it usable again. Expiry dates tell of themselves.
    """
    if not is_carried(aed) or aed.readiness in Readiness.dispatchable():
        return None
    if all(reason.endswith("_expired") for reason in aed.readiness_reasons):
        return None
    was_used = any(reason.startswith("used") for reason in aed.readiness_reasons)
    kind = ReportKind.USED if was_used else ReportKind.FAULT
    data = {} if was_used else {"code": "said_by_source", "note": ", ".join(aed.readiness_reasons)}
    at = min(aed.readiness_at, aed.updated_at)
    return StoredReport(uuid5(aed.id, "carried"), aed.id, kind, at, aed.updated_at, by, data)
