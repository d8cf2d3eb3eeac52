"""Policies put together along the tree of owners, and what they must not say."""

import math
from pathlib import Path
from typing import Any

import pytest

from dispatch.aeds.health.deadlines import Trouble, detected_within_s
from dispatch.aeds.health.explaining import REASONS
from dispatch.aeds.health.policy import CARE_FIELDS, CarePolicy, InvalidPolicy, care_policy
from dispatch.aeds.health.vocabulary import Cause

PAGE = (Path(__file__).parents[3] / "docs" / "readiness.md").read_text()


def test_what_a_venue_does_not_decide_is_inherited() -> None:
    policy = care_policy([{"fence_m": 500, "battery_low_percent": 30}, {}, {"battery_low_percent": 25}])
    assert (policy.fence_m, policy.battery_low_percent) == (500.0, 25.0)
    assert policy.in_use_for_s == CarePolicy().in_use_for_s


def test_deadlines_are_overridden_cause_by_cause() -> None:
    policy = care_policy([{"due_within_s": {"fault": 3600, "used": 60}}, {"due_within_s": {"fault": 7200}}])
    assert policy.due_within_s[Cause.FAULT] == 7200
    assert policy.due_within_s[Cause.USED] == 60
    assert set(policy.due_within_s) == set(Cause)


def test_nothing_decided_is_the_default() -> None:
    assert care_policy([]) == care_policy([{}, {}]) == CarePolicy()


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"fence": 100}, "fence"),
        ({"fence_m": "far"}, "fence_m"),
        ({"fence_m": True}, "fence_m"),
        ({"fence_m": math.nan}, "fence_m"),
        ({"fence_m": -1}, "fence_m"),
        ({"fence_m": None}, "fence_m"),
        ({"door_open_for_s": 7200}, "door_open_for_s"),
        ({"expiry_ahead_days": [7, 30, 90]}, "expiry_ahead_days"),
        ({"expiry_ahead_days": [90, 30]}, "expiry_ahead_days"),
        ({"expiry_ahead_days": [90, 30, "7"]}, "expiry_ahead_days.2"),
        ({"escalate_after_s": [10, 5, 20]}, "escalate_after_s"),
        ({"due_within_s": {"weather": 1}}, "due_within_s.weather"),
        ({"due_within_s": {"fault": -1}}, "due_within_s.fault"),
        ({"due_within_s": 5}, "due_within_s"),
        ({"tell": ["always"]}, "tell"),
        ({"battery_flat_percent": 50}, "battery_flat_percent"),
        ({"temperature_least_c": 60}, "temperature_least_c"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_name(part: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        care_policy([{}, part])
    assert refused.value.field == field


def test_an_owner_may_have_no_inspections_at_all() -> None:
    policy = care_policy([{"inspection_every_days": None}])
    assert policy.inspection_interval_days(connected=False) is None
    within = detected_within_s(policy, connected=False, tests_are_reported=False)
    assert within[Trouble.SEEN_BY_PEOPLE] == math.inf


def test_a_connected_device_makes_itself_heard_sooner_than_people_come() -> None:
    alone = detected_within_s(CarePolicy(), connected=False, tests_are_reported=False)
    itself = detected_within_s(CarePolicy(), connected=True, tests_are_reported=True)
    assert itself[Trouble.SILENT] == 26 * 3600
    assert itself[Trouble.SEEN_BY_DEVICE] == 8 * 86_400
    assert alone[Trouble.SEEN_BY_DEVICE] == 45 * 86_400


@pytest.mark.parametrize("name", CARE_FIELDS)
def test_the_page_names_every_value(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("reason", REASONS)
def test_the_page_names_every_reason(reason: str) -> None:
    assert f"`{reason}`" in PAGE
