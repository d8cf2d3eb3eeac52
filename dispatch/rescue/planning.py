"""Between an incident and its plans: what a plan may depend on, and what a plan makes happen."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from dispatch.rescue.alert import Alert
from dispatch.rescue.events import Offered, Planned, Reassigned
from dispatch.rescue.incident import Incident
from dispatch.rescue.moving import still_needs_s
from dispatch.rescue.plan import Change, Commitment, Plan, PlannedAlert, PlanRequest
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import Scene
from dispatch.rescue.vocabulary import AlertId, AlertRole, AlertState, IncidentId, ResponderId


def asked_already(incident: Incident) -> set[ResponderId]:
    """Those who are not asked again: all who were, unless nobody waited for their answer or they were sent home."""
    latest = {each.responder_id: each for each in incident.alerts.values()}
    asked = {responder_id for responder_id, alert in latest.items() if not alert.may_be_asked_again}
    return asked | (incident.asked_there - latest.keys())


def plan_request(incident: Incident, scene: Scene, policy: Policy) -> PlanRequest:
    """What a plan made now may depend on. Who was found to stand still is no part of it, nor is an AED that is lost."""
    active = [each for each in incident.alerts.values() if each.is_active]
    counted = [each for each in active if each.is_pending or each.is_counted_on]
    # Who has done their part was there in time: nobody else is needed for it. Those who come a second time, by way of
    # another call for the same emergency, count once.
    here = {each.responder_id for each in active}
    finished = (each for each in incident.alerts.values() if each.state is AlertState.DONE)
    done = [each for each in finished if each.responder_id not in here]
    asked = asked_already(incident)
    # Whose offer has just been taken back, because it could not be done, may be asked for something else at once.
    near = {each.responder_id: each for each in (*scene.under_way, *scene.candidates)}
    lost = {each.responder_id for each in scene.under_way if not each.has_way}
    untold = {
        each.alert_id for each in counted if each.is_pending and not each.has_arrived and each.responder_id in lost
    }
    candidates = tuple(each for each in near.values() if each.responder_id not in asked)
    there, places = tuple(each for each in candidates if each.has_way), 0
    if untold and there:
        candidates, places = there, len(untold)
    return PlanRequest(
        now=scene.now,
        is_night=scene.is_night,
        floor=incident.floor,
        cpr_in_progress=incident.cpr_in_progress,
        ambulance_arrives_at=incident.ambulance_arrives_at,
        candidates=candidates,
        aeds=tuple(each for each in scene.aeds if each.aed_id not in incident.lost_aeds),
        under_way=tuple(commitment(each, scene.now, is_told=each.alert_id not in untold) for each in (*counted, *done)),
        # Somebody beside who does not move is not one too many, nor, for those who can be told, is who cannot.
        cap=policy.alert_cap - len(counted) + places,
        policy=policy,
        whereabouts=scene.under_way,
        streets=scene.streets,
        elapsed_s=(scene.now - incident.opened_at).total_seconds(),
        zone=scene.zone,
    )


def commitment(alert: Alert, now: datetime, *, is_told: bool = True) -> Commitment:
    """What an alert promises, as of now. `is_told`: they have the offer, or something leads to them."""
    since_s = (now - alert.counts_from(now)).total_seconds()
    # Who had turned back or was sent home sets out anew.
    goes_on = alert.is_active or alert.state is AlertState.DONE
    is_there, has_aed = goes_on and alert.is_there, goes_on and alert.has_aed
    return Commitment(
        responder_id=alert.responder_id,
        role=alert.role,
        aed_id=alert.aed_id,
        eta_s=0.0 if is_there else alert.eta_s - since_s,
        accepted=not alert.is_pending,
        acceptance=alert.accept_probability,
        is_told=is_told,
        turnout_behind_s=math.inf if goes_on and alert.is_moving else since_s,
        has_aed=has_aed,
        stays=is_there or has_aed,
    )


def planned(plan: Plan, wave: int) -> Planned:
    """What is written down of a plan that sends a wave."""
    outlook, without = plan.outlook, plan.outlook_without
    return Planned(
        wave=wave,
        considered=plan.considered,
        aeds_considered=plan.aeds_considered,
        alerts=len(plan.alerts),
        accept_cpr_probability=round(plan.accept_probability[AlertRole.CPR], 4),
        accept_aed_probability=round(plan.accept_probability[AlertRole.AED], 4),
        value=None if plan.value is None else round(plan.value, 5),
        upper_bound=None if plan.upper_bound is None else round(plan.upper_bound, 5),
        cpr_s=None if outlook is None else round(outlook.cpr_s),
        shock_s=None if outlook is None else round(outlook.shock_s),
        cpr_without_s=None if without is None else round(without.cpr_s),
        shock_without_s=None if without is None else round(without.shock_s),
    )


def offered(alerts: Sequence[PlannedAlert], incident_id: IncidentId, wave: int, respond_by: datetime) -> list[Offered]:
    """The offers that planned alerts become."""
    namespace = uuid.UUID(incident_id).bytes
    return [
        Offered(
            # Named after what it is, so that the same decision taken twice gives the same alert.
            alert_id=_alert_id(namespace, f"{wave}/{alert.responder_id}"),
            responder_id=alert.responder_id,
            role=alert.role,
            aed_id=alert.aed_id,
            wave=wave,
            respond_by=respond_by,
            eta_s=round(alert.eta_s, 1),
            distance_m=round(alert.distance_m, 1),
            reason_en=alert.reason_en,
            reason_zh=alert.reason_zh,
            accept_probability=None if alert.acceptance is None else round(alert.acceptance, 4),
        )
        for alert in alerts
    ]


def _alert_id(namespace: bytes, name: str) -> AlertId:
    """A UUID of version 8 (RFC 9562, 5.8) from a digest of the name: a third of the time that version 5 takes."""
    digest = blake2b(name.encode(), key=namespace, digest_size=16).hexdigest()
    variant = "89ab"[int(digest[16], 16) & 3]
    return AlertId(f"{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:]}")


def carried_over(alert: Alert, into: Incident, scene: Scene) -> Offered:
    """The offer under which somebody who is on offer or on the way in another incident goes on in this one."""
    return Offered(
        alert_id=carried_alert_id(alert.alert_id, into.incident_id),
        responder_id=alert.responder_id,
        role=alert.role,
        aed_id=alert.aed_id,
        wave=into.waves,
        respond_by=scene.now + timedelta(seconds=scene.policy.respond_within_s),
        eta_s=alert.eta_s,
        distance_m=alert.distance_m,
        reason_en=alert.reason_en,
        reason_zh=alert.reason_zh,
        accept_probability=alert.accept_probability,
        counted_from=alert.counts_from(scene.now),
    )


def carried_alert_id(alert_id: AlertId, into: IncidentId) -> AlertId:
    """The name under which an alert goes on in the incident that its own was merged into."""
    return _alert_id(uuid.UUID(into).bytes, f"from/{alert_id}")


def hands_only(alert: Alert, scene: Scene, floor: int | None) -> Reassigned:
    """Whoever counts on an AED that is lost goes straight to the patient, from where they are, or stays there."""
    passed_s = (scene.now - alert.counts_from(scene.now)).total_seconds()
    if alert.is_there:
        remaining_s: float | None = 0.0
        reason_en, reason_zh = "The AED is of no use; stay with the patient", "AED 无法使用，请留在患者身边"
    else:
        remaining_s = still_needs_s(replace(alert, role=AlertRole.CPR, aed_id=None), scene, floor)
        reason_en, reason_zh = "The AED cannot be had; go straight to the patient", "AED 无法取用，请直接前往患者处"
    return Reassigned(
        alert_id=alert.alert_id,
        role=AlertRole.CPR,
        aed_id=None,
        eta_s=alert.eta_s if remaining_s is None else round(passed_s + remaining_s, 1),
        reason_en=reason_en,
        reason_zh=reason_zh,
    )


def collects_after_all(alert: Alert) -> Reassigned:
    """Whoever was sent on without the AED has it in hand all the same."""
    return Reassigned(
        alert_id=alert.alert_id,
        role=AlertRole.AED,
        aed_id=alert.former_aed_ids[-1],
        eta_s=alert.eta_s,
        reason_en="You have the AED: bring it to the patient",
        reason_zh="已取得 AED, 请送往患者处",
    )


def reassigned(change: Change, alert: Alert, now: datetime) -> Reassigned:
    """The change of role that a plan makes for somebody on the way."""
    return Reassigned(
        alert_id=alert.alert_id,
        role=change.role,
        aed_id=change.aed_id,
        eta_s=round((now - alert.counts_from(now)).total_seconds() + change.eta_s, 1),
        reason_en=change.reason_en,
        reason_zh=change.reason_zh,
    )
