"""Work that several wait for goes on whoever of them gives up, and all know at once what came of it."""

import asyncio

import pytest

from dispatch.shared_work import SharedWork


class Work:
    """Ends when it is told to, as it is told to."""

    def __init__(self) -> None:
        self.ends: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.shared = SharedWork(self._run())
        self.turns_since = 0

    async def _run(self) -> str:
        try:
            return await self.ends
        finally:
            asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self.turns_since += 1
        if self.turns_since < 10:
            asyncio.get_running_loop().call_soon(self._count)


async def test_who_gives_up_stops_it_for_nobody() -> None:
    work = Work()
    first, second = (asyncio.ensure_future(work.shared.result()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    work.ends.set_result("done")
    assert await second == "done"
    assert first.cancelled()
    assert await work.shared.result() == "done"
    assert not work.shared.failed()


async def test_who_waits_knows_one_turn_of_the_loop_later() -> None:
    work = Work()
    asyncio.get_running_loop().call_soon(work.ends.set_result, "done")
    assert await work.shared.result() == "done"
    assert work.turns_since <= 1


async def test_what_went_wrong_is_told_to_all_who_wait_and_to_who_asks_later() -> None:
    work = Work()
    ended = asyncio.Event()
    work.shared.when_done(ended.set)
    waiting = [asyncio.ensure_future(work.shared.result()) for _ in range(2)]
    await asyncio.sleep(0)
    work.ends.set_exception(LookupError("nobody there"))
    await ended.wait()
    assert work.shared.failed()
    for each in (*waiting, work.shared.result()):
        with pytest.raises(LookupError, match="nobody there"):
            await each


async def test_work_that_is_cancelled_keeps_nobody_waiting() -> None:
    work = Work()
    waiting = asyncio.ensure_future(work.shared.result())
    await asyncio.sleep(0)
    work.ends.cancel()
    await asyncio.wait([waiting], timeout=5)
    assert waiting.cancelled()
    assert work.shared.failed()
