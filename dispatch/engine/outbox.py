"""The messages that a decision owes to responders and callers."""

from collections.abc import Iterable

from dispatch.encoding import to_json_text
from dispatch.engine.ledger import Outgoing
from dispatch.engine.mailbox_names import caller_mailbox, responder_mailbox
from dispatch.engine.messages import ResponderMessages
from dispatch.engine.views import IncidentViews
from dispatch.rescue.alert import Alert
from dispatch.rescue.course import Decision
from dispatch.rescue.incident import Incident
from dispatch.rescue.notices import Notice, NoticeKind, concerns_caller, responder_notices
from dispatch.rescue.vocabulary import AlertId


class Outbox:
    """Renders what follows from a decision, and how things stand for somebody who has missed it all."""

    def __init__(self, messages: ResponderMessages, views: IncidentViews) -> None:
        self._messages = messages
        self._views = views

    def owed(self, decision: Decision) -> list[Outgoing]:
        """To responders, and to the callers where it concerns them."""
        incident = decision.incident
        owed = [self._to_responder(incident, notice) for notice in responder_notices(decision.events, incident)]
        is_news = concerns_caller(decision.events) and decision.events[0].number > 1
        # Whose call has become part of another one is told by that one.
        if is_news and incident.merged_into is None:
            owed += self._to_callers(decision)
        return owed

    def as_it_stands(self, incident: Incident, alert_ids: Iterable[AlertId]) -> list[Outgoing]:
        """One message each for those concerned, telling how things stand now, whatever they have been told before."""
        alerts = [incident.alerts[each] for each in alert_ids]
        owed = [self._to_responder(incident, Notice(_present_notice(each), each.alert_id)) for each in alerts]
        return owed + self._to_callers(Decision(incident, ()))

    def never_was(self, branch: Incident, alerts: Iterable[Alert]) -> list[Outgoing]:
        """To those who were told of an alert that the truth does not know: they stop."""
        return [self._to_responder(branch, Notice(NoticeKind.STAND_DOWN, each.alert_id)) for each in alerts]

    def _to_callers(self, decision: Decision) -> list[Outgoing]:
        incident = decision.incident
        own = {"type": "incident", **self._views.for_caller(incident, decision.events)}
        owed = [Outgoing(caller_mailbox(incident.incident_id), to_json_text(own))]
        for joined in incident.merged:
            # Whose call was found to tell of the same emergency goes on being told, under their own id.
            view = {**own, "incident_id": joined, "merged_into": incident.incident_id}
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
