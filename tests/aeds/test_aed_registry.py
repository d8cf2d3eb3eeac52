"""The registry's life in the database: imports that repeat, reports that come late, other processes, files."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.commands import export_command, import_command, import_file
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.record import Access, Aed, Readiness, differing_fields
from dispatch.aeds.service import NOTIFY_CHANNEL, AedService
from dispatch.problems import NotFound
from dispatch.storage.notifications import listen
from geo.place import Place
from tests.aeds.conftest import Registry

ADMIN = Identity(Role.ADMIN, "tests")
LAKE = Place(30.25, 120.15)
LIST = """编号,名称,地址,经度,纬度,开放时间,电话
A1,少年宫,环城西路1号,120.15,30.26,全天,0571-1234567
A2,图书馆,解放路1号,120.17,30.24,周一至周五9:00-17:00,
"""


def said(kind: str, **fields: Any) -> ReportIn:
    return ReportIn.model_validate({"kind": kind, **fields})


async def hung(registry: Registry, **values: Any) -> Aed:
    given: dict[str, Any] = {"name": "断桥", "place": LAKE, "access": Access.PUBLIC, "opening_hours": "24/7"}
    return await registry.service.create(given | values, ADMIN)


def names_near(registry: Registry) -> list[str]:
    return [aed.name for aed, _ in registry.service.nearest(LAKE, 9, registry.clock.now())]


async def stored(registry: Registry) -> AedDirectory:
    """What another process would find."""
    directory = AedDirectory()
    await directory.load(registry.database)
    return directory


async def test_a_second_import_of_a_file_changes_nothing(registry: Registry) -> None:
    first = await registry.service.import_file(LIST.encode(), source="city")
    ids = {aed.id for aed in registry.directory}
    again = await registry.service.import_file(LIST.encode(), source="city")
    assert (first.created, first.updated, first.unchanged) == (2, 0, 0)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    assert {aed.id for aed in registry.directory} == ids == {aed.id for aed in await stored(registry)}


async def test_a_newer_edition_updates_and_keeps_what_is_known_here(registry: Registry) -> None:
    await registry.service.import_file(LIST.encode(), source="city")
    (palace,) = [aed for aed in registry.directory if aed.source_ref == "A1"]
    await registry.service.change(palace.id, {"custodian": "wang"}, ADMIN)
    await registry.service.report(palace.id, said("inspection", outcome="ok"), ADMIN)
    registry.clock.move(minutes=1)
    newer = LIST.replace("120.15,30.26", "120.16,30.27").replace("0571-1234567", "120")
    report = await registry.service.import_file(newer.encode(), source="city")
    assert (report.created, report.updated, report.unchanged) == (0, 1, 1)
    after = await registry.service.one(palace.id)
    assert (after.place, after.phone) == (Place(30.27, 120.16), "120")
    assert (after.custodian, after.readiness, after.created_at) == ("wang", Readiness.READY, palace.created_at)


async def test_the_same_ids_in_another_source_are_other_devices(registry: Registry) -> None:
    await registry.service.import_file(LIST.encode(), source="city")
    elsewhere = LIST.replace("120.15,30.26", "120.35,30.46").replace("120.17,30.24", "120.37,30.44")
    await registry.service.import_file(elsewhere.encode(), source="province")
    assert len(registry.directory) == 4


async def test_two_imports_at_once_do_not_double(registry: Registry) -> None:
    await asyncio.gather(*(registry.service.import_file(LIST.encode(), source="city") for _ in range(4)))
    assert len(registry.directory) == 2
    assert len(await stored(registry)) == 2


async def test_a_dry_run_writes_nothing(registry: Registry) -> None:
    report = await registry.service.import_file(LIST.encode(), source="city", dry_run=True)
    assert (report.created, report.dry_run) == (2, True)
    assert len(registry.directory) == len(await stored(registry)) == 0
    assert registry.changes == []


async def test_a_removed_device_stays_removed_when_its_list_comes_again(registry: Registry) -> None:
    await registry.service.import_file(LIST.encode(), source="city")
    for aed in list(registry.directory):
        await registry.service.remove(aed.id, ADMIN)
    registry.clock.move(minutes=1)
    await registry.service.import_file(LIST.replace("0571-1234567", "120").encode(), source="city")
    assert names_near(registry) == []
    assert len(await stored(registry)) == 0


async def test_what_its_list_calls_broken_is_not_usable_until_inspected(registry: Registry) -> None:
    text = "name,lat,lon,opening_hours,status\nhall,30.25,120.15,24/7,out of order\n"
    await registry.service.import_file(text.encode(), source="city")
    (hall,) = registry.directory
    assert hall.readiness is Readiness.OUT_OF_SERVICE
    beat = await registry.service.report(hall.id, said("heartbeat"), ADMIN)
    assert beat.aed.readiness is Readiness.OUT_OF_SERVICE
    registry.clock.move(minutes=1)
    await registry.service.report(hall.id, said("inspection", outcome="ok"), ADMIN)
    assert names_near(registry) == ["hall"]


async def test_a_fault_takes_a_device_out_of_the_answers_at_once(registry: Registry) -> None:
    aed = await hung(registry)
    assert names_near(registry) == ["断桥"]
    device = Identity(Role.DEVICE, str(aed.id))
    after = await registry.service.report(aed.id, said("fault", code="battery"), device)
    assert (after.aed.readiness, after.aed.readiness_reasons) == (Readiness.OUT_OF_SERVICE, ("fault_battery",))
    assert names_near(registry) == []
    assert registry.changes[-1] == [after.aed]


async def test_a_report_that_comes_late_does_not_undo_newer_evidence(registry: Registry) -> None:
    aed, now = await hung(registry), registry.clock.now()
    ok = said("inspection", outcome="ok", at=now - timedelta(minutes=5))
    await registry.service.report(aed.id, ok, ADMIN)
    late = said("used", at=now - timedelta(minutes=30))
    after = await registry.service.report(aed.id, late, ADMIN)
    assert after.aed.readiness is Readiness.READY
    assert after.aed.readiness_at == now - timedelta(minutes=5)
    newer = await registry.service.report(aed.id, said("used"), ADMIN)
    assert newer.aed.readiness is Readiness.IN_USE


async def test_an_inspection_brings_the_new_dates(registry: Registry) -> None:
    aed = await hung(registry, pads_expire_on=registry.clock.now().date() - timedelta(days=1))
    assert aed.readiness_reasons == ("pads_expired",)
    seen = said("inspection", outcome="ok", pads_expire_on="2028-06-30")
    after = await registry.service.report(aed.id, seen, ADMIN)
    assert (after.aed.readiness, str(after.aed.pads_expire_on)) == (Readiness.READY, "2028-06-30")
    assert names_near(registry) == ["断桥"]


async def test_a_changed_date_is_concluded_from_at_once(registry: Registry) -> None:
    aed = await hung(registry)
    yesterday = registry.clock.now().date() - timedelta(days=1)
    after = await registry.service.change(aed.id, {"battery_expires_on": yesterday}, ADMIN)
    assert after.readiness_reasons == ("battery_expired",)
    again = await registry.service.change(aed.id, {"battery_expires_on": None}, ADMIN)
    assert again.readiness_reasons == ("no_evidence_yet",)


async def test_another_process_hears_which_device_changed(registry: Registry) -> None:
    heard: asyncio.Queue[str | None] = asyncio.Queue()

    async def follow() -> None:
        async for payload in listen(registry.database.url, NOTIFY_CHANNEL):
            heard.put_nowait(payload)

    following = asyncio.create_task(follow())
    assert await asyncio.wait_for(heard.get(), 5) is None
    aed = await hung(registry)
    assert await asyncio.wait_for(heard.get(), 5) == str(aed.id)
    await registry.service.import_file(LIST.encode(), source="city")
    imported = {str(each.id) for each in registry.directory} - {str(aed.id)}
    assert {await asyncio.wait_for(heard.get(), 5) for _ in imported} == imported
    await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    assert await asyncio.wait_for(heard.get(), 5) == str(aed.id)
    # What says nothing new about its state is told on a channel of its own.
    await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    many = "".join(f"B{number},第{number}馆,某路,120.{number + 200},30.5,全天,\n" for number in range(201))
    await registry.service.import_file((LIST.split("\n", maxsplit=1)[0] + "\n" + many).encode(), source="all")
    assert await asyncio.wait_for(heard.get(), 5) == f"reload:{registry.service.settling.writer}"
    following.cancel()


async def test_refreshing_brings_in_what_others_wrote_and_tells_it_once(registry: Registry) -> None:
    told: list[list[Aed]] = []
    other = AedService(registry.database, AedDirectory(), registry.clock, told.append)
    aed = await hung(registry)
    await other.refresh([aed.id, uuid4()])
    assert other.directory.get(aed.id) == aed
    assert told == [[aed]]
    await other.refresh([aed.id])
    await registry.service.refresh(None)
    assert len(told) == 1
    registry.clock.move(minutes=1)
    await registry.service.remove(aed.id, ADMIN)
    await other.refresh(None)
    assert [each.removed for each in told[-1]] == [True]
    assert len(other.directory) == 0


async def test_memory_holds_what_the_database_holds(registry: Registry) -> None:
    aed = await hung(registry, floor=-1, indoor=False, custodian="wang", place=Place(30.123456789012345, 120.1))
    assert (await stored(registry)).get(aed.id) == aed == await registry.service.one(aed.id)
    with pytest.raises(NotFound):
        await registry.service.one(uuid4())


def test_an_older_copy_does_not_replace_a_newer_one(registry: Registry) -> None:
    now = registry.clock.now()

    def copy(name: str, minutes: int) -> Aed:
        at = now + timedelta(minutes=minutes)
        return Aed(id=UUID(int=1), name=name, place=LAKE, readiness_at=at, created_at=now, updated_at=at)

    registry.directory.put(copy("new", 1))
    registry.directory.put(copy("old", 0))
    assert [aed.name for aed in registry.directory] == ["new"]


@pytest.mark.parametrize("suffix", ["csv", "geojson"])
async def test_what_is_exported_comes_back_without_loss(registry: Registry, tmp_path: Path, suffix: str) -> None:
    await registry.service.import_file(LIST.encode(), source="city")
    full = await hung(
        registry,
        name='a "quoted", name',
        address="行1\n行2",
        floor=-2,
        indoor=True,
        custodian="wang",
        access=Access.CODE,
        place=Place(30.123456789012345, -0.1),
        pads_expire_on=registry.clock.now().date(),
        source="by hand",
    )
    await registry.service.report(full.id, said("used"), ADMIN)
    gone = await hung(registry, name="gone")
    await registry.service.remove(gone.id, ADMIN)
    before = {aed.id: aed for aed in await registry.service.export()}
    file = tmp_path / f"aeds.{suffix}"
    assert await export_command(registry.database, file, say=lambda _: None) == 0
    async with registry.database.transaction() as connection:
        await connection.exec_driver_sql("truncate aeds cascade")
    report = await registry.service.import_file(file.read_bytes(), source="aeds")
    assert (report.created, report.left_out) == (4, ())
    after = {aed.id: aed for aed in await registry.service.export()}
    assert after.keys() == before.keys()
    # How likely it works is for each registry to conclude from its own evidence.
    lost = {each: differing_fields(before[each], replace(after[each], belief=before[each].belief)) for each in before}
    assert not any(lost.values()), lost
    assert all(before[each].created_at == after[each].created_at for each in before)
    assert (await registry.service.import_file(file.read_bytes(), source="aeds")).unchanged == 4


async def test_a_spoilt_export_names_its_bad_rows(registry: Registry, tmp_path: Path) -> None:
    for _ in range(3):
        await hung(registry)
    file = tmp_path / "aeds.csv"
    await export_command(registry.database, file, say=lambda _: None)
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    lines[1] = lines[1].replace("unverified", "splendid")
    lines[2] = lines[2].replace("24/7", "always")
    file.write_text("\n".join([*lines, lines[3]]))
    report = await import_file(registry.database, file)
    faults = [(each.line, each.field) for each in report.left_out]
    assert faults == [(2, "readiness"), (3, "opening_hours"), (5, "id")]


async def test_the_command_prints_every_row_left_out(registry: Registry, tmp_path: Path) -> None:
    file, written = tmp_path / "city.csv", tmp_path / "report.json"
    file.write_text(LIST + "A3,无,某处,,,,\nA4,北极,某处,0,90,,\n")
    said: list[str] = []
    options: dict[str, Any] = {"datum": None, "source": None, "dry_run": False, "report": written}
    assert await import_command(registry.database, file, **options, say=said.append) == 0
    assert "4 rows: 2 taken, 2 left out" in said
    assert "  line 4: the coordinate is missing (纬度='')" in said
    assert "  line 5: the latitude is that of a pole (纬度='90')" in said
    report = json.loads(written.read_text())
    assert (report["source"], report["created"], len(report["left_out"])) == ("city", 2, 2)


async def test_the_command_says_what_is_wrong_in_a_line(registry: Registry, tmp_path: Path) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"source": None, "dry_run": False, "report": None, "say": said.append}
    assert await import_command(registry.database, tmp_path / "none.csv", datum=None, **options) == 1
    (tmp_path / "empty.csv").write_text("")
    assert await import_command(registry.database, tmp_path / "empty.csv", datum=None, **options) == 1
    assert await import_command(registry.database, tmp_path / "empty.csv", datum="moon", **options) == 2
    assert await export_command(registry.database, tmp_path / "aeds.xlsx", say=said.append) == 1
    assert len(said) == 4
