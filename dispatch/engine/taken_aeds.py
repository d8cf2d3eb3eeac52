"""Which incident an AED was taken for, and by whom, as far as memory tells."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.record import Aed
from dispatch.aeds.repository import BY_PUBLIC, StoredReport
from dispatch.engine.engine import Engine
from dispatch.rescue.alert import Alert
from dispatch.rescue.vocabulary import AedId, AlertId, AlertRole, IncidentId
from geo.distance import distance_m
from geo.place import Place

# What is told later is history: whoever ran for it is elsewhere by now.
_TOLD_WITHIN = timedelta(minutes=10)

# Farther than that nobody runs for an AED of their own accord.
_NEARBY_M = 1000.0

# Whoever was last seen farther from the cabinet than this, fix and walls allowed for, is not who opened it.
_AT_CABINET_M = 200.0
_FIX_TELLS_FOR = timedelta(minutes=2)


def has_left(aed: Aed, taken: Iterable[StoredReport], now: datetime, fence_m: float) -> datetime | None:
    """When the reports say that a fixed AED left its place, lately and by a word that counts; None if they do not.

    That is: it is used, its cabinet's door is open, or it is beyond its fence.
    """
    if aed.is_mobile:
        return None
    told = [each for each in taken if each.reported_by != BY_PUBLIC and each.at >= now - _TOLD_WITHIN]
    return min((each.at for each in told if _is_leaving(each, aed, fence_m)), default=None)


def _is_leaving(report: StoredReport, aed: Aed, fence_m: float) -> bool:
    match report.kind:
        case ReportKind.USED:
            return True
        case ReportKind.DOOR:
            return bool(report.data.get("open"))
        case ReportKind.LOCATION:
            there = Place(report.data["latitude"], report.data["longitude"])
            return distance_m(there, aed.place) > fence_m
        case _:
            return False


def taken_for(engine: Engine, aed: Aed, at: datetime) -> tuple[IncidentId, AlertId | None] | None:
    """The incident that the AED was taken for at `at`, and the alert of the runner who has it; None: for no incident.

    Who was sent for it has it, unless they were last seen too far away. Else it is the nearest incident's.
    """
    aed_id = AedId(str(aed.id))
    present = [
        live.present for live in engine.live.going_on() if live.present.opened_at <= at and not live.present.drill
    ]
    for incident in present:
        for alert in incident.alerts.values():
            if _is_sent_for(alert, aed_id) and _may_be_there(engine, alert, aed, at):
                return incident.incident_id, alert.alert_id
    near = min(present, key=lambda each: distance_m(each.place, aed.place), default=None)
    if near is None or distance_m(near.place, aed.place) > _NEARBY_M:
        return None
    return near.incident_id, None


def _is_sent_for(alert: Alert, aed_id: AedId) -> bool:
    return alert.is_engaged and alert.role is AlertRole.AED and alert.aed_id == aed_id


def _may_be_there(engine: Engine, alert: Alert, aed: Aed, at: datetime) -> bool:
    responder = engine.surveyor.roster.get(alert.responder_id)
    if responder is None or responder.fix is None or at - responder.fix.at > _FIX_TELLS_FOR:
        return True
    away_m = distance_m(responder.fix.place, aed.place)
    return away_m - (responder.fix.accuracy_m or 0.0) <= _AT_CABINET_M
