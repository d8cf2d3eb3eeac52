"""Opening hours out of free text. All of it is understood, or none: what is not certain stays unknown."""

from functools import lru_cache

from dispatch.aeds.importing.hours_words import Kind, Token, UnknownWord, days_between, tokenise
from dispatch.aeds.importing.week import EVERY_DAY, Rule, Schedule, Span, all_day, span_of

_LONGEST_TEXT = 1000
_HALF_DAY = 12 * 60
_NOON = 12


class Unclear(ValueError):
    """A text whose hours are not certain; the message says what stands in the way."""


@lru_cache(maxsize=16384)
def schedule_of(text: str) -> Schedule:
    """The schedule that a text tells; an empty one when it tells of nothing but itself ("opening hours:").

    Raises `Unclear`.
    """
    if len(text) > _LONGEST_TEXT:
        raise Unclear(f"longer than {_LONGEST_TEXT} characters")
    try:
        reader = _Reader()
        for token in [*tokenise(text), Token(Kind.BREAK)]:
            reader.take(token)
        return reader.schedule()
    except UnknownWord as error:
        raise Unclear(f"{str(error).strip()!r} is not understood") from None


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

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._months: tuple[int, int] | None = None
        self._start_over()

    def _start_over(self) -> None:
        self._days: frozenset[int] | None = None
        self._last_day: frozenset[int] | None = None
        self._times: list[Token] = []
        self._spans: list[Span] = []
        self._doubtful = False
        self._closed = False
        self._spanning = False

    def take(self, token: Token) -> None:
        match token.kind:
            case Kind.DAYS:
                self._take_days(token.value)
            case Kind.TIME | Kind.NUMBER:
                self._take_time(token)
            case Kind.RANGE:
                self._spanning = True
            case Kind.ALL_DAY:
                self._spans = list(all_day())
                self._spanning = False
            case Kind.CLOSED:
                self._take_closed()
            case Kind.MONTHS:
                self._finish()
                self._months = token.value
            case Kind.BREAK:
                self._take_break()
            case Kind.JOIN | Kind.FILLER:
                pass

    def schedule(self) -> Schedule:
        self._finish()
        if self._days is not None and not self._closed:
            raise Unclear("days without times")
        return Schedule(tuple(self._rules))

    def _take_days(self, days: frozenset[int]) -> None:
        if self._spans or self._doubtful or (self._closed and self._days is not None and not self._closed_first):
            self._finish()
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
        if self._times and not self._spanning:
            raise Unclear("a time without its other end")
        self._times.append(token)
        if len(self._times) == 2:  # noqa: PLR2004 - from and to
            self._add_span(*self._times)
            self._times = []
            self._spanning = False
        elif self._spanning:
            raise Unclear("a range without a beginning")

    def _add_span(self, first: Token, second: Token) -> None:
        if first.kind is Kind.NUMBER and second.kind is Kind.NUMBER and not first.value < second.value > _NOON:
            raise Unclear("numbers that may be times or not")
        opens, closes = _minutes(first, second)
        span = span_of(opens, closes)
        if span is None:
            self._doubtful = True
        else:
            self._spans.append(span)

    def _take_closed(self) -> None:
        if self._spans or self._doubtful or self._times:
            raise Unclear("times of being closed")
        self._closed_first = self._days is None
        self._closed = True

    def _take_break(self) -> None:
        if self._times:
            raise Unclear("a time without its other end")
        if self._spanning and self._days is not None and not self._spans:
            # A form's line left empty, `Saturday __ to __`: no hours were given.
            self._closed, self._closed_first, self._spanning = True, False, False
        if self._spans or self._doubtful or (self._closed and self._days is not None):
            self._finish()

    def _finish(self) -> None:
        if self._closed and self._days is None:
            raise Unclear("closed, without saying when")
        if not (self._spans or self._closed or self._doubtful):
            return
        spans = () if self._doubtful else tuple(dict.fromkeys(self._spans))
        if self._days is None:
            self._add_for_no_days(spans)
        else:
            self._rules.append(Rule(self._days, spans, self._months, self._doubtful))
        self._start_over()

    def _add_for_no_days(self, spans: tuple[Span, ...]) -> None:
        """Times without days go on with the days before them (`Mo-Fr 6-10; 15-20`), or are for every day."""
        last = self._rules[-1] if self._rules else None
        if last is not None and last.spans and last.months == self._months and spans:
            self._rules[-1] = Rule(last.days, (*last.spans, *spans), self._months)
            return
        # Before the days of rest named already, or they would not stay days of rest.
        first = next((at for at, rule in enumerate(self._rules) if rule.months == self._months), len(self._rules))
        self._rules.insert(first, Rule(EVERY_DAY, spans, self._months, self._doubtful))

    _closed_first = False


def _minutes(first: Token, second: Token) -> tuple[int, int]:
    """Both times in minutes; a time without its half of the day takes the other's where only that makes sense."""
    opens = first.value * 60 if first.kind is Kind.NUMBER else first.value
    closes = second.value * 60 if second.kind is Kind.NUMBER else second.value
    if second.afternoon and first.afternoon is None and opens < closes - _HALF_DAY and first.kind is Kind.NUMBER:
        opens += _HALF_DAY
    if first.afternoon and second.afternoon is None and opens - _HALF_DAY < closes < _HALF_DAY:
        closes += _HALF_DAY
    return opens, closes
