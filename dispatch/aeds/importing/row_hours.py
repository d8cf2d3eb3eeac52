"""The opening hours of one row, out of all the columns that speak of them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from dispatch.aeds.hours import (
    MAX_EXPRESSION_LENGTH,
    InvalidHours,
    checked_hours,
    uncertainty_of,
    well_formed_hours,
)
from dispatch.aeds.importing.clauses import Understood, closed_on, is_about_time, told, with_remark
from dispatch.aeds.importing.free_hours import Unclear, minutes_of, schedule_of
from dispatch.aeds.importing.hours_vocabulary import ALL_DAY_WORDS
from dispatch.aeds.importing.hours_words import UnknownWord, days_of, tokenise
from dispatch.aeds.importing.values import yes_or_no
from dispatch.aeds.importing.week import EVERY_DAY, Rule, Schedule, all_day, expression_of, span_of
from dispatch.aeds.importing.words import bare, folded, one_line, without_markup

_OSM = re.compile(
    r"(?:(?:mo|tu|we|th|fr|sa|su|ph|sh|off|closed|open|unknown|week|easter|sunrise|sunset|dawn|dusk|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|24/7|\"[^\"]*\")(?![a-z])|[-\d:+,;()\[\]|/ ])+",
    re.IGNORECASE,
)
_SAYS_WHEN = re.compile(r"\d\d?:\d\d|24/7|sun(?:rise|set)|dawn|dusk", re.IGNORECASE)
_OR_LONGER = re.compile(r"(-\s*\d\d?:\d\d)\+")
_WHOLE_YEAR = re.compile(r"^Jan-Dec:?\s+")
_MONTH_COLON = re.compile(r"^([A-Z][a-z]{2}(?:-[A-Z][a-z]{2})?):\s*")
# Longer than this is no sign on a door, and an expression looks at it many times over.
_LONGEST_TOLD = 8000
_WIDE = re.compile(r"\s{3,}")
# Who to ask, which forms put into the field for hours.
_CONTACT = re.compile(
    r"(?:另一位)?(?:管理(?:員|者|人)|聯絡人|负责人|負責人員?|保管人)(?:姓名)?\s*[:：]\s*[^\s,，。;；]*[。,，;；]?|"
    r"(?:開放時間|开放时间)?(?:緊急|紧急)?[聯连連]絡電話\s*[:：]?[\s\d()（）#轉分機\-~]+|"
    r"請(?:電)?洽[\s\d()（）#轉分機\-~]+"
)
# Days on which nobody can count.
_AT_EVENTS = re.compile(r"[,;\s]*(?:evenements?|events?)\s*")
_BLANKS = frozenset(
    map(
        bare,
        (
            "non renseigné", "non renseignée", "non précisé", "inconnu", "unknown", "not known", "n/a", "na",
            "none", "null",
            "nil", "-", "--", "?", "不明", "不詳", "不详", "未知", "無資料", "无资料", "未填", "暂无", "無", "无",
            "なし",
            "Mo-Su off", "tbc", "tbd", "brak danych", "nieznane", "unbekannt", "sconosciuto", "desconocido", "미상",
            "정보없음",
        ),
    )
)  # fmt: skip
_NAMES_TIMES = re.compile(
    rf"\d{{1,2}}\s*[:.h時时点點시]\s*\d{{0,2}}|(?<!\d)[0-2]?\d[0-5]\d\s*(?:-|~|to|至|hrs)|(?<!\d)\d{{1,2}}\s*(?:am|pm|"
    rf"a\.m|p\.m|uhr)|"
    rf"(?<!\d)\d{{1,2}}\s*[-~]\s*\d{{1,2}}(?!\d|[-/.月])|{ALL_DAY_WORDS}"
)
# Names of days and 00:00 to 00:00, and no word or other figure besides; remarks on who may have it apart.
_LEFT_AT_ZERO = re.compile(
    r"(?:(?:星期|周|週)[一二三四五六日]|至|到|-|~|;|,|:|\s|mo|tu|we|th|fr|sa|su|ph|00:00|備註|备注|備考|月|火|"
    r"水|木|金|土|日)*0?0:00"
    r"(?:(?:星期|周|週)[一二三四五六日]|至|到|-|~|;|,|:|\s|mo|tu|we|th|fr|sa|su|ph|0?0:00|備註|备注|備考)*"
)
_REMARK = re.compile(r"備註\s*[:：]|备注\s*[:：]|備考\s*[:：]")


@dataclass(frozen=True, slots=True)
class DayCells:
    """Cells about some days: from and to, or both in one text."""

    days: frozenset[int]
    opens: str = ""
    closes: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class HoursCells:
    """All that a row says about hours. `always` is the cell of a round-the-clock flag."""

    texts: Sequence[str] = ()
    always: str = ""
    days: str = ""
    opens: str = ""
    closes: str = ""
    by_day: Sequence[DayCells] = ()
    remarks: Sequence[str] = ()
    closed: str = ""


class Told(Enum):
    """What became of a row's hours."""

    NOTHING = auto()
    UNDERSTOOD = auto()
    WITH_EXCEPTIONS = auto()
    """Understood apart from exceptions, which are kept in words."""
    ONLY_WORDS = auto()
    """Said without any time of opening: "office hours", or a form left at 00:00 to 00:00."""
    NOT_UNDERSTOOD = auto()


