"""Until when an AED can be fetched, remembered until it changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.hours import is_open_at
from dispatch.aeds.record import Access, Aed, Readiness
from tests.people import WULIN

# A Wednesday, 10:00 in Hangzhou.
AT = datetime(2026, 6, 17, 2, 0, tzinfo=UTC)
SIX_IN_THE_EVENING = datetime(2026, 6, 17, 10, 0, tzinfo=UTC)
OPEN_BY_DAY = Aed(
    id=UUID(int=1),
    name="市民中心",
    place=WULIN,
    access=Access.PUBLIC,
    opening_hours="Mo-Su 08:00-18:00",
    readiness=Readiness.READY,
    readiness_at=AT,
    created_at=AT,
    updated_at=AT,
)


@pytest.fixture
def directory() -> AedDirectory:
    directory = AedDirectory("Asia/Shanghai")
    directory.put(OPEN_BY_DAY)
    return directory


def test_it_closes_when_its_hours_end(directory: AedDirectory) -> None:
    assert directory.next_change(OPEN_BY_DAY, AT) == SIX_IN_THE_EVENING
    always = replace(OPEN_BY_DAY, id=UUID(int=2), opening_hours="24/7")
    assert directory.next_change(always, AT) is None


def test_a_change_of_the_comment_alone_is_no_closing(directory: AedDirectory) -> None:
    hours = 'Mo-Su 08:00-12:00 "ask the guard", Mo-Su 12:00-18:00 "at the desk"'
    guarded = replace(OPEN_BY_DAY, id=UUID(int=3), opening_hours=hours)
    directory.put(guarded)
    assert directory.is_usable(guarded, AT)
    assert directory.next_change(guarded, AT) == SIX_IN_THE_EVENING


def test_what_is_remembered_is_what_the_hours_say_whichever_way_the_clock_goes(directory: AedDirectory) -> None:
    for hours in (0, 1, 9, 30, 8, -20, 100, 3, -1, 15):
        at = AT + timedelta(hours=hours)
        is_open = is_open_at(OPEN_BY_DAY.opening_hours, WULIN, at, "Asia/Shanghai")
        assert directory.is_usable(OPEN_BY_DAY, at) is is_open


def test_changed_hours_count_at_once(directory: AedDirectory) -> None:
    assert directory.is_usable(OPEN_BY_DAY, AT)
    closed = replace(OPEN_BY_DAY, opening_hours="Mo-Su 20:00-22:00", updated_at=AT + timedelta(seconds=1))
    directory.put(closed)
    assert not directory.is_usable(closed, AT)
    # A copy that somebody still holds is read by its own hours.
    assert directory.is_usable(OPEN_BY_DAY, AT)
    assert not directory.is_usable(replace(closed, opening_hours=None), AT)
