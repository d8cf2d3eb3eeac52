"""Which device a row is about: found by id, serial number or place, or said to be open."""

from typing import Any

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.importing.changes import What
from dispatch.aeds.importing.desk import WhenAmbiguous, WhenGone
from dispatch.aeds.importing.proposing import MatchedBy
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.record import Access, Aed, Readiness
from geo.place import Place
from tests.aeds.conftest import Registry

ADMIN = Identity(Role.ADMIN, "tests")
HEAD = "编号,名称,地址,安装位置,楼层,序列号,经度,纬度,开放时间,电话\n"


def row(ref: str, name: str, *, lon: float = 120.15, lat: float = 30.25, **more: str) -> str:
    cells = {"address": "环城西路1号", "detail": "", "floor": "", "serial": "", "hours": "", "phone": ""} | more
    return (
        f"{ref},{name},{cells['address']},{cells['detail']},{cells['floor']},{cells['serial']},{lon},{lat},"
        f"{cells['hours']},{cells['phone']}\n"
    )


async def taken(registry: Registry, *rows: str, source: str = "city", **how: Any) -> ImportReport:
    # Every edition is later than the one before.
    registry.clock.move(minutes=1)
    return await registry.service.import_file((HEAD + "".join(rows)).encode(), source=source, **how)


async def hung(registry: Registry, **values: Any) -> Aed:
    given: dict[str, Any] = {"name": "少年宫", "place": Place(30.25, 120.15), "access": Access.PUBLIC}
    return await registry.service.create(given | values, ADMIN)


def only(report: ImportReport) -> dict[str, Any]:
    (change,) = report.changes
    return change.as_dict()


async def test_a_device_is_known_again_by_its_serial_number_where_it_was_moved_to(registry: Registry) -> None:
    there = await hung(registry, serial_number="ZX-4711")
    report = await taken(registry, row("7", "图书馆", lon=120.16, serial="zx 4711"))
    change = only(report)
    assert (change["what"], change["matched_by"], change["aed_id"]) == ("update", "serial_number", str(there.id))
    assert 900 < change["moved_m"] < 1000
    after = await registry.service.one(there.id)
    assert (after.name, after.place, after.source, after.source_ref) == ("图书馆", Place(30.25, 120.16), "city", "7")


async def test_a_serial_number_that_many_have_tells_nothing(registry: Registry) -> None:
    await taken(registry, row("1", "a馆", serial="BC-2000"), row("2", "b馆", lon=120.2, serial="BC-2000"))
    report = await taken(registry, row("9", "c馆", lon=120.4, serial="BC-2000"), source="other")
    assert report.created == 1
    assert len(registry.directory) == 3


async def test_a_device_is_known_again_by_place_and_name(registry: Registry) -> None:
    there = await hung(registry, name="杭州市少年宫")
    report = await taken(registry, row("1", "少年宫", lon=120.1501, phone="0571-1234567"))
    assert only(report)["matched_by"] == "place_and_name"
    assert (await registry.service.one(there.id)).phone == "0571-1234567"
    again = await taken(registry, row("1", "少年宫", lon=120.1501, phone="0571-1234567"))
    assert (only(again)["matched_by"], again.unchanged) == ("source_ref", 1)


async def test_another_lists_device_only_gets_what_nobody_knew(registry: Registry) -> None:
    await taken(registry, row("1", "少年宫", phone="120"))
    report = await taken(registry, row("X", "少年宫", lat=30.2501, phone="999", hours="全天"), source="province")
    change = only(report)
    assert change["what"] == "update"
    assert change["differences"] == {"opening_hours": [None, "24/7"], "opening_hours_note": [None, "全天"]} | {
        name: old for name, old in change["differences"].items() if name == "access"
    }
    (aed,) = registry.directory
    assert (aed.phone, aed.place, aed.source, aed.opening_hours) == ("120", Place(30.25, 120.15), "city", "24/7")


async def test_devices_of_one_venue_are_told_apart_by_floor_and_detail(registry: Registry) -> None:
    await taken(
        registry,
        row("1", "商场", detail="服务台旁", floor="1F"),
        row("2", "商场", detail="电影院入口", floor="3F"),
    )
    report = await taken(
        registry,
        row("A", "商场", detail="三楼电影院入口处", floor="3F"),
        row("B", "商场", detail="服务台旁边", floor="1F"),
        row("C", "商场", detail="地下车库", floor="B1"),
        source="province",
    )
    assert [change.what for change in sorted(report.changes, key=lambda each: each.row)] == [
        What.UNCHANGED, What.UNCHANGED, What.NEW,
    ]  # fmt: skip


async def test_what_cannot_be_told_is_reported_and_not_taken(registry: Registry) -> None:
    await taken(registry, row("1", "机场", detail="到达厅"), row("2", "机场", detail="出发厅"))
    report = await taken(registry, row("A", "机场"), source="province")
    assert (report.taken, report.ambiguous, report.created) == (1, 1, 0)
    assert {each["source_ref"] for each in only(report)["candidates"]} == {"1", "2"}
    assert any("机场" in line for line in report.lines())
    forced = await taken(registry, row("A", "机场"), source="province", when_ambiguous=WhenAmbiguous.NEW)
    assert (forced.ambiguous, forced.created) == (0, 1)


