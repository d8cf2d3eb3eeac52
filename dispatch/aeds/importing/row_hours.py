"""The opening hours of one row, out of all the columns that speak of them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dispatch.aeds.hours import MAX_EXPRESSION_LENGTH, InvalidHours, checked_hours
from dispatch.aeds.importing.free_hours import Unclear, minutes_of, schedule_of
from dispatch.aeds.importing.hours_words import UnknownWord, days_of, tokenise
from dispatch.aeds.importing.values import is_internal_only, yes_or_no
from dispatch.aeds.importing.week import EVERY_DAY, Rule, Schedule, all_day, expression_of, span_of
from dispatch.aeds.importing.words import folded, one_line, without_markup

# Words that make a remark matter to the hours. A remark with none of them ("second box left of the door") does not.
_ABOUT_TIME = re.compile(
    r"[開开放休假週周]|時間|时间|上班|營業|营业|暑|寒|星期|季|夜|晚|平日|全天|全日|全年|\d\s*[:時时点點]\s*\d*|\d\s*月|24|管制|專用|专用|借|"
    r"hour|open|clos|day|night|week|only|season|summer|winter|ouver|ferm|jour|geöffnet|geschlossen|apert|chius|abiert|cerrad|"
    r"曜|営業|利用|閉|以外|除く|可能|不可|휴|운영|시간",
    re.IGNORECASE,
)
_OSM = re.compile(
    r"(?:(?:mo|tu|we|th|fr|sa|su|ph|sh|off|closed|open|unknown|week|easter|sunrise|sunset|dawn|dusk|"
    r"jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|24/7|\"[^\"]*\")(?![a-z])|[-\d:+,;()\[\]|/ ])+",
    re.IGNORECASE,
)
_SAYS_WHEN = re.compile(r"\d\d?:\d\d|24/7|sun(?:rise|set)|dawn|dusk", re.IGNORECASE)
_WHOLE_YEAR = re.compile(r"^Jan-Dec:?\s+")
_MONTH_COLON = re.compile(r"^([A-Z][a-z]{2}(?:-[A-Z][a-z]{2})?):\s*")
# Who to ask, which forms put into the field for hours.
_CONTACT = re.compile(
    r"(?:另一位)?(?:管理(?:員|者|人)|聯絡人|负责人|負責人員?|保管人)(?:姓名)?\s*[:：]\s*[^\s,，。;；]*[。,，;；]?|"
    r"(?:開放時間|开放时间)?(?:緊急|紧急)?[聯连連]絡電話\s*[:：]?[\s\d()（）#轉分機\-~]+|請(?:電)?洽[\s\d()（）#轉分機\-~]+"
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


@dataclass(frozen=True, slots=True)
class RowHours:
    """Hours in OSM syntax or None, the source's own words, and what the report has to say about them."""

    expression: str | None
    source_text: str | None
    notes: tuple[str, ...] = field(default=())


def hours_of(cells: HoursCells) -> RowHours:
    """The hours a row tells, if all of it is certain; else unknown, with the words kept and the reason noted."""
    cells = replace(cells, remarks=[each for each in cells.remarks if _is_about_time(each)])
    source_text = _source_text(cells)
    if source_text is None:
        return RowHours(None, None)
    lone = _lone_text(cells)
    if lone is not None and (corrected := _openstreetmap(lone)) is not None:
        return _from_openstreetmap(lone.strip(), corrected)
    notes: list[str] = []
    try:
        return RowHours(_expression(cells, notes), source_text, tuple(notes))
    except (Unclear, InvalidHours) as error:
        return RowHours(None, source_text, (f"hours not understood ({error}): {source_text[:200]}",))


def _lone_text(cells: HoursCells) -> str | None:
    """The one text that is all a row says of hours; None when other cells have a say in it."""
    others = [cells.days, cells.opens, cells.closes, cells.always, *cells.remarks]
    others += [part for day in cells.by_day for part in (day.opens, day.closes, day.text)]
    said = [text for text in cells.texts if text.strip()]
    return said[0] if len(said) == 1 and not any(map(str.strip, others)) else None


def _is_about_time(remark: str) -> bool:
    return _ABOUT_TIME.search(unicodedata.normalize("NFKC", remark)) is not None or is_internal_only(remark)


def _expression(cells: HoursCells, notes: list[str]) -> str:
    schedule = _stated(cells, notes)
    for remark in _remarks(cells):
        schedule = _with_remark(schedule, remark)
    _check_doubts(schedule, notes)
    expression = expression_of(schedule)
    if expression is None:
        raise Unclear("no time is given at which it is open")
    return checked_hours(expression)


def _source_text(cells: HoursCells) -> str | None:
    said = [one_line(each) for each in [*cells.texts, cells.days, _times(cells.opens, cells.closes)]]
    for day in cells.by_day:
        times = day.text or _times(day.opens, day.closes)
        if times.strip():
            said.append(f"{_name(day.days)} {one_line(times)}")
    if yes_or_no(cells.always, cross_is_no=True):
        said.append("24 h")
    said += [one_line(each) for each in cells.remarks]
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
    if not _OSM.fullmatch(candidate) or not _SAYS_WHEN.search(candidate):
        return None
    times = re.findall(r"(\d\d?):(\d\d)\s*-\s*(\d\d?):(\d\d)", candidate)
    if any(span_of(_minutes(a, b), _minutes(c, d) % (24 * 60)) is None for a, b, c, d in times):
        # 00:00-00:00 and 08:00-04:00 pass the parser; what they mean is not certain.
        return None
    try:
        return checked_hours(candidate)
    except InvalidHours:
        return None


