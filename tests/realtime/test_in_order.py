"""One session's numbered messages come out in order, each once, whatever order they come in."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.realtime.in_order import InOrder


def test_nothing_goes_out_before_the_session_begins() -> None:
    order = InOrder()
    assert order.offer(3, "c") == []
    assert order.offer(2, "b") == []
    assert order.begin(1) == ["b", "c"]


def test_what_the_backlog_held_already_is_not_sent_twice() -> None:
    order = InOrder()
    order.offer(1, "a")
    order.offer(2, "b")
    assert order.begin(2) == []
    assert not order.has_gap
    assert order.offer(2, "b") == []
    assert order.offer(3, "c") == ["c"]


def test_a_message_overtaken_by_a_later_one_still_goes_first() -> None:
    order = InOrder()
    order.begin(0)
    gaps = []
    assert order.offer(2, "b") == []
    gaps.append(order.has_gap)
    assert order.offer(1, "a") == ["a", "b"]
    gaps.append(order.has_gap)
    assert gaps == [True, False]
    assert order.sent == 2


@settings(max_examples=200, derandomize=True, database=None)
@given(
    total=st.integers(0, 20),
    after=st.integers(0, 25),
    begin_at=st.integers(0, 40),
    seed=st.integers(0, 10_000),
)
def test_everything_after_the_beginning_once_and_in_order(total: int, after: int, begin_at: int, seed: int) -> None:
    arrivals = [*range(1, total + 1), *random.Random(seed).choices(range(1, total + 2), k=total)]
    arrivals = [number for number in arrivals if number <= total]
    random.Random(seed).shuffle(arrivals)
    order, out = InOrder(), []
    for turn, number in enumerate(arrivals):
        if turn == begin_at:
            out += order.begin(after)
        out += order.offer(number, str(number))
    if begin_at >= len(arrivals):
        out += order.begin(after)
    assert out == [str(number) for number in range(after + 1, total + 1)]
    assert not order.has_gap
