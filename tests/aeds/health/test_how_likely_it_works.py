"""How likely a device works, and what is learned about its owner's."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings

from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import EMPTY, Evidence, latest_of
from dispatch.aeds.health.learning import learned
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.health.probability import belief_of, works_probability
from dispatch.aeds.health.rates import PRIOR, OwnerRecord, Rates
from tests.aeds.health.telling import (
    CONNECTED,
    FACTS,
    HISTORIES,
    NOW,
    POLICY,
    SOME_FACTS,
    SOME_POLICY,
    concluded,
    days,
    said,
)

ALONE = replace(FACTS, connected=False, in_service_since=NOW - timedelta(days=400))
SEEN = said("inspection", days(10), outcome="ok")


def likely(*evidence: Evidence, facts: Facts = ALONE, rates: Rates = PRIOR, days_later: float = 0) -> float:
    latest = latest_of(evidence)
    at = NOW + timedelta(days=days_later)
    return works_probability(latest, conclude(latest, facts, POLICY, at), facts, POLICY, at, rates)


def taught(*evidence: Evidence) -> OwnerRecord:
    """What reports that arrive in this order add up to."""
    latest, record = EMPTY, OwnerRecord()
    for each in evidence:
        record += learned(latest, each)
        latest = latest.with_(each)
    return record


def test_of_devices_that_nobody_has_looked_at_about_85_in_100_work() -> None:
    assert likely(facts=replace(ALONE, in_service_since=NOW)) == pytest.approx(0.85)


def test_what_a_person_has_just_seen_works_almost_certainly_and_wears_off() -> None:
    fresh = likely(said("inspection", outcome="ok"))
    assert fresh > 0.99
    later = [likely(said("inspection", outcome="ok"), days_later=each) for each in (30, 180, 360)]
    assert fresh > later[0] > later[1] > later[2] > 0.85


def test_a_self_test_takes_away_what_it_can_see_and_no_more() -> None:
    untested = likely(SEEN, days_later=200)
    tested = likely(SEEN, said("self_test", -days(200), outcome="ok"), facts=CONNECTED, days_later=200)
    assert untested < tested < likely(SEEN)


def test_nobody_counts_on_a_device_that_is_out_of_service() -> None:
    assert likely(SEEN, said("fault")) == 0.0
    assert likely(SEEN, said("used")) == 0.0


def test_a_passer_by_is_believed_less_about_what_was_seen_lately() -> None:
    word = said("fault", trusted=False)
    doubted_after_a_look, doubted_unseen = likely(SEEN, word), likely(word)
    assert doubted_unseen < 0.3 < doubted_after_a_look < 0.95
    assert likely(SEEN, word, said("self_test", outcome="ok")) > doubted_after_a_look


def test_the_probability_goes_on_doubting_when_the_state_no_longer_does() -> None:
    facts = replace(ALONE, in_service_since=NOW)
    word = said("fault", days(29), trusted=False)
    seen = said("inspection", days(30), outcome="ok")
    before, after = likely(seen, word, facts=facts), likely(seen, word, facts=facts, days_later=2)
    assert concluded(seen, word, facts=facts, now=NOW + timedelta(days=2)).reasons == ()
    assert after == pytest.approx(before, abs=0.02)


def test_silence_lowers_it_and_a_device_never_heard_of_most() -> None:
    silent = said("self_test", days(3), outcome="ok")
    assert likely(SEEN, silent, facts=CONNECTED) < 0.9 < likely(SEEN, said("self_test", outcome="ok"), facts=CONNECTED)
    never = replace(CONNECTED, in_service_since=NOW - timedelta(days=5))
    assert likely(facts=never) < 0.5


def test_a_device_that_failed_lately_is_likelier_to_fail_again() -> None:
    failures = [said("self_test", days(each), outcome="failed") for each in (20, 15)]
    assert likely(*failures, SEEN, days_later=30) < likely(SEEN, days_later=30)


def test_one_report_from_a_clock_at_its_maker_s_first_day_is_not_decades_without_a_failure() -> None:
    clock_reset = said("heartbeat", days(26 * 365))
    failed = said("self_test", days(30), outcome="failed")
    known = [failed, said("inspection", days(1), outcome="ok")]
    facts = replace(ALONE, in_service_since=NOW - timedelta(days=30))
    as_before = likely(*known, facts=facts, days_later=60)
    assert likely(*known, clock_reset, facts=facts, days_later=60) == pytest.approx(as_before)
    tests = [said("self_test", each, outcome="ok") for each in (days(26 * 365), days(7), 0)]
    assert taught(*tests) == OwnerRecord.of(tested_days=7, silences=1)
    looks = [said("inspection", each, outcome="ok") for each in (days(26 * 365), days(26 * 365 - 1), 0)]
    assert taught(*looks).unaided_days == 0


def test_a_sign_that_is_missing_is_no_failure_of_the_device() -> None:
    amiss = said("inspection", days(20), outcome="failed", items=[{"item": "sign", "ok": False}])
    assert latest_of([amiss]).failed_on == ()
    assert len(latest_of([replace(amiss, data={"outcome": "failed"})]).failed_on) == 1


def test_pads_found_amiss_teach_so_whatever_the_outcome_says() -> None:
    amiss = said("inspection", outcome="ok", items=[{"item": "pads_adult", "ok": False}])
    assert taught(amiss) == OwnerRecord.of(first_looks=1, first_unfit=1)


def test_careful_owners_are_believed_more_than_careless_ones() -> None:
    careful = OwnerRecord.of(unaided_days=20_000).rates()
    careless = OwnerRecord.of(unaided_days=20_000, found_by_people=30).rates()
    good, usual, bad = (likely(SEEN, rates=each, days_later=60) for each in (careful, PRIOR, careless))
    assert bad < usual < good


def test_little_is_concluded_from_little() -> None:
    one_failure = OwnerRecord.of(unaided_days=300, found_by_people=1).rates()
    assert PRIOR.place.per_day < one_failure.place.per_day < 2 * PRIOR.place.per_day


def test_an_owner_is_like_the_others_until_more_is_known() -> None:
    others = OwnerRecord.of(unaided_days=3e6, found_by_people=1500, first_looks=1000, first_unfit=300).rates()
    assert OwnerRecord().rates(others).place.per_day == pytest.approx(others.place.per_day)
    assert OwnerRecord().rates(others).first_fit == pytest.approx(others.first_fit)
    assert others.first_fit == pytest.approx(0.7, abs=0.01)


def test_what_people_find_is_shared_out_between_device_and_place() -> None:
    tested = OwnerRecord.of(tested_days=36_500, seen_days=36_500, found_by_people=10).rates()
    assert tested.place.failures == pytest.approx(2 + 10)
    assert tested.device.failures == 2
    alone = OwnerRecord.of(unaided_days=36_500, found_by_people=10).rates()
    assert alone.device.failures + alone.place.failures == pytest.approx(4 + 10)
    assert alone.device.failures > 2


def test_looks_teach_days_without_and_with_failure() -> None:
    first, second, third = (said("inspection", days(each), outcome="ok") for each in (70, 40, 10))
    assert taught(first) == OwnerRecord.of(first_looks=1)
    # What the first look overlooked says nothing about how often things fail.
    assert taught(first, second) == OwnerRecord.of(first_looks=1)
    assert taught(first, second, third) == OwnerRecord.of(first_looks=1, unaided_days=30)
    failed = said("inspection", days(10), outcome="failed")
    assert taught(first, second, failed) == OwnerRecord.of(first_looks=1, unaided_days=30, found_by_people=1)
    assert taught(first, second, failed, said("inspection", 0, outcome="ok")).unaided_days == 30


def test_self_tests_teach_by_themselves() -> None:
    tests = [said("self_test", days(each), outcome="ok") for each in (21, 14, 7)]
    assert taught(*tests, said("self_test", outcome="failed")) == OwnerRecord.of(tested_days=21, test_failures=1)


def test_small_things_amiss_teach_nothing_bad() -> None:
    amiss = said("inspection", outcome="failed", items=[{"item": "sign", "ok": False}])
    assert taught(amiss) == OwnerRecord.of(first_looks=1)


def test_doubts_and_silences_teach_how_often_they_are_true() -> None:
    word = said("fault", 30, trusted=False)
    assert taught(SEEN, word, said("inspection", outcome="ok")).doubts == 1
    assert taught(SEEN, word, said("inspection", outcome="failed")).doubts_true == 1
    silence = said("heartbeat", days(5)), said("heartbeat")
    assert taught(*silence) == OwnerRecord.of(silences=1)
    dead = taught(said("heartbeat", days(5)), said("inspection", outcome="failed"))
    assert (dead.silences, dead.silent_unfit) == (1, 1)


def test_somebody_who_came_because_of_a_word_is_no_fair_sample() -> None:
    assert taught(said("fault", 30, trusted=False), said("inspection", outcome="failed")).first_looks == 0


def test_reports_that_come_late_or_from_the_public_teach_nothing() -> None:
    assert not taught(said("fault", trusted=False))
    assert taught(said("inspection", 0, outcome="ok"), said("inspection", 10, outcome="failed")) == OwnerRecord.of(
        first_looks=1
    )


def test_records_are_added_up_and_kept() -> None:
    record = OwnerRecord.of(doubts=1.0) + OwnerRecord.of(doubts=2.0, unaided_days=5.5)
    assert record == OwnerRecord.of(doubts=3.0, unaided_days=5.5)
    assert OwnerRecord.of_json(json.loads(json.dumps(record.as_json()))) == record
    assert not OwnerRecord()


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY)
def test_a_probability_is_one_whatever_happened(evidence: list[Evidence], facts: Facts, policy: CarePolicy) -> None:
    latest = latest_of(evidence)
    belief = belief_of(latest, conclude(latest, facts, policy, NOW), facts, policy, NOW)
    ages = [belief.at(NOW + timedelta(days=each)) for each in (-1, 0, 1, 1000)]
    assert all(0.0 <= each <= 1.0 for each in ages)
    assert ages == sorted(ages, reverse=True)
    assert Belief.of_json(json.loads(json.dumps(belief.as_json()))) == belief


def test_a_stored_belief_is_close_to_concluding_anew() -> None:
    latest = latest_of([SEEN])
    stored = belief_of(latest, conclude(latest, ALONE, POLICY, NOW), ALONE, POLICY, NOW)
    for later in (1, 10, 30):
        assert stored.at(NOW + timedelta(days=later)) == pytest.approx(likely(SEEN, days_later=later), abs=0.002)
