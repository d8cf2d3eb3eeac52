"""Whatever is sent: a reading that accounts for every row, or a sentence that says why there is none. Never a crash."""

import json
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.aeds.hours import checked_hours
from dispatch.aeds.importing.clauses import Understood, told, with_remark
from dispatch.aeds.importing.free_hours import Unclear, schedule_of
from dispatch.aeds.importing.reading import Reading, read_list
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.importing.week import expression_of
from geo.place import Place
from tests.aeds.importing.books import HEAD, book

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "gb18030",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "utf-16",
    "utf-16-le",
    "cp1252",
    "utf-32",
)
HEADINGS = (
    "name", "名称", "lat", "lon", "经度", "纬度", "坐标", "coordinates", "address", "地址", "opening_hours",
    "开放时间", "備註", "周六起",
    "周六迄", "floor", "樓層", "电池有效期", "c_disp_h", "c_disp_j", "datum", "坐标系", "status", "id", "序号",
    "phone", "", "名称", "access",
    "photo", "removal date", "@id", "geometry", "readiness",
)  # fmt: skip
CELLS = st.one_of(
    st.text(max_size=30),
    st.from_regex(r"-?\d{1,3}([.,]\d{1,8})?°?", fullmatch=True),
    st.sampled_from(
        (
            "", "120.15", "30.25", "0", "-0", "1e400", "nan",
            "inf", "120,15", "30°15'00\"N", "24/7", "Mo-Fr 08:00-17:00", "25:99-30:00",
            "00:00-00:00", "周一至周五9:00-17:00", "1900-01-01", "9999-12-31", "1899-12-31", "0000-00-00", "46568",
            "99999", "=1+1",
            '=HYPERLINK("http://x")', "@SUM(A1)", '"', '""', 'a"b', "'", "NULL", "\x00", "\ufeff", "\ufffd",
            "\ud83d\ude91",
            "\u202e", "{lundi,mardi}", "{", "}", "(120.1,30.2)", "POINT(1 2)", "POINT(", "全天", "休館", "X",
            "地下一階", "B1", "GCJ-02",
            "hors service", "https://example.org/a.jpg", "12345678901234567890", "-", "2027-02-30", "令和99年13月40日",
            "a" * 5000,
        )
    ),
)  # fmt: skip


def accounted(data: bytes, source: str = "fuzz") -> Reading | None:
    """The reading, every row of it accounted for and every value fit to be stored; None for a file that is no list."""
    try:
        reading = read_list(data, source=source)
    except UnreadableFile as error:
        said = str(error)
    else:
        return checked(reading)
    assert 3 < len(said) < 1000
    return None


