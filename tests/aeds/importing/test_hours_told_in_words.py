"""Opening hours out of the words of publishers: all understood, or unknown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.aeds.hours import checked_hours
from dispatch.aeds.importing.free_hours import minutes_of
from dispatch.aeds.importing.row_hours import DayCells, HoursCells, hours_of
from dispatch.aeds.importing.week import span_of


def read(text: str) -> str | None:
    return hours_of(HoursCells(texts=[text])).expression


@pytest.mark.parametrize(
    ("told", "hours"),
    [
        ("24/7", "24/7"),
        ("24時間利用可能", "24/7"),
        ("24小时", "24/7"),
        ("全天候24小時開放", "24/7"),
        ("24h/24", "24/7"),
        ("H24", "24/7"),
        ("Open 24 hours a day", "24/7"),
        ("całodobowo", "24/7"),
        ("Monday to Sunday 00:00-24:00", "24/7"),
        ("Mo-Fr 8:00-18:00", "Mo-Fr 8:00-18:00"),
        ("Mo-Fr 08:00-18:00; SU off", "Mo-Fr 08:00-18:00; Su closed"),
        ("Mo-Fr 08.00–18.00", "Mo-Fr 08:00-18:00"),
        ("Mo-Sa 09:00-20:00; Dec 25 off", "Mo-Sa 09:00-20:00; Dec 25 off"),
        ("Jan-Dec: 24/7", "24/7"),
        ("Mon-Fri 9:00 AM - 5:30 PM, Sat 9am-1pm", "Mo-Fr 09:00-17:30; Sa 09:00-13:00"),
        ("Sun and Public Holidays: closed; Mon – Fri: 0900-1730", "Mo-Fr 09:00-17:30; PH off"),
        ("lundi au vendredi 8h30-18h00", "Mo-Fr 08:30-18:00"),
        ("Mo-Do 8-17 Uhr, Fr 8-12 Uhr", "Mo-Th 08:00-17:00; Fr 08:00-12:00"),
        ("dal lunedì al venerdì dalle 8:00 alle 18:00", "Mo-Fr 08:00-18:00"),
        ("Lunes a viernes de 8:00 a 15:00", "Mo-Fr 08:00-15:00"),
        ("Pn-Pt 8:00-16:00", "Mo-Fr 08:00-16:00"),
        ("평일 09:00~18:00", "Mo-Fr 09:00-18:00"),
        ("月〜金 9:00〜17:00", "Mo-Fr 09:00-17:00"),
        ("平日 9時～17時30分、土日祝 10時～16時", "Mo-Fr 09:00-17:30; Sa-Su 10:00-16:00; PH 10:00-16:00"),
        ("周一至周五 上午8:30-下午5:00", "Mo-Fr 08:30-17:00"),
        ("星期二至星期日6:00-10:00;15:00-20:00", "Tu-Su 06:00-10:00,15:00-20:00"),
        ("開園時間：10:00～17:00(每周二公休)", "Mo,We-Su 10:00-17:00"),
        ("星期一休館，星期二至星期五09：00-20：00", "Tu-Fr 09:00-20:00"),
        ("下午3時至9時", "Mo-Su 15:00-21:00"),
        ("4-10月 09:00~18:00\n11-3月 09:00~17:30", "Apr-Oct Mo-Su 09:00-18:00; Nov-Mar Mo-Su 09:00-17:30"),
        ("星期一至星期四    \n11:00 至 21:30\n星期五至星期日 \n11:00至 22:30", "Mo-Th 11:00-21:30; Fr-Su 11:00-22:30"),
        (
            "星期一至星期五 08:00 至 17:30<br>      星期六  至 <br>      星期日  至 <br>       備註:",
            "Mo-Fr 08:00-17:30",
        ),
        ("星期一至星期五 00:00 至 23:59<br>星期六 00:00 至 23:59<br>星期日 00:00 至 23:59<br>備註:全年無休", "24/7"),
        ("星期一至星期五 06:00 至 00:00<br>備註:國定假日不開放", "Mo-Fr 06:00-24:00; PH off"),
        ("06:00-01:00", "06:00-01:00"),
        ("22:00-06:00", "22:00-06:00"),
    ],
)
def test_what_is_certain_is_understood(told: str, hours: str) -> None:
    assert read(told) == hours


@pytest.mark.parametrize(
    "told",
    [
        "対応不可",
        "24時間対応不可",
        "24h: non",
        "依學校作息",
        "寒暑假不開放",
        "00:00-00:00",
        "07:00 至 07:00",
        "08:00-04:00",
        "月火水木金",
        "Mo-Fr",
        "SU",
        "PH off",
        "9:00",
        "平日中午12:00-14:00不開放",
        "星期一至五7:00至17:30不對外開放",
        "1月1日休館",
        "每月5號公休",
        "office hours",
        "2018",
        "08:00-17:00 except when it rains",
    ],
)
def test_what_is_not_certain_stays_unknown_with_its_words_kept(told: str) -> None:
    found = hours_of(HoursCells(texts=[told]))
    assert found.expression is None
    assert found.source_text == told
    assert found.notes[0].startswith("hours not understood")


@pytest.mark.parametrize(
    ("cell", "minutes"),
    [
        ("08:00", 480),
        ("1700", 1020),
        ("17時", 1020),
        ("24:00:00", 1440),
        ("0", 0),
        ("12", 720),
        ("17：00", 1020),
        ("25", None),
        ("25:00", None),
        ("noon-ish", None),
        ("", None),
    ],
)
def test_a_time_is_read_as_forms_have_it(cell: str, minutes: int | None) -> None:
    assert minutes_of(cell) == minutes


WEEK, SATURDAY, SUNDAY = frozenset(range(5)), frozenset({5}), frozenset({6})


def row(week: str, saturday: str, sunday: str, remark: str = "", always: str = "") -> HoursCells:
    days = [
        DayCells(names, *times.split("-")) if times else DayCells(names)
        for names, times in ((WEEK, week), (SATURDAY, saturday), (SUNDAY, sunday))
    ]
    return HoursCells(by_day=days, remarks=[remark], always=always)


@pytest.mark.parametrize(
    ("cells", "hours"),
    [
        (row("08:00-17:00", "", ""), "Mo-Fr 08:00-17:00"),
        (row("00:00-23:59", "00:00-23:59", "00:00-23:59"), "24/7"),
        (row("09:00-08:59", "09:00-08:59", "09:00-08:59"), "24/7"),
        (row("00:00-00:00", "00:00-00:00", "00:00-00:00", "全天"), "24/7"),
        (row("", "", "", always="V"), "24/7"),
        (row("08:00-17:00", "00:00-00:00", "00:00-00:00"), "Mo-Fr 08:00-17:00"),
        (row("10:00-18:00", "10:00-18:00", "10:00-18:00", "週三休館"), "Mo-Tu,Th-Su 10:00-18:00"),
        (row("", "", "", "09:00~17:00  每週三休館"), "Mo-Tu,Th-Su 09:00-17:00"),
        (row("08:00-17:00", "", "", "櫃台後方"), "Mo-Fr 08:00-17:00"),
        (row("08:00-17:00", "", "", "管理員姓名：○○○。 開放時間緊急聯絡電話：(07)7939666轉10301"), "Mo-Fr 08:00-17:00"),
        (row("00:00-23:59", "", "", "全天"), "Mo-Fr 00:00-24:00"),
        (row("00:00-00:00", "00:00-00:00", "00:00-00:00"), None),
        (row("10:00-22:00", "10:00-22:00", "10:00-22:00", "24小時"), "Mo-Su 10:00-22:00"),
        (row("08:00-17:00", "", "", "寒暑假不開放"), "Mo-Fr 08:00-17:00; Jul-Aug Mo-Su off; Jan-Feb Mo-Su off"),
        (row("08:00-17:00", "", "", always="V"), "Mo-Fr 08:00-17:00"),
        (row("8 to 5-late", "", ""), None),
        (row("", "", ""), None),
        (row("", "", "", always="X"), None),
    ],
)
def test_columns_by_day_and_their_remark(cells: HoursCells, hours: str | None) -> None:
    assert hours_of(cells).expression == hours


def test_days_and_times_in_columns_of_their_own() -> None:
    cells = HoursCells(days="月火水木金", opens="8:30", closes="17:15")
    assert hours_of(cells).expression == "Mo-Fr 08:30-17:15"
    assert hours_of(HoursCells(opens="8:30", closes="17:15")).expression is None
    french = HoursCells(texts=["{24h/24}"], days="{lundi,mardi,mercredi,jeudi,vendredi}")
    assert hours_of(french).expression == "Mo-Fr 00:00-24:00"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_and_what_it_reads_is_valid(text: str) -> None:
    found = read(text)
    assert found is None or checked_hours(found) == found


_TIMES = st.integers(0, 1439)


@given(_TIMES, _TIMES, st.sampled_from(["{} 至 {}", "{}-{}", "{}〜{}", "{} to {}"]))
def test_two_times_are_read_as_their_span(opens: int, closes: int, form: str) -> None:
    told = form.format(*(f"{each // 60:02}:{each % 60:02}" for each in (opens, closes)))
    assert (read(told) is None) == (span_of(opens, closes) is None)
