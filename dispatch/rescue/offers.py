"""Everything that could be asked of anybody in one incident, laid out for the search."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from dispatch.rescue.arrival import Arrivals, estimate_arrivals, turnout_s
from dispatch.rescue.offer_arrays import ASIDE, FREE, UNDER_WAY, Floats, Integers, Offers, Terms
from dispatch.rescue.offer_kernels import offers_in_time
from dispatch.rescue.passing_worth import worth_of
from dispatch.rescue.plan import Commitment, PlanRequest
from dispatch.rescue.policy import AcceptancePolicy, PricePolicy
from dispatch.rescue.saying_yes import hour_log_odds, saying_yes
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.vocabulary import ResponderId

_HANDS_ONLY = -1

# With more offers than this there are too many choices to look at one by one, whosever they are.
_COUNTED, _UNCOUNTED = 300, 10**9


@dataclass(frozen=True, slots=True, eq=False)
class OfferTable:
    """The offers of one request, in the order of arrival, with what the search needs beside them.

    The responders of `offers` are numbered through `candidates` and on through `under_way`; its AEDs are columns of
    `aeds`, or lie behind them where they can no longer be fetched. `open_s` is how long each AED can still be reached,
    infinite where no end is known. `offers` and `terms` go by the clock; `weighed` are the same for the search, where
    a second is as long as it is worth.
    """

    candidates: tuple[Candidate, ...]
    under_way: tuple[Commitment, ...]
    aeds: tuple[AedOption, ...]
    open_s: Floats
    arrivals: Arrivals
    offers: Offers
    terms: Terms
    weighed: tuple[Offers, Terms]

    @property
    def stands(self) -> Integers:
        """Where each offer stands."""
        return self.offers[6]

    @property
    def choices(self) -> int:
        """How many sets of alerts there are to choose from; of many, only that there are more than anybody counts."""
        if len(self.stands) > _COUNTED:
            return _UNCOUNTED
        roles = np.bincount(self.offers[4][self.stands == FREE]) + 1.0
        return int(min(float(np.prod(roles)), _UNCOUNTED))

    def commitment_of(self, row: int) -> Commitment | None:
        """Whose promise the row is; None for a candidate's offer."""
        person = int(self.offers[4][row])
        return self.under_way[person - len(self.candidates)] if person >= len(self.candidates) else None

    def aed_of(self, row: int) -> AedOption | None:
        """The AED that the row is about, if it is among those that can be fetched."""
        column = int(self.offers[3][row])
        return self.aeds[column] if 0 <= column < len(self.aeds) else None


def offer_table(request: PlanRequest) -> OfferTable:
    """Lay out a request. Whatever the order of its parts, the same table comes out."""
    policy = request.policy
    limit = policy.price.recent_alerts_limit
    busy = {each.responder_id for each in request.under_way}
    asked = [each for each in request.candidates if each.recent_alerts < limit and each.responder_id not in busy]
    candidates = tuple(sorted(asked, key=lambda each: each.responder_id))
    under_way = tuple(sorted(request.under_way, key=lambda each: each.responder_id))
    aeds = tuple(sorted(request.aeds, key=lambda each: each.aed_id))
    moving = _on_the_move(request, under_way)
    everybody = _arrivals(request, (*candidates, *moving.values()), aeds)
    arrivals = _first_rows(everybody, len(candidates))
    until_s = _until_s(request, arrivals)
    rows = _Rows()
    open_s = np.array([_open_for_s(each, request) for each in aeds], dtype=np.float64)
    _offer_candidates(rows, request, candidates, open_s, arrivals, until_s)
    works = _works(aeds, under_way, policy.acceptance)
    whole_turnout_s = turnout_s(policy.travel, is_night=request.is_night)
    closing_s = open_s.tolist()
    ways = {
        responder_id: _Ways(everybody, len(candidates) + number, closing_s, whole_turnout_s)
        for number, responder_id in enumerate(moving)
    }
    _keep_promises(rows, request, under_way, aeds, ways, len(candidates), works)
    benefit = policy.benefit
    hands_per_min = benefit.cpr_per_min * (benefit.worth_beside_cpr if request.cpr_in_progress else 1.0)
    terms = (
        np.array(works, dtype=np.float64),
        np.array(benefit.pair_worth, dtype=np.float64),
        until_s,
        hands_per_min / 60.0,
        benefit.shock_per_min / 60.0,
    )
    offers = rows.in_order()
    weighed = worth_of(offers, terms, benefit, request.elapsed_s)
    return OfferTable(candidates, under_way, aeds, open_s, arrivals, offers, terms, weighed)


