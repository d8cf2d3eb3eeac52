"""Makes two calls for one emergency one incident."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.commands import LookAround, Refused
from dispatch.rescue.merging import merge
from dispatch.rescue.vocabulary import IncidentId

if TYPE_CHECKING:
    from dispatch.engine.engine import Engine

# A decision that lost to another worker's, or to a responder who has just been taken, is decided anew this often.
TRIES = 12


class Mergers:
    """Both are written in one transaction, or neither is."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine

    async def merge(self, duplicate_id: IncidentId, into_id: IncidentId, *, by: str) -> None:
        """Make two calls for one emergency one incident, in one transaction. Raises `NotFound` and `Refused`."""
        await asyncio.shield(asyncio.ensure_future(self._merge(duplicate_id, into_id, by)))

    async def _merge(self, duplicate_id: IncidentId, into_id: IncidentId, by: str) -> None:
        if duplicate_id == into_id:
            raise Refused("same_incident", "An incident cannot be merged into itself.")
        # Always in the same order: two merges the other way round must not wait for each other.
        first, second = sorted((duplicate_id, into_id))
        async with self._engine.live.place_for(first).lock, self._engine.live.place_for(second).lock:
            left, right = self._engine.live.place_for(duplicate_id), self._engine.live.place_for(into_id)
            await self._made_one((duplicate_id, left), (into_id, right), by)

    async def merge_again(
        self, duplicate: tuple[IncidentId, LiveIncident], into: tuple[IncidentId, LiveIncident], by: str
    ) -> None:
        """As `carry_out_again`: make two incidents one whose locks the asker holds, if that can still be."""
        with contextlib.suppress(Refused):
            await self._made_one(duplicate, into, by)

    async def _made_one(
        self, duplicate: tuple[IncidentId, LiveIncident], into: tuple[IncidentId, LiveIncident], by: str
    ) -> None:
        lives = duplicate[1], into[1]
        try:
            for _ in range(TRIES):
                ends, goes_on = await self._engine.loaded(*duplicate), await self._engine.loaded(*into)
                now = self._engine.clock.now()
                scene = await self._engine.surveyor.scene_for(goes_on, LookAround(), now=now)
                decisions = merge(ends, goes_on, scene, by=by)
                if await self._engine.recorded(lives, decisions, rewake=True, insists=True):
                    return
        finally:
            for live in lives:
                if live.incident is not None:
                    # Another worker may have ended what memory still held somebody for.
                    self._engine.engagements.let_go(live.incident)
        raise RuntimeError(f"merging {duplicate[0]} into {into[0]} lost to other decisions {TRIES} times")
