"""A real incident as the public contract tells of it, after the fact."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from geo.place import Place

_AEDS: Final = 20
_AED_REACH_M: Final = 2000.0
_TIMEOUT_S: Final = 15.0


class NoSuchPastError(Exception):
    """The incident cannot be had, or tells too little; the message says why."""


@dataclass(frozen=True, slots=True)
class PastAlert:
    """What one person was asked and did. Times in seconds from the SOS; `said_yes` is None where nobody knows."""

    responder_id: str
    fetches: Place | None
    distance_m: float
    eta_s: float
    asked_s: float
    answered_s: float | None
    said_yes: bool | None
    there_s: float | None


@dataclass(frozen=True, slots=True)
class PastAed:
    """An AED that the registry holds usable for the time of the incident."""

    aed_id: str
    name: str
    place: Place
    verified: bool


@dataclass(frozen=True, slots=True)
class PastIncident:
    """The scene of one incident, as far as it is known. `considered`: how many people the first plan looked at."""

    incident_id: str
    opened_at: datetime
    # Where the clocks of the place stand, for day and night.
    zone: ZoneInfo
    place: Place
    floor: int | None
    cpr_in_progress: bool
    ambulance_s: float | None
    considered: int
    alerts: tuple[PastAlert, ...]
    aeds: tuple[PastAed, ...]
    alerts_sent: int
    first_there_s: float | None
    first_aed_there_s: float | None


def fetch(url: str, token: str, incident_id: str) -> PastIncident:
    """Ask a service for an incident and for the AEDs around it. Raises NoSuchPastError."""
    with httpx.Client(base_url=url.rstrip("/"), timeout=_TIMEOUT_S, trust_env=False) as http:
        incident = _get(http, f"/v1/incidents/{incident_id}", token, {})
        if "alerts" not in incident:
            raise NoSuchPastError("the token sees only a part of the incident: an operator's or admin's is needed")
        location = incident["location"]
        question = {
            "latitude": location["latitude"],
            "longitude": location["longitude"],
            "limit": _AEDS,
            "within_m": _AED_REACH_M,
            "at": incident["opened_at"],
        }
        aeds = _get(http, "/v1/aeds/nearest", token, question)["aeds"]
        zone = ZoneInfo(_get(http, "/v1/page-settings", token, {})["timezone"])
    return read(incident, aeds, zone)


def _get(http: httpx.Client, path: str, token: str, params: Mapping[str, Any]) -> Any:
    try:
        answer = http.get(path, params=dict(params), headers={"Authorization": f"Bearer {token}"})
    except httpx.HTTPError as error:
        raise NoSuchPastError(f"{path}: {error}") from error
    if answer.is_error:
        detail = answer.json().get("detail", "") if "json" in answer.headers.get("content-type", "") else ""
        raise NoSuchPastError(f"{path}: {answer.status_code} {detail}".rstrip())
    return answer.json()


def read(incident: Mapping[str, Any], aeds: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> PastIncident:
    """Make sense of the incident and of the nearest AEDs, as the contract gives them. Raises NoSuchPastError."""
    opened_at = datetime.fromisoformat(incident["opened_at"])
    alerts = sorted(incident["alerts"], key=lambda each: each["offered_at"])
    plans = [each["data"] for each in incident["timeline"] if each["kind"] == "planned"]
    if not plans and not alerts:
        raise NoSuchPastError("nothing was ever planned in this incident: there is nothing to re-run")
    by_person: dict[str, PastAlert] = {}
    for each in alerts:
        past = _alert(each, opened_at)
        before = by_person.get(past.responder_id)
        # Who was asked twice has answered once at the most: what is known counts.
        if before is None or (before.said_yes is None and past.said_yes is not None):
            by_person[past.responder_id] = past
    ambulance = incident["ambulance"]
    came = ambulance["arrived_at"] or ambulance["arrives_at"]
    there = [(each, _since(each["stages"]["on_scene"], opened_at)) for each in alerts if "on_scene" in each["stages"]]
    return PastIncident(
        incident_id=incident["incident_id"],
        opened_at=opened_at,
        zone=zone,
        place=_place(incident["location"]),
        floor=incident["floor"],
        cpr_in_progress=incident["cpr_in_progress"],
        ambulance_s=None if came is None else _since(came, opened_at),
        considered=max((int(plan.get("considered", 0)) for plan in plans), default=0),
        alerts=tuple(by_person.values()),
        aeds=_aeds(alerts, aeds),
        alerts_sent=len(alerts),
        first_there_s=min((at_s for _, at_s in there), default=None),
        first_aed_there_s=min((at_s for each, at_s in there if each["role"] == "aed"), default=None),
    )


def _alert(told: Mapping[str, Any], opened_at: datetime) -> PastAlert:
    stages = told["stages"]
    said_yes: bool | None = None
    if "accepted" in stages:
        said_yes = True
    elif told["state"] in {"declined", "expired"}:
        said_yes = False
    answered = stages.get("accepted") or stages.get("declined")
    return PastAlert(
        responder_id=told["responder_id"],
        fetches=None if told["aed"] is None else _place(told["aed"]["location"]),
        distance_m=float(told["distance_m"]),
        eta_s=float(told["eta_s"]),
        asked_s=_since(told["offered_at"], opened_at),
        answered_s=None if answered is None else _since(answered, opened_at),
        said_yes=said_yes,
        there_s=_since(stages["on_scene"], opened_at) if "on_scene" in stages else None,
    )


def _aeds(alerts: Sequence[Mapping[str, Any]], near: Sequence[Mapping[str, Any]]) -> tuple[PastAed, ...]:
    """Those near, and those that somebody was sent for: one that has been taken is on no list any more."""
    known = {
        each["id"]: PastAed(each["id"], each["name"], _place(each["location"]), each["readiness"] == "ready")
        for each in near
    }
    for alert in alerts:
        aed = alert["aed"]
        if aed is not None and aed["id"] not in known and aed["location"] is not None:
            known[aed["id"]] = PastAed(aed["id"], aed["name"], _place(aed["location"]), verified=True)
    return tuple(known.values())


def _place(location: Mapping[str, Any]) -> Place:
    return Place(float(location["latitude"]), float(location["longitude"]))


def _since(at: str, opened_at: datetime) -> float:
    return (datetime.fromisoformat(at) - opened_at).total_seconds()
