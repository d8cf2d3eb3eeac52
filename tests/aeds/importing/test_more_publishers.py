"""The national and municipal lists whose columns are known, with the oddities that they really have."""

from datetime import date

import pytest

from dispatch.aeds.importing.reading import Reading, read_list
from dispatch.aeds.record import Access
from geo.datum import Datum, from_wgs84
from geo.place import Place


def read(text: str | bytes, datum: Datum | None = None) -> Reading:
    return read_list(text.encode() if isinstance(text, str) else text, source="test", datum=datum)


FRENCH_HEAD = [
    "gid",
    "c_gid",
    "c_etat_valid",
    "c_nom",
    "c_lat_coor1",
    "c_long_coor1",
    "c_xy_precis",
    "c_id_adr",
    "c_adr_num",
    "c_adr_voie",
    "c_com_cp",
    "c_com_insee",
    "c_com_nom",
    "c_acc",
    "c_acc_lib",
    "c_acc_pcsec",
    "c_acc_acc",
    "c_acc_etg",
    "c_acc_complt",
    "c_photo1",
    "c_photo2",
    "c_disp_j",
    "c_disp_h",
    "c_disp_complt",
    "c_tel1",
    "c_tel2",
    "c_date_instal",
    "c_etat_fonct",
    "c_fab_rais",
    "c_modele",
    "c_num_serie",
    "c_id_euro",
    "c_lc_ped",
    "c_dtpr_lcped",
    "c_dtpr_lcad",
    "c_dtpr_bat",
    "c_freq_mnt",
    "c_dispsurv",
    "c_dermnt",
    "c_maj_don",
    "c_expt_siren",
    "c_expt_rais",
    "c_doublon",
    "c_dae_mobile",
    "c_srid_origin",
    "the_geom",
]


def french(**cells: str) -> str:
    usual = {
        "gid": "81",
        "c_gid": "81",
        "c_etat_valid": "validées",
        "c_nom": "Mairie",
        "c_lat_coor1": "45.75",
        "c_long_coor1": "4.85",
        "c_adr_num": "1",
        "c_adr_voie": "Place de la Comédie",
        "c_com_nom": "Lyon",
        "c_acc": "Intérieur",
        "c_acc_lib": "t",
        "c_acc_etg": "rez-de-chaussée",
        "c_acc_complt": "Accueil, à gauche",
        "c_etat_fonct": "En fonctionnement",
        "c_doublon": "f",
        "c_dae_mobile": "f",
        "c_lc_ped": "f",
    } | cells
    line = ";".join('"' + usual.get(heading, "").replace('"', '""') + '"' for heading in FRENCH_HEAD)
    return ";".join(FRENCH_HEAD) + "\n" + line + "\n"


@pytest.mark.parametrize(
    ("cells", "hours"),
    [
        ({"c_disp_j": "{7j/7}", "c_disp_h": "{24h/24}"}, "24/7"),
        ({"c_disp_j": "{lundi,mardi,mercredi,jeudi,vendredi}", "c_disp_h": "{24h/24}"}, "Mo-Fr 00:00-24:00"),
        ({"c_disp_j": '{lundi,mardi,"jours fériés"}', "c_disp_h": "{24h/24}"}, "Mo-Tu 00:00-24:00; PH 00:00-24:00"),
        ({"c_disp_j": "{lundi,vendredi}", "c_disp_h": '{"heures ouvrables"}'}, None),
        ({"c_disp_j": '{"non renseigné"}', "c_disp_h": '{"non renseigné"}'}, None),
        (
            {
                "c_disp_j": "{lundi,mardi,mercredi,jeudi,vendredi}",
                "c_disp_h": '{"heures ouvrables"}',
                "c_disp_complt": "8h30/12h30 13h30/17h30",
            },
            "Mo-Fr 08:30-12:30,13:30-17:30",
        ),
        (
            {"c_disp_h": '{"heures ouvrables"}', "c_disp_complt": "L au V 8h-12h et 14h-18h"},
            "Mo-Fr 08:00-12:00,14:00-18:00",
        ),
        ({"c_disp_j": "{7j/7}", "c_disp_h": "{24h/24}", "c_disp_complt": "Selon évènements"}, None),
        ({"c_disp_j": "{lundi,événements}", "c_disp_h": "{24h/24}"}, "Mo 00:00-24:00"),
    ],
)
def test_frances_days_and_hours(cells: dict[str, str], hours: str | None) -> None:
    (draft,) = read(french(**cells)).drafts
    assert draft.values["opening_hours"] == hours


