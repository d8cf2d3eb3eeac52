"""A plan: the alerts worth sending now. What a planner is given and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol

from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """Somebody already on offer (`accepted` false) or on the way. `eta_s` counts from now.

    `acceptance` is how likely who is on offer says yes (None: the population's figure), `is_told` whether they have the
    offer, or something leads to them that may bring it. `turnout_behind_s` is how much
    of their turnout is over, infinite for who is on the move. `has_aed`: the device is in their hands. `stays`: their
    role can no longer change, because they are with the patient or carry the device already.
    """

    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    accepted: bool
    acceptance: float | None = None
    is_told: bool = True
    turnout_behind_s: float = 0.0
    has_aed: bool = False
    stays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest:
    """Everything a plan may depend on; the same request gives the same plan, in whatever order its parts stand.

    `whereabouts` says of those under way where they are now. `elapsed_s` is the time since the collapse, as far as it
    is known: the expected minutes count from then. The choice does not depend on it, for the benefit is linear.
    """

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
    whereabouts: tuple[Candidate, ...] = ()
    streets: StreetTimes | None = None
    elapsed_s: float = 0.0
    zone: tzinfo = UTC


# Not frozen for the same reason as `Candidate`.
@dataclass(slots=True, unsafe_hash=True)
class PlannedAlert:
    """One alert worth sending: who, for what, when they would be with the patient, and why in a sentence."""

    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    distance_m: float
    reason_en: str
    reason_zh: str
    acceptance: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Another role for somebody who is on the way already."""

    responder_id: ResponderId
    role: AlertRole
    aed_id: AedId | None
    eta_s: float
    reason_en: str
    reason_zh: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """Expected seconds from the collapse to the first trained hands and to the first shock, ambulance included."""

    cpr_s: float
    shock_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do now: whom to alert, whose unanswered offer to take back, whose role to change.

    `considered` says how many were looked at, `accept_probability` how likely somebody accepts each role. `value` is
    the expected benefit of all who are under way or alerted, as a probability of survival, less the price of the
    alerts; no choice of alerts exceeds `upper_bound` (both None where a planner proves nothing). `outlook` is what to
    expect with the plan, `outlook_without` what to expect of those under way alone.
    """

    alerts: tuple[PlannedAlert, ...]
    considered: int
    aeds_considered: int
    accept_probability: Mapping[AlertRole, float]
    value: float | None = None
    upper_bound: float | None = None
    outlook: Outlook | None = None
    outlook_without: Outlook | None = None
    withdrawn: tuple[ResponderId, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def gap(self) -> float | None:
        """How far from the best the plan is at the most, as a share of its value; None where nothing is proven."""
        if self.value is None or self.upper_bound is None:
            return None
        return (self.upper_bound - self.value) / self.value if self.value > 0 else 0.0


class Planner(Protocol):
    """Decides who is worth alerting."""

    def __call__(self, request: PlanRequest) -> Plan:
        """The plan for `request`: at most `request.cap` new alerts, and one for each offer that it takes back.

        Nobody twice, nobody who is under way already.
        """
        ...