def _open_for_s(aed: AedOption, request: PlanRequest) -> float:
    return math.inf if aed.open_until is None else (aed.open_until - request.now) / timedelta(seconds=1)


def _prices(candidates: tuple[Candidate, ...], comes: Floats, price: PricePolicy, *, is_night: bool) -> Floats:
    recent = np.array([each.recent_alerts for each in candidates], dtype=np.float64)
    waking = price.alert * (1.0 + price.dearer_per_recent_alert * recent)
    prices: Floats = waking * (price.at_night if is_night else 1.0) + comes * price.journey
    return prices


def _until_s(request: PlanRequest, arrivals: Arrivals) -> float:
    """When the ambulance's crew is with the patient, in seconds from now: they climb the same stairs."""
    benefit = request.policy.benefit
    stairs_s = abs(request.floor or 0) * request.policy.travel.floor_s
    if request.ambulance_arrives_at is not None:
        # Until it is there it may be late: somebody two minutes away is not sent home because it is due.
        announced_s = (request.ambulance_arrives_at - request.now).total_seconds()
        return max(announced_s, benefit.ambulance_least_s) + stairs_s
    until_s = benefit.ambulance_s + stairs_s
    direct_s = float(arrivals.direct_s.min()) if len(arrivals.direct_s) else math.inf
    # Whoever was asked because nobody is nearer is not sent home for being far.
    soonest_s = min((direct_s, *(each.eta_s for each in request.under_way)))
    if until_s <= soonest_s < math.inf:
        # Far from anywhere the ambulance is far too: whoever is nearest is better than nobody.
        return soonest_s + benefit.ambulance_s
    return until_s


def _arrivals(request: PlanRequest, candidates: tuple[Candidate, ...], aeds: tuple[AedOption, ...]) -> Arrivals:
    return estimate_arrivals(
        candidates,
        aeds,
        floor=request.floor,
        is_night=request.is_night,
        travel=request.policy.travel,
        streets=request.streets,
    )


class _Rows:
    """Blocks of offers as they are gathered, and single ones; the first block is in the order of arrival."""

    def __init__(self) -> None:
        self._blocks: list[Offers] = []
        self._single: list[tuple[float, float, float, float, float, float, float]] = []

    def add(self, block: Offers) -> None:
        self._blocks.append(block)

    def add_one(
        self, arrive_s: float, comes: float, brings: float, aed: int, responder: int, price: float, stands: int
    ) -> None:
        self._single.append((arrive_s, comes, brings, price, aed, responder, stands))

    def in_order(self) -> Offers:
        if self._single:
            # All at once: an array for each would take longer than the search.
            columns = np.array(self._single, np.float64).T
            numbers = columns[4:].astype(np.int64)
            self.add((columns[0], columns[1], columns[2], numbers[0], numbers[1], columns[3], numbers[2]))
            self._single = []
        if len(self._blocks) == 1:
            return self._blocks[0]
        parts = [np.concatenate(part) for part in zip(*self._blocks, strict=True)]
        order = np.argsort(parts[0], kind="stable")
        arrive_s, comes, brings, aed, responder, price, stands = (part[order] for part in parts)
        return arrive_s, comes, brings, aed, responder, price, stands


def _offer_candidates(
    rows: _Rows,
    request: PlanRequest,
    candidates: tuple[Candidate, ...],
    open_s: Floats,
    arrivals: Arrivals,
    until_s: float,
) -> None:
    """Offer each candidate every role in which they would be of use before the ambulance."""
    policy, is_night = request.policy, request.is_night
    by_hour = hour_log_odds(request)
    yes = [saying_yes(each, policy.acceptance, is_night=is_night, hour_log_odds=by_hour) for each in candidates]
    told = [1.0 if each.has_way else policy.acceptance.without_way for each in candidates]
    comes = np.array(yes, np.float64) * np.array(told, np.float64)
    price = _prices(candidates, comes, policy.price, is_night=is_night)
    rows.add(offers_in_time(arrivals.direct_s, arrivals.at_aed_s, arrivals.via_aed_s, open_s, until_s, comes, price))