def _minutes(hours: str, minutes: str) -> int:
    return int(hours) * 60 + int(minutes)


def _from_openstreetmap(given: str, corrected: str) -> RowHours:
    if corrected == given:
        return RowHours(given, None)
    return RowHours(corrected, given, (f"hours {given!r} were corrected to {corrected!r}",))


def _stated(cells: HoursCells, notes: list[str]) -> Schedule:
    """The schedule of the columns made for hours, remarks apart."""
    schedule = Schedule()
    for text in cells.texts:
        schedule = schedule.then(schedule_of(_REMARK.split(without_markup(text), maxsplit=1)[0].strip()))
    for day in cells.by_day:
        schedule = schedule.then(_day_schedule(day, notes))
    if cells.opens.strip() or cells.closes.strip():
        schedule = schedule.then(_between(cells.days, cells.opens, cells.closes))
    elif cells.days.strip():
        schedule = _of_days(cells.days, schedule)
    if yes_or_no(cells.always, cross_is_no=True):
        if any(rule.spans not in {(), all_day()} for rule in schedule.rules):
            raise Unclear("marked as open all day, but times are given")
        return Schedule((Rule(EVERY_DAY, all_day()),))
    return schedule


def _day_schedule(cells: DayCells, notes: list[str]) -> Schedule:
    if cells.text.strip():
        text = folded(cells.text).strip()
        if text in {"closed", "off", "-", "x", "休", "休館", "ferme", "geschlossen", "chiuso", "cerrado", "nieczynne"}:
            return Schedule((Rule(cells.days, ()),))
        told = schedule_of(cells.text)
        return Schedule(tuple(Rule(cells.days, rule.spans, rule.months, rule.doubtful) for rule in told.rules))
    if not cells.opens.strip() and not cells.closes.strip():
        return Schedule()
    opens, closes = minutes_of(cells.opens), minutes_of(cells.closes)
    if opens is None or closes is None:
        raise Unclear(f"{_times(cells.opens, cells.closes)!r} are not two times")
    span = span_of(opens, closes)
    if span == (0, 24 * 60) and opens == closes + 1:
        notes.append(f"{_times(cells.opens, cells.closes)} was read as all day")
    return Schedule((Rule(cells.days, () if span is None else (span,), doubtful=span is None),))


def _between(days: str, opens: str, closes: str) -> Schedule:
    begin, end = minutes_of(opens), minutes_of(closes)
    if begin is None or end is None:
        raise Unclear(f"{_times(opens, closes)!r} are not two times")
    span = span_of(begin, end)
    return Schedule((Rule(_named_days(days), () if span is None else (span,), doubtful=span is None),))


def _named_days(text: str) -> frozenset[int]:
    if not text.strip():
        raise Unclear("times without days")
    try:
        days = days_of([token for token in tokenise(text) if token.kind.name != "FILLER"])
    except UnknownWord as error:
        raise Unclear(f"{str(error).strip()!r} is not understood") from None
    if days is None:
        raise Unclear(f"{text.strip()!r} are not days")
    return days


def _of_days(days: str, schedule: Schedule) -> Schedule:
    """A schedule told in one column for the days told in another."""
    named = _named_days(days)
    if any(rule.days != EVERY_DAY for rule in schedule.rules) or not schedule.rules:
        raise Unclear("days without times")
    return Schedule(tuple(Rule(named, rule.spans, rule.months, rule.doubtful) for rule in schedule.rules))


def _remarks(cells: HoursCells) -> list[str]:
    within = [part for text in cells.texts for part in _REMARK.split(without_markup(text), maxsplit=1)[1:]]
    return [remark.strip() for remark in [*within, *cells.remarks] if remark.strip()]


def _with_remark(schedule: Schedule, remark: str) -> Schedule:
    """The schedule as a remark changes it. Raises `Unclear` for a remark about time that is not understood."""
    if is_internal_only(remark):
        # Who may come in is told by `access`; the hours stand.
        return schedule
    remark = _CONTACT.sub("", without_markup(remark)).strip()
    try:
        said = schedule_of(remark)
    except Unclear:
        if _is_about_time(remark):
            raise
        return schedule
    if not said.rules:
        return schedule
    if not schedule.opens:
        return said if said.opens else schedule.then(said)
    general = [rule for rule in said.rules if rule.spans and rule.days == EVERY_DAY and rule.months is None]
    if general and _contradicts(schedule, general[-1]):
        raise Unclear(f"the remark {one_line(remark)[:60]!r} says otherwise than the times")
    # A remark that repeats the times in general does not open days that the columns leave closed.
    return schedule.then(Schedule(tuple(rule for rule in said.rules if rule not in general)))


def _contradicts(schedule: Schedule, general: Rule) -> bool:
    stated = {rule.spans for rule in schedule.rules if rule.spans}
    return stated != {general.spans} and not (
        general.spans == all_day() and all(sum(b - a for a, b in spans) >= 23 * 60 + 30 for spans in stated)
    )


def _check_doubts(schedule: Schedule, notes: list[str]) -> None:
    doubtful = schedule.doubtful_days - {
        day for rule in schedule.rules if rule.spans and not rule.doubtful for day in rule.days
    }
    if not doubtful:
        return
    if not schedule.opens:
        raise Unclear("times that begin and end alike or run backwards")
    notes.append(f"the times of {_name(doubtful)} can be read in two ways: taken as not open")
