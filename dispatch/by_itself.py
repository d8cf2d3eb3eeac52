"""What runs by itself beside the requests: begun again after a fault, and ended with the service."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog

from dispatch.storage.availability import is_outage

log = structlog.get_logger()

_BEGIN_AGAIN_AFTER_S = 1.0

# Whatever has to be put in order at the end takes milliseconds.
_END_WITHIN_S = 0.5
_TOLD_AT_MOST = 5

_KILLED_WITHIN_S = 2.0


async def kept_going(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run `work`; if it ends by a fault, say so and begin it again."""
    while True:
        try:
            await work()
        except Exception as error:
            if is_outage(error):
                log.warning("waiting for the database", work=work.__qualname__)
            else:
                log.exception("begun again after a fault", work=work.__qualname__)
            await asyncio.sleep(_BEGIN_AGAIN_AFTER_S)
        else:
            return


async def ended(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end.

    One that waits for a database that hangs first asks it to cancel, and waits for that too, ten seconds in all, and
    again for what it puts in order then: told once more each time, it lets go at once.
    """
    left: Collection[asyncio.Task[None]] = tasks
    for _ in range(_TOLD_AT_MOST):
        for task in left:
            task.cancel()
        if left:
            _, left = await asyncio.wait(left, timeout=_END_WITHIN_S)
    await asyncio.gather(*tasks, return_exceptions=True)


async def killed(process: asyncio.subprocess.Process) -> None:
    """End a process of our own that may still be at work; whoever stops the service does not wait for it."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILLED_WITHIN_S):
                await process.wait()
