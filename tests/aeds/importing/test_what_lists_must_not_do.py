"""What people and devices have told since stands against what a list says, and no list can hold up the service."""

import asyncio
import io
import json
import time
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.commands import export_file
from dispatch.aeds.importing.apart import read_apart
from dispatch.aeds.importing.desk import SuspiciousImport, WhenGone
from dispatch.aeds.importing.reading import read_list
from dispatch.aeds.importing.report import ImportReport
from dispatch.aeds.importing.row_hours import HoursCells, Told, hours_of
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.own_schema import as_csv, as_geojson
from dispatch.aeds.record import Aed
from dispatch.storage.database import Database
from geo.place import Place
from tests.aeds.conftest import Registry
from tests.aeds.importing.books import HEAD, book, with_part

ADMIN = Identity(Role.ADMIN, "tests")


async def taken(registry: Registry, data: str, **how: Any) -> ImportReport:
    registry.clock.move(minutes=1)
    return await registry.service.import_file(data.encode(), source="city", **how)


async def only(registry: Registry) -> Aed:
    (aed,) = registry.directory
    return aed


DATED = "id,name,lat,lon,battery expiry\n1,hall,30.25,120.15,{}\n"


async def test_a_date_that_an_inspection_saw_is_not_overwritten_by_a_list(registry: Registry) -> None:
    await taken(registry, DATED.format("2027-01-31"))
    aed = await only(registry)
    assert aed.battery_expires_on == date(2027, 1, 31)
    registry.clock.move(minutes=1)
    seen = {"kind": "inspection", "outcome": "ok", "battery_expires_on": "2031-06-30"}
    await registry.service.report(aed.id, _report(seen, registry), ADMIN)
    report = await taken(registry, DATED.format("2027-01-31"))
    assert (await only(registry)).battery_expires_on == date(2031, 6, 30)
    assert (report.unchanged, [each.note for each in report.notes]) == (
        1, ["battery_expires_on 2027-01-31 was not taken: an inspection saw 2031-06-30"],
    )  # fmt: skip


def _report(said: dict[str, Any], registry: Registry) -> ReportIn:
    return ReportIn.model_validate({"at": registry.clock.now().isoformat()} | said)


async def test_a_blank_does_not_make_a_list_forget_when_a_battery_expires(registry: Registry) -> None:
    await taken(registry, DATED.format("2027-01-31"))
    await taken(registry, DATED.format(""))
    assert (await only(registry)).battery_expires_on == date(2027, 1, 31)


async def test_a_taxi_that_has_told_where_it_is_is_not_put_back_by_a_list(registry: Registry) -> None:
    listed = "id,name,c_lat_coor1,c_long_coor1,c_dae_mobile\n1,taxi,30.25,120.15,oui\n"
    await taken(registry, listed)
    aed = await only(registry)
    await registry.service.change(aed.id, {"place": Place(30.3, 120.2)}, ADMIN)
    fix = (await only(registry)).fix_at
    report = await taken(registry, listed)
    now = await only(registry)
    assert (report.unchanged, now.place, now.fix_at) == (1, Place(30.3, 120.2), fix)


async def test_a_row_about_a_device_that_was_removed_here_is_said_to_be(registry: Registry) -> None:
    listed = "id,name,lat,lon\n1,hall,30.25,120.15\n"
    await taken(registry, listed)
    await registry.service.remove((await only(registry)).id, ADMIN)
    assert [each.note for each in (await taken(registry, listed)).notes] == [
        "its device was removed here, and stays so"
    ]


async def test_a_row_without_an_id_that_lost_its_coordinates_does_not_remove_its_device(registry: Registry) -> None:
    head = "name,address,lat,lon\n"
    rows = [f"hall {at},street {at},30.{at}5,120.15\n" for at in range(1, 4)]
    await taken(registry, head + "".join(rows))
    report = await taken(registry, head + rows[0] + rows[1] + "hall 3,street 3,,\n", when_gone=WhenGone.REMOVE)
    assert (report.gone, len(report.left_out), len(registry.directory)) == (0, 1, 3)


def places(moved: float = 0.0, step: int = 0, count: int = 8) -> str:
    at = [(30.2 + each * each % 11 / 50, 120.1 + each * each * 7 % 13 / 40 + moved) for each in range(count)]
    at = at[step:] + at[:step]
    return "id,name,lat,lon\n" + "".join(f"{n}x,hall {n},{lat},{lon}\n" for n, (lat, lon) in enumerate(at))


