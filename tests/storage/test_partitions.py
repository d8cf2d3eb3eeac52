"""Which part of a table an instant is in, what it is called, and which parts there have to be."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from uuid import uuid4

import pytest

from dispatch.storage.partitions import (
    AED_EVENTS,
    AED_REPORTS,
    INCIDENT_EVENTS,
    POSITIONS,
    SPLITS,
    Part,
    Split,
    Width,
    expired,
    lacking,
)
from dispatch.storage.time_ordered import first_id_of, instant_of, time_ordered_id

NEW_YEARS_EVE = datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)

each_split = pytest.mark.parametrize("split", SPLITS, ids=lambda split: split.table)


@pytest.mark.parametrize(
    ("width", "begin", "suffix"),
    [
        (Width.DAY, datetime(2026, 12, 31, tzinfo=UTC), "2026_12_31"),
        (Width.MONTH, datetime(2026, 12, 1, tzinfo=UTC), "2026_12"),
        (Width.QUARTER, datetime(2026, 10, 1, tzinfo=UTC), "2026_q4"),
    ],
)
def test_parts_begin_and_end_at_midnight_utc(width: Width, begin: datetime, suffix: str) -> None:
    assert width.beginning(NEW_YEARS_EVE) == begin
    assert width.next_after(NEW_YEARS_EVE) == MIDNIGHT == width.beginning(MIDNIGHT)
    assert width.suffix(begin) == suffix
    # In another zone it is another day already, and the same part.
    assert width.beginning(NEW_YEARS_EVE.astimezone(tz=timezone_of_china())) == begin


def timezone_of_china() -> timezone:
    return timezone(timedelta(hours=8))


def test_every_instant_of_five_years_is_in_one_part() -> None:
    for width in Width:
        periods = list(Split("table", "at", width, timedelta(0)).periods(width.beginning(MIDNIGHT), in_years(5)))
        assert all(before[1] == after[0] for before, after in pairwise(periods))
        assert all(width.beginning(end - timedelta(microseconds=1)) == begin for begin, end in periods)
        assert len({width.suffix(begin) for begin, _ in periods}) == len(periods)


def in_years(years: int) -> datetime:
    return MIDNIGHT + timedelta(days=365 * years)


@each_split
def test_bounds_are_read_as_they_are_written(split: Split) -> None:
    assert split.instant(split.bound(MIDNIGHT)) == MIDNIGHT


def test_an_id_lies_between_the_bounds_of_its_time() -> None:
    ids = [time_ordered_id(NEW_YEARS_EVE) for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {(each.version, each.variant) for each in ids} == {(7, "specified in RFC 4122")}
    assert all(first_id_of(NEW_YEARS_EVE) <= each < first_id_of(MIDNIGHT) for each in ids)
    assert instant_of(first_id_of(NEW_YEARS_EVE)) == NEW_YEARS_EVE
    assert time_ordered_id(NEW_YEARS_EVE) < time_ordered_id(MIDNIGHT)


def test_ids_that_say_nothing_of_time_are_hardly_ever_in_a_part_of_a_quarter() -> None:
    begin, end = first_id_of(datetime(2026, 10, 1, tzinfo=UTC)), first_id_of(MIDNIGHT)
    assert sum(begin <= uuid4() < end for _ in range(10_000)) <= 3


@each_split
def test_parts_are_wanted_from_the_newest_ones_end_to_as_far_ahead_as_is_said(split: Split) -> None:
    now = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    first = Part("before", None, split.width.next_after(now))
    rest = Part("default", None, None)
    periods = lacking(split, [rest, first], now)
    assert periods[0][0] == first.end
    assert all(before[1] == after[0] for before, after in pairwise(periods))
    assert periods[-1][0] <= now + split.ahead < periods[-1][1]
    there = [Part(split.name(begin), begin, end) for begin, end in periods]
    assert lacking(split, [rest, first, *there], now) == []
    # A service that slept through all of them makes those of the time in which it slept as well.
    late = lacking(split, [rest, first, *there], in_years(2))
    assert late[0][0] == there[-1].end


def test_a_part_is_old_when_its_end_is_and_the_one_for_the_rest_never() -> None:
    days = [
        Part(f"day {day}", datetime(2026, 11, day, tzinfo=UTC), datetime(2026, 11, day + 1, tzinfo=UTC))
        for day in (3, 1, 2)
    ]
    rest = Part("default", None, None)
    first = Part("before", None, datetime(2026, 11, 1, tzinfo=UTC))
    found = expired([*days, rest, first], datetime(2026, 11, 3, 12, tzinfo=UTC))
    assert [each.name for each in found] == ["before", "day 1", "day 2"]


def test_few_parts_are_looked_into_for_one_devices_history() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    assert len(list(AED_REPORTS.periods(now - timedelta(days=400), now))) <= 15
    assert len(list(AED_EVENTS.periods(now - timedelta(days=1830), now))) <= 22
    assert len(list(POSITIONS.periods(now - timedelta(days=30), now))) <= 32
    assert INCIDENT_EVENTS.by_id
