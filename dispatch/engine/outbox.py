"""The messages that a decision owes to responders and callers."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from dispatch.encoding import to_json_text
from dispatch.engine.calls import Calls
from dispatch.engine.ledger import Outgoing, Owed
from dispatch.engine.mailbox_names import caller_mailbox, responder_mailbox
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.views import IncidentViews
from dispatch.rescue.alert import Alert
from dispatch.rescue.course import Decision
from dispatch.rescue.incident import Incident
from dispatch.rescue.notices import Notice, NoticeKind, concerns_caller, responder_notices, to_be_called_otherwise
from dispatch.rescue.vocabulary import AlertId


class Telephones(Protocol):
    """Which ways there are to responders besides their sockets."""

    @property
    def has_hook(self) -> bool:
        """Whether a telephone number is a way to somebody."""
        ...

    def has_channel(self, responder_id: str) -> bool:
        """Whether there is any way at all besides the socket."""
        ...


class NoTelephones:
    """Sockets are all there is."""

    has_hook = False

    def has_channel(self, responder_id: str) -> bool:
        """None."""
        del responder_id
        return False


class Outbox:
    """Renders what follows from a decision, and how things stand for somebody who has missed it all."""

    def __init__(
        self,
        messages: ResponderMessages,
        views: IncidentViews,
        is_connected: Callable[[str], bool],
        telephones: Telephones,
    ) -> None:
        self._messages = messages
        self._views = views
        self._calls = Calls(messages, is_connected, telephones.has_channel)
        self._telephones = telephones

    def owed(self, decision: Decision) -> Owed:
        """To responders, and to the callers where it concerns them."""
        incident = decision.incident
        notices = responder_notices(decision.events, incident)
        messages = [self._to_responder(incident, notice) for notice in notices]
        at = decision.events[-1].at
        calls = self._calls.of_notices(incident, zip(notices, messages, strict=True), decision.events, at)
        calls += self._calls.of_silent(incident, to_be_called_otherwise(decision.events))
        is_news = concerns_caller(decision.events) and decision.events[0].number > 1
        # Whose call has become part of another one is told by that one.
        if is_news and incident.merged_into is None:
            messages += self._to_callers(decision)
        return Owed(messages, calls, self._telephones.has_hook)

    def as_it_stands(self, incident: Incident, alert_ids: Iterable[AlertId]) -> Owed:
        """One message each for those concerned, telling how things stand now, whatever they have been told before."""
        notices = [Notice(_present_notice(incident.alerts[each]), each) for each in alert_ids]
        messages = [self._to_responder(incident, notice) for notice in notices]
        calls = self._calls.of_notices(incident, zip(notices, messages, strict=True), (), _last_change_of(incident))
        if incident.merged_into is None:
            messages += self._to_callers(Decision(incident, ()))
        return Owed(messages, calls, self._telephones.has_hook)

    def never_was(self, branch: Incident, alerts: Iterable[Alert]) -> list[Outgoing]:
        """To those who were told of an alert that the truth does not know: they stop."""
        return [self._to_responder(branch, Notice(NoticeKind.STAND_DOWN, each.alert_id)) for each in alerts]

    def _to_callers(self, decision: Decision) -> list[Outgoing]:
        incident = decision.incident
        own = {"type": "incident", **self._views.for_caller(incident, decision.events)}
        owed = [Outgoing(caller_mailbox(incident.incident_id), to_json_text(own))]
        for joined in incident.merged:
            # Whose call was found to tell of the same emergency goes on being told, under their own id.
            view = {"type": "incident", **self._views.for_joined_caller(incident, joined, decision.events)}
            owed.append(Outgoing(caller_mailbox(joined), to_json_text(view)))
        return owed

    def _to_responder(self, incident: Incident, notice: Notice) -> Outgoing:
        alert = incident.alerts[notice.alert_id]
        if notice.kind is NoticeKind.ALERT:
            message = self._messages.alert(incident, alert)
        elif notice.kind is NoticeKind.ASSIGNMENT:
            message = self._messages.assignment(incident, alert)
        elif notice.kind is NoticeKind.NUDGE:
            message = self._messages.nudge(incident, alert)
        else:
            message = self._messages.stand_down(incident, alert)
        offered = alert.alert_id if notice.kind is NoticeKind.ALERT else None
        return Outgoing(responder_mailbox(alert.responder_id), to_json_text(message), offered)


def _present_notice(alert: Alert) -> NoticeKind:
    if alert.is_pending:
        return NoticeKind.ALERT
    if alert.is_engaged:
        return NoticeKind.ASSIGNMENT
    return NoticeKind.STAND_DOWN


def _last_change_of(incident: Incident) -> datetime:
    """When last somebody was offered something, or got farther."""
    changes = (at for alert in incident.alerts.values() for at in (alert.offered_at, *alert.stages.values()))
    return max(changes, default=incident.opened_at)
