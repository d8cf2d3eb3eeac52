"""From rows to figures: pure.

What is there now is known; what was before is reckoned back from it by what has changed since. So a year of changes is
summed without going through the life of each device.

- **uptime**: of all the time in which devices were there, the share in which they could be dispatched (`ready`,
  `degraded`, `unverified`). A device counts from when it was entered until it is removed, wherever it belongs today;
  what reports that come late tell of the time before it was entered does not count.
- **mean time to detect**: from when something was necessary (an order's `since`) until its order was opened, of the
  orders opened in the time asked for. What is known long before (expiries, inspections) is left out.
- **mean time to repair**: from an order's opening until evidence closed it, of those closed in the time asked for.
- **open, overdue, by state**: as it is now.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from dispatch.aeds.figures.questions import Answered, Asked, Group
from dispatch.aeds.record import Readiness

_STATES = tuple(each.value for each in Readiness if each is not Readiness.REMOVED)
_USABLE = frozenset(each.value for each in Readiness.dispatchable())


@dataclass(slots=True)
class Sums:
    """What the figures of some devices are made of; sums of several are the sum of each."""

    by_state: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    there_s: float = 0.0
    usable_s: float = 0.0
    opened: int = 0
    closed: int = 0
    open: int = 0
    overdue: int = 0
    detected: int = 0
    detect_s: float = 0.0
    repaired: int = 0
    repair_s: float = 0.0

    @property
    def devices(self) -> int:
        """How many are there now."""
        return sum(self.by_state.values())

    @property
    def uptime(self) -> float | None:
        """From 0 to 1; None when nothing was there."""
        return None if self.there_s <= 0 else min(1.0, max(0.0, self.usable_s / self.there_s))

    @property
    def mean_time_to_detect_s(self) -> float | None:
        """Seconds; None when nothing was detected."""
        return self.detect_s / self.detected if self.detected else None

    @property
    def mean_time_to_repair_s(self) -> float | None:
        """Seconds; None when nothing was repaired."""
        return self.repair_s / self.repaired if self.repaired else None

    def add(self, other: "Sums") -> None:
        """Take in what another one counts."""
        for state, number in other.by_state.items():
            self.by_state[state] += number
        for name in _ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_ADDED = tuple(name for name in Sums.__slots__ if name != "by_state")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the time asked for; what the first and the last have of it. `overdue` is as it was at its end."""

    day: date
    devices: int
    uptime: float | None
    opened: int
    closed: int
    overdue: int
    mean_time_to_repair_s: float | None


def sums_by_place(asked: Asked, answered: Answered) -> dict[tuple[Any, str | None], Sums]:
    """The sums of each owner in each district that has devices."""
    found: defaultdict[tuple[Any, str | None], Sums] = defaultdict(Sums)
    lasts_s = (asked.end - asked.begin).total_seconds()
    for row in _whole(answered.devices):
        sums = found[row.owner_id, row.district_code]
        for state in _STATES:
            number = getattr(row, state)
            if number:
                sums.by_state[state] += number
                sums.there_s += number * lasts_s
                sums.usable_s += number * lasts_s if state in _USABLE else 0.0
        sums.there_s -= float(row.entered_after_s)
    for row in answered.changes:
        if row.is_by_owner:
            sums = found[row.owner_id, row.district_code]
            sums.usable_s -= float(row.changed_after_s)
            sums.there_s += float(row.gone_after_s)
    for row in _about(answered, Group.PLACE):
        _count_orders(found[row.owner_id, row.district_code], row)
    return dict(found)


def sums_by_cause(answered: Answered) -> dict[str, Sums]:
    """What became of orders of each cause."""
    found: dict[str, Sums] = {}
    for row in _about(answered, Group.CAUSE):
        _count_orders(found.setdefault(row.cause, Sums()), row)
    return found


def added(sums: Iterable[Sums]) -> Sums:
    """The sum of several."""
    whole = Sums()
    for each in sums:
        whole.add(each)
    return whole


def grouped(sums: dict[tuple[Any, str | None], Sums], group: Callable[[Any, str | None], Any]) -> dict[Any, Sums]:
    """The sums by whatever `group` says of an owner and a district."""
    found: defaultdict[Any, Sums] = defaultdict(Sums)
    for (owner_id, district), each in sums.items():
        found[group(owner_id, district)].add(each)
    return dict(found)


