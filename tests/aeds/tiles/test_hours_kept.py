"""The table of hours: new ones are read at once, those whose time is over in time, and nothing else is looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from dispatch.aeds.hours_area import area_of
from dispatch.aeds.record import Readiness
from geo.place import Place
from tests.aeds.tiles.conftest import Mapped
from tests.people import NOON, WULIN, beside

TOKYO = Place(35.68, 139.76)


async def rows(mapped: Mapped) -> dict[tuple[str, str], tuple[bool, datetime | None]]:
    async with mapped.database.statement() as connection:
        found = await connection.execute(text("select expression, area, is_open, until from aed_hours"))
        return {(row.expression, row.area): (row.is_open, row.until) for row in found}


async def sql(mapped: Mapped, statement: str, **values: Any) -> None:
    async with mapped.database.statement() as connection:
        await connection.execute(text(statement), values)


async def test_hours_that_many_share_are_read_once(mapped: Mapped) -> None:
    for number in range(5):
        await mapped.add(place=beside(WULIN, north_m=100 * number), opening_hours="Mo-Fr 08:00-18:00")
    assert await rows(mapped) == {("Mo-Fr 08:00-18:00", area_of(WULIN)): (True, NOON + timedelta(hours=6))}


async def test_the_same_hours_elsewhere_are_read_there(mapped: Mapped) -> None:
    await mapped.add(opening_hours="Mo-Fr 08:00-18:00")
    await mapped.add(place=TOKYO, opening_hours="Mo-Fr 08:00-18:00")
    found = await rows(mapped)
    assert found["Mo-Fr 08:00-18:00", area_of(TOKYO)] == (True, NOON + timedelta(hours=5))


async def test_a_place_that_opens_is_open_from_that_second_on(mapped: Mapped) -> None:
    aed = await mapped.add(opening_hours="Mo-Su 14:00-15:00")
    for minutes, expected in ((119, "later"), (1, "now"), (59, "now"), (1, "later")):
        mapped.clock.move(minutes=minutes)
        # Nobody has been at the table since; and then somebody has.
        assert await mapped.state_of(aed) == expected
        await mapped.keeper.act()
        assert await mapped.state_of(aed) == expected


async def test_what_is_only_a_comment_is_no_change(mapped: Mapped) -> None:
    hours = '08:00-14:00 "front door", 14:00-18:00 "side door"'
    await mapped.add(opening_hours=hours)
    assert (await rows(mapped))[hours, area_of(WULIN)] == (True, NOON + timedelta(hours=6))


async def test_hours_that_nobody_has_any_more_are_dropped_when_their_time_is_over(mapped: Mapped) -> None:
    aed = await mapped.add(opening_hours="Mo-Su 08:00-14:00")
    await mapped.put(replace(aed, readiness=Readiness.REMOVED))
    assert await rows(mapped)
    mapped.clock.move(hours=3)
    await mapped.keeper.act()
    assert await rows(mapped) == {}
    await mapped.add(opening_hours="Mo-Su 08:00-14:00")
    assert (await rows(mapped))["Mo-Su 08:00-14:00", area_of(WULIN)] == (False, NOON + timedelta(hours=20))


async def test_hours_without_any_change_are_looked_at_again_the_next_day(mapped: Mapped) -> None:
    await mapped.add(opening_hours="24/7")
    assert (await rows(mapped))["24/7", area_of(WULIN)] == (True, None)
    # What another version of the library made of them.
    await sql(mapped, "update aed_hours set is_open = false")
    await mapped.keeper.act()
    assert (await rows(mapped))["24/7", area_of(WULIN)] == (False, None)
    mapped.clock.move(days=1)
    await mapped.keeper.act()
    assert (await rows(mapped))["24/7", area_of(WULIN)] == (True, None)


async def test_devices_from_before_there_were_areas_get_theirs(mapped: Mapped) -> None:
    aed = await mapped.add(opening_hours="Mo-Su 08:00-20:00")
    await sql(mapped, "update aeds set area = null")
    await sql(mapped, "delete from aed_hours")
    mapped.tiles.everything_changed()
    assert await mapped.state_of(aed) == "unknown"
    mapped.clock.move(days=1)
    await mapped.keeper.act()
    mapped.tiles.everything_changed()
    assert await mapped.state_of(aed) == "now"


async def test_new_hours_are_on_the_map_as_soon_as_they_are_read(mapped: Mapped) -> None:
    aed = await mapped.add(opening_hours=None)
    assert await mapped.state_of(aed) == "unknown"
    await mapped.put(replace(aed, opening_hours="Mo-Su 09:00-21:00"))
    assert await mapped.state_of(aed) == "now"


@pytest.mark.parametrize("hours", ["sunrise-sunset", "Mo-Fr 08:00-18:00; PH off", "2026 Jun 18 10:00-12:00", "off"])
async def test_hours_of_all_kinds_are_read(mapped: Mapped, hours: str) -> None:
    await mapped.add(opening_hours=hours)
    ((_, until),) = (await rows(mapped)).values()
    assert until is None or until > NOON.astimezone(UTC)
