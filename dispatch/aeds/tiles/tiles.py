"""The tiles as they are asked for: from the shelf as long as they hold, else drawn once for all who wait for one."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import structlog

from dispatch.aeds.record import Aed
from dispatch.aeds.tiles.addresses import FIRST_ZOOM_WITH_POINTS, tiles_that_show
from dispatch.aeds.tiles.drawing import MOST_AT_ONCE, Artist, Drawing, TileKey
from dispatch.aeds.tiles.shelf import Kept, Shelf
from dispatch.clock import Clock
from dispatch.problems import DatabaseAway, DatabaseBusy
from dispatch.storage.availability import is_outage
from dispatch.storage.direct import NotAnswered
from geo.datum import Datum
from geo.place import Place

log = structlog.get_logger()

_MOST_WAITING = 200
"""Different tiles that may wait to be drawn: some ten seconds' worth; who comes then is asked to come again."""

_REST = 20.0
"""So many times what drawing it took, a tile of clusters is left as it is: somewhere in a province something changes
every second, and it would be drawn without end."""

# What a change of these says, a tile shows.
_SHOWN = (
    *("name", "place", "readiness", "access", "opening_hours", "indoor", "is_mobile", "carried_by"),
    *("battery_expires_on", "pads_expire_on", "pads_child_expire_on"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A tile for whoever asked. `is_stale`: it could not be drawn anew, and may show what was."""

    drawing: Drawing
    is_stale: bool


class Tiles:
    """Vector tiles of the AEDs. Not for use from several threads at once."""

    def __init__(
        self,
        database_url: str,
        clock: Clock,
        timezone: ZoneInfo,
        *,
        is_away: Callable[[], bool] = lambda: False,
        shelf: Shelf | None = None,
        rest: float = _REST,
    ) -> None:
        self._artist = Artist(database_url, timezone)
        self._rest = rest
        self._clock = clock
        self._is_away = is_away
        self._shelf = shelf or Shelf()
        self._room = asyncio.Semaphore(MOST_AT_ONCE)
        # Those that may be waited for; and all of them, for outdated ones go on for who asked before.
        self._flights: dict[TileKey, asyncio.Task[Drawing]] = {}
        self._under_way: set[asyncio.Task[Drawing]] = set()
        self._known: dict[UUID, Aed] = {}
        self._datums = {Datum.WGS84}

    async def tile(self, key: TileKey) -> Answer:
        """The tile. Raises `DatabaseAway` or `DatabaseBusy` when it cannot be drawn and never was."""
        self._datums.add(key.datum)
        kept = self._shelf.get(key)
        if kept is not None and self._may_be_shown(key, kept):
            return Answer(kept.drawing, is_stale=False)
        try:
            return Answer(await self._drawn(key), is_stale=False)
        except (psycopg.Error, DatabaseBusy) as error:
            if kept is not None:
                return Answer(kept.drawing, is_stale=True)
            if isinstance(error, DatabaseBusy):
                raise
            log.warning("a tile could not be drawn", error=str(error).strip())
            # Only to be told: a tile that takes too long does not prove that the database is away.
            raise (DatabaseAway if self._is_away() or _is_gone(error) else DatabaseBusy) from error

    def now(self) -> datetime:
        """The present instant, as tiles go by it."""
        return self._clock.now()

    def know(self, aeds: Iterable[Aed]) -> None:
        """Every device as it is, to tell later what has changed of it."""
        self._known = {aed.id: aed for aed in aeds}

    def changed(self, aeds: Iterable[Aed]) -> None:
        """These devices are as given now; the tiles that show what has changed of them are drawn anew."""
        places: set[Place] = set()
        for aed in aeds:
            before = self._known.get(aed.id)
            # Two writers may finish in the other order than they committed in; what a tile shows is the later one.
            if before is not None and before.updated_at > aed.updated_at:
                continue
            if aed.removed:
                self._known.pop(aed.id, None)
            else:
                self._known[aed.id] = aed
            if before is None:
                places.add(aed.place)
            elif any(getattr(before, name) != getattr(aed, name) for name in _SHOWN):
                places |= {before.place, aed.place}
        self._outdate_around(places)

    def hours_read(self, aed_ids: Iterable[UUID]) -> None:
        """Whether these devices' places are open has become known."""
        known = (self._known.get(aed_id) for aed_id in aed_ids)
        self._outdate_around({aed.place for aed in known if aed is not None})

    def everything_changed(self) -> None:
        """Nothing on the shelf can be relied upon."""
        self._flights.clear()
        for _, kept in self._shelf.everything():
            kept.is_outdated = True

    async def close(self) -> None:
        """End what is being drawn, and let go of the connections."""
        under_way = list(self._under_way)
        for flight in under_way:
            flight.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._artist.close()

    def _may_be_shown(self, key: TileKey, kept: Kept) -> bool:
        if not kept.is_outdated and self._clock.now() < kept.drawing.holds_until:
            return True
        if key.address.z >= FIRST_ZOOM_WITH_POINTS:
            return False
        return asyncio.get_running_loop().time() < kept.drawn_s + self._rest * kept.drawing.took_s

    async def _drawn(self, key: TileKey) -> Drawing:
        """The tile as it is now. However many ask for it at once, it is drawn once."""
        flight = self._flights.get(key)
        if flight is None:
            if self._is_away():
                raise psycopg.OperationalError("the database is away")
            if len(self._under_way) >= _MOST_WAITING:
                raise DatabaseBusy
            flight = asyncio.create_task(self._draw(key))
            self._flights[key] = flight
            self._under_way.add(flight)
            flight.add_done_callback(self._landed)
        # Whoever goes away does not take the tile from those who wait for it too.
        return await asyncio.shield(flight)

    async def _draw(self, key: TileKey) -> Drawing:
        here = asyncio.current_task()
        try:
            async with self._room:
                begun_s = asyncio.get_running_loop().time()
                drawing = await self._artist.draw(key, self._clock.now())
            # Outdated while it was drawn, it is for those who asked before that, and better than none.
            is_outdated = self._flights.get(key) is not here
            kept = self._shelf.get(key)
            if not is_outdated or kept is None or kept.drawn_s < begun_s:
                self._shelf.put(key, Kept(drawing, asyncio.get_running_loop().time(), is_outdated))
            return drawing
        finally:
            if self._flights.get(key) is here:
                del self._flights[key]

    def _landed(self, flight: "asyncio.Task[Drawing]") -> None:
        self._under_way.discard(flight)
        # Whatever came of it was told to those who waited, if any still did.
        if not flight.cancelled():
            flight.exception()

    def _outdate_around(self, places: Collection[Place]) -> None:
        for datum in self._datums if places else ():
            addresses = {address for place in places for address in tiles_that_show(place, datum)}
            for address in addresses:
                for key, kept in self._shelf.at(address):
                    if key.datum is datum:
                        kept.is_outdated = True
            for key in [key for key in self._flights if key.datum is datum and key.address in addresses]:
                del self._flights[key]


def _is_gone(error: BaseException) -> bool:
    return is_outage(error) and not isinstance(error, psycopg.errors.QueryCanceled | NotAnswered)
