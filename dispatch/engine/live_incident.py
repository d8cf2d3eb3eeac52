"""One incident in memory, as long as it matters."""

import asyncio
from dataclasses import dataclass, field

from dispatch.rescue.decide import Decision
from dispatch.rescue.events import Event
from dispatch.rescue.incident import Incident


@dataclass(slots=True)
class LiveIncident:
    """One incident in memory: its events and their fold, one command at a time."""

    incident: Incident | None = None
    events: list[Event] = field(default_factory=list)
    shown_version: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def take_in(self, decision: Decision) -> None:
        """Go on from what has just been written down."""
        self.incident = decision.incident
        self.events.extend(decision.events)

    @property
    def present(self) -> Incident:
        """The incident as it stands. Raises `LookupError` before it is loaded."""
        if self.incident is None:
            raise LookupError("the incident is not loaded")
        return self.incident
