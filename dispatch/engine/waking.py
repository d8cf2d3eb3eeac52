"""Between incidents and the channels beside the socket: who can be reached, and what their phones say."""

import asyncio
from typing import Any

import structlog

from dispatch.encoding import to_json_text
from dispatch.engine import ledger
from dispatch.engine.engine import Engine
from dispatch.engine.ledger import Outgoing
from dispatch.engine.mailbox_names import responder_mailbox
from dispatch.problems import NotFound
from dispatch.push.service import Push
from dispatch.push.vocabulary import Measured, Received
from dispatch.realtime.hub import Hub
from dispatch.rescue.commands import ConfirmReceipt
from dispatch.rescue.course import Decision
from dispatch.rescue.events import Declined
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId

log = structlog.get_logger()


class Waking:
    """Takes what phones say that were woken, and sends test alerts over the socket."""

    def __init__(self, engine: Engine, hub: Hub, push: Push) -> None:
        self._engine = engine
        self._hub = hub
        self._push = push
        self._withdrawing: set[asyncio.Task[None]] = set()

    async def start_test(self, responder_id: ResponderId) -> None:
        """Begin a test alert by every channel. Raises `Problem`."""
        await self._push.tests.start(responder_id)

    def decided(self, decision: Decision) -> None:
        """Who says no over a session is not called any more. Whatever else ends an offer takes it back by itself."""
        over = [
            alert_id
            for event in decision.events
            if isinstance(event.what, Declined)
            and self._push.channels.has_channel(decision.incident.alerts[alert_id := event.what.alert_id].responder_id)
        ]
        if over and not self._engine.recording.is_away:
            task = asyncio.ensure_future(self._withdraw(over))
            self._withdrawing.add(task)
            task.add_done_callback(self._withdrawing.discard)

    async def _withdraw(self, alert_ids: list[AlertId]) -> None:
        try:
            await self._push.desk.withdraw(alert_ids)
        except Exception as error:
            if not self._engine.recording.note_failure(error):
                log.exception("push: not withdrawn", alert_ids=alert_ids)

    async def received(self, received: Received) -> None:
        """A pushed alert is there: that is its device's acknowledgement."""
        command = ConfirmReceipt((AlertId(received.alert_id),))
        try:
            await self._engine.command(
                IncidentId(received.incident_id), command, by=f"responder:{received.responder_id}"
            )
        except NotFound:
            # Of an incident that is not kept any longer: nothing hangs on it.
            return

    def tested(self, measured: Measured) -> None:
        """Say how long a test alert took, on every device of its responder."""
        message = {
            "type": "test_result",
            "test_id": measured.test_id,
            "channel": measured.channel,
            "delay_s": round(measured.delay_s, 3),
        }
        self._hub.tell_everywhere(responder_mailbox(ResponderId(measured.responder_id)), message)

    async def tell_socket(self, responder_id: str, message: dict[str, Any]) -> bool:
        """Send a test alert to somebody's sessions; False when there is none."""
        mailbox = responder_mailbox(ResponderId(responder_id))
        if not self._hub.is_connected(mailbox):
            return False
        # Under the test's id, so that its acknowledgement is known for what it is.
        outgoing = Outgoing(mailbox, to_json_text(message), AlertId(str(message["test_id"])))
        for sent in await ledger.send(self._engine.database, [outgoing], now=self._engine.clock.now()):
            self._hub.deliver(sent.recipient, sent.seq, sent.body)
        return True

    def ways_of(self, responder_id: ResponderId) -> list[dict[str, Any]]:
        """One person's ways besides the socket, for views."""
        return self._push.channels.channels_of(responder_id, self._engine.clock.now())
