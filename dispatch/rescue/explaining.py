"""Rows of the search as alerts that people can read."""

import math
from collections import Counter

import numpy as np

from dispatch.rescue.offer_arrays import Integers
from dispatch.rescue.offers import OfferTable
from dispatch.rescue.plan import Change, PlannedAlert, PlanRequest
from dispatch.rescue.reasons import WORTH_SAYING_S, Reason, fetching, going_straight, why_not_this_one
from dispatch.rescue.saying_yes import hour_log_odds, saying_yes
from dispatch.rescue.vocabulary import AedId, AlertRole


def explained_alerts(
    request: PlanRequest, table: OfferTable, rows: Integers, standing: Integers
) -> tuple[PlannedAlert, ...]:
    """The alerts that the chosen rows stand for, with their reasons; `standing` are all rows of the plan."""
    arrive_s, _, _, aed_of, responder, _, _ = table.offers
    runners = Counter(aed_of[standing].tolist())
    people = responder[rows]
    quickest = _quickest_ways(table, people)
    chosen = zip(people.tolist(), aed_of[rows].tolist(), arrive_s[rows].tolist(), quickest, strict=True)
    return tuple(
        _alert(request, table, person, column, eta_s, quickest_way, runners)
        for person, column, eta_s, quickest_way in chosen
    )


def explained_change(request: PlanRequest, table: OfferTable, row: int) -> Change:
    """The change that a row stands for which somebody on the way has been given instead of their own."""
    commitment = table.commitment_of(row)
    if commitment is None:
        raise LookupError("only who is under way can change roles")
    eta_s = float(table.offers[0][row])
    aed = table.aed_of(row)
    here = next(each for each in request.whereabouts if each.responder_id == commitment.responder_id)
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


def _quickest_ways(table: OfferTable, people: Integers) -> list[tuple[int, float, bool]]:
    """For each: the AED that they could bring soonest, when they would be there, and whether it is open by then."""
    if not table.aeds:
        return [(-1, math.inf, False)] * len(people)
    # Nobody else could fetch what somebody carries.
    fixed = np.array([each.carried_by is None for each in table.aeds], np.bool_)
    via_s = np.where(fixed, table.arrivals.via_aed_s[people], np.inf)
    at_s = table.arrivals.at_aed_s[people]
    columns = np.argmin(via_s, axis=1)
    each = np.arange(len(people))
    is_open = at_s[each, columns] < table.open_s[columns]
    return list(zip(columns.tolist(), via_s[each, columns].tolist(), is_open.tolist(), strict=True))


def _alert(
    request: PlanRequest,
    table: OfferTable,
    person: int,
    column: int,
    eta_s: float,
    quickest_way: tuple[int, float, bool],
    runners: Counter[int],
) -> PlannedAlert:
    candidate = table.candidates[person]
    aed = None if column < 0 else table.aeds[column]
    if aed is None:
        reason = going_straight(candidate.distance_m, eta_s)
    else:
        quickest, quickest_s, is_open = quickest_way
        why_not = None
        if quickest_s < eta_s - WORTH_SAYING_S:
            why_not = why_not_this_one(
                table.aeds[quickest],
                instead=aed,
                is_open=is_open,
                is_fetched=runners[quickest] > 0,
                zone=request.zone,
            )
        reason = fetching(aed, eta_s, why_not)
    return PlannedAlert(
        candidate.responder_id,
        AlertRole.CPR if aed is None else AlertRole.AED,
        None if aed is None else aed.aed_id,
        eta_s,
        candidate.distance_m,
        reason.en,
        reason.zh,
        saying_yes(
            candidate,
            request.policy.acceptance,
            is_night=request.is_night,
            hour_log_odds=hour_log_odds(request),
        ),
    )


def _lost(table: OfferTable, aed_id: AedId | None) -> Reason | None:
    if aed_id is None or any(each.aed_id == aed_id for each in table.aeds):
        return None
    return Reason("the first one cannot be used", "原定的AED无法使用")
