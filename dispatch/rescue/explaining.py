"""Rows of the search as alerts that people can read."""

from collections import Counter

import numpy as np

from dispatch.rescue.offer_arrays import Integers
from dispatch.rescue.offers import OfferTable, acceptance_of
from dispatch.rescue.plan import Change, PlannedAlert, PlanRequest
from dispatch.rescue.reasons import WORTH_SAYING_S, Reason, fetching, going_straight, why_not_this_one
from dispatch.rescue.vocabulary import AedId, AlertRole


def explained_alerts(
    request: PlanRequest, table: OfferTable, rows: Integers, standing: Integers
) -> tuple[PlannedAlert, ...]:
    """The alerts that the chosen rows stand for, with their reasons; `standing` are all rows of the plan."""
    runners = Counter(table.offers[3][standing].tolist())
    return tuple(_alert(request, table, row, runners) for row in rows.tolist())


def explained_change(request: PlanRequest, table: OfferTable, row: int) -> Change:
    """The change that a row stands for which somebody on the way has been given instead of their own."""
    commitment = table.commitment_of(row)
    if commitment is None:
        raise LookupError("only who is under way can change roles")
    eta_s = float(table.offers[0][row])
    aed = table.aed_of(row)
    here = next(each for each in request.engaged if each.responder_id == commitment.responder_id)
    lost = _lost(table, commitment.aed_id)
    reason = going_straight(here.distance_m, eta_s) if aed is None else fetching(aed, eta_s, lost)
    return Change(
        responder_id=commitment.responder_id,
        role=AlertRole.CPR if aed is None else AlertRole.AED,
        aed_id=None if aed is None else aed.aed_id,
        eta_s=eta_s,
        reason_en=reason.en,
        reason_zh=reason.zh,
    )


def _alert(request: PlanRequest, table: OfferTable, row: int, runners: Counter[int]) -> PlannedAlert:
    candidate = table.candidates[int(table.offers[4][row])]
    eta_s = float(table.offers[0][row])
    aed = table.aed_of(row)
    if aed is None:
        reason = going_straight(candidate.distance_m, eta_s)
    else:
        reason = fetching(aed, eta_s, _why_not_the_quickest(request, table, row, runners))
    return PlannedAlert(
        responder_id=candidate.responder_id,
        role=AlertRole.CPR if aed is None else AlertRole.AED,
        aed_id=None if aed is None else aed.aed_id,
        eta_s=eta_s,
        distance_m=candidate.distance_m,
        reason_en=reason.en,
        reason_zh=reason.zh,
        acceptance=acceptance_of(candidate, request.policy.acceptance, is_night=request.is_night),
    )


def _why_not_the_quickest(request: PlanRequest, table: OfferTable, row: int, runners: Counter[int]) -> Reason | None:
    """Why the AED that this runner could bring soonest is not the one they fetch."""
    person, column = int(table.offers[4][row]), int(table.offers[3][row])
    via_s = table.arrivals.via_aed_s[person]
    quickest = int(np.argmin(via_s))
    if via_s[quickest] >= via_s[column] - WORTH_SAYING_S:
        return None
    return why_not_this_one(
        table.aeds[quickest],
        instead=table.aeds[column],
        is_open=bool(table.arrivals.at_aed_s[person, quickest] < table.open_s[quickest]),
        is_fetched=runners[quickest] > 0,
        zone=request.zone,
    )


def _lost(table: OfferTable, aed_id: AedId | None) -> Reason | None:
    if aed_id is None or any(each.aed_id == aed_id for each in table.aeds):
        return None
    return Reason("the first one cannot be used", "原定的AED无法使用")
