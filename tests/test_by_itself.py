"""What runs by itself is begun again after a fault, and ends when it is told to, however often that takes."""

import asyncio

import pytest

from dispatch import by_itself
from dispatch.by_itself import ended, kept_going


async def test_one_that_puts_things_in_order_first_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_itself, "_END_WITHIN_S", 0.01)
    told = 0

    async def stubborn() -> None:
        nonlocal told
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                told += 1

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ended([task])
    assert (told, task.done()) == (3, True)


async def test_nothing_to_end_ends_at_once() -> None:
    async with asyncio.timeout(5):
        await ended([])


async def test_a_fault_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_itself, "_BEGIN_AGAIN_AFTER_S", 0.0)
    begun = 0

    async def work() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise LookupError("a fault of ours")

    async with asyncio.timeout(5):
        await kept_going(work)
    assert begun == 2
