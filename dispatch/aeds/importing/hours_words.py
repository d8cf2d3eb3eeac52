"""The words in which opening hours are told, in the languages of the lists: cut into tokens, none guessed at."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from dispatch.aeds.importing.hours_vocabulary import (
    AFTERNOON,
    ALL_DAY_WORDS,
    CLOSED_WORDS,
    DAY_WORDS,
    FILLER_WORDS,
    GROUP_WORDS,
    MORNING,
    NOON,
    RANGE_WORDS,
)
from dispatch.aeds.importing.week import HOLIDAY
from dispatch.aeds.importing.words import folded, without_markup


class Kind(Enum):
    """What a token is."""

    TIME = auto()
    NUMBER = auto()
    DAYS = auto()
    MONTHS = auto()
    RANGE = auto()
    JOIN = auto()
    AND = auto()
    SLASH = auto()
    BREAK = auto()
    CLOSED = auto()
    ALL_DAY = auto()
    FILLER = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word of meaning. `value`: minutes of a TIME, days of DAYS, first and last of MONTHS, a NUMBER."""

    kind: Kind
    value: Any = None
    afternoon: bool | None = None


class UnknownWord(ValueError):
    """A word whose meaning is not known, so nothing about the hours is certain."""


def tokenise(text: str) -> list[Token]:
    """The tokens of a text. Raises `UnknownWord`."""
    rest = folded(without_markup(text)).replace("\\n", "\n")
    rest = _SPACED.sub("", rest)
    rest = _SPELT_OUT.sub(lambda found: str(_of_chinese(found[0])), rest)
    position, found = 0, []
    while position < len(rest):
        if rest[position] in " \t\u3000":
            position += 1
            continue
        for pattern, make in _RULES:
            if match := pattern.match(rest, position):
                found += make(match)
                position = match.end()
                break
        else:
            raise UnknownWord(rest[position : position + 20])
    return found


def names_a_day(text: str) -> frozenset[int] | None:
    """The days that a heading such as `周一至周五` or `saturday` names; None when it names none that are certain."""
    try:
        return days_of([token for token in tokenise(text) if token.kind is not Kind.FILLER])
    except UnknownWord:
        return None


def days_of(tokens: list[Token]) -> frozenset[int] | None:
    """The days of tokens that are nothing but days, joined or from one to another; else None."""
    days: set[int] = set()
    previous: frozenset[int] | None = None
    spanning = False
    for token in tokens:
        if token.kind is Kind.DAYS:
            if spanning and previous is not None:
                days |= days_between(previous, token.value)
            days |= token.value
            previous, spanning = token.value, False
        elif token.kind is Kind.RANGE and previous is not None and not spanning:
            spanning = True
        elif token.kind not in {Kind.JOIN, Kind.AND, Kind.BREAK}:
            return None
    return frozenset(days) if days and not spanning else None


def days_mentioned(text: str) -> frozenset[int]:
    """Every day that a text names, ranges filled in, whatever else it says."""
    rest = folded(without_markup(text))
    position = 0
    found: list[Token] = []
    while position < len(rest):
        taken = _token_at(rest, position)
        if taken is None:
            # A foreign word as a whole: a day is not looked for inside it.
            position = max(position + 1, _LATIN.match(rest, position).end())  # type: ignore[union-attr]
            found.append(Token(Kind.BREAK))
        else:
            found += taken[0]
            position = taken[1]
    days: set[int] = set()
    for at, token in enumerate(found):
        if token.kind is not Kind.DAYS:
            continue
        days |= token.value
        before = found[at - 2 : at] if at >= 2 else []  # noqa: PLR2004 - a day and what joins them
        if len(before) == 2 and before[0].kind is Kind.DAYS and before[1].kind is Kind.RANGE:  # noqa: PLR2004
            try:
                days |= days_between(before[0].value, token.value)
            except UnknownWord:
                continue
    return frozenset(days)


_LATIN = re.compile("[a-z]*")


def _token_at(text: str, position: int) -> tuple[list[Token], int] | None:
    for pattern, make in _RULES:
        if match := pattern.match(text, position):
            try:
                return make(match), match.end()
            except UnknownWord:
                return None
    return None


def days_between(first: frozenset[int], last: frozenset[int]) -> frozenset[int]:
    """All days from one to another, over the end of the week if need be. Only single days have a between."""
    if len(first) != 1 or len(last) != 1 or HOLIDAY in first | last:
        raise UnknownWord("a range between groups of days")
    (begin,), (end,) = first, last
    return frozenset((begin + step) % 7 for step in range((end - begin) % 7 + 1))