@dataclass(frozen=True, slots=True)
class RowHours:
    """Hours in OSM syntax or None, the source's own words, and what the report has to say about them."""

    expression: str | None
    source_text: str | None
    notes: tuple[str, ...] = field(default=())
    told: Told = Told.NOTHING


def hours_of(given: HoursCells) -> RowHours:
    """The hours a row tells, as far as they are certain; else unknown, with the words kept and the reason noted."""
    if sum(map(len, _all_texts(given))) > _LONGEST_TOLD:
        text = one_line(" ".join(_all_texts(given))[:_LONGEST_TOLD])
        return RowHours(None, text, (f"hours not understood (too long): {text[:200]}",), Told.NOT_UNDERSTOOD)
    cells = _without_blanks(given)
    source_text = _source_text(cells)
    if source_text is None:
        return RowHours(None, None)
    lone = _lone_text(cells)
    if lone is not None and (corrected := _openstreetmap(lone)) is not None:
        return _from_openstreetmap(lone.strip(), corrected, source_text)
    notes: list[str] = []
    try:
        expression, has_exceptions = _expression(cells, notes)
    except (Unclear, InvalidHours) as error:
        if _names_times(source_text) and not _LEFT_AT_ZERO.fullmatch(folded(source_text)):
            note = f"hours not understood ({error}): {source_text[:200]}"
            return RowHours(None, source_text, (note,), Told.NOT_UNDERSTOOD)
        # "Office hours", or a form whose times nobody has filled in.
        note = f"hours not understood (no time is told): {source_text[:200]}"
        return RowHours(None, source_text, (note,), Told.ONLY_WORDS)
    if has_exceptions:
        notes.append(f"hours understood apart from exceptions: {source_text[:200]}")
    return RowHours(expression, source_text, tuple(notes), Told.WITH_EXCEPTIONS if has_exceptions else Told.UNDERSTOOD)


def _all_texts(cells: HoursCells) -> list[str]:
    by_day = [part for day in cells.by_day for part in (day.opens, day.closes, day.text)]
    return [*cells.texts, cells.always, cells.days, cells.opens, cells.closes, *by_day, *cells.remarks, cells.closed]


def _without_blanks(cells: HoursCells) -> HoursCells:
    """The cells without those that only say that nothing is known, and lists out of their braces."""
    return replace(
        cells,
        texts=[_said(each) for each in cells.texts],
        days=_said(cells.days),
        opens=_said(cells.opens),
        closes=_said(cells.closes),
        remarks=[each for each in map(_said, cells.remarks) if is_about_time(each)],
        closed=_said(cells.closed),
    )


def _said(cell: str) -> str:
    # Long blanks are nothing but a way to make an expression look at them again and again.
    text = _WIDE.sub(lambda blank: "\n" if "\n" in blank[0] else "  ", cell.strip())
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].replace('"', "")
    return "" if bare(text) in _BLANKS else text


