"""What an engine asks of the other workers that decide on the same incidents; alone there are none."""

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from dispatch.engine.live_incident import LiveIncident
from dispatch.rescue.commands import Command, OpenIncident
from dispatch.rescue.course import Decision
from dispatch.rescue.vocabulary import IncidentId


class OtherWorkers(Protocol):
    """Those with whom an engine shares its incidents."""

    async def freshen(self, incident_id: IncidentId) -> None:
        """Know an incident as well as its rows do."""
        ...

    async def is_outdated(self, incident_id: IncidentId) -> bool:
        """Whether its rows know more of an incident than memory does."""
        ...

    def hears_all(self) -> bool:
        """Whether what others decide is heard at once; else it is looked for in the rows before deciding."""
        ...

    async def follow_rows(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Know an incident that is in memory as well as its rows do. Whoever asks holds its lock."""
        ...

    async def decided_elsewhere(self, incident_id: IncidentId, command: Command, by: str) -> bool:
        """Have another worker carry a command out that goes on deciding in the incident; False: this one is to."""
        ...

    def can_be_opened_elsewhere(self) -> bool:
        """Whether another worker can write down an SOS that this one cannot."""
        ...

    async def opened_elsewhere(self, request_id: str, command: OpenIncident) -> Mapping[str, Any] | None:
        """Have such a worker take an SOS; what its caller is answered, None when this one is to take it."""
        ...

    async def acknowledged_elsewhere(self, up_to: Mapping[str, int]) -> bool:
        """Have such a worker note up to which message these recipients have everything; whether one has."""
        ...

    def reserving(self, decisions: Sequence[Decision]) -> AbstractContextManager[None]:
        """Entered while decisions are being written down: others may have to know whom these are about to bind."""
        ...

    def stand(self, decisions: Sequence[Decision], *, is_written: bool) -> None:
        """These decisions stand from this moment on, in the database or in this worker's journal."""
        ...

    def keep_up_with(self, at: datetime) -> None:
        """Something was decided at that time, perhaps elsewhere: from now on nothing here is dated before it."""
        ...


class NoOtherWorkers:
    """This worker is the only one."""

    async def freshen(self, incident_id: IncidentId) -> None:
        """Memory knows all that is known."""

    async def is_outdated(self, incident_id: IncidentId) -> bool:
        """It never is."""
        del incident_id
        return False

    def hears_all(self) -> bool:
        """There is nothing to hear."""
        return True

    async def follow_rows(self, incident_id: IncidentId, live: LiveIncident) -> None:
        """Memory knows all that is known."""

    async def decided_elsewhere(self, incident_id: IncidentId, command: Command, by: str) -> bool:
        """Nobody else decides."""
        del incident_id, command, by
        return False

    def can_be_opened_elsewhere(self) -> bool:
        """Nobody else can."""
        return False

    async def opened_elsewhere(self, request_id: str, command: OpenIncident) -> Mapping[str, Any] | None:
        """Nobody else takes it."""
        del request_id, command
        return None

    async def acknowledged_elsewhere(self, up_to: Mapping[str, int]) -> bool:
        """Nobody else does."""
        del up_to
        return False

    def reserving(self, decisions: Sequence[Decision]) -> AbstractContextManager[None]:
        """Nobody else might ask them."""
        del decisions
        return contextlib.nullcontext()

    def stand(self, decisions: Sequence[Decision], *, is_written: bool) -> None:
        """Nobody else follows."""

    def keep_up_with(self, at: datetime) -> None:
        """This worker's clock has never told a time before those that it has written."""
