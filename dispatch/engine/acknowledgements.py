"""Acknowledgements from devices, written down together: one statement for many sockets."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

import structlog

from dispatch.engine.engine import Engine
from dispatch.realtime import mailboxes
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.rescue.commands import ConfirmReceipt
from dispatch.rescue.vocabulary import AlertId, IncidentId

log = structlog.get_logger()

# Twenty devices acknowledge one wave within some milliseconds: waiting this long makes one transaction of it.
_GATHER_S = 0.02
_PAUSE_AFTER_FAILURE_S = 0.5


async def _untold(_responder_id: str, _test_id: str) -> None:
    """Nobody asked."""


class Acknowledgements:
    """Gathers acknowledgements, forgets the messages, and tells the incidents that their alerts have arrived."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._up_to: dict[str, int] = {}
        # How often numbers have come to mean something else.
        self._forgotten = 0
        # Told of each test alert that a session has acknowledged: whose, and which.
        self.on_test: Callable[[str, str], Awaitable[None]] = _untold
        self._wake = asyncio.Event()

    def note(self, recipient: str, seq: int) -> None:
        """`recipient` has everything up to `seq`. The operators' mailbox is shared and not emptied by one console."""
        if recipient != OPERATORS:
            self._up_to[recipient] = max(seq, self._up_to.get(recipient, 0))
            self._wake.set()

    def forget(self) -> None:
        """What waits names numbers that may be given to other messages now."""
        self._up_to.clear()
        self._forgotten += 1

    async def run(self) -> None:
        """Write down what has come, until cancelled."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(_GATHER_S)
            try:
                await self.flush()
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("acknowledgements not written down yet")
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
                self._wake.set()

    async def flush(self) -> None:
        """Write down everything that waits."""
        self._wake.clear()
        up_to, self._up_to = self._up_to, {}
        forgotten = self._forgotten
        if not up_to:
            return
        try:
            if self._engine.recording.is_away and await self._engine.others.acknowledged_elsewhere(up_to):
                return
            async with self._engine.database.statement() as connection:
                received = await mailboxes.acknowledge(connection, up_to)
        except BaseException:
            # Another server may have taken over while this one was asked.
            for recipient, seq in up_to.items() if forgotten == self._forgotten else ():
                self._up_to[recipient] = max(seq, self._up_to.get(recipient, 0))
            raise
        by_incident: defaultdict[IncidentId, list[AlertId]] = defaultdict(list)
        for each in received:
            if each.incident_id is not None:
                by_incident[IncidentId(each.incident_id)].append(AlertId(each.alert_id))
        await self._confirm(by_incident)
        # What was only tried keeps nobody waiting who has to run.
        for each in received:
            if each.incident_id is None:
                await self.on_test(each.recipient.removeprefix("responder:"), each.alert_id)

    async def _confirm(self, by_incident: Mapping[IncidentId, list[AlertId]]) -> None:
        for incident_id, alert_ids in by_incident.items():
            try:
                await self._engine.command(incident_id, ConfirmReceipt(tuple(alert_ids)), by="system")
            except Exception as error:
                # The others' devices have their alerts too.
                if not self._engine.recording.note_failure(error):
                    log.exception("receipt not noted", incident_id=incident_id)