def _names_times(text: str) -> bool:
    """Whether hours are told by the clock, by days, or as round the clock; "office hours" are not."""
    return _NAMES_TIMES.search(folded(text)) is not None


def _lone_text(cells: HoursCells) -> str | None:
    """The one text that is all a row says of hours; None when other cells have a say in it."""
    others = [cells.days, cells.opens, cells.closes, cells.always, cells.closed, *cells.remarks]
    others += [part for day in cells.by_day for part in (day.opens, day.closes, day.text)]
    said = [text for text in cells.texts if text.strip()]
    return said[0] if len(said) == 1 and not any(map(str.strip, others)) else None


def _expression(cells: HoursCells, notes: list[str]) -> tuple[str, bool]:
    found, days = _stated(cells, notes)
    for remark in _remarks(cells):
        found = with_remark(found, _CONTACT.sub("", remark).strip())
    found = closed_on(found, cells.closed)
    if days is None and not cells.days.strip() and cells.opens.strip() and not found.closed & EVERY_DAY:
        # With a day on which it is closed the times are those of the others; without one nobody can tell.
        raise Unclear("times without days")
    schedule = found.schedule if days is None else _of_days(days, found.schedule)
    _check_doubts(schedule, notes)
    expression = expression_of(schedule)
    if expression is None:
        raise Unclear("no time is given at which it is open")
    return checked_hours(expression), found.has_exceptions


def _source_text(cells: HoursCells) -> str | None:
    said = [one_line(each) for each in [*cells.texts, cells.days, _times(cells.opens, cells.closes)]]
    for day in cells.by_day:
        times = day.text or _times(day.opens, day.closes)
        if times.strip():
            said.append(f"{_name(day.days)} {one_line(times)}")
    if yes_or_no(cells.always, cross_is_no=True):
        said.append("24 h")
    said += [one_line(each) for each in cells.remarks]
    if cells.closed:
        said.append(f"closed: {one_line(cells.closed)}")
    return "; ".join(dict.fromkeys(each for each in said if each)) or None


def _times(opens: str, closes: str) -> str:
    return f"{opens.strip()}-{closes.strip()}" if opens.strip() or closes.strip() else ""


def _name(days: frozenset[int]) -> str:
    names = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH")
    if days == frozenset(range(5)):
        return "Mo-Fr"
    return ",".join(names[day] for day in sorted(days))