_SHORT_DAYS = {"mo": 0, "tu": 1, "di": 1, "we": 2, "mi": 2, "th": 3, "do": 3, "fr": 4, "sa": 5, "su": 6, "so": 6}
# As on French doors: L au V. An M alone may be two days.
_FRENCH_DAYS = {"l": 0, "j": 3, "v": 4, "s": 5, "d": 6}
_CHINESE_DAYS = {
    each: day for day, both in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7")) for each in both
}
_JAPANESE_DAYS = {each: day for day, each in enumerate("月火水木金土日")} | {"祝": HOLIDAY}
_KOREAN_DAYS = {each: day for day, each in enumerate("월화수목금토일")}

# 九點, 十二時半: the hour in words. Not 星期一點..., where it belongs to the day.
_SPELT_OUT = re.compile(r"(?<![星期週周拜第])[一二三四五六七八九十]{1,3}(?=[點点時时](?![間间刻段])|小[時时])")
# 休 館 日: set wide, for the look of it.
_SPACED = re.compile(r"(?<=休)[ \u3000]+(?=[館馆園园])|(?<=[館馆])[ \u3000]+(?=日)")
_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}


def _of_chinese(digits: str) -> int:
    tens, ten, ones = digits.partition("十")
    if not ten:
        return _DIGITS[digits[0]]
    return _DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0)


_Maker = Callable[[re.Match[str]], list[Token]]


def _just(kind: Kind, value: Any = None) -> _Maker:
    return lambda _match: [Token(kind, value)]


_AT_NOON = frozenset({"nn", "noon"})


def _clock(match: re.Match[str]) -> list[Token]:
    hours, minutes = int(match["h"]), int(match["m"] or 0)
    before, after = match["before"], match.groupdict().get("after")
    if after in _AT_NOON:
        after = None
    afternoon: bool | None = None
    if before or after:
        afternoon = bool(re.fullmatch(AFTERNOON, before or "")) or (after or "").startswith("p")
        if re.fullmatch(NOON, before or ""):
            afternoon = hours < 11  # noqa: PLR2004 - "noon 1:30" is half past one
    if minutes > 59 or hours > 24 or (hours == 24 and minutes):  # noqa: PLR2004 - a clock
        raise UnknownWord(match.group())
    if afternoon and hours < 12:  # noqa: PLR2004 - a clock
        hours += 12
    elif afternoon is False and hours == 12 and after:  # noqa: PLR2004 - 12 am is midnight
        hours = 0
    return [Token(Kind.TIME, hours * 60 + minutes, afternoon)]


def _run_of(days: dict[str, int]) -> _Maker:
    def make(match: re.Match[str]) -> list[Token]:
        named = frozenset(days[each] for each in match.group() if each in days)
        return [Token(Kind.DAYS, named)]

    return make


def _short_range(match: re.Match[str]) -> list[Token]:
    first, last = _SHORT_DAYS[match["a"]], _SHORT_DAYS[match["b"]]
    return [Token(Kind.DAYS, frozenset({first})), Token(Kind.RANGE), Token(Kind.DAYS, frozenset({last}))]


def _short_days(match: re.Match[str]) -> list[Token]:
    named = re.findall("|".join(_SHORT_DAYS), match.group().replace("und", ",").replace("and", ","))
    return [Token(Kind.DAYS, frozenset(_SHORT_DAYS[each] for each in named))]


def _french_range(match: re.Match[str]) -> list[Token]:
    first, last = (frozenset({_FRENCH_DAYS[match[name]]}) for name in ("a", "b"))
    return [Token(Kind.DAYS, first), Token(Kind.RANGE), Token(Kind.DAYS, last)]


def _numbered_days(match: re.Match[str]) -> list[Token]:
    first, last = int(match["a"]) - 1, int(match["b"] or match["a"]) - 1
    return [Token(Kind.DAYS, days_between(frozenset({first}), frozenset({last})))]


def _months(match: re.Match[str]) -> list[Token]:
    first, last = int(match["a"]), int(match["b"] or match["a"])
    if not (1 <= first <= 12 and 1 <= last <= 12):  # noqa: PLR2004 - months
        raise UnknownWord(match.group())
    return [Token(Kind.MONTHS, (first, last))]


