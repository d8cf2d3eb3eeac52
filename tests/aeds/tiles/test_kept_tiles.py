"""How long a tile holds, and what becomes of it when something changes, or when the database is away."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dispatch.aeds.record import Aed, Readiness
from dispatch.aeds.tiles.addresses import TileAddress
from dispatch.aeds.tiles.drawing import Drawing, TileKey
from dispatch.aeds.tiles.shelf import Kept, Shelf
from dispatch.aeds.tiles.tiles import Tiles
from dispatch.problems import DatabaseAway, DatabaseBusy
from geo.datum import Datum
from tests.aeds.tiles.conftest import ZONE, Mapped, key_at
from tests.people import NOON, WULIN, MovableClock, beside
from tests.stoppable_database import StoppableDatabase

FAR_AWAY = beside(WULIN, north_m=60_000)


def out_of_service(aed: Aed) -> Aed:
    return replace(aed, readiness=Readiness.OUT_OF_SERVICE, updated_at=aed.updated_at + timedelta(seconds=1))


async def test_a_tile_is_drawn_once_for_a_hundred_who_ask(mapped: Mapped, drawings: list[TileKey]) -> None:
    await mapped.add()
    key = key_at(WULIN, 14)
    answers = await asyncio.gather(*(mapped.tiles.tile(key) for _ in range(100)))
    assert drawings == [key]
    assert len({answer.drawing.tag for answer in answers}) == 1
    await mapped.tiles.tile(key)
    assert drawings == [key]


async def test_whoever_goes_away_does_not_take_the_tile_from_the_others(mapped: Mapped) -> None:
    await mapped.add()
    key = key_at(WULIN, 14)
    leaving, staying = asyncio.create_task(mapped.tiles.tile(key)), asyncio.create_task(mapped.tiles.tile(key))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).drawing.body


async def test_a_change_is_shown_by_every_tile_above_it_and_leaves_others_alone(
    mapped: Mapped, drawings: list[TileKey]
) -> None:
    aed, other = await mapped.add(), await mapped.add(place=FAR_AWAY)
    above = [key_at(WULIN, zoom) for zoom in range(21)]
    beside_it = [key_at(FAR_AWAY, zoom) for zoom in range(10, 21)]
    for key in (*above, *beside_it):
        await mapped.tiles.tile(key)
    drawings.clear()
    await mapped.put(out_of_service(aed))
    for key in (*above, *beside_it):
        await mapped.tiles.tile(key)
    assert set(drawings) == set(above)
    assert await mapped.state_of(other) == "now"
    assert await mapped.state_of(aed) == "no"


async def test_news_that_come_in_the_wrong_order_hide_nothing_later(mapped: Mapped) -> None:
    aed = await mapped.add()
    key = key_at(WULIN, 15)
    mapped.clock.move(minutes=1)
    broken = out_of_service(aed)
    mapped.clock.move(minutes=1)
    mended = replace(aed, updated_at=mapped.clock.now())
    await mapped.put(broken)
    await mapped.put(mended)
    # Whoever wrote the first is told only now that it was taken.
    mapped.tiles.changed([broken])
    assert (await mapped.points(key))[str(aed.id)].values["usable"] == "now"
    mapped.clock.move(minutes=1)
    await mapped.put(replace(broken, updated_at=mapped.clock.now()))
    assert (await mapped.points(key))[str(aed.id)].values["usable"] == "no"


async def test_a_heartbeat_leaves_the_tiles_as_they_are(mapped: Mapped, drawings: list[TileKey]) -> None:
    aed = await mapped.add()
    key = key_at(WULIN, 14)
    await mapped.tiles.tile(key)
    drawings.clear()
    later = aed.updated_at + timedelta(minutes=5)
    await mapped.put(replace(aed, readiness_at=later, updated_at=later, battery_fitted_on=later.date()))
    await mapped.tiles.tile(key)
    assert drawings == []


async def test_a_device_that_moves_leaves_one_tile_and_comes_to_another(mapped: Mapped) -> None:
    aed = await mapped.add()
    here, there = key_at(WULIN, 15), key_at(FAR_AWAY, 15)
    assert await mapped.points(here)
    assert not await mapped.points(there)
    await mapped.put(replace(aed, place=FAR_AWAY))
    assert not await mapped.points(here)
    assert await mapped.points(there)


async def test_a_shifted_map_hears_of_changes_too(mapped: Mapped) -> None:
    aed = await mapped.add()
    key = key_at(WULIN, 16, Datum.GCJ02)
    assert (await mapped.points(key))[str(aed.id)].values["usable"] == "now"
    await mapped.put(out_of_service(aed))
    assert (await mapped.points(key))[str(aed.id)].values["usable"] == "no"


async def test_what_changes_while_a_tile_is_drawn_is_not_lost(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    aed = await mapped.add()
    key = key_at(WULIN, 14)
    drawn, may_end = asyncio.Event(), asyncio.Event()
    draw = mapped.tiles._artist.draw

    async def slowly(*asked: Any) -> Drawing:
        drawing = await draw(*asked)
        drawn.set()
        await may_end.wait()
        return drawing

    monkeypatch.setattr(mapped.tiles._artist, "draw", slowly)
    early = asyncio.create_task(mapped.tiles.tile(key))
    await drawn.wait()
    await mapped.put(out_of_service(aed))
    late = asyncio.create_task(mapped.points(key))
    may_end.set()
    await early
    assert (await late)[str(aed.id)].values["usable"] == "no"
    assert (await mapped.points(key))[str(aed.id)].values["usable"] == "no"


async def test_a_tile_holds_until_a_place_on_it_opens_or_closes(mapped: Mapped, drawings: list[TileKey]) -> None:
    aed = await mapped.add(opening_hours="Mo-Su 08:00-14:00")
    await mapped.add(opening_hours="Mo-Su 08:00-18:00")
    key = key_at(WULIN, 16)
    assert (await mapped.tiles.tile(key)).drawing.holds_until == NOON + timedelta(hours=2)
    mapped.clock.move(hours=2, seconds=-1)
    assert await mapped.state_of(aed) == "now"
    assert len(drawings) == 1
    mapped.clock.move(seconds=1)
    # Whoever keeps the hours has not been there yet.
    assert await mapped.state_of(aed) == "later"


async def test_at_midnight_what_expires_is_seen(mapped: Mapped) -> None:
    aed = await mapped.add(battery_expires_on=mapped.clock.now().date())
    assert await mapped.state_of(aed) == "now"
    # Noon in Hangzhou; the clock goes by UTC.
    mapped.clock.move(hours=12)
    assert await mapped.state_of(aed) == "no"


async def test_a_tile_of_the_whole_province_is_not_drawn_without_end(mapped: Mapped) -> None:
    calm = Tiles(mapped.database.url, mapped.clock, ZoneInfo(ZONE), rest=1_000_000)
    aed = await mapped.add()
    key = key_at(WULIN, 6)
    first = await calm.tile(key)
    calm.know([aed])
    calm.changed([out_of_service(aed)])
    assert await calm.tile(key) == first
    await calm.close()


async def test_after_a_reload_everything_is_drawn_anew(mapped: Mapped, drawings: list[TileKey]) -> None:
    key = key_at(WULIN, 12)
    await mapped.tiles.tile(key)
    mapped.tiles.everything_changed()
    await mapped.tiles.tile(key)
    assert drawings == [key, key]


async def test_too_many_at_once_are_asked_to_come_again(mapped: Mapped, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.aeds.tiles.tiles._MOST_WAITING", 5)
    keys = [TileKey(TileAddress(15, x, 0)) for x in range(20)]
    outcomes = await asyncio.gather(*(mapped.tiles.tile(key) for key in keys), return_exceptions=True)
    assert sum(isinstance(each, DatabaseBusy) for each in outcomes) == 15


async def test_old_tiles_are_shown_while_the_database_is_away(
    stoppable: StoppableDatabase, clock: MovableClock
) -> None:
    tiles = Tiles(stoppable.url, clock, ZoneInfo(ZONE), rest=0)
    seen, never_seen = key_at(WULIN, 14), key_at(WULIN, 15)
    fresh = await tiles.tile(seen)
    assert not fresh.is_stale
    await stoppable.stops()
    tiles.everything_changed()
    old = await tiles.tile(seen)
    assert old.is_stale
    assert old.drawing == fresh.drawing
    with pytest.raises(DatabaseAway):
        await tiles.tile(never_seen)
    stoppable.runs()
    assert not (await tiles.tile(seen)).is_stale
    await tiles.close()


def test_the_shelf_keeps_what_was_asked_for_last() -> None:
    shelf = Shelf(most_bytes=10_000)
    drawing = Drawing(bytes(2000), None, "tag", NOON, 0.001)
    keys = [TileKey(TileAddress(10, x, 0)) for x in range(8)]
    for key in keys[:3]:
        shelf.put(key, Kept(drawing, 0.0))
    shelf.get(keys[0])
    for key in keys[3:]:
        shelf.put(key, Kept(drawing, 0.0))
    assert len(shelf) == 3
    assert [key for key in keys if shelf.get(key)] == keys[-3:]
    assert not list(shelf.at(keys[0].address))