async def test_coordinates_that_slipped_to_other_rows_are_suspicious(registry: Registry) -> None:
    await taken(registry, places())
    with pytest.raises(SuspiciousImport, match="each another way"):
        await taken(registry, places(step=3))


async def test_a_few_known_devices_sent_to_another_continent_are_suspicious(registry: Registry) -> None:
    await taken(registry, places())
    with pytest.raises(SuspiciousImport, match="1,000 km"):
        await taken(registry, places(moved=-60))


async def test_what_was_forced_once_is_no_suspicion_the_next_time(registry: Registry) -> None:
    crowd = "id,name,lat,lon\n" + "".join(f"{n}x,hall {n},30.25,120.15\n" for n in range(30, 45))
    with pytest.raises(SuspiciousImport):
        await taken(registry, crowd)
    await taken(registry, crowd, force=True)
    assert (await taken(registry, crowd)).suspicions == ()


async def test_an_export_moved_as_a_whole_is_suspicious_too(registry: Registry, tmp_path: Path) -> None:
    await taken(registry, places())
    file = tmp_path / "all.csv"
    await export_file(registry.database, file)
    again = file.read_text(encoding="utf-8-sig")
    assert (await taken(registry, again)).unchanged == 8
    shifted = as_csv(
        [_at(aed, Place(aed.place.latitude + 0.004, aed.place.longitude + 0.004)) for aed in registry.directory]
    )
    with pytest.raises(SuspiciousImport):
        await taken(registry, shifted)


def _at(aed: Aed, place: Place, **more: Any) -> Aed:
    return replace(aed, place=place, **more)


async def test_an_export_of_a_time_to_come_neither_hides_what_is_written_now_nor_outranks_it(
    registry: Registry,
) -> None:
    await taken(registry, DATED.format("2027-01-31"))
    aed = await only(registry)
    later = registry.clock.now() + timedelta(days=3000)
    made = _at(aed, aed.place, id=uuid4(), site_id=uuid4(), source_ref="2", name="pool", updated_at=later)
    await taken(registry, as_csv([made]))
    assert (await registry.service.one(made.id)).updated_at <= registry.clock.now() + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a\x00b"), ("phone", "\ud800"), ("name", "n" * 300), ("floor", "99999999999"),
        ("battery_expires_on", "0001-01-01"), ("updated_at", "9999-12-31T23:59:59+00:00"), ("source_ref", "r" * 5000),
    ],
)  # fmt: skip
async def test_what_an_export_cannot_hold_is_a_row_left_out_and_no_failure(
    registry: Registry, field: str, value: str
) -> None:
    await taken(registry, DATED.format("2027-01-31"))
    document = json.loads(as_geojson([await only(registry)]))
    document["features"][0]["properties"][field] = value
    report = await taken(registry, json.dumps(document))
    assert [each.field for each in report.left_out] == [field]


async def test_an_exports_texts_are_no_formulas_and_come_back_as_they_were(registry: Registry) -> None:
    values = {"name": "=HYPERLINK(1)", "phone": "+86 571", "place_detail": "'=x", "owner": "-", "fence_m": 100_000.0}
    place = Place(-30.25, -120.15)
    aed = await registry.service.create({"place": place, "floor": -1, **values}, ADMIN)
    written = as_csv([aed])
    assert "'=HYPERLINK(1)" in written
    assert ",-30.25,-120.15," in written
    for data in (written, as_geojson([aed])):
        (draft,) = read_list(data.encode(), source="x").drafts
        assert {name: draft.values[name] for name in values} == values
        assert (draft.values["floor"], draft.place) == (-1, place)
        assert (await taken(registry, data)).unchanged == 1


@pytest.mark.parametrize("said", ["Mo-Fr 08:00-16:00; SH off", "SH 10:00-12:00", "24/7; PH,SH off", "Mo-Su 10:00+"])
def test_hours_that_hang_on_what_nobody_knows_are_not_certain(said: str) -> None:
    found = hours_of(HoursCells(texts=[said]))
    assert (found.expression, found.source_text, found.told) == (None, said, Told.NOT_UNDERSTOOD)


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ("Mo-Fr 08:00-17:00+", "Mo-Fr 08:00-17:00"),
        ("24/7; PH off", "24/7; PH off"),
        ("22:00-06:00", "22:00-06:00"),
        ("week 1-10 Mo-Fr 09:00-17:00", "week 1-10 Mo-Fr 09:00-17:00"),
        ("(sunrise+01:00)-sunset", "(sunrise+01:00)-sunset"),
        ('Mo-Fr 08:00-16:00 "SH: ring"', 'Mo-Fr 08:00-16:00 "SH: ring"'),
    ],
)
def test_hours_that_are_certain_stay(said: str, understood: str) -> None:
    assert hours_of(HoursCells(texts=[said])).expression == understood


