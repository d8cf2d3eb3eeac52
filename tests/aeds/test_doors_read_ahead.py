"""A search passes over places that stay closed without asking, and finds exactly what it would find by asking."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest

from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.doors import Door, Doors
from dispatch.aeds.record import Access, Aed, Readiness
from geo.distance import distance_m
from tests.people import WULIN, beside

# A Wednesday, 10:00 in Hangzhou.
AT = datetime(2026, 6, 17, 2, 0, tzinfo=UTC)
HOURS = (
    "24/7",
    "Mo-Su 08:00-18:00",
    "Mo-Fr 09:00-17:00; PH off",
    "Sa-Su 10:00-16:00",
    "20:00-06:00",
    "sunrise-sunset",
    "off",
    None,
)


def _aed(number: int, rng: Random) -> Aed:
    return Aed(
        id=UUID(int=number),
        name=f"{number}",
        place=beside(WULIN, north_m=rng.uniform(-3_000, 3_000), east_m=rng.uniform(-3_000, 3_000)),
        access=Access.PUBLIC,
        opening_hours=rng.choice(HOURS),
        readiness=rng.choice((Readiness.READY, Readiness.READY, Readiness.OUT_OF_SERVICE)),
        readiness_at=AT,
        created_at=AT,
        updated_at=AT,
    )


def _by_asking(directory: AedDirectory, at: datetime, limit: int) -> list[UUID]:
    usable = [aed for aed in directory if directory.is_fetchable(aed, at)]
    return [aed.id for aed in sorted(usable, key=lambda aed: distance_m(WULIN, aed.place))[:limit]]


def _found(directory: AedDirectory, at: datetime, limit: int) -> list[UUID]:
    return [aed.id for aed, _ in directory.nearest_usable(WULIN, limit, at)]


def _read_all(directory: AedDirectory, now: datetime) -> None:
    while directory.doors.read_ahead(now, 7) == 7:
        pass


def _marked(directory: AedDirectory) -> list[Aed]:
    return [aed for aed in directory if directory.doors.is_marked(aed.id)]


@pytest.mark.parametrize("seed", range(12))
def test_it_finds_what_asking_every_door_finds(seed: int) -> None:
    rng = Random(seed)
    directory, now, number = AedDirectory("Asia/Shanghai"), AT, 0
    for _ in range(300):
        step = rng.random()
        if step < 0.35:
            number += 1
            directory.put(_aed(number, rng))
        elif step < 0.5 and len(directory):
            changed = rng.choice(list(directory))
            other = replace(_aed(0, rng), id=changed.id, updated_at=changed.updated_at + timedelta(seconds=1))
            directory.put(rng.choice((other, replace(changed, updated_at=other.updated_at))))
        elif step < 0.55 and len(directory):
            directory.forget(rng.choice(list(directory)).id)
        elif step < 0.75:
            # Clocks are also set back.
            now += timedelta(minutes=rng.choice((1, 1, 1, 30, 90, 600, -60)))
        else:
            directory.doors.read_ahead(now, rng.choice((1, 5, 1_000)))
        # Who comes may come later, and may ask about what was.
        at = now + timedelta(minutes=rng.choice((0, 0, 0, 1, 5, 300, -5)))
        assert _found(directory, at, 5) == _by_asking(directory, at, 5)


def test_marks_are_there_to_be_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without this the test above could pass by never marking anything."""
    rng = Random(1)
    directory = AedDirectory("Asia/Shanghai")
    for number in range(1, 200):
        directory.put(_aed(number, rng))
    asked: list[Aed] = []
    monkeypatch.setattr(directory.doors, "of", _counted(directory.doors, asked))
    _found(directory, AT, 5)
    before = len(asked)
    _read_all(directory, AT)
    asked.clear()
    _found(directory, AT, 5)
    assert len(asked) == 5 < before
    closed = [aed for aed in directory if aed.opening_hours is not None and not directory.doors.of(aed, AT).is_open]
    assert _marked(directory) == closed
    assert directory.doors.marks_hold(AT)


def test_a_mark_goes_before_the_door_opens(directory: AedDirectory) -> None:
    opens_at = AT + timedelta(hours=10)
    _read_all(directory, AT)
    assert _marked(directory)
    _read_all(directory, opens_at - timedelta(minutes=3))
    assert _marked(directory)
    _read_all(directory, opens_at - timedelta(minutes=1))
    assert not _marked(directory)
    assert _found(directory, opens_at, 1)


def test_it_is_found_when_it_opens_even_if_nobody_has_read_ahead_since(directory: AedDirectory) -> None:
    opens_at = AT + timedelta(hours=10)
    _read_all(directory, AT)
    assert directory.doors.marks_hold(opens_at - timedelta(seconds=1))
    assert not _found(directory, opens_at - timedelta(seconds=1), 1)
    assert not directory.doors.marks_hold(opens_at)
    assert _found(directory, opens_at, 1)


def test_it_is_marked_again_when_it_closes(directory: AedDirectory) -> None:
    _read_all(directory, AT)
    _read_all(directory, AT + timedelta(hours=10))
    assert not _marked(directory)
    _read_all(directory, AT + timedelta(hours=20))
    assert _marked(directory)


def test_a_heartbeat_keeps_the_mark_and_other_hours_take_it(directory: AedDirectory) -> None:
    _read_all(directory, AT)
    (night,) = _marked(directory)
    heard = replace(night, updated_at=AT + timedelta(seconds=1))
    directory.put(heard)
    assert _marked(directory) == [heard]
    always = replace(night, opening_hours="24/7", updated_at=AT + timedelta(seconds=2))
    directory.put(always)
    assert not _marked(directory)
    assert _found(directory, AT, 1) == [night.id]


def test_hours_without_a_change_are_read_again_a_day_later() -> None:
    directory = AedDirectory("Asia/Shanghai")
    directory.put(replace(_aed(1, Random(0)), opening_hours="off", readiness=Readiness.READY))
    _read_all(directory, AT)
    assert directory.doors.marks_hold(AT + timedelta(hours=23))
    assert not directory.doors.marks_hold(AT + timedelta(hours=24))
    _read_all(directory, AT + timedelta(hours=24))
    assert directory.doors.marks_hold(AT + timedelta(hours=47))
    assert len(_marked(directory)) == 1


def test_hours_that_are_none_are_closed_doors_and_keep_no_search_from_its_end(directory: AedDirectory) -> None:
    poisoned = replace(_aed(7, Random(0)), opening_hours="whenever", readiness=Readiness.READY)
    always = replace(_aed(8, Random(1)), opening_hours="24/7", readiness=Readiness.READY)
    directory.put_many([poisoned, always])
    assert _found(directory, AT, 5) == [always.id]
    _read_all(directory, AT)
    assert _found(directory, AT, 5) == [always.id]
    assert directory.next_change(poisoned, AT) is None


@pytest.fixture
def directory() -> AedDirectory:
    directory = AedDirectory("Asia/Shanghai")
    directory.put(replace(_aed(1, Random(0)), opening_hours="20:00-06:00", readiness=Readiness.READY))
    return directory


def _counted(doors: Doors, asked: list[Aed]) -> Callable[[Aed, datetime], Door]:
    real = doors.of

    def counted(aed: Aed, at: datetime) -> Door:
        asked.append(aed)
        return real(aed, at)

    return counted
