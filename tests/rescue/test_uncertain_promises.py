"""Somebody who said yes may not come, and a cabinet may be empty: policy says how likely they are counted on."""

from dataclasses import replace

from dispatch.rescue.best_plan import best_plan
from dispatch.rescue.plan import Commitment
from dispatch.rescue.policy import AcceptancePolicy, Policy, PricePolicy
from dispatch.rescue.vocabulary import AlertRole
from tests.rescue.planning import a_request, coming, roles, surely
from tests.rescue.story import ONE_PAIR, an_aed, somebody

CERTAIN = Policy(benefit=ONE_PAIR)
DOUBTING = replace(CERTAIN, acceptance=AcceptancePolicy(kept=0.75, fetched=0.85))


def test_who_is_only_needed_if_a_promise_fails_is_asked_where_promises_may_fail() -> None:
    later = [surely(somebody("later", 400), 0.5)]
    first = (coming("first", 150),)
    assert roles(best_plan(a_request(later, under_way=first, policy=CERTAIN))) == {}
    assert roles(best_plan(a_request(later, under_way=first, policy=DOUBTING))) == {"later": "cpr"}


def test_who_is_only_needed_if_a_promise_fails_is_not_sent_home() -> None:
    offered = (coming("first", 150), coming("later", 400, accepted=False))
    cheap = replace(DOUBTING, price=PricePolicy(journey=0.0003))
    assert best_plan(a_request(under_way=offered, policy=CERTAIN)).withdrawn == ("later",)
    assert best_plan(a_request(under_way=offered, policy=cheap)).withdrawn == ()


def test_who_is_there_is_there() -> None:
    there = (replace(coming("first", 0), stays=True),)
    later = [surely(somebody("later", 400), 0.5)]
    assert roles(best_plan(a_request(later, under_way=there, policy=DOUBTING))) == {}


def test_a_second_runner_is_asked_where_the_first_may_find_nothing() -> None:
    def doubts(*, in_hand: bool) -> dict[str, str]:
        runner: Commitment = replace(coming("runner", 200, aed="a"), has_aed=in_hand, stays=in_hand)
        under_way = (replace(coming("helper", 0), stays=True), runner)
        aeds = [replace(an_aed("b", 100), works_probability=1.0), replace(an_aed("a", 100), works_probability=1.0)]
        return roles(
            best_plan(a_request([surely(somebody("second", 50), 0.9)], aeds, under_way=under_way, policy=DOUBTING))
        )

    assert doubts(in_hand=False) == {"second": "b"}
    # A device in somebody's hands is certain, and works.
    assert doubts(in_hand=True) == {}


def test_how_likely_a_role_is_accepted_counts_promises_for_what_they_are_worth() -> None:
    plan = best_plan(a_request(under_way=(coming("first", 150),), policy=DOUBTING))
    assert plan.accept_probability[AlertRole.CPR] == 0.75
