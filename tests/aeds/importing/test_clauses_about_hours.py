"""Remarks on hours: what narrows them is applied, what is rare is kept in words, what they hang on is not guessed."""

import pytest

from dispatch.aeds.importing.clauses import Understood, told, with_remark
from dispatch.aeds.importing.free_hours import Unclear, schedule_of
from dispatch.aeds.importing.row_hours import DayCells, HoursCells, Told, hours_of
from dispatch.aeds.importing.week import expression_of

COLUMNS = "星期一至星期五 08:00 至 17:30\n星期六 09:00 至 17:00"
VACATIONS = "Jul-Aug Mo-Su off; Jan-Feb Mo-Su off"


def beside(remark: str, columns: str = COLUMNS) -> tuple[str | None, bool]:
    found = with_remark(Understood(schedule_of(columns)), remark)
    return expression_of(found.schedule), found.has_exceptions


@pytest.mark.parametrize(
    ("remark", "hours"),
    [
        ("本所12:00~13:30中午休息", "Mo-Fr 08:00-12:00,13:30-17:30; Sa 09:00-12:00,13:30-17:00"),
        ("週一休館", "Tu-Fr 08:00-17:30; Sa 09:00-17:00"),
        ("國定假日除外", "Mo-Fr 08:00-17:30; Sa 09:00-17:00; PH off"),
        ("除國定假日外", "Mo-Fr 08:00-17:30; Sa 09:00-17:00; PH off"),
        ("周休二日", "Mo-Fr 08:00-17:30"),
        ("星期六12:00至13:00休息", "Mo-Fr 08:00-17:30; Sa 09:00-12:00,13:00-17:00"),
        ("每日9:00-16:00", "Mo-Sa 09:00-16:00"),
        ("星期日10:00-12:00", "Mo-Fr 08:00-17:30; Sa 09:00-17:00; Su 10:00-12:00"),
        ("警衛室旁", "Mo-Fr 08:00-17:30; Sa 09:00-17:00"),
    ],
)
def test_what_is_told_exactly_is_applied(remark: str, hours: str) -> None:
    assert beside(remark)[0] == hours


@pytest.mark.parametrize(
    ("remark", "hours"),
    [
        ("週一休館，如週一遇到國定假日順延一天，除夕、初一休館", "Tu-Fr 08:00-17:30; Sa 09:00-17:00; PH off"),
        ("每月最後一個星期一休館", "Mo-Fr 08:00-17:30; Sa 09:00-17:00"),
        ("颱風天不開放", "Mo-Fr 08:00-17:30; Sa 09:00-17:00"),
        ("週五延長營業至21:00，必要時可通報警衛", "Mo-Fr 08:00-17:30; Sa 09:00-17:00"),
        ("星期五營運時間至16:00", "Mo-Th 08:00-17:30; Fr 08:00-16:00; Sa 09:00-17:00"),
        ("寒暑假不開放", f"Mo-Fr 08:00-17:30; Sa 09:00-17:00; {VACATIONS}"),
        ("學生上課時間開放", f"Mo-Fr 08:00-17:30; Sa 09:00-17:00; {VACATIONS}"),
        ("寒暑假：星期一至星期五8:00~16:00 星期六不開放", "Mo-Fr 08:00-16:00"),
        ("體育館國定假日不開放", "Mo-Fr 08:00-17:30; Sa 09:00-17:00; PH off"),
        ("夏季8:00-18:00，冬季8:30-17:00", "Mo-Fr 08:30-17:00; Sa 09:00-17:00"),
    ],
)
def test_what_cannot_be_expressed_only_ever_narrows(remark: str, hours: str) -> None:
    assert beside(remark) == (hours, True)


@pytest.mark.parametrize(
    "remark",
    [
        "演出時才開放",
        "視活動需要開放",
        "週一至週五的7:00~17:30為學生上課時間，校園不開放",
        "部分時間管制無開放",
        "星期一~五12：00-13：30及星期六、日未開放",
        "08:00-17:00 except when it rains",
        "only on request",
        "22:00-23:00",
    ],
)
def test_what_they_hang_on_leaves_them_unknown(remark: str) -> None:
    with pytest.raises(Unclear):
        beside(remark)


def test_who_may_have_it_is_no_matter_of_hours() -> None:
    assert beside("僅供員工使用") == ("Mo-Fr 08:00-17:30; Sa 09:00-17:00", False)


