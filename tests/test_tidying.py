"""The collector looks while nobody waits, and finds what only it can find."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from dispatch.tidying import Tidying, set_collector


class _Ring:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_served() -> Iterator[None]:
    before = gc.get_threshold()
    set_collector()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def _left_behind() -> "weakref.ref[_Ring]":
    return weakref.ref(_Ring())


def test_rings_go_while_nobody_waits() -> None:
    left = _left_behind()
    kept: list[list[int]] = [[] for _ in range(2_000)]
    assert left() is not None
    assert Tidying(lambda: False).tidy()
    assert left() is None
    assert len(kept) == 2_000


def test_nobody_who_waits_waits_for_that() -> None:
    left = _left_behind()
    kept: list[list[int]] = [[] for _ in range(2_000)]
    assert not Tidying(lambda: True).tidy()
    assert left() is not None
    assert len(kept) == 2_000


def test_what_its_own_short_looks_left_is_looked_at_too() -> None:
    gc.collect(0)
    gc.collect(0)
    assert Tidying(lambda: False).tidy()


def test_where_nothing_came_together_it_does_not_look() -> None:
    gc.collect(1)
    assert not Tidying(lambda: False).tidy()