def test_a_remark_of_blanks_is_read_at_once() -> None:
    begun = time.process_time()
    hours_of(HoursCells(texts=["9:00-17:00"], remarks=["開" + " " * 7900 + "x"]))
    hours_of(HoursCells(texts=["9:00-17:00"], remarks=["開" + " " * 900_000 + "x"]))
    read_list(("name,lat,lon\n" + '"<br' + " " * 90_000 + '",30.2,120.1\n').encode(), source="x")
    assert time.process_time() - begun < 1.5  # 400 s and more, when each blank was a place to begin anew


def test_a_row_above_the_headings_is_not_lost_without_a_word() -> None:
    rows = ["1,hall,30.25,120.15,24/7", "id,name,lat,lon,opening_hours", "2,pool,30.26,120.16,24/7"]
    report = read_list("\n".join(rows).encode(), source="x").report
    assert report.taken == 1
    assert "1 rows stand above the headings and were not read." in report.warnings


async def test_a_long_list_is_read_beside_the_loop_as_it_would_be_on_it() -> None:
    rows = "".join(f"{at},hall {at},30.{at:04},120.15,Mo-Fr {at % 9:02}:00-17:00\n" for at in range(4000))
    data = f"id,name,lat,lon,hours\n{rows}9999,lost,,,\n".encode()
    assert await read_apart(data, source="x") == read_list(data, source="x")
    with pytest.raises(UnreadableFile, match="no headings"):
        await read_apart(b"nothing, nothing\n" * 10_000, source="x")


async def test_a_list_made_to_exhaust_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.aeds.importing.apart._WITHIN_S", 3.0)
    with pytest.raises(UnreadableFile, match="more time or memory"):
        await read_apart(b"<html><table><tr><td>name<td>lat<td>lon" + b"<a " * 300_000, source="x")


@pytest.mark.parametrize(
    ("part", "end"), [("xl/worksheets/sheet1.xml", b"</sheetData>"), ("xl/styles.xml", b"</styleSheet>")]
)
def test_a_workbook_whose_parts_are_made_to_exhaust_is_refused(part: str, end: bytes) -> None:
    trap = with_part(book([HEAD]), part, lambda xml: xml.replace(end, b"<c/>" * 12_000_000 + end))
    with pytest.raises(UnreadableFile, match="trap"):
        read_list(trap, source="x")


def test_a_part_of_a_workbook_that_goes_by_another_name_is_not_read() -> None:
    page = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book([HEAD]))) as old, zipfile.ZipFile(page, "w") as new:
        for member in old.infolist():
            content = old.read(member).replace(b"sheet1.xml", b"sheet1.png")
            new.writestr(member.filename.replace("sheet1.xml", "sheet1.png"), content)
    with pytest.raises(UnreadableFile):
        read_list(page.getvalue(), source="x")


async def test_an_import_waits_for_another_for_longer_than_silence_is_borne(
    registry: Registry, postgis_url: str
) -> None:
    impatient = Database(postgis_url, patience_s=1.0)
    registry.service.imports._database = impatient
    try:
        async with registry.database.transaction() as connection:
            await connection.execute(text("select pg_advisory_xact_lock(hashtext('dispatch_aeds_import'))"))
            waiting = asyncio.create_task(taken(registry, DATED.format("")))
            done, _ = await asyncio.wait({waiting}, timeout=2.0)
            assert not done
        assert (await waiting).created == 1
    finally:
        await impatient.close()


async def test_a_time_that_is_now_is_kept(registry: Registry) -> None:
    await taken(registry, DATED.format(""))
    aed = await only(registry)
    made = _at(aed, aed.place, id=uuid4(), source_ref="2", created_at=datetime(2020, 1, 2, tzinfo=UTC))
    await taken(registry, as_csv([made]))
    assert (await registry.service.one(made.id)).created_at == made.created_at


async def test_what_is_gone_is_found_in_a_long_list_too(registry: Registry) -> None:
    # More than are read at once, and one that came from the list without an id of its own.
    await taken(registry, places(count=450))
    await registry.service.create({"name": "pool", "place": Place(30.9, 120.9), "source": "city"}, ADMIN)
    report = await taken(registry, places(count=449), force=True)
    assert (report.unchanged, report.gone) == (449, 2)
