"""Lists kept in spreadsheet programs, as offices keep them."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from dispatch.aeds.importing.reading import Reading, read_list
from dispatch.aeds.importing.rows import UnreadableFile
from geo.place import Place
from tests.aeds.importing.books import HEAD, book, with_part

# Spreadsheets know no time zones.
MIDNIGHT = datetime(2029, 7, 1)  # noqa: DTZ001
SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes) -> Reading:
    return read_list(data, source="test")


def venue(number: int, *, name: str | None = None, **more: Any) -> list[Any]:
    cells = {
        "单位名称": name or f"{number}号馆",
        "详细地址": f"解放路{number}号",
        "安装位置": "一楼大厅",
        "经度": 120.1 + number / 100,
        "纬度": 30.2,
        "开放时间": "周一至周五9:00-17:00",
        "联系电话": 13800000000 + number,
        "电池有效期": date(2028, 6, 30),
        "序号": number,
    } | more
    return [cells[heading] for heading in HEAD]


def test_a_sheet_with_titles_above_and_notes_below() -> None:
    reading = read(
        book(
            [
                ["杭州市公共场所AED分布一览表（2026年版）"],
                [],
                ["填报单位：市红十字会", None, None, "填报日期：2026-01-05"],
                HEAD,
                venue(1),
                [],
                venue(2),
                ["合计", "2台"],
            ]
        )
    )
    assert (reading.report.form, reading.report.rows, reading.report.taken) == ("xlsx", 3, 2)
    (total,) = reading.report.left_out
    assert (total.line, total.reason) == (8, "the coordinate is missing")
    first = reading.drafts[0]
    assert first.place == Place(30.2, 120.11)
    assert first.values["phone"] == "13800000001"
    assert first.values["battery_expires_on"] == date(2028, 6, 30)
    assert first.values["opening_hours"] == "Mo-Fr 09:00-17:00"
    assert any("names no datum" in warning for warning in reading.report.warnings)


def test_merged_cells_stand_for_all_of_them() -> None:
    rows: list[Any] = [HEAD, venue(1, name="市民中心"), venue(2), venue(3), venue(4)]
    rows[2][1] = rows[3][1] = None

    def merge(made: Any) -> None:
        made.active.merge_cells("B2:B4")

    reading = read(book(rows, merge))
    assert [draft.values["name"] for draft in reading.drafts] == ["市民中心", "市民中心", "市民中心", "4号馆"]


def test_headings_in_two_rows() -> None:
    upper = ["序号", "单位名称", "经纬度", None, "开放时间", None]
    lower = [None, None, "经度", "纬度", "开始时间", "结束时间"]

    def merge(made: Any) -> None:
        for area in ("A1:A2", "B1:B2", "C1:D1", "E1:F1"):
            made.active.merge_cells(area)

    rows: list[Any] = [
        upper,
        lower,
        [1, "少年宫", 120.15, 30.25, "8:00", "17:00"],
        [2, "图书馆", 120.16, 30.26, "9:00", "21:00"],
    ]
    reading = read(book(rows, merge))
    assert [draft.values["name"] for draft in reading.drafts] == ["少年宫", "图书馆"]
    assert reading.drafts[0].place == Place(30.25, 120.15)


def test_coordinates_in_one_cell_dates_as_numbers_and_times_as_times() -> None:
    rows: list[Any] = [
        ["名称", "坐标（GCJ-02）", "电极片有效期", "周一至周五起", "周一至周五止"],
        ["少年宫", "120.15,30.25", 47299, time(8, 30), time(17, 0)],
        ["图书馆", "120.16，30.26", MIDNIGHT, timedelta(hours=9), timedelta(hours=21)],
        ["体育馆", "120.17 30.27", "2029.7.1", 0.375, "24:00"],
    ]
    reading = read(book(rows))
    assert (reading.report.datum, reading.report.datum_from) == ("gcj02", "headings")
    assert [draft.values["pads_expire_on"] for draft in reading.drafts] == [
        date(2029, 6, 30),
        date(2029, 7, 1),
        date(2029, 7, 1),
    ]
    assert [draft.values["opening_hours"] for draft in reading.drafts] == [
        "Mo-Fr 08:30-17:00",
        "Mo-Fr 09:00-21:00",
        None,
    ]


def test_several_sheets_are_one_list_and_say_where_a_row_was() -> None:
    def more(made: Any) -> None:
        made.active.title = "上城区"
        other = made.create_sheet("西湖区")
        for row in [HEAD, venue(3), venue(4, 经度=None)]:
            other.append(row)
        notes = made.create_sheet("填表说明")
        notes.append(["请如实填写。"])
        hidden = made.create_sheet("旧表")
        hidden.append(["名称", "经度", "纬度"])
        hidden.sheet_state = "hidden"

    reading = read(book([HEAD, venue(1), venue(2)], more))
    report = reading.report
    assert (report.rows, report.taken) == (4, 3)
    assert report.as_dict()["left_out"][0] == {
        "line": 3, "row": 4, "reason": "sheet '西湖区': the coordinate is missing", "field": "经度", "value": "",
    }  # fmt: skip
    assert [warning for warning in report.warnings if "sheet" in warning] == [
        "The sheet '填表说明' was not read: no headings are recognised in it.",
        "The sheet '旧表' is hidden and was not read.",
    ]


def test_sheets_with_other_headings_are_read_each_by_its_own() -> None:
    def more(made: Any) -> None:
        other = made.create_sheet("english")
        for row in [["name", "lat", "lon"], ["City Hall", 30.3, 120.3]]:
            other.append(row)

    reading = read(book([HEAD, venue(1)], more))
    assert [draft.values["name"] for draft in reading.drafts] == ["1号馆", "City Hall"]
    assert len({draft.source_ref for draft in reading.drafts}) == 2


def test_formulas_count_by_their_stored_results() -> None:
    rows = [HEAD, venue(1), venue(2, 经度="=120+0.15")]
    reading = read(book(rows))
    assert reading.report.taken == 1
    assert any("1 formulas" in warning and "never calculated" in warning for warning in reading.report.warnings)
    stored = with_part(
        book(rows),
        SHEET,
        lambda xml: (
            xml.replace(b"<v></v>", b"<v>120.15</v>")
            .replace(b"<v/>", b"<v>120.15</v>")
            .replace(b"<v />", b"<v>120.15</v>")
        ),
    )
    assert read(stored).drafts[1].place == Place(30.2, 120.15)


def test_errors_in_cells_are_noted_and_count_as_empty() -> None:
    reading = read(book([HEAD, venue(1, 详细地址="#N/A"), venue(2, 纬度="#REF!")]))
    assert reading.drafts[0].values["address"] is None
    assert any("#N/A" in note for note in reading.drafts[0].notes)
    assert reading.report.left_out[0].reason == "the coordinate is missing"


def test_bold_type_booleans_and_line_breaks_do_no_harm() -> None:
    def finish(made: Any) -> None:
        for cell in made.active[1]:
            cell.font = Font(bold=True)

    rows: list[Any] = [["名称", "经度", "纬度", "室内", "安装位置"], ["少年宫", "120.15", "30.25", True, "门口\n左侧"]]
    (draft,) = read(book(rows, finish)).drafts
    assert (draft.values["indoor"], draft.values["place_detail"]) == (True, "门口 左侧")


def test_a_sheet_that_lies_about_its_size() -> None:
    data = book([HEAD, venue(1), venue(2)])
    for size in (b"A1:A1", b"A1:XFD1048576"):

        def lie(xml: bytes, size: bytes = size) -> bytes:
            start = xml.index(b'<dimension ref="') + len(b'<dimension ref="')
            return xml[:start] + size + xml[xml.index(b'"', start) :]

        assert read(with_part(data, SHEET, lie)).report.taken == 2


def test_cells_far_away_from_all_others_cost_nothing() -> None:
    far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    data = with_part(book([HEAD, venue(1)]), SHEET, lambda xml: xml.replace(b"</sheetData>", far))
    assert read(data).report.taken == 1


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"\x1f\x8b\x08 ...", "gzip"),
    ],
)
def test_what_is_no_workbook_is_called_what_it_is(data: bytes, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read(data)


def test_an_archive_of_something_else() -> None:
    page = io.BytesIO()
    with zipfile.ZipFile(page, "w") as archive:
        archive.writestr("list.csv", "name,lat,lon\na,1,2\n")
    with pytest.raises(UnreadableFile, match="unpack it first"):
        read(page.getvalue())


def test_entities_that_expand_are_refused_before_they_do() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    for part in (SHEET, "xl/workbook.xml", "xl/styles.xml"):
        data = with_part(book([HEAD, venue(1)]), part, lambda xml: bomb + xml)
        with pytest.raises(UnreadableFile, match="declares entities"):
            read(data)


def test_an_archive_that_unpacks_without_end_is_refused_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dispatch.aeds.importing.workbooks._MOST_UNPACKED", 20_000_000)
    padding = b"<!-- " + b"x" * 30_000_000 + b" -->"
    data = with_part(book([HEAD, venue(1)]), SHEET, lambda xml: xml + padding)
    assert len(data) < 100_000
    with pytest.raises(UnreadableFile, match="may be a trap"):
        read(data)


def test_a_damaged_part_is_a_reason_and_no_crash() -> None:
    data = book([HEAD, venue(1)])
    for part in zipfile.ZipFile(io.BytesIO(data)).namelist():
        for spoilt in (b"", b"<x/>", b"\xff\xfe nonsense"):
            try:
                read(with_part(data, part, lambda _xml, spoilt=spoilt: spoilt))  # type: ignore[misc]
            except UnreadableFile:
                continue


def test_a_protected_sheet_is_read_all_the_same() -> None:
    def protect(made: Any) -> None:
        made.active.protection.sheet = True
        made.active.protection.password = "secret"

    assert read(book([HEAD, venue(1)], protect)).report.taken == 1


def test_an_empty_workbook_has_no_headings() -> None:
    made = openpyxl.Workbook()
    page = io.BytesIO()
    made.save(page)
    with pytest.raises(UnreadableFile, match="headings"):
        read(page.getvalue())