def checked(reading: Reading) -> Reading:
    """The same reading, once it is seen to be whole and fit to be stored."""
    report = reading.report
    assert report.rows == report.taken + len(report.left_out)
    rows = [draft.row for draft in reading.drafts] + [each.row for each in report.left_out]
    assert len(set(rows)) == len(rows) == report.rows
    assert len({draft.source_ref for draft in reading.drafts}) == len(reading.drafts) or reading.is_own
    for draft in reading.drafts:
        assert isinstance(draft.place, Place)
        assert abs(draft.place.latitude) < 90
        assert abs(draft.place.longitude) <= 180
        hours = draft.values.get("opening_hours")
        assert hours is None or checked_hours(hours)
        for value in draft.values.values():
            if isinstance(value, str):
                assert "\x00" not in value
                assert len(value) <= 2000
                value.encode()
            if isinstance(value, date):
                assert 1990 <= value.year <= 2100
    json.dumps(report.as_dict())
    assert list(report.lines())
    return reading


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=600))
def test_any_bytes(data: bytes) -> None:
    accounted(data)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from((b"PK\x03\x04", b"{", b"[", b"<table>", b"\xff\xfe", b"\xef\xbb\xbf", b"name,lat,lon\n")),
    st.binary(max_size=400),
)
def test_any_bytes_after_a_telling_beginning(begin: bytes, data: bytes) -> None:
    accounted(begin + data)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(HEADINGS), min_size=2, max_size=12),
    st.lists(st.lists(CELLS, max_size=13), max_size=6),
    st.sampled_from((",", ";", "\t", "|")),
    st.sampled_from(ENCODINGS),
    st.booleans(),
    st.sampled_from(("\n", "\r\n", "\r")),
)
def test_any_table(
    headings: list[str], rows: list[list[str]], delimiter: str, encoding: str, quoted: bool, line_end: str
) -> None:
    def cell(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if quoted else text

    lines = [delimiter.join(map(cell, line)) for line in [["name", "lat", "lon", *headings], *rows]]
    accounted(line_end.join(lines).encode(encoding, errors="replace"))


@settings(max_examples=120, deadline=None)
@given(
    st.lists(CELLS, min_size=len(HEAD), max_size=len(HEAD)),
    st.binary(min_size=1, max_size=8),
    st.floats(0, 1),
    st.sampled_from(("cut", "overwrite", "insert")),
    st.sampled_from(ENCODINGS),
)
def test_a_list_spoilt_anywhere(cells: list[str], noise: bytes, where: float, how: str, encoding: str) -> None:
    good = "1,少年宫,环城西路1号,大厅,120.15,30.25,周一至周五9:00-17:00,0571-1234567,2027-06-30"
    text = "\n".join([",".join(HEAD), good, ",".join(cells), good])
    data = text.encode(encoding, errors="replace")
    at = int(where * len(data))
    end = {"cut": len(data), "overwrite": at + len(noise), "insert": at}[how]
    accounted(data[:at] + (b"" if how == "cut" else noise) + data[end:])


KEYS = st.sampled_from((*HEADINGS, "type", "properties", "features", "coordinates", "tags", "elements"))
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | CELLS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json(document: Any) -> None:
    accounted(json.dumps(document).encode())


@settings(max_examples=120, deadline=None)
@given(st.lists(JSON, max_size=4), JSON)
def test_any_features(properties: list[Any], geometry: Any) -> None:
    features = [{"type": "Feature", "properties": each, "geometry": geometry} for each in properties]
    features += [
        {"type": "Feature", "properties": {"name": "a"}, "geometry": {"type": "Point", "coordinates": geometry}}
    ]
    accounted(json.dumps({"type": "FeatureCollection", "features": features}).encode())


@settings(max_examples=80, deadline=None)
@given(st.text(alphabet='<>/="trdhalebpcospn 0123456789 é图', max_size=200))
def test_any_page(inner: str) -> None:
    accounted(f"<html><table><tr><th>name<th>lat<th>lon</tr><tr>{inner}</table>".encode())


# Spreadsheets know no time zones.
FIRST_MOMENT = datetime(1900, 1, 1)  # noqa: DTZ001
BOOK_CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False),
    st.datetimes(FIRST_MOMENT), st.dates(date(1900, 1, 1)), st.times(),
    st.timedeltas(timedelta(0), timedelta(days=40)),
    CELLS.map(lambda text: "".join(each for each in text if each.isprintable())[:200]),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.lists(BOOK_CELLS, max_size=10), max_size=5),
    st.lists(st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(0, 3), st.integers(0, 3)), max_size=3),
)
def test_any_workbook(rows: list[list[Any]], merged: list[tuple[int, int, int, int]]) -> None:
    def merge(made: Any) -> None:
        for top, left, down, right in merged:
            made.active.merge_cells(start_row=top, start_column=left, end_row=top + down, end_column=left + right)

    accounted(book([HEAD, *rows], merge))


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=30), st.floats(0, 1), st.booleans())
def test_a_workbook_spoilt_anywhere(noise: bytes, where: float, cut: bool) -> None:
    data = book([HEAD, [1, "少年宫", "环城西路1号", "大厅", 120.15, 30.25, "全天", "120", time(8, 0)]])
    at = int(where * len(data))
    accounted(data[:at] if cut else data[:at] + noise + data[at + len(noise) :])


WORDS = st.sampled_from(
    (
        "周一", "至", "周五", "星期六", "日", "9:00", "17:00", "-", "~", ",", "，", ";", "\n", "休館", "不開放",
        "國定假日", "除外", "(", ")", "全天",
        "24小時", "寒暑假", "上課時間", "每月", "Mon", "Fri", "to", "closed", "except", "lundi", "au", "8h30", "/",
        "und", "1月", "春節", "延長至", "至17:00",
        "夏季", "備註:", " ", "月", "祝", "12", "00", ":", "開放", "僅供", "員工", "24/7", "PH off",
        "Mo-Fr 08:00-17:00",
    )
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=14).map("".join), st.lists(WORDS, max_size=10).map("".join))
def test_any_words_about_hours(text: str, remark: str) -> None:
    try:
        found = told(text)
        expression = expression_of(with_remark(found, remark).schedule)
    except Unclear:
        return
    assert expression is None or checked_hours(expression)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=12).map("".join))
def test_a_remark_never_opens_what_the_columns_have_closed(remark: str) -> None:
    base = schedule_of("星期一至星期五 08:00-17:30\n星期六 closed\n星期日 closed")
    try:
        found = with_remark(Understood(base), remark).schedule
    except Unclear:
        return
    for day in range(7):
        for rule in found.rules:
            if day in rule.days and rule.spans and day > 4:
                # A remark that names the weekend itself may know better than an empty column, never than "closed".
                pytest.fail(f"{remark!r} opened day {day}")
            if day in rule.days and rule.spans:
                assert all(8 * 60 <= start < end <= 17 * 60 + 30 for start, end in rule.spans), remark