def test_frances_details() -> None:
    text = french(
        c_photo1="https://example.org/photo.jpg",
        c_dtpr_bat="2027-06-01",
        c_dtpr_lcad="2027-07-01",
        c_dtpr_lcped="2027-08-01",
        c_num_serie="X1234567",
        c_fab_rais="SCHILLER",
        c_modele="FRED PA-1",
        c_tel1="+33 4 72 10 30 30",
        c_expt_rais="Ville de Lyon",
        c_dae_mobile="t",
    )
    (draft,) = read(text).drafts
    values = draft.values
    assert draft.place == Place(45.75, 4.85)
    assert values["address"] == "1 Place de la Comédie, Lyon"
    assert (values["floor"], values["indoor"], values["access"]) == (0, True, Access.PUBLIC)
    assert values["photos"] == ("https://example.org/photo.jpg",)
    assert values["battery_expires_on"] == date(2027, 6, 1)
    assert values["pads_expire_on"] == date(2027, 7, 1)
    assert values["pads_child_expire_on"] == date(2027, 8, 1)
    assert (values["maker"], values["model"], values["serial_number"]) == ("SCHILLER", "FRED PA-1", "X1234567")
    assert (values["owner"], values["is_mobile"], values["phone"]) == ("Ville de Lyon", True, "+33 4 72 10 30 30")


def test_frances_states() -> None:
    for state in ("Hors service", "Supprimé définitivement", "Absent momentanément"):
        assert read(french(c_etat_fonct=state)).drafts[0].reported_broken == state
    assert read(french(c_doublon="t")).drafts[0].notes == ("the list marks it as a duplicate of another entry",)


def test_frances_new_column_for_hours() -> None:
    text = (
        "c_gid;c_lat_coor1;c_long_coor1;c_nom;c_disp_complt;c_dispo_horaires\n"
        "1;45.6;4.0;a;;24/7\n"
        "2;45.7;4.0;b;;Mo-Su off\n"
        "3;45.8;4.0;c;;Mo-Th 07:30-17:00; Fr 07:30-16:00; Sa-Su off; PH off\n".replace("; Fr", "; Fr")
        + '4;45.9;4.0;d;;"Mo-Fr 09:00-12:00,14:00-18:00"\n'
        + "5;45.5;4.0;e;Selon évènements;24/7\n"
    )
    text = text.replace(
        "Mo-Th 07:30-17:00; Fr 07:30-16:00; Sa-Su off; PH off", '"Mo-Th 07:30-17:00; Fr 07:30-16:00; Sa-Su off; PH off"'
    )
    report = read(text)
    assert [draft.values["opening_hours"] for draft in report.drafts] == [
        "24/7", None, "Mo-Th 07:30-17:00; Fr 07:30-16:00; Sa-Su off; PH off", "Mo-Fr 09:00-12:00,14:00-18:00", None,
    ]  # fmt: skip


def test_a_geometry_stands_in_for_spoilt_coordinates() -> None:
    point = "0101000020E610000066666666666613400000000000E04640"
    (draft,) = read(
        french(c_lat_coor1="", c_long_coor1="", the_geom=point) + french(the_geom=point).splitlines()[1]
    ).drafts[:1]
    assert draft.place == Place(45.75, 4.85)


