"""In which district an AED hangs, by the outlines in PostGIS."""

import asyncio
from typing import Any

import psycopg
import pytest

from dispatch.aeds.owners import districts
from dispatch.aeds.owners.districts import DistrictFilling
from dispatch.aeds.owners.filling import fill
from dispatch.aeds.owners.outlines import outlines
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.storage.database import Database
from geo.place import Place
from tests.aeds.work_orders.office import Office
from tests.people import until

WEST_LAKE = Place(30.2487, 120.1435)
WULIN = Place(30.2741, 120.1551)
BEIJING = Place(39.9087, 116.3975)
AT_SEA = Place(29.0, 125.0)


@pytest.fixture
async def filled(office: Office) -> Office:
    """With the outlines; filled anew for each test, which is part of what is tested."""
    await DistrictFilling(office.database).act()
    return office


async def district_of(office: Office, aed_id: Any) -> str | None:
    ((code,),) = await office.rows("select district_code from aeds where id = :id", id=aed_id)
    found: str | None = code
    return found


async def test_every_outline_is_there_whole_and_valid_and_aeds_are_placed(filled: Office) -> None:
    counts = {
        row.level: row.number
        for row in await filled.rows("select level, count(*) as number from districts group by level")
    }
    assert counts["district"] == 2891
    assert counts["province"] >= 33
    assert counts["city"] > 300
    assert await filled.rows("select code from districts where not ST_IsValid(outline) or ST_IsEmpty(outline)") == []
    assert await filled.rows("select code from districts where not code ~ '^[0-9]{6}$'") == []
    names = {row.code: row.name for row in await filled.rows("select code, name from districts")}
    parents = await filled.rows("select code, parent_code from districts where parent_code is not null")
    assert all(row.parent_code in names for row in parents)
    assert (names["330106"], names["330100"], names["330000"]) == ("西湖区", "杭州市", "浙江省")
    ((parent,),) = await filled.rows("select parent_code from districts where code = '330106'")
    assert parent == "330100"

    found = {}
    for name, place in (("湖", WEST_LAKE), ("武林", WULIN), ("北京", BEIJING), ("海上", AT_SEA)):
        found[name] = await filled.aed(name, place)
    async with filled.database.transaction() as connection:
        placed = await districts.place(connection, list(found.values()))
        assert await districts.place(connection, list(found.values())) == [], "the same again is no news"
    assert set(placed) == set(found.values()) - {found["海上"]}
    assert [await district_of(filled, found[name]) for name in ("湖", "武林", "北京", "海上")] == [
        *("330106", "330105", "110101", None)
    ]
    # Filled already: nothing is read, nothing is written.
    before = await filled.rows("select xmin::text from districts where code = '330106'")
    await DistrictFilling(filled.database).act()
    assert await filled.rows("select xmin::text from districts where code = '330106'") == before


async def test_a_filling_that_was_cut_off_is_finished_and_catches_up(office: Office, postgis_url: str) -> None:
    aed_id = await office.aed("湖", WEST_LAKE)
    told = outlines()
    with psycopg.connect(postgis_url.replace("+psycopg", ""), autocommit=True) as connection:
        fill(connection, told[:70], pause_s=0)
    async with office.database.statement() as held:
        assert not await districts.are_there(held)
    await asyncio.gather(DistrictFilling(office.database).act(), DistrictFilling(office.database).act())
    ((count,),) = await office.rows("select count(*) from districts")
    assert count == len(told)
    assert await district_of(office, aed_id) == "330106"


async def test_what_goes_wrong_in_the_filling_is_said(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.database, "url", "postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(RuntimeError, match="OperationalError"):
        await DistrictFilling(office.database).fill()


async def test_a_filling_is_ended_with_the_service(office: Office) -> None:
    filling = asyncio.create_task(DistrictFilling(office.database).act())
    await until(lambda: office.rows("select from districts limit 1"), within_s=60)
    filling.cancel()
    await asyncio.wait([filling], timeout=5)
    assert filling.cancelled()
    assert await office.rows("select from districts where level = 'province'") == []


async def test_the_service_works_before_the_outlines_are_there(office: Office) -> None:
    aed_id = await office.aed("湖", WEST_LAKE)
    async with office.database.transaction() as connection:
        assert await districts.place(connection, [aed_id]) == []
        assert await districts.place(connection, []) == []
    figures = await office.call("GET", "/v1/registry/figures")
    assert [each["code"] for each in figures["districts"]] == [None]


async def test_an_aed_that_is_moved_is_placed_anew_by_settling(office: Office, database: Database) -> None:
    await office.rows(
        "insert into districts (code, level, name, outline) values"
        " ('330106', 'district', '西湖区', ST_Multi(ST_MakeEnvelope(120.14, 30.24, 120.15, 30.25, 4326))),"
        " ('330105', 'district', '拱墅区', ST_Multi(ST_MakeEnvelope(120.15, 30.24, 120.16, 30.28, 4326)))"
        " returning code"
    )
    office.settling.place_in_districts = districts.place
    aed_id = await office.aed("湖", WEST_LAKE)
    assert await district_of(office, aed_id) == "330106"
    async with database.transaction() as connection:
        why = Because("admin:office", Occasion.MOVE)
        changes = {aed_id: {"place": WULIN}}
        await office.settling.settle(connection, [], now=office.clock.now(), why=why, changes=changes)
    assert await district_of(office, aed_id) == "330105"
    # On the common boundary of two, one of them, always the same.
    async with database.transaction() as connection:
        changes = {aed_id: {"place": Place(30.245, 120.15)}}
        await office.settling.settle(connection, [], now=office.clock.now(), why=why, changes=changes)
    assert await district_of(office, aed_id) == "330105"


async def test_an_emergency_that_goes_on_is_waited_for_but_not_for_ever(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    filled: list[int] = []

    async def passes(seconds: float) -> None:
        waited.append(seconds)

    async def act() -> None:
        filled.append(len(waited))

    monkeypatch.setattr(f"{districts.__name__}.asyncio.sleep", passes)
    for busy_for in (0, 3, 10_000):
        left = iter([True] * busy_for)
        filling = DistrictFilling(office.database, lambda left=left: next(left, False))  # type: ignore[misc]
        monkeypatch.setattr(filling, "act", act)
        waited.clear()
        await filling.run()
    assert filled[:2] == [1, 4]
    assert filled[2] < 1000
