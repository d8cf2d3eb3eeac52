"""Which devices are behind a closed door just now, as a mark in the index: a search passes them over by itself."""

from datetime import datetime, timedelta
from heapq import heappop, heappush
from uuid import UUID

from geo.nearest import MovingPoints

CLOSED = 2

# Questions that came in this order may be asked in that: a door that closed in between is closed for both.
_ASKED_TOGETHER = timedelta(minutes=1)


class ClosedPlaces:
    """Learned from searches for the present: whoever finds a closed door notes until when.

    Only for questions about now. Time that goes back makes everything be learned anew.
    """

    def __init__(self, points: MovingPoints[UUID]) -> None:
        self._points = points
        self._until: dict[UUID, datetime] = {}
        self._opening: list[tuple[datetime, UUID]] = []
        self._now: datetime | None = None

    def pass_by(self, now: datetime) -> int:
        """The mark of what a search passes by at `now`: those that open by then have it no longer."""
        if self._now is not None and now < self._now:
            if self._now - now < _ASKED_TOGETHER:
                return CLOSED
            for aed_id in list(self._until):
                self.forget(aed_id)
            self._opening.clear()
        self._now = now
        while self._opening and self._opening[0][0] <= now:
            opens_at, aed_id = heappop(self._opening)
            if self._until.get(aed_id) == opens_at:
                self.forget(aed_id)
        return CLOSED

    def note(self, aed_id: UUID, until: datetime) -> None:
        """This one is closed until then, or not worth a look before."""
        self._until[aed_id] = until
        heappush(self._opening, (until, aed_id))
        self._points.set_marks(aed_id, self._points.marks_of(aed_id) | CLOSED)

    def forget(self, aed_id: UUID) -> None:
        """Nothing is known of it any more: its hours are others, or it is gone from there."""
        if self._until.pop(aed_id, None) is not None:
            self._points.set_marks(aed_id, self._points.marks_of(aed_id) & ~CLOSED)

    def mark_of(self, aed_id: UUID) -> int:
        """Its mark, for whoever writes its others."""
        return CLOSED if aed_id in self._until else 0
