"""Opening hours out of free text. All of it is understood, or none: what is not certain stays unknown."""

import re
from functools import lru_cache

from dispatch.aeds.importing.hours_words import Kind, Token, UnknownWord, days_between, names_a_day, tokenise
from dispatch.aeds.importing.week import EVERY_DAY, Rule, Schedule, Span, all_day, span_of

_ASIDE = re.compile(r"[(（]([^()（）]{1,60})[)）]")
_LONGEST_TEXT = 1000
_HALF_DAY = 12 * 60
_NOON = 12


class Unclear(ValueError):
    """A text whose hours are not certain; the message says what stands in the way."""


@lru_cache(maxsize=16384)
def schedule_of(text: str, *, of_form: bool = False) -> Schedule:
    """The schedule that a text tells; an empty one when it tells of nothing but itself ("opening hours:").

    With `of_form` the text is a form filled in, of which halves of lines may have been left empty: what such a line
    tells is doubtful. Raises `Unclear`.
    """
    if len(text) > _LONGEST_TEXT:
        raise Unclear(f"longer than {_LONGEST_TEXT} characters")
    try:
        reader = _Reader(of_form=of_form)
        for token in [*tokenise(_ASIDE.sub(_without_brackets, text)), Token(Kind.BREAK)]:
            reader.take(token)
        return reader.schedule()
    except UnknownWord as error:
        raise Unclear(f"{str(error).strip()!r} is not understood") from None


def _without_brackets(aside: re.Match[str]) -> str:
    """`8:30-17:15 (Mon-Fri)`: days in brackets belong to the times before them; anything else stands apart."""
    return aside[0] if names_a_day(aside[1]) is None else f" {aside[1]} "


def minutes_of(cell: str) -> int | None:
    """The minutes after midnight of a cell that is one time: `08:00`, `1700`, `17時`, `24:00:00`, `8`; else None."""
    try:
        tokens = [token for token in tokenise(cell) if token.kind is not Kind.FILLER]
    except UnknownWord:
        return None
    if len(tokens) != 1:
        return None
    (token,) = tokens
    if token.kind is Kind.NUMBER:
        return int(token.value) * 60 if token.value <= 24 else None  # noqa: PLR2004 - a clock
    return int(token.value) if token.kind is Kind.TIME else None


