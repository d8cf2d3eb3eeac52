"""The messages that a decision owes to responders and callers."""

from collections.abc import Callable, Iterable, Sequence
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
from dispatch.rescue.events import Event
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
        calls = self._calls.of_decision(incident, zip(notices, messages, strict=True), decision.events, at)
        calls += self._calls.of_silent(incident, to_be_called_otherwise(decision.events))
        is_news = concerns_caller(decision.events) and decision.events[0].number > 1
        # Whose call has become part of another one is told by that one.
        if is_news and incident.merged_into is None:
            messages += self._to_callers(incident, decision.events)
        return Owed(messages, calls, self._telephones.has_hook)

    def as_it_stands(self, incident: Incident, alert_ids: Iterable[AlertId]) -> Owed:
        """One message each for those concerned, telling how things stand now, whatever they have been told before."""
        told = self._standing(incident, alert_ids)
        at = _last_change_of(incident.alerts.values(), incident.opened_at)
        calls = self._calls.of_standing(incident, told, at)
        messages = [message for _, message in told]
        if incident.merged_into is None:
            messages += self._to_callers(incident, ())
        return Owed(messages, calls, self._telephones.has_hook)

    def of_two_ways(self, incident: Incident, events: Sequence[Event], branch: Incident | None) -> Owed:
        """The same to everybody of an incident that went two ways; `branch`, if known, is what they heard of it here.

        Phones are woken only for what is otherwise than that: to all else whoever decided it has seen. Those who were
        told of an alert that the truth does not know stop. Callers are told of all `events`, and that what they hold
        is to be thrown away: it may be of a higher version.
        """
        told = self._standing(incident, incident.alerts)
        others = () if branch is None else branch.alerts.values()
        at = _last_change_of([*incident.alerts.values(), *others], incident.opened_at)
        calls = self._calls.of_standing(incident, told, at, None if branch is None else branch.alerts)
        messages = [message for _, message in told]
        if incident.merged_into is None:
            messages += self._to_callers(incident, events, is_anew=True)
        if branch is not None:
            strays = strays_of(incident, branch)
            messages += self.stand_downs(branch, strays)
            calls += self._calls.of_strays(branch, strays, at)
        return Owed(messages, calls, self._telephones.has_hook)

    def stand_downs(self, incident: Incident, alerts: Iterable[Alert]) -> list[Outgoing]:
        """Those whose alerts these are are to stop."""
        return [self._to_responder(incident, Notice(NoticeKind.STAND_DOWN, each.alert_id)) for each in alerts]

    def _standing(self, incident: Incident, alert_ids: Iterable[AlertId]) -> list[tuple[Notice, Outgoing]]:
        notices = [Notice(_present_notice(incident.alerts[each]), each) for each in alert_ids]
        return [(notice, self._to_responder(incident, notice)) for notice in notices]

    def _to_callers(self, incident: Incident, events: Sequence[Event], *, is_anew: bool = False) -> list[Outgoing]:
        views = {incident.incident_id: self._views.for_caller(incident, events)}
        # Whose call was found to tell of the same emergency goes on being told, under their own id.
        views |= {joined: self._views.for_joined_caller(incident, joined, events) for joined in incident.merged}
        anew = {"anew": True} if is_anew else {}
        return [
            Outgoing(caller_mailbox(each), to_json_text({"type": "incident", **view, **anew}))
            for each, view in views.items()
        ]

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


def strays_of(incident: Incident, branch: Incident | None) -> list[Alert]:
    """The alerts of `branch`, what had come of an incident here, that the truth does not know."""
    return [] if branch is None else [each for each in branch.alerts.values() if each.alert_id not in incident.alerts]


def _present_notice(alert: Alert) -> NoticeKind:
    if alert.is_pending:
        return NoticeKind.ALERT
    if alert.is_engaged:
        return NoticeKind.ASSIGNMENT
    return NoticeKind.STAND_DOWN


def _last_change_of(alerts: Iterable[Alert], opened_at: datetime) -> datetime:
    """When last somebody was offered something, or got farther."""
    changes = (at for alert in alerts for at in (alert.offered_at, *alert.stages.values()))
    return max(changes, default=opened_at)
