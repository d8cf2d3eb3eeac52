"""What is done again and again so that a worker stays well: memory tidied, positions kept, the database revived."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from dispatch import districts
from dispatch.engine.engine import Engine
from dispatch.engine.reach import Reach
from dispatch.responders.service import ResponderService
from dispatch.settings import Settings
from dispatch.storage.availability import Availability
from dispatch.storage.cluster_errors import PrivateDatabaseError
from geo.bounding_box import BoundingBox

log = structlog.get_logger()

# Positions are in memory; what is written down lags behind by this much at the most.
_SAVE_POSITIONS_EVERY_S = 5.0
_FORGET_EVERY_S = 60.0
_REVIVE_EVERY_S = 1.0


class Upkeep:
    """The chores of one worker."""

    def __init__(
        self,
        engine: Engine,
        responders: ResponderService,
        reach: Reach,
        availability: Availability,
        settings: Settings,
    ) -> None:
        self._engine = engine
        self._responders = responders
        self._reach = reach
        self._availability = availability
        self._settings = settings
        # Starts the database again where this process runs it itself.
        self.revive: Callable[[], object] | None = None

    @property
    def works(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What runs by itself for as long as the service does."""
        return self._revive_database, self._save_positions, self._forget, self._warm_up

    async def _revive_database(self) -> None:
        """Whoever runs the database has to start it again when it dies."""
        while True:
            await asyncio.sleep(_REVIVE_EVERY_S)
            if self.revive is None or not self._availability.is_away:
                continue
            try:
                await asyncio.to_thread(self.revive)
            except PrivateDatabaseError as error:
                log.error("the private database does not start again", error=str(error))  # noqa: TRY400 - said whole

    async def _save_positions(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_POSITIONS_EVERY_S)
            try:
                await self._responders.save_moved()
            except Exception as error:
                if not self._availability.note_failure(error):
                    log.exception("positions not written down")

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY_S)
            self._engine.forget_ended()
            # Proofs grow old by time alone.
            self._reach.channels_changed(None)

    async def _warm_up(self) -> None:
        # The outlines take half a second to read: not while somebody waits for a map.
        here = BoundingBox(
            self._settings.map_longitude,
            self._settings.map_latitude,
            self._settings.map_longitude,
            self._settings.map_latitude,
        )
        await asyncio.to_thread(districts.districts_within, here)
