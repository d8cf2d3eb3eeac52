"""Work that several may wait for, and that goes on whoever of them no longer does."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedWork(Generic[T]):
    """Begun at once, and told to all who wait one turn of the loop after it has ended.

    `asyncio.shield` around a task does the same two turns after: where much is going on each turn is some ten
    milliseconds of others' work.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._waiting: set[asyncio.Future[T]] = set()
        self._task = asyncio.ensure_future(self._told(work))

    def failed(self) -> bool:
        """Whether it has ended without a result."""
        return self._task.done() and (self._task.cancelled() or self._task.exception() is not None)

    def when_done(self, then: Callable[[], object]) -> None:
        """Call this when it has ended, however it did."""
        self._task.add_done_callback(lambda _: then())

    async def result(self) -> T:
        """What came of it. Raises what it raised; if it was cancelled, so is whoever waits."""
        if self._task.done():
            return self._task.result()
        mine: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.add(mine)
        try:
            return await mine
        finally:
            self._waiting.discard(mine)

    async def _told(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            result = await work
        except asyncio.CancelledError:
            for each in self._who_waits():
                each.cancel()
            raise
        except BaseException as error:
            for each in self._who_waits():
                each.set_exception(error)
            raise
        for each in self._who_waits():
            each.set_result(result)
        return result

    def _who_waits(self) -> list[asyncio.Future[T]]:
        return [each for each in self._waiting if not each.done()]
