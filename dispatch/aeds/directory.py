"""All AEDs in memory: the answer to "nearest usable" must not wait for a database."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from dispatch.aeds.doors import Doors
from dispatch.aeds.record import Access, Aed, Readiness
from dispatch.aeds.repository import AedRepository
from dispatch.storage.database import Database
from geo.bounding_box import BoundingBox
from geo.nearest import MovingPoints
from geo.place import Place


class AedDirectory:
    """Every AED that is not removed, by id and by place.

    `default_zone` is the IANA time zone in which hours are read where coordinates do not tell one.
    Not for use from several threads at once.
    """

    def __init__(self, default_zone: str = "Asia/Shanghai") -> None:
        self.default_zone = default_zone
        self._zone = ZoneInfo(default_zone)
        self._by_id: dict[UUID, Aed] = {}
        self._points: MovingPoints[UUID] = MovingPoints()
        self.doors = Doors(self._by_id, self._points, default_zone, closed=_CLOSED)
        self._carried: dict[str, UUID] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Aed]:
        return iter(list(self._by_id.values()))

    async def load(self, database: Database) -> None:
        """Hold exactly what the database holds now."""
        gone = set(self._by_id)
        async with database.transaction() as connection:
            async for present in AedRepository(connection).all_present():
                gone.difference_update(aed.id for aed in present)
                self.put_many(present)
        for aed_id in gone:
            self.forget(aed_id)

    def put(self, aed: Aed) -> None:
        """Add or replace; a removed AED is forgotten. What is older than the copy held is ignored."""
        if self._hold(aed):
            self._points.put(aed.id, aed.place, marks=self._marks_of(aed))

    def put_many(self, aeds: Sequence[Aed]) -> None:
        """The same for many, which is cheaper than one after the other."""
        for aed in aeds:
            self._hold(aed)
        held = [aed for aed in aeds if self._by_id.get(aed.id) is aed]
        self._points.put_many(
            [aed.id for aed in held],
            [aed.place.latitude for aed in held],
            [aed.place.longitude for aed in held],
            marks=[self._marks_of(aed) for aed in held],
        )

    def _hold(self, aed: Aed) -> bool:
        """Take a copy in; whether its point is to be put."""
        held = self._by_id.get(aed.id)
        # Two writers may finish in the other order than they committed in.
        if held is not None and held.updated_at > aed.updated_at:
            return False
        if aed.removed:
            self.forget(aed.id)
            return False
        if held is not None:
            self._leave(held)
        if aed.is_mobile and aed.carried_by is not None:
            self._carried[aed.carried_by] = aed.id
        self._by_id[aed.id] = aed
        # Most copies that come are a device's heartbeat: what its door says is the same as before.
        if held is None or (held.opening_hours, held.place) != (aed.opening_hours, aed.place):
            self.doors.changed(aed)
        return True

    def _marks_of(self, aed: Aed) -> int:
        return (_FETCHABLE if _may_be_fetched(aed) else 0) | (_CLOSED if self.doors.is_marked(aed.id) else 0)

    def forget(self, aed_id: UUID) -> None:
        """Take an AED out; one that is not there is no error."""
        gone = self._by_id.pop(aed_id, None)
        if gone is not None:
            self._leave(gone)
            self._points.remove(aed_id)
            self.doors.forget(aed_id)

    def _leave(self, aed: Aed) -> None:
        if aed.carried_by is not None and self._carried.get(aed.carried_by) == aed.id:
            del self._carried[aed.carried_by]

    def carried_by(self, responder_id: str, at: datetime) -> Aed | None:
        """The AED that a responder has with them, if it can be expected to work at `at`."""
        aed_id = self._carried.get(responder_id)
        aed = None if aed_id is None else self._by_id[aed_id]
        return aed if aed is not None and self.is_usable(aed, at) else None

    def get(self, aed_id: UUID) -> Aed | None:
        """The AED of that id, unless there is none or it is removed."""
        return self._by_id.get(aed_id)

    def is_usable(self, aed: Aed, at: datetime) -> bool:
        """Whether a runner who arrives at `at` can expect to take a working device away.

        That is: readiness `ready`, `degraded` or `unverified`; certainly open at `at` (unknown hours never are); and
        access `public`, `ask` or `code`. `private` and `unknown` access are not. Expired pads or battery make a device
        unusable from the day on, whenever its readiness was last concluded. Decision 0007 says why.

        A mobile one is usable while somebody carries it, by them alone.
        """
        if aed.readiness not in _DISPATCHABLE or _expired(aed, self._day_of(at)):
            return False
        if aed.is_mobile:
            return aed.carried_by is not None
        return aed.access in _REACHABLE and self.doors.of(aed, at).is_open

    def _day_of(self, at: datetime) -> date:
        # When a state is concluded the day is that of the device's own place; for a plan the service's will do.
        return at.astimezone(self._zone).date()

    def is_fetchable(self, aed: Aed, at: datetime) -> bool:
        """Whether anybody who comes for it at `at` can expect to take a working device away."""
        return not aed.is_mobile and self.is_usable(aed, at)

    def next_change(self, aed: Aed, after: datetime) -> datetime | None:
        """When the AED's place next opens or closes, in UTC; None when unknown or not within a year."""
        return self.doors.of(aed, after).until

    def nearest_usable(
        self, place: Place, limit: int, at: datetime, within_m: float | None = None
    ) -> list[tuple[Aed, float]]:
        """The nearest AEDs that can be fetched at `at` with their distance in metres, nearest first."""
        today, by_id, door_of = self._day_of(at), self._by_id, self.doors.of

        def is_usable_then(key: UUID) -> bool:
            aed = by_id[key]
            return not _expired(aed, today) and door_of(aed, at).is_open

        # What time does not change is a mark, which the compiled search passes over by itself.
        found = self._points.nearest(
            place,
            limit,
            within_m=within_m,
            keep=is_usable_then,
            all_of=_FETCHABLE,
            none_of=_CLOSED if self.doors.marks_hold(at) else 0,
        )
        return [(self._by_id[each.key], each.distance_m) for each in found]

    def in_box(self, box: BoundingBox) -> Iterator[Aed]:
        """The AEDs in the box, usable or not."""
        for key, _ in self._points.in_box(box):
            yield self._by_id[key]


def _expired(aed: Aed, today: date) -> bool:
    battery, pads = aed.battery_expires_on, aed.pads_expire_on
    return (battery is not None and battery < today) or (pads is not None and pads < today)


def _may_be_fetched(aed: Aed) -> bool:
    """Whether anybody may be sent for it at some time: all of `is_fetchable` that does not hang on the time."""
    is_there = not aed.is_mobile and aed.readiness in _DISPATCHABLE
    return is_there and aed.access in _REACHABLE and aed.opening_hours is not None


# Sets made once: `is_usable` runs for every device that a search passes.
_DISPATCHABLE = Readiness.dispatchable()
_REACHABLE = Access.reachable()

# The mark of a device that may be fetched when its place is open; and that of one whose place stays closed.
_FETCHABLE = 1
_CLOSED = 2