HONG_KONG = (
    "AED Name,AED Address,Detailed location of the AED installed,Location Google Map coordinate: latitude,"
    "Location Google Map coordinate: longitude,Whether the AED can be used by anyone,Person allowed to operate the AED,"
    "Person who has access to the AED,Ground level categories,Service Hour Remark,AED brand,AED model,AED remark\n"
    "City Hall,1 Edinburgh Place,G/F lobby,22.2822,114.1614,Yes,Anyone,Anyone,Ground floor,"
    '"Mon - Fri: 09:00 - 18:00, Sat: 09:00 - 13:00",Philips,HS1,\n'
    "大會堂,愛丁堡廣場1號,地下大堂,22.2823,114.1615,No,Staff,Staff,Basement,"
    "星期一至五：上午9時至下午6時,Zoll,AED Plus,\n"
    "Pier,Pier 7,Entrance,22.2871,114.1606,Yes,Anyone,Anyone,Ground floor,24 hours,Zoll,AED 3,\n"
)


def test_hong_kongs_fire_services() -> None:
    reading = read(HONG_KONG.encode("utf-8-sig"))
    first, second, third = reading.drafts
    assert [draft.values["opening_hours"] for draft in reading.drafts] == [
        "Mo-Fr 09:00-18:00; Sa 09:00-13:00", "Mo-Fr 09:00-18:00", "24/7",
    ]  # fmt: skip
    assert (first.values["access"], second.values["access"]) == (Access.PUBLIC, Access.PRIVATE)
    assert (first.values["floor"], second.values["floor"]) == (0, -1)
    assert (first.values["maker"], first.values["model"]) == ("Philips", "HS1")
    assert first.values["place_detail"] == "G/F lobby"
    assert third.place == Place(22.2871, 114.1606)
    assert not any("mainland" in warning for warning in reading.report.warnings)


JAPAN = (
    "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,"
    "所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,電話番号,内線番号,"
    "連絡先メールアドレス,法人番号,団体名,設置位置,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,小児対応設備の有無,URL,画像,備考\n"
    "{rows}"
)


@pytest.mark.parametrize(
    ("days", "opens", "closes", "remark", "hours"),
    [
        ("月火水木金", "8:30", "17:15", "", "Mo-Fr 08:30-17:15"),
        ("月火水木金土日祝", "0:00", "23:59", "", "24/7"),
        ("月火水木金", "08:30", "17:15", "祝日・年末年始を除く", "Mo-Fr 08:30-17:15; PH off"),
        ("火水木金土日", "9:00", "21:00", "月曜休館", "Tu-Su 09:00-21:00"),
        ("月火水木金", "T08:30", "T17:15", "", None),
        ("", "", "", "24時間利用可能", "24/7"),
        ("", "", "", "施設の開館時間に準ずる", None),
        ("月-金", "8:30", "17:00", "", "Mo-Fr 08:30-17:00"),
        ("月;火;水", "9:00", "17:00", "", "Mo-We 09:00-17:00"),
    ],
)
def test_japans_municipal_standard(days: str, opens: str, closes: str, remark: str, hours: str | None) -> None:
    row = (
        f"131016,0000000001,千代田区,区役所,クヤクショ,,131016,,東京都千代田区九段南1-2-1,東京都,千代田区,九段南,1-2-1,,35.694,"
        f"139.7536,,,03-3264-2111,,,,,1階総合案内,{days},{opens},{closes},{remark},有,,,\n"
    )
    (draft,) = read(JAPAN.format(rows=row).encode("cp932")).drafts
    assert draft.values["opening_hours"] == hours
    assert (draft.source_ref, draft.values["place_detail"]) == ("0000000001", "1階総合案内")
    assert draft.values["address"] == "東京都千代田区九段南1-2-1"


@pytest.mark.parametrize(
    ("times", "closed", "hours"),
    [
        ("8:45～17:30", "土日祝・年末年始", "Mo-Fr 08:45-17:30; PH off"),
        ("9:00～21:00", "月曜日", "Tu-Su 09:00-21:00"),
        ("9:00～21:00", "月曜日、第3火曜日", "Tu-Su 09:00-21:00"),
        ("24時間", "なし", "24/7"),
        ("9:00～17:00", "年中無休", "Mo-Su 09:00-17:00"),
        ("9:00～17:00", "不定休", None),
    ],
)
def test_a_column_of_days_of_rest(times: str, closed: str, hours: str | None) -> None:
    text = f"施設名称,住所,利用時間,休業日,緯度,経度\n市役所,神戸市1,{times},{closed},34.7,135.2\n"
    (draft,) = read(text).drafts
    assert draft.values["opening_hours"] == hours


