"""Whom a decision is about to bind, told to the other workers while the database takes its time over it.

As long as it answers, its unique index keeps two workers from asking one person. One that has stopped answering is
found out a second later, and by each worker for itself: what both decided meanwhile stands, in two journals.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from dispatch.engine.engagements import bound_by
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from dispatch.responders.responder import Engagement
from dispatch.responders.roster import Roster

# A commit takes a millisecond or two. Nearly all are told as decisions, with nothing before that.
_SLOW_S: Final = 0.03


@dataclass(frozen=True, slots=True)
class Reservation:
    """Somebody is about to be bound by an alert, or, after all, is not (`holds`)."""

    responder_id: ResponderId
    incident_id: IncidentId
    alert_id: AlertId
    accepted: bool
    holds: bool = True


_Binding = tuple[ResponderId, IncidentId, AlertId, bool]


@dataclass(slots=True)
class _Waiting:
    """What is being written down: whom it binds, by what, and whether they have said yes."""

    bound: "Sequence[_Binding]"
    is_told: bool = False
    is_slow: bool = False


class Reserving:
    """Tells of reservations that last, and follows those of others.

    `tell` gets what others are to know, `free` whom a reservation of another worker binds no longer.
    """

    def __init__(
        self,
        roster: Roster,
        tell: Callable[[Sequence[Reservation]], None],
        free: Callable[[ResponderId, AlertId], None],
    ) -> None:
        self._roster = roster
        self._tell = tell
        self._free = free
        # How many commits take long at this moment: then nothing waits to be told.
        self._slow = 0

    @contextmanager
    def until_written(self, decisions: Sequence[Decision]) -> Iterator[None]:
        """While the block runs decisions are being written down. Should it raise, they have come to nothing."""
        bound = self._bound(decisions)
        if not bound:
            yield
            return
        waiting = _Waiting(bound)
        if self._slow:
            self._say(waiting)
        timer = asyncio.get_running_loop().call_later(_SLOW_S, self._takes_long, waiting)
        try:
            yield
        except BaseException:
            if waiting.is_told:
                self._tell([Reservation(*each, holds=False) for each in bound])
            raise
        finally:
            timer.cancel()
            self._slow -= waiting.is_slow

    @staticmethod
    def _bound(decisions: Sequence[Decision]) -> "list[_Binding]":
        return [
            (alert.responder_id, each.incident.incident_id, alert.alert_id, alert.is_engaged)
            for each in decisions
            for alert in bound_by(each)
        ]

    def _takes_long(self, waiting: "_Waiting") -> None:
        waiting.is_slow = True
        self._slow += 1
        self._say(waiting)

    def _say(self, waiting: "_Waiting") -> None:
        if not waiting.is_told:
            waiting.is_told = True
            self._tell([Reservation(*each) for each in waiting.bound])

    def hear(self, reservations: Sequence[Reservation]) -> None:
        """What another worker is about to do. Whoever is bound here already stays so."""
        for each in reservations:
            if not each.holds:
                self._free(each.responder_id, each.alert_id)
            elif self._roster.engagement_of(each.responder_id) is None:
                self._roster.engage(each.responder_id, Engagement(each.incident_id, each.alert_id, each.accepted))
