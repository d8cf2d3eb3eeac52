"""What responders say about their alerts."""

import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.problems import NotFound
from dispatch.rescue.commands import Accept, Command, Decline, Moved, Progress, Refused, ReportAedProblem
from dispatch.rescue.vocabulary import AedId, AedProblem, AlertId, AlertState, IncidentId, ResponderId
from dispatch.responders.responder import Engagement

# An incident may be merged into one that is merged into another; nobody merges more often within one emergency.
_MOST_MERGERS = 10


class AnswerDesk:
    """Takes answers and stages to the incident that they belong to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def answer(self, responder_id: ResponderId, alert_id: str, *, accept: bool) -> None:
        """Yes or no to an alert. Raises `Refused`; saying the same twice changes nothing."""
        said = Accept if accept else Decline
        await self._say(responder_id, alert_id, lambda meant: said(meant, responder_id))

    async def progress(self, responder_id: ResponderId, alert_id: str, stage: AlertState) -> None:
        """How far somebody is. Raises `Refused`; saying the same twice changes nothing."""
        await self._say(responder_id, alert_id, lambda meant: Progress(meant, responder_id, stage))

    async def aed_problem(
        self, responder_id: ResponderId, alert_id: str, problem: AedProblem, aed_id: str | None = None
    ) -> None:
        """The AED that somebody was sent for cannot be had. Raises `Refused`; twice changes nothing."""
        which = None if aed_id is None else AedId(aed_id)
        await self._say(responder_id, alert_id, lambda meant: ReportAedProblem(meant, responder_id, problem, which))

    async def _say(self, responder_id: ResponderId, alert_id: str, command: Callable[[AlertId], Command]) -> None:
        """Carry out what somebody says of an alert, wherever that goes on by now."""
        meant = _alert_id(alert_id)
        incident_id = await self._incident_of(responder_id, meant)
        for _ in range(_MOST_MERGERS):
            try:
                await self._engine.command(incident_id, command(meant), by=_by(responder_id))
            except Moved as moved:
                incident_id, meant = moved.incident_id, moved.alert_id
            else:
                return
        raise _unknown(alert_id)

    async def leave(self, responder_id: ResponderId, engagement: Engagement) -> None:
        """Somebody went off duty with an alert unanswered: that is a no."""
        said = Decline(engagement.alert_id, responder_id, off_duty=True)
        # Refused: the yes came first, and stands. Not found: the offer came to nothing.
        with contextlib.suppress(Refused, NotFound):
            await self._engine.command(engagement.incident_id, said, by=_by(responder_id))

    async def engagement_as_json(self, responder_id: ResponderId) -> dict[str, Any]:
        """The alert or assignment that somebody is on, in the shape of the socket's messages."""
        nothing: dict[str, Any] = {"alert": None, "assignment": None}
        engagement = self._engine.roster.engagement_of(responder_id)
        if engagement is None:
            return nothing
        try:
            incident = (await self._engine.incident(engagement.incident_id)).present
        except NotFound:
            # It is just being written down; the alert comes with its commit.
            return nothing
        alert = incident.alerts.get(engagement.alert_id)
        if alert is None or not alert.is_active:
            return nothing
        if alert.is_pending:
            return {**nothing, "alert": self._engine.messages.alert(incident, alert)}
        return {**nothing, "assignment": self._engine.messages.assignment(incident, alert)}

    async def _incident_of(self, responder_id: ResponderId, alert_id: AlertId) -> IncidentId:
        engagement = self._engine.roster.engagement_of(responder_id)
        if engagement is not None and engagement.alert_id == alert_id:
            return engagement.incident_id
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
