"""The planner: the alerts of the greatest expected benefit, with a bound on how far from the best they can be."""

from dataclasses import replace

import numpy as np

from dispatch.rescue.explaining import explained_alerts, explained_change
from dispatch.rescue.offer_arrays import ASIDE, FREE, UNDER_WAY, Floats, Integers
from dispatch.rescue.offers import OfferTable, offer_table
from dispatch.rescue.plan import Change, Commitment, Outlook, Plan, PlanRequest
from dispatch.rescue.plan_kernels import appraise, best_alerts
from dispatch.rescue.vocabulary import AlertRole

# The changes of one plan. They are made one at a time, the most gainful first; more at once would be a muddle.
_CHANGES = 3


def best_plan(request: PlanRequest) -> Plan:
    """Choose the alerts whose expected benefit, less their price, is greatest.

    What is maximised, and how, is told in `plan_kernels`; what may be asked of whom in `offers`. Whoever is under way
    stays at it, but for two cases. Somebody on the way gets another role where that gains more than policy asks for a
    change. And an unanswered offer is taken back that is not worth the journey any more, now that others have said
    yes or the ambulance is near. The expected benefit, less the prices of alerts and journeys, falls by neither.
    """
    search = _Search(request)
    if request.under_way:
        search.take_back()
        search.choose()
        search.change_roles()
    else:
        search.choose()
    search.make_sure()
    return search.plan()


def is_worth_the_journey(comes: Commitment, request: PlanRequest) -> bool:
    """Whether somebody who says yes now, unasked or late, adds enough to all who are under way to be sent."""
    table = offer_table(replace(request, candidates=(), under_way=(*request.under_way, comes)))
    row = next(
        row
        for row in np.nonzero(table.stands == UNDER_WAY)[0].tolist()
        if (promised := table.commitment_of(row)) is not None and promised.responder_id == comes.responder_id
    )
    standing = np.nonzero(table.stands == UNDER_WAY)[0]
    gains = appraise(*table.weighed, standing[standing != row])[2]
    return bool(gains[row] >= request.policy.price.journey)


