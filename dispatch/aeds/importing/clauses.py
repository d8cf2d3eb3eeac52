"""Hours told in several clauses, of which some cannot be understood: what is certain is taken, and nothing more.

A clause that narrows the hours is applied; one that may widen them is not. One about rare days (a typhoon, a cleaning
day each month) is an exception, kept in words. One that makes the hours depend on something else leaves them unknown.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dispatch.aeds.importing import clause_words as words
from dispatch.aeds.importing.free_hours import Unclear, minutes_of, schedule_of
from dispatch.aeds.importing.hours_words import UnknownWord, days_mentioned, days_of, names_a_day, tokenise
from dispatch.aeds.importing.values import is_internal_only
from dispatch.aeds.importing.week import EVERY_DAY, WEEKEND, Rule, Schedule, all_day, expression_of
from dispatch.aeds.importing.week_sums import contradicted, narrowed, shortened
from dispatch.aeds.importing.words import folded, one_line, without_markup

_SUMMER, _WINTER = (7, 8), (1, 2)
# How a clause is marked of which the days that it names are taken away.
_EXCEPT = "except "


@dataclass(frozen=True, slots=True)
class Understood:
    """What is certain, and whether some of what was said could not be expressed.

    `closed`: the days that a clause has called closed; what is told later does not open them. `is_of_hours`: the text
    stands where only hours should, so that words which are not known may bear on them.
    """

    schedule: Schedule
    has_exceptions: bool = False
    closed: frozenset[int] = frozenset()
    is_of_hours: bool = False


def told(text: str) -> Understood:
    """What a text for hours tells: the whole of it, or clause by clause. Raises `Unclear`."""
    try:
        return Understood(schedule_of(text, of_form=True))
    except Unclear as whole:
        try:
            found = _clause_by_clause(Understood(Schedule(), is_of_hours=True), text)
        except Unclear:
            raise whole from None
        if not found.schedule.opens:
            raise
        return found


def with_remark(before: Understood, remark: str) -> Understood:
    """The schedule as a remark changes it. Raises `Unclear` for a remark about time that is not understood."""
    if is_internal_only(remark):
        # Who may come in is told by `access`; the hours stand.
        return before
    text = without_markup(remark).strip()
    if before.schedule.is_all_day_or_never and words.NEVER_CLOSED.search(text) and not words.NOT_SO.search(text):
        # From eight to eight, and never closed: that leaves all day.
        return replace(before, schedule=Schedule((Rule(EVERY_DAY, all_day()),)))
    try:
        return _applied(before, schedule_of(text), text)
    except Unclear:
        return _clause_by_clause(before, text)


def is_about_time(remark: str) -> bool:
    """Whether a remark has to do with when, rather than where or whom to ask."""
    text = folded(remark)
    return words.ABOUT_TIME.search(text) is not None or is_internal_only(remark) or names_a_day(text) is not None


def closed_on(before: Understood, cell: str) -> Understood:
    """The schedule without the days that a column for days of rest names. Raises `Unclear` for one that cannot tell."""
    found = before
    for part in words.DAYS_OF_REST.split(folded(cell)):
        if not part.strip() or words.NEVER_CLOSED.search(part):
            continue
        days = days_mentioned(part)
        if days and not words.MONTHLY.search(part) and not days >= EVERY_DAY:
            found = _applied(found, Schedule((Rule(days, ()),)), part)
        elif words.MONTHLY.search(part) or words.RARE.search(part):
            found = replace(found, has_exceptions=True)
        else:
            raise Unclear(f"{one_line(part)[:60]!r} are not days of rest that are known")
    return found


def _clause_by_clause(before: Understood, text: str) -> Understood:
    whole = folded(text)
    asides = words.ASIDE.findall(whole)
    found = _sentence_by_sentence(before, words.ASIDE.sub(" ", whole))
    for aside in asides:
        try:
            found = _sentence_by_sentence(found, aside)
        except Unclear:
            if words.DEPENDS.search(aside) or days_mentioned(aside):
                raise
            found = replace(found, has_exceptions=True)
    return found


def _sentence_by_sentence(before: Understood, text: str) -> Understood:
    found = before
    for sentence in words.SENTENCES.split(text):
        if not sentence or not sentence.strip():
            continue
        # "On Sundays, and on public holidays, closed" is one saying, whatever its commas.
        whole = _saying_of_days(found, sentence)
        if whole is not None:
            found = whole
            continue
        try:
            found = _applied(found, schedule_of(sentence), sentence)
        except Unclear:
            found = _by_clauses(found, _clauses(sentence))
    return found


def _by_clauses(before: Understood, clauses: Sequence[str]) -> Understood:
    found, has_just_closed = before, False
    for clause in clauses:
        # "Closed on Mondays, the hall is not open": said once more, of the same days.
        if has_just_closed and words.CLOSED.search(clause) and not _tells_when(clause):
            continue
        after = _with_clause(found, clause)
        has_just_closed = bool(words.CLOSED.search(clause)) or after.closed != found.closed
        found = after
    return found


def _tells_when(clause: str) -> bool:
    return any(each.isdigit() for each in clause) or bool(days_mentioned(clause))


def _saying_of_days(before: Understood, sentence: str) -> Understood | None:
    """A sentence about days as a whole: closed on them, or asking whom to ask then."""
    if (
        not words.COMMAS.search(sentence)
        or any(each.isdigit() for each in sentence)
        or words.NOT_SO.search(sentence[:1])
    ):
        return None
    if words.RARE.search(sentence) or words.EXCEPTING.search(sentence) or words.EXCEPTED.search(sentence):
        return None
    pieces = [piece for piece in words.COMMAS.split(sentence) if piece.strip()]
    if len(pieces) < 2 or not all(_only_days(piece) for piece in pieces[:-1]):  # noqa: PLR2004 - days, and what of them
        return None
    if words.WIDER.search(pieces[-1]):
        return replace(before, has_exceptions=True)
    if words.CLOSED.search(pieces[-1]) and not any(each.isdigit() for each in sentence):
        return _closed_days(before, sentence)
    return replace(before, has_exceptions=True) if words.HELPFUL.search(pieces[-1]) else None


def _only_days(clause: str) -> bool:
    try:
        return days_of([token for token in tokenise(clause) if token.kind.name != "FILLER"]) is not None
    except UnknownWord:
        return False


def _clauses(sentence: str) -> list[str]:
    found: list[str] = []
    for piece in words.COMMAS.split(sentence):
        if not piece.strip():
            continue
        cut = words.EXCEPTING.search(piece)
        if cut is None:
            found.append(piece.strip())
        else:
            found += [each for each in (piece[: cut.start()].strip(), _EXCEPT + piece[cut.end() :].strip()) if each]
    return found


def _with_clause(before: Understood, clause: str) -> Understood:
    """The schedule with one clause applied. Raises `Unclear`."""
    excepted = _days_excepted(clause)
    if excepted is not None:
        return _applied(before, Schedule((Rule(excepted, ()),)), clause)
    if clause.startswith(_EXCEPT) and not words.RARE.search(clause):
        raise Unclear(f"{clause[:60]!r} is not understood")
    unclear: Unclear
    try:
        return _applied(before, schedule_of(clause), clause)
    except Unclear as error:
        unclear = error
    parts = [] if clause.isascii() else clause.split()
    if len(parts) > 1 and all(map(_is_plain, parts)):
        # Where words have no spaces between them, a space stands for a comma.
        return _one_by_one(before, parts)
    for reading in _READINGS:
        if (read := reading(before, clause)) is not None:
            return read
    if words.DEPENDS.search(clause):
        raise Unclear(f"{one_line(clause)[:60]!r} makes them depend on something else")
    if len(parts) > 1:
        return _one_by_one(before, parts)
    raise unclear


def _one_by_one(before: Understood, parts: Sequence[str]) -> Understood:
    found = before
    for part in parts:
        found = _with_clause(found, part)
    return found


def _is_plain(clause: str) -> bool:
    """Whether a clause tells times, or days apart from them, and nothing else."""
    if _days_excepted(clause) is not None:
        return True
    try:
        return bool(schedule_of(clause).rules)
    except Unclear:
        return False


def _days_excepted(clause: str) -> frozenset[int] | None:
    """The days of `except Sundays`, `國定假日除外`; None for a clause that says something else."""
    text = clause.removeprefix(_EXCEPT).partition("外")[0] if clause.startswith(_EXCEPT) else None
    if text is None and (found := words.EXCEPTED.search(clause)):
        text = clause[: found.start()]
    if text is None:
        return None
    try:
        return days_of([token for token in tokenise(text) if token.kind.name != "FILLER"])
    except UnknownWord:
        # More days than are known here: those that are known are closed at any rate.
        return days_mentioned(text) or None


def _applied(before: Understood, said: Schedule, clause: str) -> Understood:
    if not said.rules:
        return before
    never = frozenset(day for rule in said.rules if not rule.spans and rule.months is None for day in rule.days)
    if never >= EVERY_DAY:
        raise Unclear(f"{one_line(clause)[:60]!r} would close it for good")
    closed = before.closed | never
    if not before.schedule.opens:
        # Nothing certain was told so far but which days are closed.
        shut = (Rule(before.closed, ()),) if before.closed else ()
        found = Schedule(said.rules + shut) if said.opens else before.schedule.then(said)
        return replace(before, schedule=found, closed=closed)
    found = narrowed(before.schedule, said)
    if expression_of(found) is None:
        raise Unclear(f"{one_line(clause)[:60]!r} says otherwise than the times")
    differs = bool(contradicted(before.schedule, said))
    return replace(before, schedule=found, closed=closed, has_exceptions=before.has_exceptions or differs)


def _closing_times(before: Understood, clause: str) -> Understood | None:
    """`12:00-13:30 closed`: those times taken away."""
    if not words.CLOSED.search(clause) or not before.schedule.opens:
        return None
    try:
        closed = schedule_of(words.AT_NOON.sub(" ", words.CLOSED.sub(" ", clause)))
    except Unclear:
        return None
    if not closed.opens or any(rule.spans == all_day() for rule in closed.rules):
        return None
    return replace(before, schedule=shortened(before.schedule, closed))


def _until(before: Understood, clause: str) -> Understood | None:
    """`Fridays until 18:30`: nothing after that."""
    match = words.UNTIL.match(clause)
    if match is None or not before.schedule.opens:
        return None
    end = minutes_of(match["time"])
    if not end:
        return None
    days = days_mentioned(match["days"]) or EVERY_DAY
    return _applied(before, Schedule((Rule(days, ((0, end),)),)), clause)


def _closed_days(before: Understood, clause: str) -> Understood | None:
    """A clause that calls days closed, whatever else it says of them: closed they are, and that is on the safe side."""
    if words.CLOSED_ON_WEEKENDS.fullmatch(clause.strip()):
        return _applied(before, Schedule((Rule(WEEKEND, ()),)), clause)
    if not words.CLOSED.search(clause) or words.WIDER.search(clause) or words.VACATION.search(clause):
        return None
    days = days_mentioned(clause)
    if words.MONTHLY.search(clause):
        return replace(before, has_exceptions=True)
    if not days or days >= EVERY_DAY or any(each.isdigit() for each in clause):
        return None
    found = _applied(before, Schedule((Rule(days, ()),)), clause)
    return replace(found, has_exceptions=True)


def _schedule_in(text: str) -> Schedule | None:
    try:
        return schedule_of(text)
    except Unclear:
        return None


def _in_vacations(before: Understood, clause: str) -> Understood | None:
    """School vacations, whose days nobody here knows.

    Other hours then mean what holds all year, the times both give; closed, or anything else, the months they lie in.
    """
    in_term = bool(words.IN_TERM.search(clause))
    if in_term and (words.NOT_IN_TERM.search(clause) or is_internal_only(clause)):
        return None
    if not in_term and not words.VACATION.search(clause):
        return None
    rest = (words.IN_TERM if in_term else words.VACATION).sub(" ", clause).strip(" :")
    if words.WIDER.search(rest) and not in_term:
        return replace(before, has_exceptions=True)
    if before.schedule.opens and (said := _schedule_in(rest)) is not None and said.opens:
        return replace(_applied(before, said, rest), has_exceptions=True)
    if in_term and any(each.isdigit() for each in clause):
        return None
    marks = "暑寒" if in_term else clause
    seasons = [season for season, mark in ((_SUMMER, "暑"), (_WINTER, "寒")) if mark in marks]
    shut = Schedule(tuple(Rule(EVERY_DAY, (), season) for season in seasons))
    return replace(before, schedule=before.schedule.then(shut), has_exceptions=True)


def _in_seasons(before: Understood, clause: str) -> Understood | None:
    """Hours of summer and of winter, whose beginnings nobody tells: certain is what both give."""
    if not words.SEASON.search(clause) or words.CLOSED.search(clause):
        return None
    try:
        said = schedule_of(words.SEASON.sub(" ", clause))
    except Unclear:
        return None
    return replace(_applied(before, said, clause), has_exceptions=True) if said.opens else None


def _round_the_clock(before: Understood, clause: str) -> Understood | None:
    """`open 24 hours to everybody in the building`; that others are there all night says nothing of the device."""
    if not words.ALL_DAY.search(clause) or words.NOT_SO.search(clause) or words.HELPFUL.search(clause):
        return None
    return _applied(before, Schedule((Rule(EVERY_DAY, all_day()),)), clause)


def _by_timetable(before: Understood, clause: str) -> Understood | None:
    """`as the ferry sails`: the times that are given stand for it, unless they are "always"."""
    if not words.TIMETABLE.search(clause):
        return None
    given = [rule.spans for rule in before.schedule.rules if rule.spans]
    if not given or any(sum(end - start for start, end in spans) >= _NEARLY_ALL_DAY for spans in given):
        return None
    return replace(before, has_exceptions=True)


def _of_no_account(before: Understood, clause: str) -> Understood | None:
    """What leaves the week as it is: rare days, more than was promised, whom to ask, that the place's hours hold."""
    if words.RARE.search(clause) or words.WIDER.search(clause) or words.ONLY_WHEN_OPEN.search(clause):
        return replace(before, has_exceptions=True)
    if words.DEPENDS.search(clause) or words.TIMETABLE.search(clause):
        return None
    if words.OPEN.search(clause) and not words.NOT_SO.search(clause) and (days := days_mentioned(clause) & EVERY_DAY):
        # Open on these days, at the times told already.
        others = frozenset(range(7)) - days
        return _applied(before, Schedule((Rule(others, ()),)), clause) if others and before.schedule.opens else before
    if words.HELPFUL.search(clause) or words.CONFIRMING.search(clause):
        return replace(before, has_exceptions=True)
    return None if before.is_of_hours or is_about_time(clause) or days_mentioned(clause) else before


def _after_a_name(before: Understood, clause: str) -> Understood | None:
    """`Exhibition hall: Mon-Fri 9-17`: what follows the name narrows the hours, if there are any."""
    if not before.schedule.opens or words.NOT_SO.search(clause) or words.DEPENDS.search(clause):
        return None
    for begin in range(1, min(len(clause), _LONGEST_NAME)):
        if clause[begin - 1].isdigit() or days_mentioned(clause[:begin]):
            return None
        is_within_word = clause[begin - 1 : begin + 1].isascii() and clause[begin - 1 : begin + 1].isalpha()
        said = None if is_within_word else _schedule_in(clause[begin:])
        if said is not None and said.opens:
            return replace(_applied(before, said, clause), has_exceptions=True)
    return None


_NEARLY_ALL_DAY = 23 * 60
_LONGEST_NAME = 30
# In the order in which they are tried: the surer first.
_READINGS: tuple[Callable[[Understood, str], Understood | None], ...] = (
    _closing_times, _until, _in_seasons, _in_vacations, _closed_days, _round_the_clock, _by_timetable, _of_no_account,
    _after_a_name,
)  # fmt: skip
