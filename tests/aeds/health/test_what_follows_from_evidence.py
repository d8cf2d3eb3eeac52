"""Which state follows from which reports."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings

from dispatch.aeds.health.conclusion import Facts, conclude
from dispatch.aeds.health.evidence import Evidence, latest_of
from dispatch.aeds.health.policy import CarePolicy
from dispatch.aeds.record import Readiness
from tests.aeds.health.telling import (
    CONNECTED,
    FACTS,
    HISTORIES,
    NOW,
    POLICY,
    SOME_FACTS,
    SOME_POLICY,
    days,
    said,
    verdict,
)


def test_without_evidence_a_device_is_unverified() -> None:
    assert verdict() == ("unverified", ("no_evidence_yet",))


@pytest.mark.parametrize("good", [said("heartbeat"), said("self_test", outcome="ok"), said("inspection", outcome="ok")])
def test_any_good_news_makes_it_ready(good: Evidence) -> None:
    assert verdict(good) == ("ready", ())


def test_a_used_device_is_out_until_a_person_has_checked_it() -> None:
    used = said("used", 30)
    assert verdict(said("inspection", 60, outcome="ok"), used) == ("in_use", ("used",))
    assert verdict(used, said("self_test", 10, outcome="ok")) == ("in_use", ("used",))
    assert verdict(used, now=NOW + timedelta(hours=3)) == ("out_of_service", ("used_not_checked",))
    assert verdict(used, said("inspection", 5, outcome="ok")) == ("ready", ())


def test_a_fault_by_device_or_custodian_takes_it_out_with_its_code() -> None:
    assert verdict(said("heartbeat"), said("fault", 1, code="battery")) == ("out_of_service", ("fault_battery",))
    assert verdict(said("fault", 5), said("self_test", 1, outcome="ok")) == ("out_of_service", ("fault",))
    assert verdict(said("fault", 5), said("inspection", 1, outcome="ok")) == ("ready", ())


@pytest.mark.parametrize("code", ["missing", "locked", "broken", "said_by_source"])
def test_who_found_it_missing_locked_or_broken_takes_it_out(code: str) -> None:
    assert verdict(said("heartbeat"), said("fault", 1, code=code)) == ("out_of_service", (f"fault_{code}",))


def test_a_fault_by_the_public_only_raises_doubt() -> None:
    doubt = said("fault", 5, trusted=False)
    assert verdict(said("heartbeat", 1), doubt) == ("unverified", ("fault_said_by_public",))
    assert verdict(doubt, said("self_test", 1, outcome="ok")) == ("ready", ())


def test_no_self_test_knows_whether_the_device_is_still_there() -> None:
    doubt = said("fault", 5, trusted=False, code="missing")
    noise = said("fault", 4, trusted=False)
    tested = said("self_test", 1, outcome="ok")
    assert verdict(doubt, noise, tested) == ("unverified", ("fault_said_by_public",))
    assert verdict(doubt, noise, said("inspection", 1, outcome="ok")) == ("ready", ())


def test_a_doubt_that_nobody_looks_into_fades() -> None:
    doubt, heard = said("fault", 0, trusted=False), said("inspection", 5, outcome="ok")
    shortly_before = NOW + timedelta(days=30, seconds=-1)
    policy = CarePolicy(inspection_every_days=None)
    assert verdict(heard, doubt, policy=policy, now=shortly_before)[0] == "unverified"
    assert verdict(heard, doubt, policy=policy, now=NOW + timedelta(days=30)) == ("ready", ())


def test_a_failed_self_test_stands_until_one_passes() -> None:
    failed = said("self_test", 10, outcome="failed", code="pads")
    assert verdict(said("self_test", 20, outcome="ok"), failed) == ("out_of_service", ("self_test_failed_pads",))
    assert verdict(failed, said("self_test", 5, outcome="ok")) == ("ready", ())
    assert verdict(said("self_test", outcome="failed", codes=["e03", "e07"]))[1] == ("self_test_failed_e03",)


def test_a_failed_inspection_outweighs_a_passed_self_test() -> None:
    evidence = said("inspection", 10, outcome="failed"), said("self_test", 1, outcome="ok")
    assert verdict(*evidence) == ("out_of_service", ("inspection_failed",))


def test_small_things_amiss_degrade_and_serious_ones_take_it_out() -> None:
    no_child_pads = [{"item": "pads_child", "ok": False}, {"item": "battery", "ok": True}]
    assert verdict(said("inspection", outcome="failed", items=no_child_pads)) == (
        "degraded",
        ("inspection_found_pads_child",),
    )
    assert verdict(said("inspection", outcome="ok", items=no_child_pads))[0] == "degraded"
    no_pads = [{"item": "sign", "ok": False}, {"item": "pads_adult", "ok": False}]
    assert verdict(said("inspection", outcome="ok", items=no_pads)) == (
        "out_of_service",
        ("inspection_failed_pads_adult",),
    )


def test_a_low_battery_degrades_and_a_flat_one_takes_it_out() -> None:
    assert verdict(said("heartbeat", battery_percent=12.0)) == ("degraded", ("battery_low",))
    assert verdict(said("heartbeat", battery_percent=2.0)) == ("out_of_service", ("battery_flat",))
    assert verdict(said("self_test", 5, outcome="ok", battery_percent=12.0), said("heartbeat"))[0] == "degraded"
    assert verdict(said("heartbeat", 9, battery_percent=2.0), said("heartbeat", 1, battery_percent=99.0))[0] == "ready"
    assert verdict(said("heartbeat", 9, battery_percent=2.0), said("inspection", 1, outcome="ok"))[0] == "ready"


def test_pads_that_the_device_does_not_sense_take_it_out() -> None:
    assert verdict(said("heartbeat", pads_ok=False)) == ("out_of_service", ("pads_not_ok",))
    assert verdict(said("heartbeat", 5, pads_ok=False), said("self_test", 1, outcome="ok", pads_ok=True))[0] == "ready"


def test_cold_and_heat_degrade() -> None:
    assert verdict(said("heartbeat", temperature_c=-5.0)) == ("degraded", ("temperature_low",))
    assert verdict(said("heartbeat", temperature_c=61.0)) == ("degraded", ("temperature_high",))
    assert verdict(said("heartbeat", temperature_c=0.0))[0] == "ready"


def test_a_door_open_for_too_long_degrades() -> None:
    heard = said("heartbeat")
    assert verdict(heard, said("door", 9, open=True)) == ("ready", ())
    assert verdict(heard, said("door", 10, open=True)) == ("degraded", ("door_open",))
    assert verdict(heard, said("door", 30, open=True), said("door", 1, open=False)) == ("ready", ())


def test_saying_again_that_the_door_is_open_does_not_begin_anew() -> None:
    again_and_again = [said("door", minutes, open=True) for minutes in range(14, -1, -2)]
    assert verdict(said("heartbeat"), *again_and_again) == ("degraded", ("door_open",))
    shut_between = said("door", 7, open=False)
    assert verdict(said("heartbeat"), *again_and_again, shut_between) == ("ready", ())


def test_a_device_far_from_its_place_is_unverified() -> None:
    near, far = said("location", latitude=30.2503, longitude=120.15), said("location", latitude=30.26, longitude=120.15)
    assert verdict(said("heartbeat"), near) == ("ready", ())
    assert verdict(said("heartbeat"), far) == ("unverified", ("moved",))
    assert verdict(said("heartbeat"), far, facts=replace(FACTS, fence_m=5000.0)) == ("ready", ())
    assert verdict(said("heartbeat"), far, said("inspection", -1, outcome="ok")) == ("ready", ())
    vague = said("location", latitude=30.26, longitude=120.15, accuracy_m=2000.0)
    assert verdict(said("heartbeat"), vague) == ("ready", ())


def test_a_mobile_device_has_no_fence_and_must_say_where_it_is() -> None:
    facts = replace(FACTS, mobile=True)
    away = said("location", 20, latitude=30.4, longitude=120.15)
    assert verdict(said("heartbeat"), away, facts=facts) == ("ready", ())
    assert verdict(said("heartbeat"), away, facts=facts, now=NOW + timedelta(minutes=10)) == (
        "unverified",
        ("position_overdue",),
    )
    by_hand = replace(facts, fix_at=NOW)
    assert verdict(said("heartbeat"), away, facts=by_hand, now=NOW + timedelta(minutes=10)) == ("ready", ())


def test_what_has_expired_is_out_from_the_day_after_where_it_hangs() -> None:
    last_day = replace(FACTS, battery_expires_on=date(2026, 6, 17))
    # In Hangzhou the 17th ends at 16:00 UTC.
    assert verdict(said("heartbeat"), facts=last_day, now=NOW + timedelta(hours=11, minutes=59)) == ("ready", ())
    assert verdict(said("heartbeat"), facts=last_day, now=NOW + timedelta(hours=12)) == (
        "out_of_service",
        ("battery_expired",),
    )
    pads = replace(FACTS, pads_adult_expires_on=date(2026, 6, 16))
    assert verdict(said("heartbeat"), facts=pads) == ("out_of_service", ("pads_expired",))


def test_without_pads_for_children_it_still_saves_adults() -> None:
    facts = replace(FACTS, pads_child_expires_on=date(2026, 6, 1))
    assert verdict(said("heartbeat"), facts=facts) == ("degraded", ("pads_child_expired",))


def test_policy_may_use_what_expires_soon_last() -> None:
    facts = replace(FACTS, pads_adult_expires_on=date(2026, 6, 19))
    assert verdict(said("heartbeat"), facts=facts) == ("ready", ())
    policy = CarePolicy(expiry_degrades_days=7)
    assert verdict(said("heartbeat"), facts=facts, policy=policy) == ("degraded", ("pads_expires_soon",))


def test_it_may_be_used_last_before_anybody_has_to_do_something_about_it() -> None:
    facts = replace(FACTS, pads_adult_expires_on=date(2026, 6, 19))
    policy = CarePolicy(expiry_degrades_days=30, expiry_ahead_days=(1, 1, 0))
    concluded = conclude(latest_of([said("heartbeat")]), facts, policy, NOW)
    assert (concluded.readiness, concluded.reasons) == (Readiness.DEGRADED, ("pads_expires_soon",))
    assert [each.cause for each in concluded.findings] == [None]
    assert verdict(said("heartbeat"), facts=facts, policy=policy, now=NOW + timedelta(days=2.9))[0] == "out_of_service"


def test_a_connected_device_that_says_nothing_is_unverified() -> None:
    heard = said("heartbeat", 26 * 60 - 1)
    assert verdict(heard, facts=CONNECTED) == ("ready", ())
    assert verdict(heard, facts=CONNECTED, now=NOW + timedelta(minutes=1)) == ("unverified", ("heartbeat_overdue",))


def test_a_door_that_speaks_does_not_hide_that_the_heart_has_stopped() -> None:
    heard, door = said("heartbeat", 26 * 60), said("door", 1, open=False)
    assert verdict(heard, door, facts=CONNECTED) == ("unverified", ("heartbeat_overdue",))
    only_its_test = said("self_test", 26 * 60, outcome="ok"), door
    assert verdict(*only_its_test, facts=CONNECTED) == ("ready", ())


def test_a_silent_device_that_a_person_found_in_order_is_used_last() -> None:
    silent = said("heartbeat", days(10))
    assert verdict(silent, facts=CONNECTED)[0] == "unverified"
    seen = said("inspection", days(1), outcome="ok")
    assert verdict(silent, seen, facts=CONNECTED) == ("degraded", ("heartbeat_overdue",))
    seen_before_it_fell_silent = said("inspection", days(9.5), outcome="ok")
    assert verdict(silent, seen_before_it_fell_silent, facts=CONNECTED)[0] == "unverified"


def test_a_connected_device_that_was_never_heard_is_missed_from_its_first_day() -> None:
    facts = replace(CONNECTED, in_service_since=NOW - timedelta(hours=26))
    assert verdict(facts=facts) == ("unverified", ("heartbeat_overdue",))
    assert verdict(facts=facts, now=NOW - timedelta(minutes=1)) == ("unverified", ("no_evidence_yet",))


def test_a_missed_self_test_is_noticed_while_heartbeats_go_on() -> None:
    evidence = said("self_test", days(8), outcome="ok"), said("heartbeat")
    assert verdict(*evidence, facts=CONNECTED) == ("unverified", ("self_test_overdue",))
    assert verdict(*evidence, facts=CONNECTED, now=NOW - timedelta(minutes=1)) == ("ready", ())
    assert verdict(*evidence, facts=replace(CONNECTED, has_self_test=False)) == ("ready", ())


def test_a_device_that_never_reports_is_judged_by_inspections_alone() -> None:
    facts = replace(FACTS, connected=False, has_self_test=True)
    seen = said("inspection", days(44.9), outcome="ok")
    assert verdict(seen, facts=facts) == ("ready", ())
    assert verdict(seen, facts=facts, now=NOW + timedelta(days=1)) == ("unverified", ("inspection_overdue",))


def test_a_connected_device_is_inspected_less_often() -> None:
    seen, heard = said("inspection", days(60), outcome="ok"), said("heartbeat")
    assert verdict(seen, heard, facts=CONNECTED) == ("ready", ())
    assert verdict(seen, heard, facts=replace(FACTS, connected=False)) == ("unverified", ("inspection_overdue",))


def test_the_worst_finding_decides_and_all_are_named() -> None:
    evidence = said("heartbeat", battery_percent=5.0), said("used", 5), said("fault", 1, code="lid")
    assert verdict(*evidence) == ("out_of_service", ("used", "fault_lid", "battery_low"))


@settings(deadline=None)
@given(HISTORIES, SOME_FACTS, SOME_POLICY)
def test_ready_means_good_news_and_no_reason(evidence: list[Evidence], facts: Facts, policy: CarePolicy) -> None:
    conclusion = conclude(latest_of(evidence), facts, policy, NOW)
    assert (conclusion.readiness is Readiness.READY) == (not conclusion.reasons)


def test_the_conclusion_is_as_old_as_the_newest_evidence() -> None:
    latest = latest_of([said("heartbeat", 50), said("fault", 70)])
    assert conclude(latest, FACTS, POLICY, NOW).at == NOW - timedelta(minutes=50)
