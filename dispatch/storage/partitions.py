"""Which tables are split by time, into what, and what each part is called. Pure: no clock, no database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from dispatch.storage.time_ordered import first_id_of, instant_of

_MONTHS_A_YEAR = 12
_MONTHS_A_QUARTER = 3


class Width(StrEnum):
    """How much time one part holds. Parts begin and end at midnight, UTC."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"

    def beginning(self, at: datetime) -> datetime:
        """When the part begins that `at` is in."""
        at = at.astimezone(UTC)
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        match self:
            case Width.DAY:
                return midnight
            case Width.MONTH:
                return midnight.replace(day=1)
            case Width.QUARTER:
                return midnight.replace(day=1, month=at.month - (at.month - 1) % _MONTHS_A_QUARTER)

    def next_after(self, at: datetime) -> datetime:
        """When the part ends that `at` is in."""
        begin = self.beginning(at)
        if self is Width.DAY:
            return begin + timedelta(days=1)
        month = begin.month + (1 if self is Width.MONTH else _MONTHS_A_QUARTER)
        years, month = divmod(month - 1, _MONTHS_A_YEAR)
        return begin.replace(year=begin.year + years, month=month + 1)

    def suffix(self, begin: datetime) -> str:
        """What the part that begins then is called, behind its table's name."""
        match self:
            case Width.DAY:
                return f"{begin:%Y_%m_%d}"
            case Width.MONTH:
                return f"{begin:%Y_%m}"
            case Width.QUARTER:
                return f"{begin:%Y}_q{begin.month // _MONTHS_A_QUARTER + 1}"


@dataclass(frozen=True, slots=True)
class Split:
    """A table that is split along `column`: a time, or (`by_id`) an id that says when it was made.

    `ahead` is for how long parts are to be there before they are needed.
    """

    table: str
    column: str
    width: Width
    ahead: timedelta
    by_id: bool = False

    @property
    def default(self) -> str:
        """The part that takes what no other does: nothing is refused because a part is missing."""
        return f"{self.table}_default"

    def name(self, begin: datetime) -> str:
        """The name of the part that begins then."""
        return f"{self.table}_{self.width.suffix(begin)}"

    def bound(self, at: datetime) -> str:
        """An instant as a bound of this table's parts, as PostgreSQL reads it."""
        return str(first_id_of(at)) if self.by_id else at.astimezone(UTC).isoformat()

    def instant(self, bound: str) -> datetime:
        """The instant that PostgreSQL's text of a bound means; with a session in UTC."""
        return instant_of(UUID(bound)) if self.by_id else datetime.fromisoformat(bound).astimezone(UTC)

    def periods(self, begin: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """One part after the other, from `begin` until `until` lies in one."""
        while begin <= until:
            end = self.width.next_after(begin)
            yield begin, end
            begin = end


# Few and large where rows are kept for years, for whoever asks for one device's whole history looks into each;
# a day where people were promised that nothing is kept longer than so many days.
POSITIONS = Split("positions", "at", Width.DAY, timedelta(days=7))
AED_REPORTS = Split("aed_reports", "at", Width.MONTH, timedelta(days=62))
AED_EVENTS = Split("aed_events", "at", Width.QUARTER, timedelta(days=93))
INCIDENT_EVENTS = Split("incident_events", "incident_id", Width.QUARTER, timedelta(days=366), by_id=True)
SPLITS = (POSITIONS, AED_REPORTS, AED_EVENTS, INCIDENT_EVENTS)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a table: `begin` None is from the beginning of time; both None, it takes what no other does."""

    name: str
    begin: datetime | None
    end: datetime | None

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other part does."""
        return self.end is None


def lacking(split: Split, parts: Sequence[Part], now: datetime) -> list[tuple[datetime, datetime]]:
    """The periods that no part is for yet, from the newest part's end to as far ahead as is wanted."""
    ends = [each.end for each in parts if each.end is not None]
    return list(split.periods(max(ends, default=split.width.beginning(now)), now + split.ahead))


def expired(parts: Sequence[Part], before: datetime) -> list[Part]:
    """The parts in which everything is older than `before`, the oldest first; never the one that takes the rest."""
    old = [each for each in parts if each.end is not None and each.end <= before]
    return sorted(old, key=lambda each: each.end or before)
