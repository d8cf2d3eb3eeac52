"""Of a mailbox it is known up to which number it goes: what is kept is sent, what is gone is not waited for."""

import random

from dispatch.realtime.in_order import InOrder


def _begun(after: int, *waiting: int) -> InOrder:
    order = InOrder()
    order.begin(after)
    for seq in waiting:
        assert order.offer(seq, f"live {seq}") == []
    return order


def test_what_is_kept_is_sent_and_the_next_goes_on_from_there() -> None:
    order = _begun(3)
    assert order.go_on_with({4: "d", 5: "e"}, up_to=5) == ["d", "e"]
    assert order.sent == 5
    assert order.offer(6, "f") == ["f"]


def test_numbers_that_are_gone_at_the_end_are_not_waited_for() -> None:
    order = _begun(3)
    assert order.go_on_with({4: "d"}, up_to=7) == ["d"]
    assert order.sent == 7
    assert not order.has_gap
    assert order.offer(8, "h") == ["h"]


def test_nor_are_those_between() -> None:
    order = _begun(3, 9)
    assert order.go_on_with({5: "e", 7: "g"}, up_to=8) == ["e", "g", "live 9"]
    assert order.sent == 9


def test_what_waits_beyond_the_last_known_number_waits_on() -> None:
    order = _begun(3, 12)
    assert order.go_on_with({4: "d"}, up_to=8) == ["d"]
    assert order.sent == 8
    assert order.has_gap
    assert order.offer(9, "i") == ["i"]


def test_a_number_that_was_passed_long_ago_changes_nothing() -> None:
    order = _begun(10)
    assert order.go_on_with({4: "d"}, up_to=8) == []
    assert order.sent == 10


def test_before_the_session_has_begun_nothing_is_given_out() -> None:
    assert InOrder().go_on_with({1: "a"}, up_to=1) == []


def test_whatever_is_kept_lost_or_told_everything_kept_is_given_out_once_and_in_order() -> None:
    dice = random.Random(2)
    for _ in range(500):
        last = dice.randrange(1, 30)
        acknowledged = {seq for seq in range(1, last + 1) if dice.random() < 0.2}
        order, given = InOrder(), []
        given += order.begin(dice.randrange(3))
        began = order.sent
        told = [seq for seq in range(1, last + 1) if dice.random() < 0.5]
        dice.shuffle(told)
        for place, seq in enumerate(told):
            if place == len(told) // 2:
                up_to = dice.randrange(1, last + 1)
                kept = {
                    each: str(each) for each in range(1, up_to + 1) if each > order.sent and each not in acknowledged
                }
                given += order.go_on_with(kept, up_to=up_to)
            given += order.offer(seq, str(seq))
        kept = {each: str(each) for each in range(1, last + 1) if each > order.sent and each not in acknowledged}
        given += order.go_on_with(kept, up_to=last)
        numbers = [int(each) for each in given]
        assert numbers == sorted(set(numbers))
        assert set(range(began + 1, last + 1)) - acknowledged <= set(numbers)
        assert order.sent == max(last, began)