class _Search:
    """A plan in the making: where each offer stands, which are chosen, and what that is worth."""

    def __init__(self, request: PlanRequest) -> None:
        self.request = request
        self.table: OfferTable = offer_table(request)
        self.offers, self.terms = self.table.weighed
        self.stands = self.table.stands.copy()
        self.chosen: Integers = np.empty(0, dtype=np.int64)
        self.bound = 0.0
        self._taken_back = 0
        # What the search has said of exactly what stands and is chosen now, if it has.
        self._value: float | None = None

    def choose(self) -> None:
        """Find the best alerts beside what stands; keep those chosen before if they are worth more."""
        before, offers = self.chosen, (*self.offers[:6], self.stands)
        self.chosen, self._value, self.bound = best_alerts(offers, self.terms, self._room, self.table.choices)
        if len(before):
            chosen, value = self.chosen, self._value
            self.chosen, self._value = before, None
            if self.value() <= value:
                self.chosen, self._value = chosen, value

    def change_roles(self) -> None:
        """Give who is on the way another role, where the gain is worth the confusion."""
        for _ in range(_CHANGES):
            best, old, new = 0.0, -1, -1
            for row in self._rows(UNDER_WAY):
                others = np.nonzero((self.stands == ASIDE) & (self.table.offers[4] == self.table.offers[4][row]))[0]
                if not len(others):
                    continue
                gains = self._gains_beside(row)
                other = int(others[np.argmax(gains[others])])
                gain = float(gains[other] - gains[row]) - self._confusion(row)
                if gain > best:
                    best, old, new = gain, row, other
            if old < 0:
                return
            self.stands[old], self.stands[new] = ASIDE, UNDER_WAY
            self.take_back()
            self.choose()

    def _confusion(self, row: int) -> float:
        """What a change has to bring at least: nothing for a runner whose AED is lost, who has to be told anyway."""
        promised = self.table.commitment_of(row)
        fetches = int(self.table.offers[3][row])
        is_lost = fetches >= len(self.table.aeds) and promised is not None and not promised.has_aed
        return 0.0 if is_lost else self.request.policy.price.change

    def make_sure(self) -> None:
        """Add alerts, worth their price or not, until each role is accepted as surely as policy demands."""
        for role in AlertRole:
            floor = self._floor(role)
            while floor > 0.0 and len(self.chosen) < self._room and self.accept_probability(role) < floor:
                row = self._best_of(role)
                if row is None:
                    break
                self.chosen, self._value = np.sort(np.append(self.chosen, row)), None

    def take_back(self) -> None:
        """Take back offers, still unanswered, that are not worth the journey beside those who have accepted.

        Others who have not answered either are no reason: they may all say no.
        """
        comes = self.table.offers[1]
        unanswered = self._unanswered()
        coming = np.array([row for row in self._rows(UNDER_WAY) if row not in unanswered], dtype=np.int64)
        gains = appraise(self.offers, self.terms, coming)[2]
        for row in unanswered:
            if gains[row] < self.request.policy.price.journey * comes[row] and not self._is_demanded(row):
                self.stands[row] = ASIDE
                self._taken_back += 1

    def plan(self) -> Plan:
        """The plan as it stands now."""
        table, value, standing = self.table, self.value(), self._standing()
        before = np.nonzero(table.stands == UNDER_WAY)[0]
        kept = {int(table.offers[4][row]) for row in self._rows(UNDER_WAY)}
        first = len(table.candidates)
        return Plan(
            alerts=explained_alerts(self.request, table, self.chosen, standing),
            considered=len(self.request.candidates),
            aeds_considered=len(self.request.aeds),
            accept_probability={role: self.accept_probability(role) for role in AlertRole},
            value=value,
            upper_bound=max(self.bound, value),
            outlook=self._outlook(standing),
            outlook_without=self._outlook(before),
            withdrawn=tuple(
                each.responder_id for number, each in enumerate(table.under_way, first) if number not in kept
            ),
            changes=tuple(self._changes()),
        )

    def value(self) -> float:
        """What those under way and those chosen are worth, less the prices of the latter."""
        if self._value is not None:
            return self._value
        hands_s, shock_s, _ = appraise(self.offers, self.terms, self._standing())
        return float(self.terms[3] * hands_s + self.terms[4] * shock_s - self.offers[5][self.chosen].sum())

    def accept_probability(self, role: AlertRole, *, without: int = -1) -> float:
        """How likely somebody of those asked comes in the role; for an AED, one that can be had."""
        standing = self._standing()
        standing = standing[standing != without]
        _, comes, brings, aed, _, _, _ = (part[standing] for part in self.table.offers)
        fetches = aed >= 0
        if role is AlertRole.CPR:
            return float(1.0 - (1.0 - comes[~fetches]).prod())
        can_be_had = self.table.terms[0][aed[fetches]] > 0.0
        return float(1.0 - (1.0 - brings[fetches] * can_be_had).prod())

    @property
    def _room(self) -> int:
        """How many more may be asked: who is not asked any longer leaves their place to others."""
        return max(0, self.request.cap + self._taken_back)

    def _rows(self, stand: int) -> list[int]:
        rows: list[int] = np.nonzero(self.stands == stand)[0].tolist()
        return rows

    def _standing(self) -> Integers:
        return np.sort(np.concatenate((np.nonzero(self.stands == UNDER_WAY)[0], self.chosen)))

    def _unanswered(self) -> list[int]:
        promised = ((row, self.table.commitment_of(row)) for row in self._rows(UNDER_WAY))
        return [row for row, each in promised if each is not None and not each.accepted]

    def _is_demanded(self, row: int) -> bool:
        """Whether policy's floor for the offer's role would not be met without it."""
        role = AlertRole.CPR if self.table.offers[3][row] < 0 else AlertRole.AED
        floor = self._floor(role)
        return floor > 0.0 and self.accept_probability(role, without=row) < floor

    def _floor(self, role: AlertRole) -> float:
        acceptance = self.request.policy.acceptance
        return acceptance.cpr_floor if role is AlertRole.CPR else acceptance.aed_floor

    def _gains_beside(self, row: int) -> Floats:
        """What each offer would add if `row` did not stand."""
        standing = self._standing()
        return appraise(self.offers, self.terms, standing[standing != row])[2]

    def _best_of(self, role: AlertRole) -> int | None:
        arrive_s, _, _, aed, responder, price, _ = self.table.offers
        taken = np.isin(responder, responder[self._standing()])
        fits = (self.stands == FREE) & ((aed >= 0) == (role is AlertRole.AED)) & ~taken
        fits &= arrive_s < self.table.terms[2]
        if not fits.any():
            return None
        gains = appraise(self.offers, self.terms, self._standing())[2] - price
        return int(np.argmax(np.where(fits, gains, -np.inf)))

    def _outlook(self, standing: Integers) -> Outlook:
        works, _, until_s, hands_per_s, shock_per_s = self.table.terms
        one_pair = (works, np.ones(1), until_s, hands_per_s, shock_per_s)
        ends_s = self.request.elapsed_s + until_s
        if not len(standing):
            return Outlook(cpr_s=ends_s, shock_s=ends_s)
        hands_s, shock_s, _ = appraise(self.table.offers, one_pair, standing)
        return Outlook(cpr_s=ends_s - hands_s, shock_s=ends_s - shock_s)

    def _changes(self) -> list[Change]:
        was = self.table.stands
        return [explained_change(self.request, self.table, row) for row in self._rows(UNDER_WAY) if was[row] == ASIDE]
