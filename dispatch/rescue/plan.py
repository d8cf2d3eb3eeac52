"""A plan: the alerts worth sending now. What a planner is given and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId

# Before somebody accepts, distances are given no finer than this: three exact ones would give the place away.
COARSE_M = 50


def coarse_m(distance_m: float) -> int:
    """A distance as who has not accepted may know it, in metres."""
    return max(COARSE_M, round(distance_m / COARSE_M) * COARSE_M)


@dataclass(frozen=True, slots=True)
class Commitment:
    """Somebody already on offer (`accepted` false) or on the way. `eta_s` counts from now."""

    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Everything a plan may depend on; the same request gives the same plan."""

    now: datetime
    is_night: bool
    floor: int | None
    cpr_in_progress: bool
    ambulance_arrives_at: datetime | None
    candidates: tuple[Candidate, ...]
    aeds: tuple[AedOption, ...]
    under_way: tuple[Commitment, ...]
    cap: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class PlannedAlert:
    """One alert worth sending: who, for what, when they would be with the patient, and why in a sentence."""

    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    distance_m: float
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The alerts, how many were looked at, and the probability that somebody accepts each role.

    `value` and `upper_bound`: the expected benefit and what no plan could exceed; None where nothing is proven.
    """

    alerts: tuple[PlannedAlert, ...]
    considered: int
    aeds_considered: int
    accept_probability: Mapping[AlertRole, float]
    value: float | None = None
    upper_bound: float | None = None


class Planner(Protocol):
    """Decides who is worth alerting."""

    def __call__(self, request: PlanRequest) -> Plan:
        """The plan for `request`: at most `request.cap` new alerts, nobody twice, nobody who is under way already."""
        ...
