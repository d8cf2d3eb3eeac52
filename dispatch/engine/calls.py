"""What a decision owes to phones whose sockets do not answer: who is woken for it, how soon, and with what."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from dispatch.encoding import to_json_text
from dispatch.engine.ledger import Outgoing
from dispatch.engine.mailbox_names import responder_mailbox
from dispatch.engine.messages import ResponderMessages
from dispatch.push.vocabulary import WORD_USEFUL_FOR, Kind, Wake, useful_until_of
from dispatch.rescue.alert import Alert
from dispatch.rescue.events import Accepted, Event, Reassigned
from dispatch.rescue.incident import Incident
from dispatch.rescue.notices import Notice, NoticeKind
from dispatch.rescue.vocabulary import AlertId, AlertState, StandDownReason

# As long as for an offer: a socket whose phone sleeps is found out by no acknowledgement coming.
_NO_ACK_S = 10.0

# Of an assignment no more than this is pushed: the place, the telephone number and the names stay on the socket.
_OF_AN_ASSIGNMENT = ("alert_id", "incident_id", "role", "state", "kind", "drill", "eta_s", "aed")

# They have just said so themselves.
_OWN_WORD = frozenset({AlertState.DECLINED, AlertState.DONE, AlertState.GAVE_UP})


class Calls:
    """Renders what is pushed. Whoever has a session is woken only when they do not acknowledge its message."""

    def __init__(
        self, messages: ResponderMessages, is_connected: Callable[[str], bool], has_channel: Callable[[str], bool]
    ) -> None:
        self._messages = messages
        self._is_connected = is_connected
        self._has_channel = has_channel

    def of_notices(
        self, incident: Incident, told: Iterable[tuple[Notice, Outgoing]], events: Collection[Event], at: datetime
    ) -> list[Wake]:
        """Beside what sockets are told of a decision taken at that time, or, without events, of how things stand."""
        news = {each.what.alert_id for each in events if isinstance(each.what, Accepted | Reassigned)}
        changed = {each.what.alert_id for each in events if isinstance(each.what, Reassigned)}
        calls: list[Wake] = []
        for notice, message in told:
            alert = incident.alerts[notice.alert_id]
            if not self._has_channel(alert.responder_id):
                continue
            if notice.kind is NoticeKind.ALERT:
                if not self._has_session(alert):
                    calls.append(_offer(alert, message.body))
            elif notice.kind is NoticeKind.STAND_DOWN:
                if not (alert.state in _OWN_WORD and self._has_session(alert)):
                    calls.append(self._stand_down(incident, alert, at))
            elif notice.kind is NoticeKind.NUDGE:
                calls.append(self._nudge(incident, alert, at))
            elif not events or alert.alert_id in news:
                # That somebody else has come to it wakes nobody.
                calls.append(self._assignment(incident, alert, at, changed=alert.alert_id in changed))
        return calls

    def of_silent(self, incident: Incident, alert_ids: Iterable[AlertId]) -> list[Wake]:
        """For offers that no device has acknowledged."""
        alerts = [incident.alerts[each] for each in alert_ids if self._has_channel(incident.alerts[each].responder_id)]
        return [_offer(each, to_json_text(self._messages.alert(incident, each))) for each in alerts]

    def _has_session(self, alert: Alert) -> bool:
        return self._is_connected(responder_mailbox(alert.responder_id))

    def _stand_down(self, incident: Incident, alert: Alert, at: datetime) -> Wake:
        after_s = self._patience_s(alert)
        by_hook = alert.state is not AlertState.EXPIRED and alert.end_reason is not StandDownReason.MERGED
        if alert.state is AlertState.EXPIRED:
            # A phone that was slow to wake may still say yes; when nobody waits for that any more, it is told so.
            after_s = max(after_s, (useful_until_of(alert.respond_by) - at).total_seconds())
        return self._word(
            Kind.STAND_DOWN,
            incident,
            alert,
            self._messages.stand_down(incident, alert),
            at=at,
            after_s=after_s,
            # Whoever said yes is on the way, whatever they know it from; the others only if they were called.
            only_told=AlertState.ACCEPTED not in alert.stages,
            by_hook=by_hook,
        )

    def _assignment(self, incident: Incident, alert: Alert, at: datetime, *, changed: bool) -> Wake:
        message = {"type": Kind.ASSIGNMENT, **self._task(incident, alert), "changed": changed}
        return self._word(Kind.ASSIGNMENT, incident, alert, message, at=at, after_s=self._patience_s(alert))

    def _nudge(self, incident: Incident, alert: Alert, at: datetime) -> Wake:
        # With their task, for on the phone it takes the place of what said that.
        message = self._task(incident, alert) | self._messages.nudge(incident, alert)
        return self._word(
            Kind.NUDGE, incident, alert, message, at=at, after_s=self._patience_s(alert), useful_until=alert.reply_by
        )

    def _task(self, incident: Incident, alert: Alert) -> dict[str, Any]:
        whole = self._messages.assignment(incident, alert)
        return {name: whole[name] for name in _OF_AN_ASSIGNMENT if name in whole}

    def _patience_s(self, alert: Alert) -> float:
        return _NO_ACK_S if self._has_session(alert) else 0.0

    @staticmethod
    def _word(
        kind: Kind,
        incident: Incident,
        alert: Alert,
        message: dict[str, Any],
        *,
        at: datetime,
        after_s: float,
        useful_until: datetime | None = None,
        only_told: bool = False,
        by_hook: bool = True,
    ) -> Wake:
        return Wake(
            responder_id=alert.responder_id,
            alert_id=alert.alert_id,
            kind=kind,
            version=incident.version,
            body=to_json_text(message),
            useful_until=useful_until or at + WORD_USEFUL_FOR,
            after_s=after_s,
            mailbox=responder_mailbox(alert.responder_id),
            only_told=only_told,
            by_hook=by_hook,
        )


def _offer(alert: Alert, body: str) -> Wake:
    useful_until = useful_until_of(alert.respond_by)
    return Wake(responder_id=alert.responder_id, alert_id=alert.alert_id, body=body, useful_until=useful_until)
