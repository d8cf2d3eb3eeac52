"""Finds in the database what no other worker has told: how incidents went on, and messages for sessions here."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from dispatch.engine.recording import Recording
from dispatch.sharing.following import Following
from dispatch.sharing.lagging_mailboxes import LaggingMailboxes
from dispatch.sharing.link import Link

log = structlog.get_logger()

# Soon while others cannot be heard, else now and then.
_LOOK_EVERY_S: Final = 3.0
_LOOK_ALONE_EVERY_S: Final = 0.4


@dataclass(frozen=True, slots=True)
class LookingParts:
    """Whether others can be heard and the database be asked, and what there is to find."""

    link: Link
    recording: Recording
    following: Following
    mailboxes: LaggingMailboxes


class Looking:
    """Looks again and again, at either for itself: an alert must not wait until a storm of incidents has been read."""

    def __init__(self, parts: LookingParts) -> None:
        self._parts = parts
        self._wakes = (asyncio.Event(), asyncio.Event())

    def look(self) -> None:
        """Look soon: something was not told."""
        for each in self._wakes:
            each.set()

    @property
    def works(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs by itself for as long as the service does."""
        return (self._follow, self._fill)

    async def _follow(self) -> None:
        await self._keep_looking(self._wakes[0], self._parts.following.check)

    async def _fill(self) -> None:
        await self._keep_looking(self._wakes[1], self._parts.mailboxes.fill)

    async def _keep_looking(self, wake: asyncio.Event, find: Callable[[], Awaitable[object]]) -> None:
        parts = self._parts
        while True:
            is_alone = parts.link.is_away or parts.following.misses_news
            try:
                async with asyncio.timeout(_LOOK_ALONE_EVERY_S if is_alone else _LOOK_EVERY_S):
                    await wake.wait()
            except TimeoutError:
                pass
            wake.clear()
            try:
                if not parts.recording.is_away:
                    await find()
            except Exception as error:
                if not parts.recording.note_failure(error):
                    log.exception("other workers are not followed")
                wake.set()
            # However much is lost, whoever calls for help has the most of this worker's time.
            await asyncio.sleep(_LOOK_ALONE_EVERY_S / 2)
