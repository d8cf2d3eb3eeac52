"""Whether the places where AEDs hang are open, and until when that holds.

Hours are read when somebody asks and what was read has passed. At night a search in a city would ask about hundreds of
closed places before it finds an open one; so those that stay closed for a while are known ahead: each one's hours are
read once when it is new and once whenever they change, a few at a time, and the closed ones are marked in the index.
"""

import asyncio
import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from dispatch.aeds.hours import state_at
from dispatch.aeds.record import Aed
from dispatch.clock import Clock
from geo.nearest import MovingPoints

# When no change comes within a year, hours are looked at again after a day: that year moves on.
_LOOKED_AT_AGAIN = timedelta(days=1)

# A mark goes so long before the doors open: thousands of places open at eight, and no search waits for their marks.
_UNMARKED_AHEAD = timedelta(minutes=2)

_LOOK_EVERY_S = 1.0
# So many at once, some one or two milliseconds, and a pause of several times that: SOS have the core to themselves.
_AT_ONCE = 100
_PAUSE_S = 0.008


@dataclass(frozen=True, slots=True)
class Door:
    """What an AED's hours say from one moment until the next change."""

    expression: str | None
    since: datetime
    until: datetime | None
    is_open: bool

    @property
    def ends(self) -> datetime:
        """When the hours are to be read again."""
        return self.until or self.since + _LOOKED_AT_AGAIN

    def holds(self, at: datetime) -> bool:
        """Whether this is so at the instant too."""
        return self.since <= at < self.ends


class Doors:
    """The doors of `held`, the AEDs by id, which are in `points` too; `closed` is the mark of those that stay closed.

    Not for use from several threads at once.
    """

    def __init__(self, held: Mapping[UUID, Aed], points: MovingPoints[UUID], default_zone: str, *, closed: int) -> None:
        self._held = held
        self._points = points
        self._default_zone = default_zone
        self._mark = closed
        self._doors: dict[UUID, Door] = {}
        # Read ahead: what is to be read yet; when what was read ends; and which of those are marked as closed.
        self._unread: dict[UUID, None] = {}
        self._ends: dict[UUID, datetime] = {}
        self._ending = _Calendar()
        self._closed = _Calendar()
        self._marked_at = datetime.min.replace(tzinfo=UTC)

    def of(self, aed: Aed, at: datetime) -> Door:
        """What the hours of an AED say at an instant."""
        known = self._doors.get(aed.id)
        if known is None or not known.holds(at) or known.expression != aed.opening_hours:
            is_open, until = state_at(aed.opening_hours, aed.place, at, self._default_zone)
            known = Door(aed.opening_hours, at, until, is_open)
            if aed.id in self._held:
                self._doors[aed.id] = known
        return known

    def changed(self, aed: Aed) -> None:
        """The AED is new, or its hours or its place are others than before."""
        self.forget(aed.id)
        if aed.opening_hours is not None:
            self._unread[aed.id] = None

    def forget(self, aed_id: UUID) -> None:
        """Nothing is known of the AED from here on. The point has to be put anew, without the mark, or taken away."""
        self._doors.pop(aed_id, None)
        self._unread.pop(aed_id, None)
        ends = self._ends.pop(aed_id, None)
        if ends is not None:
            self._ending.remove(aed_id, ends)
            self._closed.remove(aed_id, ends)

    def is_marked(self, aed_id: UUID) -> bool:
        """Whether the AED is marked as staying closed."""
        ends = self._ends.get(aed_id)
        return ends is not None and self._closed.has(aed_id, ends)

    def marks_hold(self, at: datetime) -> bool:
        """Whether every place that is marked is closed at the instant."""
        soonest = self._closed.soonest
        return self._marked_at <= at and (soonest is None or at < soonest)

    def read_ahead(self, now: datetime, most: int) -> int:
        """Take back marks of what opens soon, and read the hours that are due; the number seen to, `most` at most.

        It is to be called again at once while that number is `most`.
        """
        done = 0
        for aed_id in self._closed.take(now + _UNMARKED_AHEAD, most):
            self._points.set_marks(aed_id, self._points.marks_of(aed_id) & ~self._mark)
            done += 1
        for aed_id in self._ending.take(now, most - done):
            self._ends.pop(aed_id, None)
            self._unread[aed_id] = None
        while self._unread and done < most:
            aed_id = next(iter(self._unread))
            del self._unread[aed_id]
            self._read(self._held[aed_id], now)
            done += 1
        return done

    def _read(self, aed: Aed, now: datetime) -> None:
        door = self.of(aed, now)
        self._ends[aed.id] = door.ends
        self._ending.add(aed.id, door.ends)
        if not door.is_open and now + _UNMARKED_AHEAD < door.ends:
            self._closed.add(aed.id, door.ends)
            self._marked_at = max(self._marked_at, now)
            self._points.set_marks(aed.id, self._points.marks_of(aed.id) | self._mark)


class DoorWatch:
    """Reads ahead for ever."""

    def __init__(self, doors: Doors, clock: Clock) -> None:
        self._doors = doors
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled: nothing but memory is touched."""
        while True:
            seen_to = self._doors.read_ahead(self._clock.now(), _AT_ONCE)
            await asyncio.sleep(_PAUSE_S if seen_to == _AT_ONCE else _LOOK_EVERY_S)


class _Calendar:
    """Ids by an instant; thousands share one."""

    def __init__(self) -> None:
        self._days: list[datetime] = []
        self._ids: dict[datetime, set[UUID]] = {}

    @property
    def soonest(self) -> datetime | None:
        """Nothing comes before this instant."""
        return self._days[0] if self._days else None

    def add(self, aed_id: UUID, at: datetime) -> None:
        ids = self._ids.get(at)
        if ids is None:
            self._ids[at] = ids = set()
            heapq.heappush(self._days, at)
        ids.add(aed_id)

    def remove(self, aed_id: UUID, at: datetime) -> None:
        self._ids.get(at, set()).discard(aed_id)

    def has(self, aed_id: UUID, at: datetime) -> bool:
        return aed_id in self._ids.get(at, ())

    def take(self, until: datetime, most: int) -> list[UUID]:
        """Take out those up to an instant, `most` at most."""
        taken: list[UUID] = []
        while self._days and self._days[0] <= until:
            ids = self._ids[self._days[0]]
            while ids and len(taken) < most:
                taken.append(ids.pop())
            if ids:
                break
            del self._ids[heapq.heappop(self._days)]
        return taken
