"""Devices straight in the tables, hours kept by hand, and tiles drawn from them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from dispatch.aeds.record import Access, Aed, Readiness
from dispatch.aeds.repository import AedRepository
from dispatch.aeds.tiles.addresses import TileAddress, on_square
from dispatch.aeds.tiles.drawing import TileKey
from dispatch.aeds.tiles.hours_keeper import HoursKeeper
from dispatch.aeds.tiles.tiles import Tiles
from dispatch.storage.database import Database
from geo.datum import Datum, from_wgs84
from geo.place import Place
from tests.aeds.tiles.reading import Point, layers_of
from tests.people import WULIN, MovableClock

ZONE = "Asia/Shanghai"


@dataclass
class Mapped:
    """Devices, the hours kept of them, and the tiles that show them."""

    database: Database
    clock: MovableClock
    keeper: HoursKeeper
    tiles: Tiles

    async def add(self, **said: Any) -> Aed:
        """A device that is ready, open to all and always open, unless said otherwise."""
        now = self.clock.now()
        told = {
            "id": uuid4(),
            "name": "社区服务中心",
            "place": WULIN,
            "access": Access.PUBLIC,
            "opening_hours": "24/7",
            "readiness": Readiness.READY,
            "readiness_reasons": (),
        }
        aed = Aed(**{**told, "readiness_at": now, "created_at": now, "updated_at": now, **said})
        await self.put(aed)
        return aed

    async def put(self, *aeds: Aed) -> None:
        """Write devices, and have everybody hear of it, as the service does."""
        async with self.database.transaction() as connection:
            await AedRepository(connection).put(aeds)
        self.tiles.changed(aeds)
        self.keeper.changed(aeds)
        await self.keeper.act()

    async def layers(self, key: TileKey) -> dict[str, list[Point]]:
        """What a tile shows, by layer."""
        return layers_of((await self.tiles.tile(key)).drawing.body)

    async def points(self, key: TileKey) -> dict[str, Point]:
        """The single devices on a tile, by id."""
        return {point.values["id"]: point for point in (await self.layers(key)).get("aeds", [])}

    async def state_of(self, aed: Aed) -> str:
        """What the tile says of a device: `now`, `later`, `no`, `unknown`."""
        points = await self.points(key_at(aed.place, 16))
        return str(points[str(aed.id)].values["usable"])


def key_at(place: Place, zoom: int, datum: Datum = Datum.WGS84, **more: Any) -> TileKey:
    """The tile of that zoom that a place is on."""
    x, y = on_square(from_wgs84(place, datum))
    return TileKey(TileAddress(zoom, int(x * 2**zoom), int(y * 2**zoom)), datum, **more)


@pytest.fixture
async def mapped(database: Database, clock: MovableClock) -> AsyncIterator[Mapped]:
    tiles = Tiles(database.url, clock, ZoneInfo(ZONE), rest=0)
    keeper = HoursKeeper(database, clock, ZONE, tiles.hours_read)
    yield Mapped(database, clock, keeper, tiles)
    await tiles.close()


@pytest.fixture
def drawings(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> list[TileKey]:
    """The tiles that were drawn, one after the other."""
    drawn: list[TileKey] = []
    draw: Callable[..., Any] = mapped.tiles._artist.draw

    async def noted(key: TileKey, *more: Any) -> Any:
        drawn.append(key)
        return await draw(key, *more)

    monkeypatch.setattr(mapped.tiles._artist, "draw", noted)
    return drawn