def daily(asked: Asked, answered: Answered, whole: Sums) -> list[Day]:
    """Day by day, the last one first reckoned and first told last. `whole` is the sum of all."""
    entered = {row.day: row for row in answered.devices if row.day is not None}
    # Of what came after the time asked for there is one row, of no day.
    changes = {row.day: row for row in answered.changes if not row.is_by_owner}
    opened = {row.opened_on: row for row in _about(answered, Group.OPENED_ON)}
    closed = {row.closed_on: row for row in _about(answered, Group.CLOSED_ON)}
    due = {row.due_on: row for row in _about(answered, Group.DUE_ON)}
    later = changes.get(None)
    usable = sum(number for state, number in whole.by_state.items() if state in _USABLE) - _int(later, "change")
    there = whole.devices + _int(later, "gone") - _entered_later(answered)
    last = _last_day(asked)
    overdue = whole.overdue + sum(row.closed_late for day, row in closed.items() if day is not None and day > last)
    overdue -= sum(row.became_late for day, row in due.items() if day is not None and day > last)
    days: list[Day] = []
    for day in reversed(list(_days(asked))):
        begins, ends = _bounds(asked, day)
        change, new, ended = changes.get(day), entered.get(day), closed.get(day)
        lasts_s = (ends - begins).total_seconds()
        offset_s = (begins - asked.begin).total_seconds()
        there_s = there * lasts_s
        usable_s = usable * lasts_s
        if new is not None:
            there_s -= float(new.entered_after_s) - new.entered * offset_s
        if change is not None:
            there_s += float(change.gone_after_s) - change.gone * offset_s
            usable_s -= float(change.changed_after_s) - float(change.change) * offset_s
        days.append(
            Day(
                day=day,
                devices=there,
                uptime=min(1.0, max(0.0, usable_s / there_s)) if there_s > 0 else None,
                opened=_int(opened.get(day), "opened"),
                closed=_int(ended, "closed"),
                overdue=max(0, overdue),
                mean_time_to_repair_s=ended.repair_s / ended.repaired if ended is not None and ended.repaired else None,
            )
        )
        there += _int(change, "gone") - _int(new, "entered")
        usable -= _int(change, "change")
        overdue += _int(ended, "closed_late") - _int(due.get(day), "became_late")
    return days[::-1]


def _about(answered: Answered, group: Group) -> list[Row[Any]]:
    return [row for row in answered.orders if row.grouped == group]


def _count_orders(sums: Sums, row: Row[Any]) -> None:
    sums.opened += row.opened
    sums.closed += row.closed
    sums.open += row.open
    sums.overdue += row.overdue
    sums.detected += row.detected
    sums.detect_s += float(row.detect_s)
    sums.repaired += row.repaired
    sums.repair_s += float(row.repair_s)


def _whole(devices: list[Row[Any]]) -> list[Row[Any]]:
    return [row for row in devices if row.day is None]


def _entered_later(answered: Answered) -> int:
    """How many were entered after the time asked for."""
    since_begin = sum(int(row.entered) for row in _whole(answered.devices))
    return since_begin - sum(int(row.entered) for row in answered.devices if row.day is not None)


def _days(asked: Asked) -> Iterable[date]:
    zone = ZoneInfo(asked.timezone)
    day = asked.begin.astimezone(zone).date()
    while day <= _last_day(asked):
        yield day
        day += timedelta(days=1)


def _last_day(asked: Asked) -> date:
    # What ends at midnight has nothing of the day that begins then.
    return (asked.end - timedelta(microseconds=1)).astimezone(ZoneInfo(asked.timezone)).date()


def _bounds(asked: Asked, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(asked.timezone)
    # In UTC: what lies between two moments of a zone is counted by its clocks, which may be put forward or back.
    begins, ends = (datetime.combine(each, time.min, zone).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    return max(begins, asked.begin), min(ends, asked.end)


def _int(row: Row[Any] | None, name: str) -> int:
    return 0 if row is None else int(getattr(row, name))
