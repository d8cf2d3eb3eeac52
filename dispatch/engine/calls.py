"""What a decision owes to phones whose sockets do not answer: who is woken for it, how soon, and with what."""

from collections.abc import Callable, Collection, Iterable, Mapping
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
from dispatch.rescue.vocabulary import AedId, AlertId, AlertRole, AlertState, StandDownReason

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

    def of_decision(
        self, incident: Incident, told: Iterable[tuple[Notice, Outgoing]], events: Collection[Event], at: datetime
    ) -> list[Wake]:
        """Beside what sockets are told of a decision taken at that time."""
        news = {each.what.alert_id for each in events if isinstance(each.what, Accepted | Reassigned)}
        changed = {each.what.alert_id for each in events if isinstance(each.what, Reassigned)}
        calls: list[Wake] = []
        for notice, message in told:
            alert = incident.alerts[notice.alert_id]
            # That somebody else has come to it wakes nobody.
            if notice.kind is not NoticeKind.ASSIGNMENT or alert.alert_id in news:
                has_changed = alert.alert_id in changed
                calls += self._of_notice(
                    incident, notice, message, at, changed=has_changed, said_yes=_has_said_yes(alert)
                )
        return calls

    def of_standing(
        self,
        incident: Incident,
        told: Iterable[tuple[Notice, Outgoing]],
        at: datetime,
        believed: Mapping[AlertId, Alert] | None = None,
    ) -> list[Wake]:
        """Beside what sockets are told of how things stand since that time, whatever was said of it before.

        With `believed`, what had been said of it here, only those who believe something else: of what is not in there
        whoever decided it has seen to it.
        """
        calls: list[Wake] = []
        for notice, message in told:
            alert = incident.alerts[notice.alert_id]
            before = None if believed is None else believed.get(alert.alert_id)
            if believed is not None and (before is None or _task(before) == _task(alert)):
                continue
            if notice.kind is NoticeKind.ALERT and alert.not_received_at is not None:
                # Its device was silent, and that it was to be called could not be written down then.
                calls += self.of_silent(incident, [alert.alert_id])
                continue
            was_coming = before is not None and before.is_engaged
            said_yes = _has_said_yes(alert) or (before is not None and _has_said_yes(before))
            calls += self._of_notice(incident, notice, message, at, changed=was_coming, said_yes=said_yes)
        return calls

    def of_strays(self, branch: Incident, strays: Iterable[Alert], at: datetime) -> list[Wake]:
        """For those who come for an alert of `branch` that never was."""
        return [
            self._stand_down(branch, each, at, said_yes=True)
            for each in strays
            if each.is_engaged and self._has_channel(each.responder_id)
        ]

    def of_silent(self, incident: Incident, alert_ids: Iterable[AlertId]) -> list[Wake]:
        """For offers that no device has acknowledged."""
        alerts = [incident.alerts[each] for each in alert_ids if self._has_channel(incident.alerts[each].responder_id)]
        return [_offer(each, to_json_text(self._messages.alert(incident, each))) for each in alerts]

    def _has_session(self, alert: Alert) -> bool:
        return self._is_connected(responder_mailbox(alert.responder_id))

    def _of_notice(
        self, incident: Incident, notice: Notice, message: Outgoing, at: datetime, *, changed: bool, said_yes: bool
    ) -> list[Wake]:
        """One call, or none where the socket is enough."""
        alert = incident.alerts[notice.alert_id]
        if not self._has_channel(alert.responder_id):
            return []
        match notice.kind:
            case NoticeKind.ALERT:
                return [] if self._has_session(alert) else [_offer(alert, message.body)]
            case NoticeKind.STAND_DOWN:
                if alert.state in _OWN_WORD and self._has_session(alert):
                    return []
                return [self._stand_down(incident, alert, at, said_yes=said_yes)]
            case NoticeKind.NUDGE:
                return [self._nudge(incident, alert, at)]
            case NoticeKind.ASSIGNMENT:
                return [self._assignment(incident, alert, at, changed=changed)]

    def _stand_down(self, incident: Incident, alert: Alert, at: datetime, *, said_yes: bool) -> Wake:
        after_s = self._patience_s(alert)
        has_run_out = alert.state is AlertState.EXPIRED and not said_yes
        by_hook = not has_run_out and alert.end_reason is not StandDownReason.MERGED
        if has_run_out:
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
            only_told=not said_yes,
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


def _has_said_yes(alert: Alert) -> bool:
    return AlertState.ACCEPTED in alert.stages


def _task(alert: Alert) -> tuple[bool, AlertRole, AedId | None] | None:
    """What its responder is to do by it; None: nothing any more."""
    return (alert.is_engaged, alert.role, alert.aed_id) if alert.is_active else None


def _offer(alert: Alert, body: str) -> Wake:
    useful_until = useful_until_of(alert.respond_by)
    return Wake(responder_id=alert.responder_id, alert_id=alert.alert_id, body=body, useful_until=useful_until)
