"""A week's opening times, and how OpenStreetMap's `opening_hours` writes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
HOLIDAY = 7
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EVERY_DAY = frozenset(range(7))
WORKDAYS = frozenset(range(5))
WEEKEND = frozenset({5, 6})

DAY_MINUTES = 24 * 60
_WHOLE_DAY = (0, DAY_MINUTES)
# Closing times after midnight that nobody mistakes: bars until three, night shifts that begin in the evening.
_LATEST_LATE_CLOSING, _EARLIEST_OPENING = 3 * 60, 4 * 60
_EVENING, _MORNING = 17 * 60, 10 * 60

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """On these days (0 is Monday, 7 a public holiday) of these months (1-12; all when empty): open during `spans`.

    No spans: closed. `doubtful`: the source gives times that can be read in two ways; `alike` if they begin and end
    alike, which is all day or never.
    """

    days: frozenset[int]
    spans: tuple[Span, ...]
    months: tuple[int, int] | None = None
    doubtful: bool = False
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """Rules in order, a later one in place of an earlier for the days both name."""

    rules: tuple[Rule, ...] = field(default=())

    @property
    def opens(self) -> bool:
        """Whether there is any time at which it is open."""
        return any(rule.spans for rule in self.rules)

    @property
    def doubtful_days(self) -> frozenset[int]:
        """The days whose times can be read in two ways."""
        return frozenset(day for rule in self.rules if rule.doubtful for day in rule.days)

    @property
    def is_all_day_or_never(self) -> bool:
        """Whether every time that is given begins and ends alike."""
        given = [rule for rule in self.rules if rule.spans or rule.doubtful]
        return bool(given) and all(rule.alike for rule in given)

    def then(self, other: "Schedule") -> "Schedule":
        """This schedule with the other's rules put over it."""
        return Schedule(self.rules + other.rules)


def span_of(opens: int, closes: int) -> Span | None:
    """The span between two times in minutes after midnight, or None when it can be read in two ways.

    The minute that forms leave out at midnight is put back: 23:59 is 24:00, and 00:00 as a closing time too.
    """
    if closes in {0, DAY_MINUTES - 1}:
        closes = DAY_MINUTES if opens or closes else 0
    if not (0 <= opens < DAY_MINUTES and 0 <= closes <= DAY_MINUTES) or opens == closes:
        # 07:00-07:00 and 00:00-00:00 may be all day or never.
        return None
    if opens < closes:
        return opens, closes
    if opens - closes == 1:
        return _WHOLE_DAY
    late = closes <= _LATEST_LATE_CLOSING and opens >= _EARLIEST_OPENING
    overnight = opens >= _EVENING and closes <= _MORNING
    return (opens, closes + DAY_MINUTES) if late or overnight else None


def all_day() -> tuple[Span, ...]:
    """The spans of a day that is open throughout."""
    return (_WHOLE_DAY,)


def expression_of(schedule: Schedule) -> str | None:
    """The schedule in `opening_hours` syntax; None when it never opens."""
    if not schedule.opens:
        return None
    seasons = list(dict.fromkeys(rule.months for rule in schedule.rules))
    parts: list[str] = []
    for season in sorted(seasons, key=lambda each: each is not None):
        week = _week([rule for rule in schedule.rules if rule.months == season])
        prefix = f"{_season(season)} " if season else ""
        # With a season the closed days must be said, or the year-round rule would show through.
        texts = _week_texts(week, say_closed=season is not None and None in seasons)
        parts += [prefix + text if text != "24/7" else f"{prefix}00:00-24:00" if season else text for text in texts]
    return "; ".join(parts) or None


def _week(rules: Iterable[Rule]) -> dict[int, tuple[Span, ...]]:
    week: dict[int, tuple[Span, ...]] = {}
    for rule in rules:
        for day in rule.days:
            week[day] = tuple(sorted(rule.spans))
    return week


def _week_texts(week: dict[int, tuple[Span, ...]], *, say_closed: bool) -> list[str]:
    texts: list[str] = []
    if all(week.get(day) == (_WHOLE_DAY,) for day in range(7)):
        texts.append("24/7")
    else:
        groups: dict[tuple[Span, ...], list[int]] = {}
        for day in range(7):
            groups.setdefault(week.get(day, ()), []).append(day)
        for spans, days in groups.items():
            if spans:
                texts.append(f"{_days(days)} {_spans(spans)}")
            elif say_closed:
                texts.append(f"{_days(days)} off")
    if HOLIDAY in week and not (texts == ["24/7"] and week[HOLIDAY] == (_WHOLE_DAY,)):
        texts.append(f"PH {_spans(week[HOLIDAY])}" if week[HOLIDAY] else "PH off")
    return texts


def _days(days: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ",".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _spans(spans: Iterable[Span]) -> str:
    return ",".join(f"{_clock(opens)}-{_clock(closes)}" for opens, closes in spans)


def _clock(minutes: int) -> str:
    if minutes > DAY_MINUTES:
        minutes -= DAY_MINUTES
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _season(months: tuple[int, int]) -> str:
    first, last = (MONTHS[month - 1] for month in months)
    return first if first == last else f"{first}-{last}"
