"""The incidents in memory, as long as they matter."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.engine.decision_codec import Opening
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.rescue.wakes import Wake
from geo.nearest import MovingPoints

# The home of what this process decided last.
HERE = "here"


def _always(_live: "LiveIncident") -> bool:
    return True


@dataclass(slots=True)
class LiveIncident:
    """One incident in memory: its events and their fold, one command at a time.

    Operators have been told up to `shown_version`, and up to `told_version` by messages without numbers.
    `wake` is when it is looked at next, as far as this process knows; `knows_wake` is False while the database may
    know better. `home` is the worker that decided last, None where that is not known; `is_unsure` while some of it is
    only in another worker's journal.
    """

    incident: Incident | None = None
    events: list[Event] = field(default_factory=list)
    # What else its opening took, where this process opened it: should a failover lose it, it can be written again.
    opening: Opening | None = None
    shown_version: int = 0
    told_version: int = 0
    wake: Wake | None = None
    knows_wake: bool = False
    home: str | None = None
    is_unsure: bool = False
    touched_s: float = field(default_factory=time.monotonic)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take_in(self, decision: Decision) -> None:
        """Go on from what has just been written down."""
        self.touched_s = time.monotonic()
        self.incident = decision.incident
        self.events.extend(decision.events)
        self.wakes_at(decision.wake)
        self.home = HERE

    def follow(self, decision: Decision, *, home: str | None) -> None:
        """Go on from what another worker, `home`, has decided; None where nobody knows which."""
        self.touched_s = time.monotonic()
        self.incident = decision.incident
        self.events = [*self.events, *decision.events]
        self.wake, self.knows_wake, self.home = None, False, home

    def wakes_at(self, wake: Wake | None) -> None:
        """Note when it is looked at next."""
        self.wake, self.knows_wake = wake, True

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be looked at, as far as memory knows."""
        return self.wake.at <= now if self.wake is not None else not self.knows_wake

    def forget(self) -> None:
        """Let go of what memory holds: the database knows better."""
        self.incident, self.events = None, []
        self.wake, self.knows_wake = None, False
        self.home, self.is_unsure = None, False

    @property
    def is_settled(self) -> bool:
        """Whether all that memory holds is in the rows, as far as is known."""
        return not self.is_unsure

    @property
    def present(self) -> Incident:
        """The incident as it stands. Raises `LookupError` before it is loaded."""
        if self.incident is None:
            raise LookupError("the incident is not loaded")
        return self.incident


class LiveIncidents:
    """The incidents that this process holds, by id."""

    def __init__(self) -> None:
        self._by_id: dict[IncidentId, LiveIncident] = {}
        self._places: MovingPoints[IncidentId] = MovingPoints()
        # Which of them this process looks after while the database cannot tell the workers apart.
        self.is_ours: Callable[[LiveIncident], bool] = _always

    def get(self, incident_id: IncidentId) -> LiveIncident | None:
        """The incident of that id, if it is in memory."""
        return self._by_id.get(incident_id)

    def place_for(self, incident_id: IncidentId) -> LiveIncident:
        """Where the incident of that id is kept, perhaps not loaded yet."""
        return self._by_id.setdefault(incident_id, LiveIncident())

    def note_place(self, incident: Incident) -> None:
        """Know where an incident is, for those who ask what else is near."""
        self._places.put(incident.incident_id, incident.place)

    def drop(self, incident_id: IncidentId) -> None:
        """Let go of one."""
        self._by_id.pop(incident_id, None)
        self._places.remove(incident_id)

    def drop_place(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Let go of a place where nothing came to be kept."""
        if self._by_id.get(incident_id) is live and live.incident is None:
            self.drop(incident_id)

    def near(self, incident: Incident, within_m: float) -> list[Incident]:
        """The other incidents in memory that are so near, nearest first."""
        found = (self._by_id.get(each.key) for each in self._places.within(incident.place, within_m))
        known = (each.incident for each in found if each is not None and each.incident is not None)
        return [each for each in known if each.incident_id != incident.incident_id]

    def items(self) -> list[tuple[IncidentId, LiveIncident]]:
        """All of them, with their ids."""
        return list(self._by_id.items())

    def going_on(self) -> Iterator[LiveIncident]:
        """Those that have not ended."""
        return (each for each in self._by_id.values() if each.incident is not None and not each.incident.is_ended)

    def loaded(self) -> Iterator[Incident]:
        """Everything that is known in memory."""
        return (each.incident for each in self._by_id.values() if each.incident is not None)

    def with_alert(self, alert_id: AlertId) -> IncidentId | None:
        """The incident that an alert belongs to, if it is in memory."""
        return next((each.incident_id for each in self.loaded() if alert_id in each.alerts), None)

    def awaiting(self) -> list[IncidentId]:
        """Those that are to be looked at some time, or of which memory does not know though nobody else does."""
        return [
            each.present.incident_id
            for each in self.going_on()
            if each.wake is not None or (not each.knows_wake and self.is_ours(each))
        ]

    def due(self, now: datetime) -> list[IncidentId]:
        """Those whose time to be looked at has come, as far as memory knows."""
        return [
            incident_id
            for incident_id, live in self._by_id.items()
            if live.incident is not None and not live.incident.is_ended and live.is_due(now) and self.is_ours(live)
        ]