def test_times_in_columns_without_their_days_need_a_day_of_rest() -> None:
    head = "名称,緯度,経度,利用可能曜日,開始時間,終了時間,利用可能日時特記事項\n"
    rows = "a,34.7,135.2,,9:00,20:00,\nb,34.7,135.2,,9:00,20:00,月曜休館\nc,34.7,135.2,月火,9:00,20:00,\n"
    assert [draft.values["opening_hours"] for draft in read(head + rows).drafts] == [
        None, "Tu-Su 09:00-20:00", "Mo-Tu 09:00-20:00",
    ]  # fmt: skip


def test_a_web_page_that_calls_itself_a_spreadsheet() -> None:
    page = """<html><head><meta charset="euc-kr"></head><body><table border=1>
      <tr><th rowspan=2>연번<th rowspan=2>설치기관명<th rowspan=2>설치기관주소
        <th colspan=2>좌표<th rowspan=2>월요일</tr>
      <tr><th>위도<th>경도</tr>
      <tr><td>1<td>구청 &amp; 보건소<td>서울 중구<td>37.5665<td>126.9780<td>09:00~18:00</tr>
      <tr><td>2<td>도서관<td>서울 중구<td>37.5670<td>126.9790<td></td></tr></table></body></html>"""
    reading = read(page.encode("cp949"))
    assert (reading.report.form, reading.report.taken) == ("html", 2)
    first = reading.drafts[0]
    assert (first.values["name"], first.place) == ("구청 & 보건소", Place(37.5665, 126.978))
    assert first.values["opening_hours"] == "Mo 09:00-18:00"


def test_a_column_says_the_datum_row_by_row() -> None:
    place = Place(30.25, 120.15)
    mars = from_wgs84(place, Datum.GCJ02)
    baidu = from_wgs84(place, Datum.BD09)
    text = (
        "名称,经度,纬度,坐标系\n"
        f"a,{place.longitude},{place.latitude},WGS-84\n"
        f"b,{mars.longitude},{mars.latitude},高德\n"
        f"c,{baidu.longitude},{baidu.latitude},百度坐标系\n"
        f"d,{place.longitude},{place.latitude},CGCS2000\n"
        f"e,{place.longitude},{place.latitude},\n"
        f"f,{place.longitude},{place.latitude},北京54\n"
    )
    reading = read(text)
    for draft in reading.drafts:
        assert abs(draft.place.latitude - place.latitude) < 1e-6
        assert abs(draft.place.longitude - place.longitude) < 1e-6
    (left_out,) = reading.report.left_out
    assert (left_out.reason, left_out.value) == ("the datum of its coordinates is not known", "北京54")
    assert reading.report.datum_from == "column"


@pytest.mark.parametrize(
    ("cell", "floor"),
    [
        ("B1", -1),
        ("地下一階", -1),
        ("2F", 2),
        ("rez-de-chaussée", 0),
        ("R+2", 2),
        ("三楼", 3),
        ("負一樓", -1),
        ("1.OG", 1),
    ],
)
def test_floors(cell: str, floor: int) -> None:
    (draft,) = read(f"name,lat,lon,floor\na,30,120,{cell}\n").drafts
    assert draft.values["floor"] == floor


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2027-06-30", date(2027, 6, 30)),
        ("令和9年6月30日", date(2027, 6, 30)),
        ("民國116年6月30日", date(2027, 6, 30)),
        ("46568", date(2027, 6, 30)),
        ("1900-01-01", None),
        ("9999-12-31", None),
        ("2027/02/30", None),
        ("03/04/2027", None),
    ],
)
def test_days_as_lists_write_them(cell: str, day: date | None) -> None:
    (draft,) = read(f"name,lat,lon,battery expiry\na,30,120,{cell}\nb,30.1,120,2027-01-01\n").drafts[:1]
    assert draft.values["battery_expires_on"] == day
