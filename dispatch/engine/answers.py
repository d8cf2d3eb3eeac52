"""What responders say about their alerts."""

import contextlib
from typing import Any
from uuid import UUID

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.rescue.commands import Accept, Decline, Progress, Refused, ReportAedProblem
from dispatch.rescue.vocabulary import AedProblem, AlertId, AlertState, IncidentId, ResponderId
from dispatch.responders.responder import Engagement


class AnswerDesk:
    """Takes answers and stages to the incident that they belong to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def answer(self, responder_id: ResponderId, alert_id: str, *, accept: bool) -> None:
        """Yes or no to an alert. Raises `Refused`; saying the same twice changes nothing."""
        meant, incident_id = await self._meant(responder_id, _alert_id(alert_id))
        engagement = self._engine.roster.engagement_of(responder_id)
        if accept and engagement is not None and engagement.alert_id != meant:
            raise Refused("engaged_elsewhere", "You are on another alert.")
        said = (Accept if accept else Decline)(meant, responder_id)
        await self._engine.command(incident_id, said, by=_by(responder_id))

    async def progress(self, responder_id: ResponderId, alert_id: str, stage: AlertState) -> None:
        """How far somebody is. Raises `Refused`; saying the same twice changes nothing."""
        meant, incident_id = await self._meant(responder_id, _alert_id(alert_id))
        await self._engine.command(incident_id, Progress(meant, responder_id, stage), by=_by(responder_id))

    async def aed_problem(self, responder_id: ResponderId, alert_id: str, problem: AedProblem) -> None:
        """The AED that somebody was sent for cannot be had. Raises `Refused`; twice changes nothing."""
        meant, incident_id = await self._meant(responder_id, _alert_id(alert_id))
        said = ReportAedProblem(meant, responder_id, problem)
        await self._engine.command(incident_id, said, by=_by(responder_id))

    async def leave(self, responder_id: ResponderId, engagement: Engagement) -> None:
        """Somebody went off duty with an alert unanswered: that is a no."""
        said = Decline(engagement.alert_id, responder_id, off_duty=True)
        # Refused: the yes came first, and stands.
        with contextlib.suppress(Refused):
            await self._engine.command(engagement.incident_id, said, by=_by(responder_id))

    async def engagement_as_json(self, responder_id: ResponderId) -> dict[str, Any]:
        """The alert or assignment that somebody is on, in the shape of the socket's messages."""
        nothing: dict[str, Any] = {"alert": None, "assignment": None}
        engagement = self._engine.roster.engagement_of(responder_id)
        if engagement is None:
            return nothing
        incident = (await self._engine.incident(engagement.incident_id)).present
        alert = incident.alerts.get(engagement.alert_id)
        if alert is None or not alert.is_active:
            return nothing
        if alert.is_pending:
            return {**nothing, "alert": self._engine.messages.alert(incident, alert)}
        return {**nothing, "assignment": self._engine.messages.assignment(incident, alert)}

    async def _meant(self, responder_id: ResponderId, alert_id: AlertId) -> tuple[AlertId, IncidentId]:
        """The alert that is meant, with its incident: the one named, or where it goes on after a merger."""
        engagement = self._engine.roster.engagement_of(responder_id)
        if engagement is not None and engagement.alert_id == alert_id:
            return alert_id, engagement.incident_id
        incident_id = await self._incident_of(alert_id)
        if engagement is not None:
            incident = (await self._engine.incident(incident_id)).present
            alert = incident.alerts.get(alert_id)
            is_own = alert is not None and alert.responder_id == responder_id
            if is_own and incident.merged_into == engagement.incident_id:
                return engagement.alert_id, engagement.incident_id
        return alert_id, incident_id

    async def _incident_of(self, alert_id: AlertId) -> IncidentId:
        in_memory = self._engine.live.with_alert(alert_id)
        if in_memory is not None:
            return in_memory
        async with self._engine.database.statement() as connection:
            incident_id = await ledger.alert_incident(connection, alert_id)
        if incident_id is None:
            raise _unknown(alert_id)
        return incident_id


def _alert_id(text: str) -> AlertId:
    try:
        return AlertId(str(UUID(text)))
    except ValueError as error:
        raise _unknown(text) from error


def _unknown(alert_id: str) -> Refused:
    return Refused("unknown_alert", f"There is no alert {alert_id} for you.")


def _by(responder_id: ResponderId) -> str:
    return f"responder:{responder_id}"