def test_hours_by_a_timetable_are_those_given_unless_these_are_always() -> None:
    assert beside("依船班時刻表開放", "每日 06:30-17:30") == ("Mo-Su 06:30-17:30", True)
    with pytest.raises(Unclear):
        beside("依據班機時刻表", "每日 00:00-23:59")


def test_from_eight_to_eight_and_never_closed_is_all_day() -> None:
    cells = [DayCells(frozenset(range(7)), "08:00", "08:00")]
    assert hours_of(HoursCells(by_day=cells)).told is Told.NOT_UNDERSTOOD
    found = hours_of(HoursCells(by_day=cells, remarks=["全年無休"]))
    assert (found.expression, found.told) == ("24/7", Told.UNDERSTOOD)


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        (HoursCells(texts=["Mo-Fr 08:00-17:00"]), Told.UNDERSTOOD),
        (HoursCells(texts=["周一至周五9:00-17:00"], remarks=["颱風天不開放"]), Told.WITH_EXCEPTIONS),
        (HoursCells(texts=["office hours"]), Told.ONLY_WORDS),
        (HoursCells(texts=["heures ouvrables"]), Told.ONLY_WORDS),
        (HoursCells(texts=["星期一至星期五 00:00 至 00:00<br>星期六 00:00 至 00:00<br>備註:"]), Told.ONLY_WORDS),
        (HoursCells(texts=["星期一至星期五 07:00 至 07:00"]), Told.NOT_UNDERSTOOD),
        (HoursCells(texts=["9:00-17:00, wenn jemand da ist"]), Told.NOT_UNDERSTOOD),
        (HoursCells(texts=["non renseigné"]), Told.NOTHING),
        (HoursCells(texts=["Mo-Su off"]), Told.NOTHING),
        (HoursCells(), Told.NOTHING),
    ],
)
def test_what_becomes_of_hours_is_counted(cells: HoursCells, what: Told) -> None:
    assert hours_of(cells).told is what


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("8:30-17:15 (月-金)", "Mo-Fr 08:30-17:15"),
        ("9-17 Mon-Fri", "Mo-Fr 09:00-17:00"),
        ("Mo, Di, Do 8-16 Uhr, Mi und Fr 8-12 Uhr", "Mo-Tu,Th 08:00-16:00; We,Fr 08:00-12:00"),
        ("L au V 8h30/12h30 13h30/17h30", "Mo-Fr 08:30-12:30,13:30-17:30"),
        (
            "dal lunedì al venerdì dalle 8.30 alle 18.30 e il sabato dalle 9 alle 13",
            "Mo-Fr 08:30-18:30; Sa 09:00-13:00",
        ),
        ("lunes a viernes de 9:00 a 14:00 y de 16:00 a 20:00", "Mo-Fr 09:00-14:00,16:00-20:00"),
        ("Pn-Pt 7:00-20:00, Sob 8:00-14:00", "Mo-Fr 07:00-20:00; Sa 08:00-14:00"),
        ("평일 09:00~18:00, 토요일 09:00~13:00, 일요일 휴무", "Mo-Fr 09:00-18:00; Sa 09:00-13:00"),
        ("月曜日～金曜日　8時30分～17時15分（祝日・年末年始を除く）", "Mo-Fr 08:30-17:15; PH off"),
        ("周一到周五8点到17点半", "Mo-Fr 08:00-17:30"),
        ("周一至周五上午九点至下午五点", "Mo-Fr 09:00-17:00"),
        ("Mon-Fri 09:00-18:00 (except public holidays)", "Mo-Fr 09:00-18:00; PH off"),
        ("7:00am - 11:00pm daily", "Mo-Su 07:00-23:00"),
        ("24h/7", "24/7"),
        ("Weekdays: 8:00am-5:30pm; Saturdays: 8:00am-12:00nn", "Mo-Fr 08:00-17:30; Sa 08:00-12:00"),
        ("lundi 8h00/12h00 - 13h30/17h00 mardi 8h00/12h00", "Mo 08:00-12:00,13:30-17:00; Tu 08:00-12:00"),
        ("月-金:9:00-17:00,土:9:00-12:00", "Mo-Fr 09:00-17:00; Sa 09:00-12:00"),
    ],
)
def test_hours_in_many_languages(text: str, hours: str) -> None:
    assert expression_of(told(text).schedule) == hours
