"""Plans against the definition of what they maximise, and against the best of all choices."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.offer_arrays import UNDER_WAY
from dispatch.rescue.offers import OfferTable, offer_table
from dispatch.rescue.plan import Commitment, PlanRequest
from dispatch.rescue.plan_kernels import LOOKED_AT, appraise, best_alerts
from dispatch.rescue.policy import PricePolicy
from dispatch.rescue.vocabulary import AedId, AlertRole, ResponderId
from loadtests.plan_cases import random_request
from loadtests.plan_oracle import benefit, benefit_over_outcomes, best

_SEARCH = 10**9

QUICK = settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def _worth(table: OfferTable, rows: list[int]) -> float:
    hands_s, shock_s, _ = appraise(table.offers, table.terms, np.array(sorted(rows), dtype=np.int64))
    return table.terms[3] * hands_s + table.terms[4] * shock_s


@QUICK
@given(seed=st.integers(0, 2**32), people=st.integers(1, 4), aeds=st.integers(0, 2))
def test_the_benefit_is_the_mean_over_everything_that_may_happen(seed: int, people: int, aeds: int) -> None:
    rng = Random(seed)
    table = offer_table(random_request(rng, people=people, aeds=aeds, cap=people))
    rows = range(len(table.offers[0]))
    by_person = [[row for row in rows if table.offers[4][row] == person] for person in range(people)]
    chosen = [rng.choice(each) for each in by_person if each]
    # Some who come cannot open the cabinet: that part of the sum must be right as well.
    brings = table.offers[2] * np.array([rng.choice((1.0, 0.5, 0.0)) for _ in rows])
    table = replace(table, offers=(*table.offers[:2], brings, *table.offers[3:]))
    by_definition = benefit_over_outcomes(table.offers, table.terms, tuple(chosen))
    assert _worth(table, chosen) == pytest.approx(by_definition, rel=1e-9, abs=1e-12)
    assert benefit(table.offers, table.terms, tuple(chosen)) == pytest.approx(by_definition, rel=1e-9, abs=1e-12)


@QUICK
@given(seed=st.integers(0, 2**32), people=st.integers(1, 12), aeds=st.integers(0, 5))
def test_what_one_more_adds_is_what_the_benefit_grows_by_and_never_grows(seed: int, people: int, aeds: int) -> None:
    rng = Random(seed)
    table = offer_table(random_request(rng, people=people, aeds=aeds, cap=people))
    rows = list(range(len(table.offers[0])))
    some = rng.sample(rows, min(len(rows), rng.randint(0, 6)))
    more = some + rng.sample([each for each in rows if each not in some], min(len(rows) - len(some), 3))
    gains_beside_some, gains_beside_more = (
        appraise(table.offers, table.terms, np.array(sorted(each), dtype=np.int64))[2] for each in (some, more)
    )
    for row in rows:
        if row not in more:
            grown = _worth(table, [*some, row]) - _worth(table, some)
            assert gains_beside_some[row] == pytest.approx(grown, rel=1e-9, abs=1e-12)
            # Monotone and submodular: what the greedy search, the swaps and the bound stand on.
            assert 0.0 <= gains_beside_more[row] <= gains_beside_some[row] + 1e-12


@QUICK
@given(seed=st.integers(0, 2**32), people=st.integers(1, 6), aeds=st.integers(0, 3), cap=st.integers(1, 4))
def test_the_plan_is_as_good_as_the_best_of_all_choices(seed: int, people: int, aeds: int, cap: int) -> None:
    table = offer_table(random_request(Random(seed), people=people, aeds=aeds, cap=cap))
    if table.choices > 400:
        return
    optimum = best(table.offers, table.terms, cap)
    _, found, bound = best_alerts(table.offers, table.terms, cap, _SEARCH)
    assert found >= optimum * 0.99 - 1e-12, "the search"
    assert found <= optimum + 1e-12
    assert bound >= optimum - 1e-12, "the bound"
    if table.choices <= LOOKED_AT:
        _, value, proven = best_alerts(table.offers, table.terms, cap, table.choices)
        assert value == pytest.approx(optimum, abs=1e-12)
        assert proven == value


def _net_gains(table: OfferTable, rows: list[int]) -> list[float]:
    """For each responder, the most that one of their offers adds to these, net of its price; the best first."""
    gains = appraise(table.offers, table.terms, np.array(sorted(rows), dtype=np.int64))[2] - table.offers[5]
    best: dict[int, float] = {}
    for row, gain in enumerate(gains.tolist()):
        person = int(table.offers[4][row])
        best[person] = max(best.get(person, 0.0), gain)
    return sorted(best.values(), reverse=True)


@QUICK
@given(seed=st.integers(0, 2**32), people=st.integers(1, 6), aeds=st.integers(0, 3), cap=st.integers(1, 4))
def test_the_bound_holds_from_any_choice_however_bad(seed: int, people: int, aeds: int, cap: int) -> None:
    rng = Random(seed)
    table = offer_table(random_request(rng, people=people, aeds=aeds, cap=cap))
    if table.choices > 400:
        return
    rows = range(len(table.offers[0]))
    chosen = {int(table.offers[4][row]): row for row in rng.sample(rows, min(len(rows), rng.randint(0, 4)))}
    bound = _worth(table, list(chosen.values())) + sum(_net_gains(table, list(chosen.values()))[:cap])
    assert bound >= best(table.offers, table.terms, cap) - 1e-12


@QUICK
@given(seed=st.integers(0, 2**32), people=st.integers(5, 40), aeds=st.integers(0, 8), cap=st.integers(1, 20))
def test_the_bound_is_what_its_proof_says(seed: int, people: int, aeds: int, cap: int) -> None:
    table = offer_table(random_request(Random(seed), people=people, aeds=aeds, cap=cap))
    chosen, value, bound = best_alerts(table.offers, table.terms, cap, _SEARCH)
    rows = chosen.tolist()
    by_hand = _worth(table, rows) + sum(_net_gains(table, rows)[:cap])
    assert bound == pytest.approx(max(by_hand, value), rel=1e-9, abs=1e-12)
    assert value == pytest.approx(_worth(table, rows) - table.offers[5][rows].sum(), rel=1e-9, abs=1e-12)


def _greedily(table: OfferTable, cap: int) -> float:
    """What comes of taking the best offer each time and never looking back."""
    rows: list[int] = []
    while len(rows) < cap:
        gains = appraise(table.offers, table.terms, np.array(sorted(rows), dtype=np.int64))[2] - table.offers[5]
        gains[np.isin(table.offers[4], table.offers[4][rows])] = -np.inf
        if not len(gains) or gains.max() <= 0.0:
            break
        rows.append(int(np.argmax(gains)))
    return _worth(table, rows) - float(table.offers[5][rows].sum())


def test_swaps_make_more_of_what_the_greedy_search_found() -> None:
    better = 0
    for seed in range(60):
        table = offer_table(random_request(Random(seed), people=40, aeds=6, cap=12, price=PricePolicy(0.0, 0.0)))
        chosen, value, _ = best_alerts(table.offers, table.terms, 12, _SEARCH)
        greedy = _greedily(table, 12)
        assert value >= greedy - 1e-12
        # Where fewer are alerted, exchanges of two are tried as well and could do it alone.
        better += len(chosen) == 12 and value > greedy + 1e-9
    assert better >= 5


@st.composite
def _in_the_middle(draw: st.DrawFn) -> PlanRequest:
    """A request with people on offer, on the way, and with devices that are there or lost."""
    rng = Random(draw(st.integers(0, 2**32)))
    request = random_request(rng, people=draw(st.integers(0, 12)), aeds=draw(st.integers(0, 4)), cap=rng.randint(0, 6))
    others = random_request(rng, people=draw(st.integers(0, 4)), aeds=0, cap=0).candidates
    engaged = tuple(replace(each, responder_id=ResponderId(f"w{number}")) for number, each in enumerate(others))
    under_way = []
    for each in engaged:
        role = rng.choice(list(AlertRole))
        aeds = [*(aed.aed_id for aed in request.aeds), AedId("lost")]
        under_way.append(
            Commitment(
                responder_id=each.responder_id,
                role=role,
                aed_id=rng.choice(aeds) if role is AlertRole.AED else None,
                eta_s=rng.uniform(-60.0, 1500.0),
                accepted=rng.random() < 0.6,
                acceptance=rng.choice((None, rng.uniform(0.05, 0.6))),
                turnout_behind_s=rng.choice((0.0, 40.0, float("inf"))),
                stays=rng.random() < 0.2,
            )
        )
    return replace(request, under_way=tuple(under_way), whereabouts=engaged if rng.random() < 0.8 else ())


@QUICK
@given(request=_in_the_middle(), seed=st.integers(0, 99))
def test_a_plan_keeps_its_promises(request: PlanRequest, seed: int) -> None:
    plan = best_plan(request)
    names = [each.responder_id for each in plan.alerts]
    busy = {each.responder_id for each in request.under_way}
    # Who is not asked any longer leaves their place: never more at it than there may be.
    assert len(set(names)) == len(names) <= request.cap + len(plan.withdrawn)
    assert not busy & set(names)
    assert set(names) <= {each.responder_id for each in request.candidates}
    assert set(plan.withdrawn) <= {each.responder_id for each in request.under_way if not each.accepted}
    may_change = {each.responder_id for each in request.under_way if each.accepted and not each.stays}
    assert {each.responder_id for each in plan.changes} <= may_change
    assert plan.value is not None
    assert plan.upper_bound is not None
    assert plan.upper_bound >= plan.value
    rng = Random(seed)
    again = replace(
        request,
        candidates=tuple(rng.sample(request.candidates, len(request.candidates))),
        aeds=tuple(rng.sample(request.aeds, len(request.aeds))),
        under_way=tuple(rng.sample(request.under_way, len(request.under_way))),
        whereabouts=tuple(rng.sample(request.whereabouts, len(request.whereabouts))),
    )
    assert best_plan(again) == plan, "the order of what it was told changed the plan"


@QUICK
@given(request=_in_the_middle())
def test_a_replan_never_lowers_the_benefit_of_what_was_promised(request: PlanRequest) -> None:
    plan = best_plan(request)
    table = offer_table(request)
    promised = _worth(table, np.nonzero(table.stands == UNDER_WAY)[0].tolist())
    # Offers taken back spare a journey each, which is all that may be lost with them.
    spared = request.policy.price.journey * len(plan.withdrawn)
    assert plan.value is not None
    assert plan.value >= promised - spared - 1e-9


@QUICK
@given(request=_in_the_middle())
def test_a_plan_that_was_carried_out_asks_for_nothing_more(request: PlanRequest) -> None:
    plan = best_plan(replace(request, cap=20))
    asked = tuple(
        Commitment(
            responder_id=each.responder_id,
            role=each.role,
            aed_id=each.aed_id,
            eta_s=each.eta_s,
            accepted=False,
            acceptance=each.acceptance,
        )
        for each in plan.alerts
    )
    changed = {each.responder_id: each for each in plan.changes}
    kept = tuple(
        replace(each, role=changed[each.responder_id].role, aed_id=changed[each.responder_id].aed_id)
        if each.responder_id in changed
        else each
        for each in request.under_way
        if each.responder_id not in plan.withdrawn
    )
    # Those asked or sent home are not free at the same moment.
    gone = {*plan.withdrawn, *(each.responder_id for each in asked)}
    left = tuple(each for each in request.candidates if each.responder_id not in gone)
    again = best_plan(replace(request, candidates=left, under_way=(*kept, *asked), cap=20 - len(asked)))
    assert again.withdrawn == ()
    if len(plan.changes) < 3:
        assert again.changes == ()
    if not plan.withdrawn:
        assert again.alerts == ()
