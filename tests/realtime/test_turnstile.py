"""A crowd that connects at once does not stand before everything else in the loop."""

import asyncio
import itertools
from functools import partial

from dispatch.realtime.turnstile import Farewells, Turnstile


async def test_each_turn_of_the_loop_lets_two_through_in_the_order_in_which_they_came() -> None:
    turnstile = Turnstile(2)
    through: list[int] = []

    async def comes(number: int) -> None:
        await turnstile.passed()
        through.append(number)

    tasks = [asyncio.create_task(comes(number)) for number in range(9)]
    seen = []
    while len(through) < 9:
        await asyncio.sleep(0)
        seen.append(len(through))
    assert through == list(range(9))
    assert max(after - before for before, after in itertools.pairwise(seen)) <= 2
    await asyncio.gather(*tasks)


async def test_whoever_leaves_while_waiting_keeps_nobody_waiting() -> None:
    turnstile = Turnstile(1)
    first, leaves, last = (asyncio.create_task(turnstile.passed()) for _ in range(3))
    await asyncio.sleep(0)
    leaves.cancel()
    async with asyncio.timeout(5):
        await asyncio.gather(first, last)
    assert leaves.cancelled()


async def test_an_empty_turnstile_is_passed_at_once_again_and_again() -> None:
    turnstile = Turnstile()
    async with asyncio.timeout(5):
        for _ in range(3):
            await turnstile.passed()


async def test_few_who_leave_are_seen_off_at_once_and_a_crowd_so_many_in_a_turn_in_its_order() -> None:
    farewells = Farewells(2)
    gone: list[int] = []
    for number in range(7):
        farewells.run(partial(gone.append, number))
    assert gone == [0, 1]
    seen: list[int] = []
    for turn in range(8):
        await asyncio.sleep(0)
        if turn == 1:
            # Who comes meanwhile stands behind them.
            farewells.run(partial(gone.append, 7))
        seen.append(len(gone))
    assert gone == list(range(8))
    assert max(after - before for before, after in itertools.pairwise(seen)) <= 2
    farewells.run(partial(gone.append, 8))
    assert gone[-1] == 8


async def test_one_that_cannot_be_seen_off_keeps_no_other_from_it() -> None:
    farewells = Farewells(1)
    gone: list[int] = []

    def fails() -> None:
        raise RuntimeError

    farewells.run(partial(gone.append, 0))
    farewells.run(fails)
    farewells.run(partial(gone.append, 1))
    for _ in range(5):
        await asyncio.sleep(0)
    assert gone == [0, 1]


def test_who_is_left_over_from_one_loop_is_nobody_to_wait_for_in_the_next() -> None:
    farewells = Farewells(1)
    gone: list[int] = []

    async def leave(number: int) -> None:
        farewells.run(partial(gone.append, number))

    for number in range(3):
        asyncio.run(leave(number))
    assert gone == [0, 1, 2]
