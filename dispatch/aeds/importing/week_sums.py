"""Weeks laid over each other: what two schedules agree on, and what is left when times are taken away."""

from collections.abc import Iterable

from dispatch.aeds.importing.week import DAYS, EVERY_DAY, HOLIDAY, Rule, Schedule, Span

_WEEK = (*range(len(DAYS)), HOLIDAY)


def common(ours: Iterable[Span], theirs: Iterable[Span]) -> tuple[Span, ...]:
    """The times that are in both."""
    others = list(theirs)
    found = ((max(start, other_start), min(end, other_end)) for start, end in ours for other_start, other_end in others)
    return tuple(sorted((start, end) for start, end in found if start < end))


def without(spans: Iterable[Span], away: Iterable[Span]) -> tuple[Span, ...]:
    """The times with others taken away."""
    left = list(spans)
    for away_start, away_end in away:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, away_start)), (max(start, away_end), end))
            if piece[0] < piece[1]
        ]
    return tuple(sorted(left))


def spans_of(schedule: Schedule, day: int) -> tuple[Span, ...] | None:
    """The times of a day all year round; None when nothing is said of it."""
    said = [rule for rule in schedule.rules if day in rule.days and rule.months is None and not rule.doubtful]
    return said[-1].spans if said else None


def narrowed(base: Schedule, said: Schedule) -> Schedule:
    """The schedule as another saying of the same place narrows it: where both open a day, the times that both give.

    Days of which the base says nothing are taken from the other when it names them. Where the two contradict each
    other nothing is certain, and the day is left closed.
    """
    rules: list[Rule] = []
    for rule in said.rules:
        is_general = rule.days == EVERY_DAY
        for day in sorted(rule.days, key=_WEEK.index):
            here = spans_of(base, day)
            if not rule.spans:
                rules.append(Rule(frozenset({day}), (), rule.months))
            elif here:
                rules.append(Rule(frozenset({day}), common(here, rule.spans), rule.months))
            elif not is_general and here is None:
                rules.append(Rule(frozenset({day}), rule.spans, rule.months))
    return Schedule(base.rules + tuple(rules))


def contradicted(base: Schedule, said: Schedule) -> frozenset[int]:
    """The days for which the two give times, and other ones."""
    return frozenset(
        day
        for rule in said.rules
        for day in rule.days
        if rule.spans and (here := spans_of(base, day)) and common(here, rule.spans) != here
    )


def shortened(base: Schedule, closed: Schedule) -> Schedule:
    """The schedule without the times that another calls closed, on the days that it names."""
    rules: list[Rule] = []
    for rule in closed.rules:
        for day in sorted(rule.days, key=_WEEK.index):
            here = spans_of(base, day)
            if here:
                rules.append(Rule(frozenset({day}), without(here, rule.spans), rule.months))
    return Schedule(base.rules + tuple(rules))