def _openstreetmap(text: str) -> str | None:
    """The text, put right where it is plain what is meant, if it is in OpenStreetMap's syntax and names times."""
    if len(text) > MAX_EXPRESSION_LENGTH:
        return None
    candidate = unicodedata.normalize("NFKC", text).strip().replace("\N{EN DASH}", "-")
    candidate = _MONTH_COLON.sub(r"\1 ", _WHOLE_YEAR.sub("", candidate))
    # "Until five or longer": until five is certain.
    candidate = _OR_LONGER.sub(r"\1", candidate)
    if not _OSM.fullmatch(candidate) or not _SAYS_WHEN.search(candidate):
        return None
    times = re.findall(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", candidate)
    if any(span_of(_minutes(a, b), _minutes(c, d) % (24 * 60)) is None for a, b, c, d in times):
        # 00:00-00:00 and 08:00-04:00 pass the parser; what they mean is not certain.
        return None
    try:
        return well_formed_hours(candidate)
    except InvalidHours:
        return None


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _from_openstreetmap(given: str, corrected: str, source_text: str) -> RowHours:
    if uncertain := uncertainty_of(corrected):
        note = f"hours not understood ({uncertain}): {source_text[:200]}"
        return RowHours(None, source_text, (note,), Told.NOT_UNDERSTOOD)
    if corrected == given:
        return RowHours(given, None, told=Told.UNDERSTOOD)
    note = f"hours {given!r} were corrected to {corrected!r}"
    return RowHours(corrected, given, (note,), Told.UNDERSTOOD)


def _stated(cells: HoursCells, notes: list[str]) -> tuple[Understood, frozenset[int] | None]:
    """The schedule of the columns made for hours, remarks apart; and days named in a column whose times are not."""
    schedule, has_exceptions = Schedule(), False
    for text in cells.texts:
        words = _REMARK.split(without_markup(text), maxsplit=1)[0].strip()
        if not _names_times(words) and _is_of_words(words):
            # "Office hours": the times, if any, stand elsewhere.
            continue
        found = told(words)
        schedule, has_exceptions = schedule.then(found.schedule), has_exceptions or found.has_exceptions
    for day in cells.by_day:
        schedule = schedule.then(_day_schedule(day, notes))
    days: frozenset[int] | None = None
    if cells.opens.strip() or cells.closes.strip():
        schedule = schedule.then(_between(cells.days, cells.opens, cells.closes))
    elif cells.days.strip():
        days = _named_days(cells.days)
    if yes_or_no(cells.always, cross_is_no=True):
        if any(rule.spans not in {(), all_day()} for rule in schedule.rules):
            notes.append("marked as open all day, but times are given: the times were taken")
        else:
            schedule = Schedule((Rule(EVERY_DAY, all_day()),))
    return Understood(schedule, has_exceptions), days


def _is_of_words(text: str) -> bool:
    try:
        return not schedule_of(text).rules
    except Unclear:
        return True


def _day_schedule(cells: DayCells, notes: list[str]) -> Schedule:
    if cells.text.strip():
        text = folded(cells.text).strip()
        if text in {"closed", "off", "-", "x", "休", "休館", "ferme", "geschlossen", "chiuso", "cerrado", "nieczynne"}:
            return Schedule((Rule(cells.days, ()),))
        said = schedule_of(cells.text)
        return Schedule(tuple(Rule(cells.days, rule.spans, rule.months, rule.doubtful) for rule in said.rules))
    if not cells.opens.strip() and not cells.closes.strip():
        return Schedule()
    opens, closes = minutes_of(cells.opens), minutes_of(cells.closes)
    if opens is None or closes is None:
        raise Unclear(f"{_times(cells.opens, cells.closes)!r} are not two times")
    span = span_of(opens, closes)
    if span == (0, 24 * 60) and opens == closes + 1:
        notes.append(f"{_times(cells.opens, cells.closes)} was read as all day")
    spans = () if span is None else (span,)
    return Schedule((Rule(cells.days, spans, doubtful=span is None, alike=opens == closes),))


def _between(days: str, opens: str, closes: str) -> Schedule:
    begin, end = minutes_of(opens), minutes_of(closes)
    if begin is None or end is None:
        raise Unclear(f"{_times(opens, closes)!r} are not two times")
    span = span_of(begin, end)
    spans = () if span is None else (span,)
    return Schedule((Rule(_named_days(days), spans, doubtful=span is None, alike=begin == end),))


def _named_days(text: str) -> frozenset[int]:
    if not text.strip():
        return EVERY_DAY
    try:
        days = days_of([token for token in tokenise(_AT_EVENTS.sub("", folded(text))) if token.kind.name != "FILLER"])
    except UnknownWord as error:
        raise Unclear(f"{str(error).strip()!r} is not understood") from None
    if days is None:
        raise Unclear(f"{text.strip()!r} are not days")
    return days


def _of_days(named: frozenset[int], schedule: Schedule) -> Schedule:
    """A schedule told in one column for the days told in another: no other days, whatever it says itself."""
    if not schedule.opens:
        raise Unclear("days without times")
    return Schedule(
        tuple(
            Rule(
                named if rule.days == EVERY_DAY else rule.days & named,
                rule.spans,
                rule.months,
                rule.doubtful,
            )
            for rule in schedule.rules
        )
    )


def _remarks(cells: HoursCells) -> list[str]:
    within = [part for text in cells.texts for part in _REMARK.split(without_markup(text), maxsplit=1)[1:]]
    return [remark.strip() for remark in [*within, *cells.remarks] if remark.strip()]


def _check_doubts(schedule: Schedule, notes: list[str]) -> None:
    doubtful = schedule.doubtful_days - {
        day for rule in schedule.rules if rule.spans and not rule.doubtful for day in rule.days
    }
    if not doubtful:
        return
    if not schedule.opens:
        raise Unclear("times that begin and end alike or run backwards")
    notes.append(f"the times of {_name(doubtful)} can be read in two ways: taken as not open")
