"""The simple planner: soonest first, the two roles in turn."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from dispatch.rescue.arrival import Arrivals, estimate_arrivals
from dispatch.rescue.plan import Plan, PlannedAlert, PlanRequest, coarse_m
from dispatch.rescue.policy import Policy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId

# When, who and which AED decide; the row and column that follow only say where they stand in the request.
_Rank = tuple[float, ResponderId, str, int, int]


def nearest_first(request: PlanRequest) -> Plan:
    """Give each role in turn to whoever would be there first, until the cap; a role that has enough gets nobody.

    An AED that closes before its runner gets there, and anybody slower than the ambulance, is left out.
    """
    draft = _Draft(request)
    while len(draft.alerts) < request.cap:
        planned = next((each for role in draft.roles_in_need() if (each := draft.best_of(role))), None)
        if planned is None:
            break
        draft.take(planned)
    return Plan(
        alerts=tuple(draft.alerts),
        considered=len(request.candidates),
        aeds_considered=len(request.aeds),
        accept_probability={role: draft.accept_probability(role) for role in AlertRole},
    )


@dataclass(slots=True)
class _Draft:
    request: PlanRequest
    alerts: list[PlannedAlert] = field(default_factory=list)
    _arrivals: Arrivals = field(init=False)
    _limit_s: float = field(init=False)
    _taken: set[ResponderId] = field(init=False)
    _on_role: Counter[AlertRole] = field(init=False)
    _accepted: Counter[AlertRole] = field(init=False)
    _runners: Counter[AedId | None] = field(init=False)
    _order: dict[AlertRole, list[_Rank]] = field(init=False)

    def __post_init__(self) -> None:
        request = self.request
        self._arrivals = estimate_arrivals(
            request.candidates,
            request.aeds,
            floor=request.floor,
            is_night=request.is_night,
            travel=request.policy.travel,
        )
        ambulance = request.ambulance_arrives_at
        self._limit_s = math.inf if ambulance is None else (ambulance - request.now).total_seconds()
        self._taken = {each.responder_id for each in request.under_way}
        self._on_role = Counter(each.role for each in request.under_way)
        self._accepted = Counter(each.role for each in request.under_way if each.accepted)
        self._runners = Counter(each.aed_id for each in request.under_way if each.role is AlertRole.AED)
        self._order = {AlertRole.CPR: self._direct(), AlertRole.AED: self._by_way_of_aeds()}

    def roles_in_need(self) -> list[AlertRole]:
        """The roles that lack somebody, the one with fewer on it first, CPR before AED."""
        policy = self.request.policy
        enough = {AlertRole.CPR: policy.enough_cpr, AlertRole.AED: policy.enough_aed}
        if not self.request.aeds and not self._on_role[AlertRole.AED]:
            enough[AlertRole.CPR] = policy.enough_cpr_without_aed
        lacking = [role for role in AlertRole if self._accepted[role] < enough[role]]
        return sorted(lacking, key=lambda role: self._on_role[role])

    def best_of(self, role: AlertRole) -> PlannedAlert | None:
        """The soonest who is still to be had for `role`."""
        queue = self._order[role]
        while queue:
            eta_s, responder_id, _, row, column = queue[-1]
            aed = self.request.aeds[column] if role is AlertRole.AED else None
            full = aed is not None and self._runners[aed.aed_id] >= self.request.policy.runners_per_aed
            if responder_id not in self._taken and not full:
                return _planned(self.request.candidates[row], aed, eta_s)
            queue.pop()
        return None

    def take(self, planned: PlannedAlert) -> None:
        """Put an alert into the plan."""
        self.alerts.append(planned)
        self._taken.add(planned.responder_id)
        self._on_role[planned.role] += 1
        if planned.role is AlertRole.AED:
            self._runners[planned.aed_id] += 1

    def accept_probability(self, role: AlertRole) -> float:
        """That at least one accepts `role`, of those asked before and now, each independently."""
        if self._accepted[role]:
            return 1.0
        return _at_least_one(self._on_role[role], self.request.policy)

    def _direct(self) -> list[_Rank]:
        rows = [
            (float(eta_s), candidate.responder_id, "", row, -1)
            for row, (candidate, eta_s) in enumerate(zip(self.request.candidates, self._arrivals.direct_s, strict=True))
            if eta_s < self._limit_s
        ]
        return sorted(rows, reverse=True)

    def _by_way_of_aeds(self) -> list[_Rank]:
        request, arrivals = self.request, self._arrivals
        via_aed_s, at_aed_s = arrivals.via_aed_s.tolist(), arrivals.at_aed_s.tolist()
        open_s = [_open_for_s(aed, request) for aed in request.aeds]
        rows = [
            (via_aed_s[row][column], candidate.responder_id, request.aeds[column].aed_id, row, column)
            for row, candidate in enumerate(request.candidates)
            for column in range(len(request.aeds))
            if via_aed_s[row][column] < self._limit_s and at_aed_s[row][column] < open_s[column]
        ]
        return sorted(rows, reverse=True)


def _open_for_s(aed: AedOption, request: PlanRequest) -> float:
    return math.inf if aed.open_until is None else (aed.open_until - request.now) / timedelta(seconds=1)


def _at_least_one(asked: int, policy: Policy) -> float:
    return 1.0 - (1.0 - policy.acceptance) ** asked


def _planned(candidate: Candidate, aed: AedOption | None, eta_s: float) -> PlannedAlert:
    minutes = max(1, round(eta_s / 60))
    if aed is None:
        return PlannedAlert(
            responder_id=candidate.responder_id,
            role=AlertRole.CPR,
            aed_id=None,
            eta_s=eta_s,
            distance_m=candidate.distance_m,
            reason_en=f"about {coarse_m(candidate.distance_m)} m from the patient, there in about {minutes} min",
            reason_zh=f"距患者约{coarse_m(candidate.distance_m)}米, 约{minutes}分钟到达",
        )
    return PlannedAlert(
        responder_id=candidate.responder_id,
        role=AlertRole.AED,
        aed_id=aed.aed_id,
        eta_s=eta_s,
        distance_m=candidate.distance_m,
        reason_en=f"brings the AED at {aed.name}, {coarse_m(aed.distance_m)} m from the patient, in {minutes} min",
        reason_zh=f"取{aed.name}的AED (距患者约{coarse_m(aed.distance_m)}米), 约{minutes}分钟送达",
    )
