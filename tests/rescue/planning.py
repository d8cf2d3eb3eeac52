"""Requests for plans, as tests make them up."""

from dataclasses import replace
from datetime import datetime, timedelta

from dispatch.rescue.plan import Commitment, Plan, PlanRequest
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId
from tests.rescue.story import TAPPED_AT


def a_request(
    candidates: tuple[Candidate, ...] | list[Candidate] = (),
    aeds: tuple[AedOption, ...] | list[AedOption] = (),
    *,
    under_way: tuple[Commitment, ...] = (),
    cap: int = 20,
    policy: Policy | None = None,
    ambulance_s: float | None = None,
    is_night: bool = False,
    cpr_in_progress: bool = False,
    engaged: tuple[Candidate, ...] = (),
    now: datetime = TAPPED_AT,
) -> PlanRequest:
    """A request with the usual values for everything that a test does not care about."""
    return PlanRequest(
        now=now,
        is_night=is_night,
        floor=None,
        cpr_in_progress=cpr_in_progress,
        ambulance_arrives_at=None if ambulance_s is None else now + timedelta(seconds=ambulance_s),
        candidates=tuple(candidates),
        aeds=tuple(aeds),
        under_way=under_way,
        cap=cap,
        policy=policy or Policy(),
        whereabouts=engaged,
    )


def coming(name: str, eta_s: float, *, aed: str | None = None, accepted: bool = True) -> Commitment:
    """Somebody under way: for CPR, or with that AED."""
    return Commitment(
        responder_id=ResponderId(name),
        role=AlertRole.CPR if aed is None else AlertRole.AED,
        aed_id=None if aed is None else AedId(aed),
        eta_s=eta_s,
        accepted=accepted,
    )


def roles(plan: Plan) -> dict[str, str]:
    """Who is alerted for what: `cpr`, or the AED's id."""
    return {each.responder_id: each.aed_id or "cpr" for each in plan.alerts}


def surely(candidate: Candidate, acceptance: float) -> Candidate:
    """The same person with another probability of a yes."""
    return replace(candidate, acceptance=acceptance)
