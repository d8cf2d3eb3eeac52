"""What is found closed is passed by until it opens, and never a moment longer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.record import Access, Aed, Readiness
from tests.people import WULIN, beside

# A Wednesday, 04:00 in Hangzhou.
NIGHT = datetime(2026, 6, 16, 20, 0, tzinfo=UTC)
HOURS = ("24/7", "Mo-Fr 08:00-18:00", "08:00-22:00", "Mo-Su 05:45-23:15", "PH off", None, "22:00-06:00")


def _aed(number: int, hours: str | None, *, moved_m: float = 0.0) -> Aed:
    return Aed(
        id=UUID(int=number),
        name=str(number),
        place=beside(WULIN, north_m=10.0 * number + moved_m),
        access=Access.PUBLIC,
        opening_hours=hours,
        readiness=Readiness.READY,
        readiness_at=NIGHT,
        created_at=NIGHT,
        updated_at=NIGHT,
    )


@pytest.fixture
def directory() -> AedDirectory:
    """Two hundred devices behind doors of all sorts."""
    found = AedDirectory()
    for number in range(200):
        found.put(_aed(number, HOURS[number % len(HOURS)]))
    return found


def _both(directory: AedDirectory, at: datetime, limit: int = 20) -> tuple[list[str], list[str]]:
    by_marks = directory.nearest_usable(WULIN, limit, at, is_now=True)
    plainly = directory.nearest_usable(WULIN, limit, at)
    return [aed.name for aed, _ in by_marks], [aed.name for aed, _ in plainly]


def test_through_two_days_the_answer_is_what_a_plain_look_says(directory: AedDirectory) -> None:
    for step in range(200):
        by_marks, plainly = _both(directory, NIGHT + timedelta(minutes=15 * step))
        assert by_marks == plainly


def test_a_clock_that_jumps_breaks_nothing(directory: AedDirectory) -> None:
    rng = Random(7)
    for _ in range(150):
        by_marks, plainly = _both(directory, NIGHT + timedelta(minutes=rng.randrange(-3000, 3000) * 2))
        assert by_marks == plainly


def test_whoever_asks_about_another_time_changes_nothing_for_now(directory: AedDirectory) -> None:
    before, _ = _both(directory, NIGHT)
    directory.nearest_usable(WULIN, 20, NIGHT + timedelta(days=300))
    assert _both(directory, NIGHT + timedelta(seconds=1)) == (before, before)


def test_new_hours_and_another_place_count_at_once(directory: AedDirectory) -> None:
    _both(directory, NIGHT)
    closed = _aed(1, "Mo-Fr 08:00-18:00")
    for hours in ("24/7", "Mo-Fr 08:00-18:00", "24/7"):
        directory.put(_aed(1, hours))
        by_marks, plainly = _both(directory, NIGHT)
        assert by_marks == plainly
        assert ("1" in by_marks) is (hours == "24/7")
    directory.put(closed)
    directory.put(_aed(1, "Mo-Fr 08:00-18:00", moved_m=5))
    directory.forget(UUID(int=1))
    by_marks, plainly = _both(directory, NIGHT)
    assert by_marks == plainly


def test_a_heartbeat_leaves_the_mark_and_a_fault_takes_it_out_all_the_same(directory: AedDirectory) -> None:
    _both(directory, NIGHT)
    morning = NIGHT + timedelta(hours=5)
    broken = replace(_aed(1, HOURS[1]), readiness=Readiness.OUT_OF_SERVICE)
    directory.put(_aed(2, HOURS[2]))
    directory.put(broken)
    by_marks, plainly = _both(directory, morning)
    assert by_marks == plainly
    assert "1" not in by_marks
    assert "2" in by_marks


def test_what_is_not_there_is_no_error(directory: AedDirectory) -> None:
    directory.forget(uuid4())