def _keep_promises(
    rows: _Rows,
    request: PlanRequest,
    under_way: tuple[Commitment, ...],
    aeds: tuple[AedOption, ...],
    ways_of: Mapping[ResponderId, "_Ways"],
    first: int,
    works: list[float],
) -> None:
    """Lay out those under way: what they have promised, and beside it what else they could do.

    A promised AED that can no longer be fetched gets a column of its own behind `aeds`, added to `works`.
    """
    acceptance = request.policy.acceptance
    columns = {each.aed_id: column for column, each in enumerate(aeds)}
    for number, each in enumerate(under_way):
        person = first + number
        unknown = acceptance.night if request.is_night else acceptance.day
        # Who is there is there; of others a promise is only so much worth.
        kept = 1.0 if each.stays else acceptance.kept
        yes = each.acceptance if each.acceptance is not None else unknown
        comes = kept if each.accepted else yes if each.is_told else yes * acceptance.without_way
        ways = ways_of.get(each.responder_id)
        column = _HANDS_ONLY if each.aed_id is None else columns.get(each.aed_id, len(works))
        if column == len(works):
            works.append(_works_in_hand(each))
        brings = 0.0 if column == _HANDS_ONLY else comes
        arrive_s = each.eta_s
        if ways is not None and column < len(aeds):
            arrive_s = ways.arrive_s(column, each)
            # It closes before they get there: hands they are, and no more.
            brings = brings if column == _HANDS_ONLY or ways.is_open(column, each) else 0.0
        rows.add_one(arrive_s, comes, brings, column, person, 0.0, UNDER_WAY)
        if each.accepted and ways is not None:
            for other in range(_HANDS_ONLY, len(aeds)):
                if other != column and (other == _HANDS_ONLY or ways.is_open(other, each)):
                    fetches = 0.0 if other == _HANDS_ONLY else kept
                    rows.add_one(ways.arrive_s(other, each), kept, fetches, other, person, 0.0, ASIDE)


def _works(aeds: tuple[AedOption, ...], under_way: tuple[Commitment, ...], acceptance: AcceptancePolicy) -> list[float]:
    """How likely each AED brings a shock: it can be taken out, as one in somebody's hands has been, and it works.

    One fate for all who fetch it, so that a second runner is better sent for another.
    """
    in_hand = {each.aed_id for each in under_way if each.has_aed}
    return [
        each.works_probability * (1.0 if each.aed_id in in_hand or each.carried_by is not None else acceptance.fetched)
        for each in aeds
    ]


def _works_in_hand(commitment: Commitment) -> float:
    # A device that is out of its cabinet but on no list of what can be fetched is there; one that is neither is lost.
    return 1.0 if commitment.has_aed else 0.0


def _on_the_move(request: PlanRequest, under_way: tuple[Commitment, ...]) -> dict[ResponderId, Candidate]:
    """Those under way who could still go another way, where they are now."""
    here = {each.responder_id: each for each in request.whereabouts}
    return {
        each.responder_id: here[each.responder_id] for each in under_way if not each.stays and each.responder_id in here
    }


def _first_rows(arrivals: Arrivals, count: int) -> Arrivals:
    return Arrivals(arrivals.direct_s[:count], arrivals.at_aed_s[:count], arrivals.via_aed_s[:count])


class _Ways:
    """One row of arrivals: when somebody on the way would be there, straight (-1) or by way of an AED's column."""

    def __init__(self, arrivals: Arrivals, row: int, open_s: list[float], turnout_s: float) -> None:
        # Numbers of Python's own: they are asked for one by one.
        self._direct_s = float(arrivals.direct_s[row])
        self._at_aed_s: list[float] = arrivals.at_aed_s[row].tolist()
        self._via_aed_s: list[float] = arrivals.via_aed_s[row].tolist()
        self._open_s = open_s
        self._turnout_s = turnout_s

    def arrive_s(self, column: int, commitment: Commitment) -> float:
        whole_s = self._direct_s if column < 0 else self._via_aed_s[column]
        return whole_s - self._behind_s(commitment)

    def is_open(self, column: int, commitment: Commitment) -> bool:
        return self._at_aed_s[column] - self._behind_s(commitment) < self._open_s[column]

    def _behind_s(self, commitment: Commitment) -> float:
        return min(commitment.turnout_behind_s, self._turnout_s)