def _compiled() -> Iterator[tuple[re.Pattern[str], _Maker]]:
    short = "mo|tu|di|we|mi|th|do|fr|sa|su|so"
    before = rf"(?P<before>{MORNING}|{AFTERNOON}|{NOON}|(?:am|pm)(?=\s*\d))?\s*"
    after = r"(?:\s*(?P<after>[ap]\.?m\.?|nn|noon)(?![a-z]))?"

    def rule(pattern: str, make: _Maker) -> tuple[re.Pattern[str], _Maker]:
        return re.compile(pattern), make

    yield rule(r"[\n;。|{}\[\]()（）「」【】]+|備註[:：]?", _just(Kind.BREAK))
    yield rule(rf"(?:{ALL_DAY_WORDS})", _just(Kind.ALL_DAY))
    yield rule(r"(?P<a>\d{1,2})月?(?:\s*[-~〜至到]\s*(?P<b>\d{1,2}))?月(?:份)?", _months)
    yield rule(rf"{before}(?P<h>\d{{1,2}})\s*[:：h]\s*(?P<m>[0-5]\d)(?::[0-5]\d)?(?!\d)(?:\s*分)?{after}", _clock)
    yield rule(rf"{before}(?P<h>\d{{1,2}})\s*[時时点點시]\s*(?:(?P<m>[0-5]?\d)\s*[分분]|(?P<half>半))?", _with_half)
    yield rule(rf"{before}(?P<h>[01]\d|2[0-4])(?P<m>[0-5]\d)(?!\d)(?:\s*(?:hrs|[時时])(?![a-z間间]))?{after}", _clock)
    yield rule(r"(?P<before>)(?P<h>0\d)(?P<m>)(?=\s*(?:至|到|-|~|to\b))(?P<after>)", _clock)
    yield rule(rf"{before}(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d)(?![\d.]){after}", _clock)
    yield rule(r"(?P<before>)(?P<h>\d{1,2})(?P<m>)\s*(?P<after>[ap]\.?m\.?)(?![a-z])", _clock)
    yield rule(r"(?P<before>)(?P<h>\d{1,2})(?P<m>)\s*(?:uhr|h)(?![a-z0-9])(?P<after>)", _clock)
    yield rule(r"(?<![a-z])(?P<a>[ljvsd])(?:\s*-\s*|\s+(?:au|a)\s+)(?P<b>[ljvsd])(?![a-z])", _french_range)
    yield rule(r"w(?:eek)?(?P<a>[1-7])(?:\s*[-~]\s*w?(?P<b>[1-7]))?(?![\d:])", _numbered_days)
    yield rule(rf"(?P<a>{short})\.?\s*(?:-|–|bis|to)\s*(?P<b>{short})(?![a-z])\.?", _short_range)
    yield rule(rf"(?:{short})\.?(?:\s*(?:,|/|&|\+|u\.|und|and)\s*(?:{short})(?![a-z])\.?)+", _short_days)
    for day, words in DAY_WORDS.items():
        latin_end = r"(?![a-z])"
        yield rule(rf"(?:{words}){latin_end}\.?", _just(Kind.DAYS, frozenset({day})))
    for days, words in GROUP_WORDS:
        yield rule(rf"(?:{words})(?![a-z])", _just(Kind.DAYS, days))
    for word, day in _SHORT_DAYS.items():
        nearby = r"(?=\.?:?\s*\d{1,2}[:.]\d\d)" if word in {"di", "do", "mi", "so"} else r"(?![a-z])\.?"
        yield rule(rf"{word}{nearby}", _just(Kind.DAYS, frozenset({day})))
    chinese = r"(?:[一二三四五六日天]|[1-7](?![\d:時时点點月.]\d|[\d時时点點月:]))"
    prefix = "(?:星期|周|週|禮拜|礼拜)"
    yield rule(
        rf"(?:每)?{prefix}{chinese}(?:\s*[、.,，及和與与]?\s*(?:{prefix}\s*)?{chinese})*", _run_of(_CHINESE_DAYS)
    )
    # After "from Monday to" the second day often goes without its prefix.
    yield rule(r"(?<=[至到~\-])\s*[一二三四五六日](?![本月])", _run_of(_CHINESE_DAYS))
    yield rule(
        (
            r"[月火水木金土日](?:[・、,]?[月火水木金土日祝])+(?:曜日?)?(?![本])|"
            r"(?<![\d每毎])[月火水木金土日祝](?=\s*[-~〜から・、,;/:]|\s*$|\s*\d)"
        ),
        _run_of(_JAPANESE_DAYS),
    )
    yield rule(r"[월화수목금토일](?:[,·]?\s*[월화수목금토일])*(?=\s|[-~,]|$)", _run_of(_KOREAN_DAYS))
    yield rule(rf"(?:{CLOSED_WORDS})(?![a-z])", _just(Kind.CLOSED))
    yield rule(rf"(?:{FILLER_WORDS})(?![a-z])", _just(Kind.FILLER))
    yield rule(rf"(?:{RANGE_WORDS})", _just(Kind.RANGE))
    yield rule("/", _just(Kind.SLASH))
    yield rule(
        r"[,、,，.&+・]+|また",
        _just(Kind.JOIN),
    )
    yield rule(r"及|和|與|与|and|et(?![a-z])|und(?![a-z])|e(?![a-z])|y(?![a-z])|i(?![a-z])", _just(Kind.AND))
    yield rule(r"[:：!！]+", _just(Kind.FILLER))
    yield rule(r"(?P<n>\d{1,2})(?!\d)", lambda match: [Token(Kind.NUMBER, int(match["n"]))])


def _with_half(match: re.Match[str]) -> list[Token]:
    (token,) = _clock(match)
    return [Token(Kind.TIME, token.value + 30, token.afternoon)] if match["half"] else [token]


_RULES: tuple[tuple[re.Pattern[str], _Maker], ...] = tuple(_compiled())
