"""When a place is open."""

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.aeds.hours import (
    InvalidHours,
    checked_hours,
    is_open_at,
    next_change_after,
    open_intervals,
)
from geo.place import Place

HANGZHOU, ROME, POLE = Place(30.27, 120.15), Place(41.9, 12.5), Place(90.0, 0.0)
WEEKDAYS = "Mo-Fr 08:00-18:00"
ZONE = "Asia/Shanghai"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_hours_are_read_in_the_zone_of_the_place() -> None:
    noon_in_china = at("2026-06-17T12:00+08:00")
    assert is_open_at(WEEKDAYS, HANGZHOU, noon_in_china, ZONE)
    assert not is_open_at(WEEKDAYS, ROME, noon_in_china, ZONE)
    assert is_open_at(WEEKDAYS, ROME, at("2026-06-17T12:00+02:00"), ZONE)


def test_the_default_zone_is_for_where_no_zone_can_be_told() -> None:
    assert is_open_at(WEEKDAYS, POLE, at("2026-06-17T12:00+08:00"), ZONE)
    assert not is_open_at(WEEKDAYS, POLE, at("2026-06-17T12:00+08:00"), "Europe/Rome")


def test_unknown_hours_are_never_open() -> None:
    now = at("2026-06-17T12:00+08:00")
    assert not is_open_at(None, HANGZHOU, now, ZONE)
    assert next_change_after(None, HANGZHOU, now, ZONE) is None
    assert list(open_intervals(None, HANGZHOU, now, timedelta(days=1), ZONE)) == []


@pytest.mark.parametrize("hours", ['"by appointment"', "unknown", "Mo-Su unknown", 'Mo-Su off; "call first"'])
def test_what_is_said_to_be_uncertain_is_not_open(hours: str) -> None:
    assert not is_open_at(hours, HANGZHOU, at("2026-06-17T12:00+08:00"), ZONE)


def test_a_comment_beside_times_does_not_close_them() -> None:
    assert is_open_at('Mo-Fr 08:00-18:00 "at the desk"', HANGZHOU, at("2026-06-17T12:00+08:00"), ZONE)


def test_chinese_public_holidays_close_what_is_off_on_holidays() -> None:
    national_day = at("2026-10-01T12:00+08:00")
    assert is_open_at(WEEKDAYS, HANGZHOU, national_day, ZONE)
    assert not is_open_at(f"{WEEKDAYS}; PH off", HANGZHOU, national_day, ZONE)


def test_the_next_change_is_told_in_utc() -> None:
    change = next_change_after(WEEKDAYS, HANGZHOU, at("2026-06-19T12:00+08:00"), ZONE)
    assert change == datetime(2026, 6, 19, 10, 0, tzinfo=UTC)
    assert next_change_after("24/7", HANGZHOU, at("2026-06-19T12:00+08:00"), ZONE) is None


def test_open_intervals_cover_the_asked_stretch() -> None:
    found = list(open_intervals(WEEKDAYS, HANGZHOU, at("2026-06-19T12:00+08:00"), timedelta(days=3), ZONE))
    assert found == [
        (at("2026-06-19T12:00+08:00"), at("2026-06-19T18:00+08:00")),
        (at("2026-06-22T08:00+08:00"), at("2026-06-22T12:00+08:00")),
    ]


def test_a_change_beyond_a_year_costs_no_search_of_the_centuries() -> None:
    began = datetime.now(UTC)
    assert (
        next_change_after("1900-9999/7 Feb 29 Mo[2] 10:00-11:00", HANGZHOU, at("2026-06-19T12:00+08:00"), ZONE) is None
    )
    assert datetime.now(UTC) - began < timedelta(seconds=0.2)


def test_small_faults_are_put_right_and_the_rest_is_kept_as_written() -> None:
    assert checked_hours(" Mo-Fr 8:00-18:00 ") == "Mo-Fr 8:00-18:00"
    assert checked_hours("mo-fr 08:00-18:00; SU off") == "Mo-Fr 08:00-18:00; Su closed"
    assert checked_hours("Mo-Sa 09:00-20:00; Dec 25 off") == "Mo-Sa 09:00-20:00; Dec 25 off"


@pytest.mark.parametrize("text", ["", "24/24", "nine to five", "Mo-Fr 0800-1800", "Mo-Fr 08:00-18:00;;x", "x" * 2000])
def test_what_is_no_opening_hours_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidHours) as refusal:
        checked_hours(text)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Mo-Fr 08:00-16:00; SH off", "SH"),
        ("SH 10:00-12:00", "SH"),
        ("24/7; PH,SH off", "SH"),
        ("Mo-Su 10:00+", "open end"),
        ("Mo-Su 10:00-16:00+", "open end"),
        ("sunrise+", "open end"),
        ("(sunset-01:00)+", "open end"),
    ],
)
def test_what_nobody_can_be_certain_of_is_refused(text: str, what: str) -> None:
    with pytest.raises(InvalidHours, match=what):
        checked_hours(text)


@pytest.mark.parametrize("text", ['Mo-Fr 08:00-16:00 "SH: ring"', "(sunrise+01:00)-sunset", 'Mo 10:00-12:00 "10:00+"'])
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert checked_hours(text) == text
