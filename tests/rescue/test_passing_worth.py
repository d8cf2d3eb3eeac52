"""A minute may be worth less the later it is: survival falls by a share each minute, and the plan may know it."""

import math
import random
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.offers import offer_table
from dispatch.rescue.plan import PlanRequest
from dispatch.rescue.plan_kernels import appraise
from dispatch.rescue.policy import BenefitPolicy, Policy, PricePolicy
from loadtests.plan_oracle import benefit
from tests.rescue.planning import a_request, coming, roles, surely
from tests.rescue.story import an_aed, somebody

FADING = Policy(benefit=BenefitPolicy(fades_per_min=0.25))


def a_crowd(seed: int, policy: Policy = FADING, *, people: int = 12) -> PlanRequest:
    """So many around, each as willing as chance has it, and a few AEDs."""
    rng = random.Random(seed)
    near = [surely(somebody(f"p{n}", rng.uniform(50, 900)), rng.uniform(0.1, 0.9)) for n in range(people)]
    aeds = [replace(an_aed(f"a{n}", rng.uniform(50, 700)), works_probability=0.9) for n in range(3)]
    return a_request(near, aeds, policy=policy, ambulance_s=rng.uniform(400, 1500))


@pytest.mark.parametrize("seed", range(5))
def test_what_a_plan_is_worth_is_the_sum_of_its_seconds_each_at_its_own_worth(seed: int) -> None:
    request = replace(a_crowd(seed), elapsed_s=60.0)
    table = offer_table(request)
    standing = np.sort(np.random.default_rng(seed).choice(len(table.stands), 6, replace=False))
    offers, terms = table.weighed
    hands, shock, _ = appraise(offers, terms, standing)
    # From the definition, by the clock: what is gained until a time, second by second, each weighed.
    works, pairs, until_s, hands_per_s, shock_per_s = table.terms
    chosen = tuple(standing.tolist())
    expected = 0.0
    for second in range(int(until_s)):
        ends = [
            benefit(table.offers, (works, pairs, at, hands_per_s, shock_per_s), chosen) for at in (second, second + 1.0)
        ]
        expected += (ends[1] - ends[0]) * math.exp(-0.25 / 60.0 * (60.0 + second + 0.5 - 480.0))
    assert terms[3] * hands + terms[4] * shock == pytest.approx(expected, rel=2e-3)


def test_where_nothing_fades_every_minute_is_worth_the_same() -> None:
    table = offer_table(a_crowd(1, Policy()))
    assert table.weighed == (table.offers, table.terms)


@pytest.mark.parametrize("seed", range(5))
def test_no_choice_is_worth_more_than_the_search_finds_or_the_bound_says(seed: int) -> None:
    request = a_crowd(seed, people=6)
    table = offer_table(request)
    offers, terms = table.weighed
    of_each = [[None, *np.nonzero(offers[4] == person)[0].tolist()] for person in range(6)]
    best = 0.0
    for choice in product(*of_each):
        rows = np.sort(np.array([row for row in choice if row is not None], np.int64))
        hands, shock, _ = appraise(offers, terms, rows)
        best = max(best, terms[3] * hands + terms[4] * shock - float(offers[5][rows].sum()))
    plan = best_plan(request)
    assert plan.value is not None
    assert plan.upper_bound is not None
    assert best * (1 - 1e-3) <= plan.value <= best * (1 + 1e-9)
    assert plan.upper_bound >= best * (1 - 1e-9)


def test_what_is_said_of_arrivals_goes_by_the_clock() -> None:
    everybody = [surely(somebody("only", 300), 0.5)]
    told = [best_plan(a_request(everybody, policy=policy, ambulance_s=900.0)) for policy in (Policy(), FADING)]
    assert told[0].outlook == told[1].outlook
    assert told[0].alerts == told[1].alerts


def test_who_saves_early_minutes_is_asked_before_who_saves_as_many_late_ones() -> None:
    dear = PricePolicy(alert=0.02, journey=0.0)
    far = [surely(somebody("far", 1150), 0.5)]

    def asked(fades_per_min: float) -> dict[str, str]:
        policy = Policy(benefit=BenefitPolicy(fades_per_min=fades_per_min), price=dear)
        return roles(best_plan(a_request(far, policy=policy, ambulance_s=1500.0)))

    assert asked(0.0) == {"far": "cpr"}
    assert asked(0.25) == {}


def test_the_later_it_is_the_less_another_alert_brings() -> None:
    dear = Policy(benefit=BenefitPolicy(fades_per_min=0.25), price=PricePolicy(alert=0.02, journey=0.0))
    near = [surely(somebody("near", 100), 0.5)]
    at_once = a_request(near, policy=dear, under_way=(coming("first", 700),))
    assert roles(best_plan(at_once)) == {"near": "cpr"}
    assert roles(best_plan(replace(at_once, elapsed_s=900.0))) == {}
