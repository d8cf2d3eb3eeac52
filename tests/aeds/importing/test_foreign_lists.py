"""Lists of many publishers: their layouts, languages, encodings and faults."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.aeds.importing.reading import Reading, read_list
from dispatch.aeds.importing.rows import UnreadableFile
from dispatch.aeds.record import Access
from geo.datum import Datum
from geo.place import Place

_LISTS: dict[str, tuple[str, str]] = {
    "Japan's municipal standard": (
        (
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,方書,緯度,経度,"
            "設置位置,電話番号,内線番号,法人番号,団体名,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,"
            "小児対応設備の有無,URL,備考\n"
            "131016,0000000001,東京都,千代田区,区役所,クヤクショ,東京都千代田区九段南1-2-1,,35.694003,"
            "139.753595,1階総合案内,(03)3264-2111,,,千代田区,月火水木金,8:30,17:00,,有,,\n"
        ),
        "cp932",
    ),
    "GéoDAE": (
        (
            "gid;c_nom;c_lat_coor1;c_long_coor1;c_adr_num;c_adr_voie;c_com_nom;c_acc;c_acc_lib;c_acc_etg;"
            "c_acc_complt;c_disp_j;c_disp_h;c_tel1;c_etat_fonct;c_fab_rais;c_modele;c_dtpr_bat\n"
            "12;区役所;35.694003;139.753595;1;Place;Lyon;intérieur;t;rdc;1階総合案内;"
            "{lundi,mardi,mercredi,jeudi,vendredi};08:30-17:00;(03)3264-2111;En fonctionnement;SCHILLER;"
            "FRED;2027-06-01\n"
        ),
        "utf-8",
    ),
    "a mainland city": (
        (
            "序号,单位名称,详细地址,安装位置,经度,纬度,开放时间,联系电话\n"
            "1,区役所,东京九段南1-2-1,1階総合案内,139.753595,35.694003,周一至周五8:30-17:00,(03)3264-2111\n"
        ),
        "gb18030",
    ),
    "Taiwan's": (
        (
            "場所名稱,場所地址,地點LAT,地點LNG,AED放置地點,周一至周五起,周一至周五迄,周六起,周六迄,"
            "開放時間緊急連絡電話\n"
            "區役所,東京,35.694003,139.753595,1階總合案內,0830,17時,,,(03)3264-2111\n"
        ),
        "big5",
    ),
    "Korea's": (
        (
            "연번,설치기관명,설치기관주소,설치위치,위도,경도,관리자연락처,월요일 시작시간,월요일 종료시간\n"
            "1,구청,도쿄,1층 안내,35.694003,139.753595,(03)3264-2111,0830,1700\n"
        ),
        "cp949",
    ),
    "Hong Kong's": (
        (
            "AED Name\tAED Address\tDetailed location of installation\tLATITUDE\tLONGITUDE\tService hours\t"
            "Contact number\n"
            "City Hall\t1 Road\tLobby\t35.694003\t139.753595\tMonday to Friday 8:30am - 5:00pm\t(03)3264-2111\n"
        ),
        "utf-16",
    ),
    "Germany's": (
        (
            "Bezeichnung;Straße;Standortbeschreibung;Öffnungszeiten;Telefon;Breitengrad;Längengrad\n"
            "Bürgerbüro;Königsplatz 1;im Flur;Mo-Fr 8.30-17.00 Uhr;(03)3264-2111;35,694003;139,753595\n"
        ),
        "cp1252",
    ),
    "a portal's with WKT": (
        (
            "FID,SHAPE,NAME,ADRESSE,BESCHREIBUNG,HOURS,PHONE\n"
            "DEFI.1,POINT (139.753595 35.694003),Rathaus,Rathausplatz 1,Flur,Mo-Fr 08:30-17:00,"
            "(03)3264-2111\n"
        ),
        "utf-8-sig",
    ),
}


def read(text: str | bytes, datum: Datum | None = None) -> Reading:
    return read_list(text.encode() if isinstance(text, str) else text, source="test", datum=datum)


@pytest.mark.parametrize("name", _LISTS)
def test_a_list_is_understood(name: str) -> None:
    text, encoding = _LISTS[name]
    reading = read(text.encode(encoding))
    assert reading.report.left_out == ()
    (draft,) = reading.drafts
    assert draft.place == Place(35.694003, 139.753595)
    assert draft.values["opening_hours"] in {"Mo-Fr 08:30-17:00", "Mo 08:30-17:00"}
    assert draft.values["phone"] == "(03)3264-2111"
    assert draft.values["access"] is Access.PUBLIC
    assert {"name", "address", "place_detail"} <= {name for name, value in draft.values.items() if value}


def test_details_of_a_french_list() -> None:
    (draft,) = read(_LISTS["GéoDAE"][0]).drafts
    assert draft.source_ref == "12"
    assert draft.values["floor"] == 0
    assert draft.values["indoor"] is True
    assert draft.values["maker"] == "SCHILLER"
    assert str(draft.values["battery_expires_on"]) == "2027-06-01"
    broken = read(_LISTS["GéoDAE"][0].replace("En fonctionnement", "Hors service")).drafts[0]
    assert broken.reported_broken == "Hors service"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends_make_no_difference(encoding: str, delimiter: str, line_end: str) -> None:
    rows = [["名称", "地址", "经度", "纬度"], ["少年宫", "杭州市西湖区环城西路", "120.15", "30.25"]]
    text = line_end.join(delimiter.join(row) for row in rows)
    (draft,) = read(text.encode(encoding)).drafts
    assert (draft.values["name"], draft.place) == ("少年宫", Place(30.25, 120.15))


def test_titles_above_and_sums_below_are_no_rows_of_aeds() -> None:
    reading = read("杭州市AED分布,,,\n更新:2026-01,,,\n名称,地址,经度,纬度\n甲,乙路1号,120.15,30.25\n合计,1,,\n")
    assert [draft.line for draft in reading.drafts] == [4]
    assert [str(each) for each in reading.report.left_out] == ["line 5: the coordinate is missing (纬度='')"]


def test_a_heading_names_the_datum_and_the_option_overrules_it() -> None:
    text = "名称,经度（GCJ02）,纬度（GCJ02）\n甲,120.15,30.25\n"
    assert read(text).report.datum_from == "headings"
    assert read(text).drafts[0].place != Place(30.25, 120.15)
    assert read(text, Datum.WGS84).drafts[0].place == Place(30.25, 120.15)


def test_of_two_datums_wgs84_is_read() -> None:
    text = "名称,经度_百度,纬度_百度,经度_wgs84,纬度_wgs84\n甲,120.16,30.26,120.15,30.25\n"
    assert read(text).drafts[0].place == Place(30.25, 120.15)


def test_the_place_of_the_device_comes_before_that_of_the_building() -> None:
    text = 'name,place_coord_lnglat,aed_coord_lnglat\nA,"( 120.1,30.1 )","(120.2,30.2)"\nB,"( 120.3,30.3 )",(0)\n'
    reading = read(text)
    assert [draft.place for draft in reading.drafts] == [Place(30.2, 120.2), Place(30.3, 120.3)]
    assert "place_coord_lnglat was read instead" in reading.report.notes[0].note


def test_a_row_swapped_among_others_is_named_where_ranges_do_not_tell() -> None:
    rows = "".join(f"a{at},{45 + at / 1000},{11 + at / 1000}\n" for at in range(30))
    reading = read(f"name,lat,lon\n{rows}turned,11.01,45.01\n")
    assert reading.report.taken == 30
    assert "swapped" in reading.report.left_out[0].reason


def test_a_quotation_mark_never_closed_costs_no_other_row() -> None:
    rows = [f"n{at},30.{at},120.{at},note" for at in range(1, 9)]
    rows[2] += ' "unclosed'
    rows[4] = 'x,30.5,120.5,"open'
    reading = read("name,lat,lon,remark\n" + "\n".join(rows) + "\n")
    assert (reading.report.rows, reading.report.taken) == (8, 8)
    assert any("stray quotation mark" in each.note for each in reading.report.notes)


def test_newlines_in_fields_are_kept_together_and_lines_counted() -> None:
    text = 'name,lat,lon,description\nA,30.1,120.1,"first\nsecond"\nB,,120.2,x\n'
    reading = read(text)
    assert reading.drafts[0].values["place_detail"] == "first second"
    assert [each.line for each in reading.report.left_out] == [4]


def test_rows_of_the_wrong_width_are_taken_with_a_note() -> None:
    reading = read("name,lat,lon,phone\nA,30.1,120.1\nB,30.2,120.2,120,5\n")
    assert reading.report.taken == 2
    assert [each.line for each in reading.report.notes] == [2, 3]


def test_ids_that_are_not_unique_do_not_tell_entries_apart() -> None:
    rows = "".join(f"{at % 3},site {at},road {at},30.{at},120.{at}\n" for at in range(1, 9))
    reading = read(f"number,name,address,lat,lon\n{rows}")
    assert len({draft.source_ref for draft in reading.drafts}) == 8
    assert "is not unique" in reading.report.warnings[0]


def test_entries_alike_in_everything_are_numbered() -> None:
    reading = read("name,address,lat,lon\n" + "airline,hangar,25.1,121.2\n" * 3)
    first = reading.drafts[0].source_ref
    assert [draft.source_ref for draft in reading.drafts] == [first, f"{first}#2", f"{first}#3"]


def test_remarks_for_staff_make_a_device_private() -> None:
    reading = read("名称,经度,纬度,开放时间,备注\n甲,120.15,30.25,8:00-18:00,内部使用\n乙,120.16,30.26,8:00-18:00,\n")
    assert [draft.values["access"] for draft in reading.drafts] == [Access.PRIVATE, Access.PUBLIC]


def test_markup_and_what_a_screen_chokes_on_are_taken_out() -> None:
    text = "name,lat,lon,description\n\x07<b>Town&nbsp;hall</b>,30.1,120.1,first<br>second\ufffd\n"
    (draft,) = read(text).drafts
    assert (draft.values["name"], draft.values["place_detail"]) == ("Town hall", "first second")


def test_a_huge_field_is_cut_with_a_note() -> None:
    reading = read("name,lat,lon\n" + "x" * 500_000 + ",30.1,120.1\n")
    assert len(reading.drafts[0].values["name"]) == 200
    assert "was cut" in reading.report.notes[0].note


def test_dates_that_mean_none_are_none() -> None:
    reading = read("name,lat,lon,battery expiry,pads expiry\na,30,120,9999-12-31,1900-01-01\nb,30,120,2027-05-01,\n")
    dates = [draft.values["battery_expires_on"] for draft in reading.drafts]
    assert [day and day.isoformat() for day in dates] == [None, "2027-05-01"]


def feature(coordinates: object, **properties: object) -> dict[str, object]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": coordinates}, "properties": properties}


def test_geojson_rows_are_accounted_for_one_by_one() -> None:
    features = [
        feature([120.15, 30.25], name="good", opening_hours="24/7"),
        feature(["x", 30.25]),
        {"type": "Feature", "geometry": None, "properties": {"name": "nowhere"}},
        7,
        None,
        feature([120.16]),
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [[[10, 50], [12, 50], [12, 52], [10, 50]]]}},
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=1)
    reading = read(text)
    assert [draft.place for draft in reading.drafts] == [Place(30.25, 120.15), Place(51, 11)]
    assert [each.row for each in reading.report.left_out] == [2, 3, 4, 5, 6]
    lines = text.splitlines()
    assert all(lines[each.line - 1].strip()[0] in "{7n" for each in reading.report.left_out)


def test_openstreetmap_elements_keep_type_and_id() -> None:
    elements = [
        {
            "type": "node",
            "id": 1,
            "lat": 45.1,
            "lon": 11.1,
            "tags": {"emergency": "defibrillator", "access": "customers"},
        },
        {
            "type": "way",
            "id": 1,
            "center": {"lat": 45.2, "lon": 11.2},
            "tags": {"name": "Hall", "opening_hours": "24/7"},
        },
    ]
    drafts = read(json.dumps({"osm3s": {}, "elements": elements})).drafts
    assert [draft.source_ref for draft in drafts] == ["node/1", "way/1"]
    assert [draft.values["access"] for draft in drafts] == [Access.ASK, Access.PUBLIC]


@pytest.mark.parametrize(
    "document",
    [
        [{"name": "A", "lat": 30.25, "lng": 120.15}],
        {"data": {"items": [{"name": "A", "location": {"lat": "30.25", "lng": "120.15"}}]}},
        {"records": [{"fields": {"name": "A", "geo_point_2d": [30.25, 120.15]}}]},
        {"response": {"body": {"items": {"item": [{"org": "A", "wgs84Lat": 30.25, "wgs84Lon": 120.15}]}}}},
    ],
)
def test_other_json_is_searched_for_its_list(document: object) -> None:
    (draft,) = read(json.dumps(document)).drafts
    assert (draft.values["name"], draft.place) == ("A", Place(30.25, 120.15))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b"{",
        b"[]",
        b"[[[[",
        b'{"type":"FeatureCollection","features":[]}',
        b'{"type":"FeatureCollection"}',
        b'"text"',
        b"name,address\na,b\n",
        b"name,lat,lon\n",
        b"just prose without anything",
        b"\x00" * 50,
        b"PK\x03\x04 a zip file",
        b"[" * 100_000,
        b"a,b\n1,2\n",
    ],
)
def test_what_is_no_list_of_places_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        read(data)
    assert 10 < len(str(refusal.value)) < 500


def accounted(data: bytes) -> None:
    try:
        report = read_list(data, source="fuzz").report
    except UnreadableFile:
        return
    assert report.taken + len(report.left_out) == report.rows
    assert all(each.line >= 1 and each.reason for each in report.left_out)
    json.dumps(report.as_dict()).encode()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_importer(data: bytes) -> None:
    accounted(data)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["name,lat,lon,opening_hours,phone,floor\n", "名称;经度;纬度;备注\n"]))
def test_no_bytes_under_good_headings_break_it(data: bytes, headings: str) -> None:
    accounted(headings.encode() + data)


_CELLS = st.one_of(
    st.sampled_from(
        ["", "30.25", "120.15", '"', "24/7", "週一休館", "a\nb", "<br>", "1900-01-01", "NaN", "-", "\ud7ff"]
    ),
    st.text(max_size=8),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(_CELLS, min_size=1, max_size=7), max_size=12))
def test_every_row_of_a_wild_table_is_accounted_for(rows: list[list[str]]) -> None:
    table = [["name", "lat", "lon", "opening_hours", "note"], *rows]
    accounted("\n".join(",".join(row) for row in table).encode("utf-8", errors="replace"))


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lat", "lon", "name", "type", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_JSON, max_size=5))
def test_no_json_breaks_it(entries: list[object]) -> None:
    accounted(json.dumps({"type": "FeatureCollection", "features": entries}).encode())
    accounted(json.dumps(entries).encode())
