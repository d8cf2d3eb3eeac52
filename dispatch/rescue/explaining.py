"""Rows of the search as alerts that people can read."""

from dispatch.rescue.offer_arrays import Integers
from dispatch.rescue.offers import OfferTable, acceptance_of, open_for_s
from dispatch.rescue.plan import Change, PlannedAlert, PlanRequest
from dispatch.rescue.reasons import Reason, Way, fetching, going_straight, why_not_the_quickest
from dispatch.rescue.vocabulary import AedId, AlertRole


def explained_alert(request: PlanRequest, table: OfferTable, row: int, standing: Integers) -> PlannedAlert:
    """The alert that a chosen row stands for, with its reason; `standing` are all rows of the plan."""
    person = int(table.offers[4][row])
    candidate = table.candidates[person]
    eta_s = float(table.offers[0][row])
    aed = table.aed_of(row)
    if aed is None:
        reason = going_straight(candidate.distance_m, eta_s)
    else:
        ways = [
            Way(each, float(via_s), bool(at_s < open_for_s(each, request)))
            for each, via_s, at_s in zip(
                table.aeds, table.arrivals.via_aed_s[person], table.arrivals.at_aed_s[person], strict=True
            )
        ]
        chosen = next(each for each in ways if each.aed.aed_id == aed.aed_id)
        why_not = why_not_the_quickest(chosen, ways, _fetched_by_others(table, row, standing), request.zone)
        reason = fetching(aed, eta_s, why_not)
    return PlannedAlert(
        responder_id=candidate.responder_id,
        role=table.role_of(row),
        aed_id=None if aed is None else aed.aed_id,
        eta_s=eta_s,
        distance_m=candidate.distance_m,
        reason_en=reason.en,
        reason_zh=reason.zh,
        acceptance=acceptance_of(candidate, request.policy.acceptance, is_night=request.is_night),
    )


def explained_change(request: PlanRequest, table: OfferTable, row: int) -> Change:
    """The change that a row stands for which somebody on the way has been given instead of their own."""
    commitment = table.commitment_of(row)
    if commitment is None:
        raise LookupError("only who is under way can change roles")
    eta_s = float(table.offers[0][row])
    aed = table.aed_of(row)
    here = next(each for each in request.engaged if each.responder_id == commitment.responder_id)
    reason = (
        going_straight(here.distance_m, eta_s) if aed is None else fetching(aed, eta_s, _lost(table, commitment.aed_id))
    )
    return Change(
        responder_id=commitment.responder_id,
        role=AlertRole.CPR if aed is None else AlertRole.AED,
        aed_id=None if aed is None else aed.aed_id,
        eta_s=eta_s,
        reason_en=reason.en,
        reason_zh=reason.zh,
    )


def _lost(table: OfferTable, aed_id: AedId | None) -> Reason | None:
    if aed_id is None or any(each.aed_id == aed_id for each in table.aeds):
        return None
    return Reason("the first one cannot be used", "原定的AED无法使用")


def _fetched_by_others(table: OfferTable, row: int, standing: Integers) -> frozenset[AedId]:
    others = (table.aed_of(other) for other in standing.tolist() if other != row)
    return frozenset(each.aed_id for each in others if each is not None)