class _Reader:
    """Takes tokens one by one and gathers rules: days first, then times, or times alone for every day."""

    def __init__(self, *, of_form: bool) -> None:
        self._of_form = of_form
        self._rules: list[Rule] = []
        self._months: tuple[int, int] | None = None
        self._start_over()

    def _start_over(self) -> None:
        self._days: frozenset[int] | None = None
        self._last_day: frozenset[int] | None = None
        self._times: list[Token] = []
        self._spans: list[Span] = []
        self._doubtful = False
        self._alike = False
        self._closed = False
        self._spanning = False
        self._days_after_times = False
        self._joined = False

    def take(self, token: Token) -> None:
        match token.kind:
            case Kind.DAYS:
                self._take_days(token.value)
            case Kind.TIME | Kind.NUMBER:
                self._take_time(token)
            case Kind.RANGE:
                # A dash between two spans only parts them: 8-12 - 14-18.
                self._spanning = not self._spans or bool(self._times) or self._days_after_times
            case Kind.SLASH if len(self._times) == 1:
                # 8h30/12h30 13h30/17h30: from and to; else it only joins.
                self._spanning = True
            case Kind.ALL_DAY:
                self._take_all_day()
            case Kind.CLOSED:
                self._take_closed()
            case Kind.MONTHS:
                self._finish()
                self._months = token.value
            case Kind.BREAK:
                self._take_break()
            case _:
                # Words that only join others, or say nothing.
                pass
        self._and = token.kind is Kind.AND

    def schedule(self) -> Schedule:
        self._finish()
        if self._days is not None and not self._closed:
            raise Unclear("days without times")
        return Schedule(tuple(self._rules))

    def _take_all_day(self) -> None:
        if self._days_after_times:
            raise Unclear("days between times")
        self._spans = list(all_day())
        self._spanning = False

    def _take_days(self, days: frozenset[int]) -> None:
        if self._spans and self._days is None and not self._doubtful:
            # "9-17 Monday to Friday": the days of the times before, unless times of their own follow.
            self._days_after_times = True
        elif self._days_after_times:
            pass
        elif self._spans or self._doubtful or (self._closed and self._days is not None and not self._closed_first):
            joined = self._and
            self._finish()
            self._joined = joined
        if self._spanning and self._last_day is not None:
            days |= days_between(self._last_day, days)
        elif self._spanning:
            raise Unclear("a range without a beginning")
        self._days = days if self._days is None else self._days | days
        self._last_day = days if len(days) == 1 else None
        self._spanning = False

    def _take_time(self, token: Token) -> None:
        if self._closed:
            raise Unclear("times of being closed")
        if self._days_after_times:
            days, last, spanning = self._days, self._last_day, self._spanning
            self._days = None
            self._finish()
            self._days, self._last_day, self._spanning = days, last, spanning
        if self._times and not self._spanning:
            raise Unclear("a time without its other end")
        self._times.append(token)
        if len(self._times) == 2:  # noqa: PLR2004 - from and to
            self._add_span(*self._times)
            self._times = []
            self._spanning = False
        elif self._of_form and self._spanning and self._days is not None and not self._spans:
            # `Saturday __ to 17:00`: the form's other half is missing.
            self._times, self._spanning, self._doubtful = [], False, True
        elif self._spanning:
            raise Unclear("a range without a beginning")

    def _add_span(self, first: Token, second: Token) -> None:
        if first.kind is second.kind is Kind.NUMBER and first.value == second.value == 0:
            self._doubtful = self._alike = True
            return
        if first.kind is Kind.NUMBER and second.kind is Kind.NUMBER and not first.value < second.value > _NOON:
            raise Unclear("numbers that may be times or not")
        opens, closes = _minutes(first, second)
        span = span_of(opens, closes)
        if span is None:
            self._doubtful = True
            self._alike = opens == closes
        else:
            self._spans.append(span)

    def _take_closed(self) -> None:
        if self._spans or self._doubtful or self._times or self._joined:
            # "12:00-13:30 and Sundays closed": closed at those times as well.
            raise Unclear("times of being closed")
        self._closed_first = self._days is None
        self._closed = True

    def _take_break(self) -> None:
        if self._of_form and self._times and self._spanning and self._days is not None:
            # `Saturday 08:00 to __`: the form's other half is missing.
            self._times, self._spanning, self._doubtful = [], False, True
        if self._times:
            raise Unclear("a time without its other end")
        if self._spanning and self._days is not None and not self._spans:
            # A form's line left empty, `Saturday __ to __`: no hours were given.
            self._closed, self._closed_first, self._spanning = True, False, False
        if self._spans and self._days is None and not self._doubtful:
            # "9-17 Monday to Friday": the days of the times before, unless times of their own follow.
            self._days_after_times = True
        elif self._days_after_times:
            pass
        elif self._spans or self._doubtful or (self._closed and self._days is not None):
            self._finish()

    def _finish(self) -> None:
        if self._closed and self._days is None and self._months is not None:
            self._days = EVERY_DAY
        if self._closed and self._days is None:
            raise Unclear("closed, without saying when")
        if not (self._spans or self._closed or self._doubtful):
            return
        spans = () if self._doubtful else tuple(dict.fromkeys(self._spans))
        if self._days is None:
            self._add_for_no_days(spans)
        else:
            self._rules.append(Rule(self._days, spans, self._months, self._doubtful, self._alike))
        self._start_over()

    def _add_for_no_days(self, spans: tuple[Span, ...]) -> None:
        """Times without days go on with the days before them (`Mo-Fr 6-10; 15-20`), or are for every day."""
        last = self._rules[-1] if self._rules else None
        if last is not None and last.spans and last.months == self._months and spans:
            self._rules[-1] = Rule(last.days, (*last.spans, *spans), self._months)
            return
        # Before the days of rest named already, or they would not stay days of rest.
        first = next((at for at, rule in enumerate(self._rules) if rule.months == self._months), len(self._rules))
        self._rules.insert(first, Rule(EVERY_DAY, spans, self._months, self._doubtful, self._alike))

    _closed_first = False
    _and = False


def _minutes(first: Token, second: Token) -> tuple[int, int]:
    """Both times in minutes; a time without its half of the day takes the other's where only that makes sense."""
    opens = first.value * 60 if first.kind is Kind.NUMBER else first.value
    closes = second.value * 60 if second.kind is Kind.NUMBER else second.value
    if second.afternoon and first.afternoon is None and opens < closes - _HALF_DAY and first.kind is Kind.NUMBER:
        opens += _HALF_DAY
    if first.afternoon and second.afternoon is None and opens - _HALF_DAY < closes < _HALF_DAY:
        closes += _HALF_DAY
    if first.afternoon is False and second.afternoon is None and closes <= opens < closes + _HALF_DAY:
        # From nine in the morning to five.
        closes += _HALF_DAY
    return opens, closes