async def test_a_row_without_a_name_beside_a_device_is_open(registry: Registry) -> None:
    await hung(registry)
    text = "lat,lon,emergency\n30.25001,120.15001,defibrillator\n30.3,120.2,defibrillator\n"
    report = await registry.service.import_file(text.encode(), source="osm")
    assert (report.ambiguous, report.created) == (1, 1)


async def test_a_dry_run_shows_every_difference_and_changes_nothing(registry: Registry) -> None:
    await taken(registry, row("1", "少年宫", phone="120", hours="全天"), row("2", "图书馆", lon=120.2))
    before = {aed.id: aed for aed in registry.directory}
    report = await taken(
        registry,
        row("1", "少年宫", phone="119", hours="周一至周日9:00-17:00", lon=120.1502),
        row("2", "图书馆", lon=120.2),
        row("3", "体育馆", lon=120.3),
        dry_run=True,
    )
    update, new, unchanged = (change.as_dict() for change in report.changes)
    assert (update["what"], new["what"], unchanged["what"]) == ("update", "new", "unchanged")
    assert update["differences"]["phone"] == ["120", "119"]
    assert update["differences"]["opening_hours"] == ["24/7", "Mo-Su 09:00-17:00"]
    assert update["differences"]["place"][1] == {"latitude": 30.25, "longitude": 120.1502}
    assert update["moved_m"] == 19.2
    assert (report.created, report.updated, report.unchanged) == (1, 1, 1)
    assert {aed.id: aed for aed in registry.directory} == before


async def test_devices_that_the_list_has_no_more_are_named_and_stay(registry: Registry) -> None:
    await taken(registry, row("1", "少年宫"), row("2", "图书馆", lon=120.2), row("3", "体育馆", lon=120.3))
    report = await taken(registry, row("1", "少年宫"), row("3", "体育馆", lon=120.3))
    assert (report.gone, report.removed) == (1, 0)
    assert report.gone_devices[0].as_dict()["source_ref"] == "2"
    assert len(registry.directory) == 3


async def test_they_are_removed_when_that_is_asked_for_and_come_back_with_the_list(registry: Registry) -> None:
    rows = [row("1", "少年宫"), row("2", "图书馆", lon=120.2), row("3", "体育馆", lon=120.3)]
    await taken(registry, *rows)
    report = await taken(registry, *rows[1:], when_gone=WhenGone.REMOVE)
    assert (report.gone, report.removed, len(registry.directory)) == (1, 1, 2)
    again = await taken(registry, *rows)
    assert (again.updated, again.created) == (1, 0)
    assert len(registry.directory) == 3


async def test_what_a_person_removed_stays_removed_though_the_list_has_it(registry: Registry) -> None:
    await taken(registry, row("1", "少年宫"), row("2", "图书馆", lon=120.2))
    aed = next(iter(registry.directory))
    await registry.service.remove(aed.id, ADMIN)
    await taken(registry, row("1", "少年宫", phone="120"), row("2", "图书馆", lon=120.2, phone="120"))
    assert (await registry.service.one(aed.id)).readiness is Readiness.REMOVED


async def test_a_device_whose_row_has_lost_its_coordinates_is_not_gone(registry: Registry) -> None:
    await taken(registry, row("1", "少年宫"), row("2", "图书馆", lon=120.2))
    spoilt = row("2", "图书馆", lon=120.2).replace("30.25", "")
    report = await taken(registry, row("1", "少年宫"), spoilt, when_gone=WhenGone.REMOVE)
    assert (report.gone, len(report.left_out), len(registry.directory)) == (0, 1, 2)


async def test_a_renumbered_list_is_the_same_devices(registry: Registry) -> None:
    rows = [(f"{place}号馆", 120.1 + place / 100) for place in range(6)]
    await taken(registry, *(row(f"A{at}", name, lon=lon) for at, (name, lon) in enumerate(rows)))
    report = await taken(registry, *(row(f"B{at}", name, lon=lon) for at, (name, lon) in enumerate(rows)))
    assert (report.created, report.updated, report.gone) == (0, 6, 0)
    assert all(change.matched_by is MatchedBy.PLACE for change in report.changes)
    assert {aed.source_ref for aed in registry.directory} == {f"B{at}" for at in range(6)}


async def test_a_fault_that_the_list_tells_of_counts_once(registry: Registry) -> None:
    text = "id,name,lat,lon,opening_hours,status\n1,hall,30.25,120.15,24/7,{}\n"
    await registry.service.import_file(text.format("ok").encode(), source="city")
    (hall,) = registry.directory
    assert hall.readiness is Readiness.UNVERIFIED
    for _ in range(2):
        registry.clock.move(minutes=1)
        await registry.service.import_file(text.format("out of order").encode(), source="city")
        (hall,) = registry.directory
        assert hall.readiness is Readiness.OUT_OF_SERVICE
    assert hall.readiness_reasons == ("fault_said_by_source",)


async def test_a_removal_date_in_the_past_takes_a_device_out_and_a_later_one_does_not(registry: Registry) -> None:
    text = "id,name,lat,lon,removal date\n1,hall,30.25,120.15,2020-01-31\n2,pool,30.26,120.15,2098-01-31\n"
    await registry.service.import_file(text.encode(), source="city")
    assert {aed.name: aed.readiness for aed in registry.directory} == {
        "hall": Readiness.OUT_OF_SERVICE,
        "pool": Readiness.UNVERIFIED,
    }
