"""What operators and callers ask of incidents."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dispatch.access.tokens import Identity, Role
from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.engine.live_incident import LiveIncident
from dispatch.problems import Conflict, Forbidden
from dispatch.rescue.commands import Cancel, Command, Refused
from dispatch.rescue.incident import Incident
from dispatch.rescue.vocabulary import IncidentId


class IncidentDesk:
    """Shows incidents to those who may see them, and carries out what they ask."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def newest(self, states: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """The newest incidents in those states, for an operator, without their timelines."""
        if self._engine.recording.is_away:
            known = sorted(self._engine.live.loaded(), key=lambda each: each.opened_at, reverse=True)
            return [self._for_operator(each, []) for each in known if each.state in states][:limit]
        async with self._engine.database.statement() as connection:
            found = await ledger.incident_ids(connection, states=states, limit=limit)
        shown = []
        for incident_id in found:
            incident = (await self._engine.incident(incident_id)).present
            shown.append(self._for_operator(incident, []))
        return shown

    async def view(self, incident_id: IncidentId, asker: Identity) -> dict[str, Any]:
        """One incident, as `asker` may see it. Raises `NotFound` and `Forbidden`."""
        _may_see(incident_id, asker)
        await self._engine.others.freshen(incident_id)
        live = await self._engine.incident(incident_id)
        if asker.is_operator:
            return self._for_operator(live.present, live.events)
        if live.present.merged_into is None:
            return self._engine.views.for_caller(live.present, live.events)
        going_on = await self._going_on(live.present)
        return self._engine.views.for_joined_caller(going_on.present, incident_id, going_on.events)

    async def carry_out(self, incident_id: IncidentId, asker: Identity, command: Command) -> dict[str, Any]:
        """Do it and show the incident as it is then. Raises `NotFound`, `Forbidden`, `Conflict`."""
        _may_see(incident_id, asker)
        by = "caller" if asker.role is Role.CALLER else str(asker)
        try:
            await self._engine.command(await self._meant(incident_id, asker, command), command, by=by)
        except Refused as refusal:
            raise Conflict(refusal.detail, code=refusal.code) from refusal
        return await self.view(incident_id, asker)

    async def merge(self, incident_id: IncidentId, into: IncidentId, asker: Identity) -> dict[str, Any]:
        """Make one incident part of another and show the other. Raises `NotFound` and `Conflict`."""
        try:
            await self._engine.mergers.merge(incident_id, into, by=str(asker))
        except Refused as refusal:
            raise Conflict(refusal.detail, code=refusal.code) from refusal
        return await self.view(into, asker)

    async def _meant(self, incident_id: IncidentId, asker: Identity, command: Command) -> IncidentId:
        """The incident that a command is for: a caller whose call was merged speaks of the one that goes on."""
        if asker.role is not Role.CALLER:
            return incident_id
        incident = (await self._engine.incident(incident_id)).present
        if incident.merged_into is None:
            return incident_id
        if isinstance(command, Cancel):
            raise Conflict(
                "Another call tells of the same emergency, and help is on its way for both. Tell the operator.",
                code="merged",
            )
        return (await self._going_on(incident)).present.incident_id

    async def _going_on(self, incident: Incident) -> LiveIncident:
        """Where a merged incident goes on, however often it was merged."""
        live = await self._engine.incident(incident.incident_id)
        while live.present.merged_into is not None:
            live = await self._engine.incident(live.present.merged_into)
        return live

    def after(self, seconds: float) -> datetime:
        """The instant so many seconds from now."""
        return self._engine.clock.now() + timedelta(seconds=seconds)

    def _for_operator(self, incident: Incident, events: Sequence[Any]) -> dict[str, Any]:
        duplicates = self._engine.likely_duplicates(incident)
        return self._engine.views.for_operator(incident, events, duplicates)


def _may_see(incident_id: IncidentId, asker: Identity) -> None:
    if asker.role is Role.CALLER and asker.subject != incident_id:
        raise Forbidden("This token is for another incident.")
