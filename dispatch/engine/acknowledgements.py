"""Acknowledgements from devices, written down together: one statement for many sockets."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from dispatch.engine.engine import Engine
from dispatch.realtime import mailboxes
from dispatch.realtime.mailboxes import OPERATORS, ReceivedAlert
from dispatch.rescue.commands import ConfirmReceipt
from dispatch.rescue.vocabulary import AlertId, IncidentId

log = structlog.get_logger()

# Twenty devices acknowledge one wave within some milliseconds: waiting this long makes one transaction of it.
_GATHER_S = 0.02
# Those that are connected to other workers, whose receipts are noted here, are heard of so much later.
_OTHERS_GATHER_S = 0.05
_PAUSE_AFTER_FAILURE_S = 0.5


async def _untold(_responder_id: str, _test_id: str) -> None:
    """Nobody asked."""


class Acknowledgements:
    """Gathers acknowledgements, forgets the messages, and tells the incidents that their alerts have arrived."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._up_to: dict[str, int] = {}
        # Devices have these, which is to be noted in their incidents.
        self._received: dict[IncidentId, dict[AlertId, None]] = {}
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

    def receive(self, incident_id: IncidentId, alert_ids: Iterable[AlertId]) -> None:
        """Devices have these alerts and their messages are forgotten; it is to be noted by this worker."""
        if unnoted := self._unnoted(incident_id, alert_ids):
            self._gather(incident_id, unnoted)
            self._wake.set()

    def _gather(self, incident_id: IncidentId, alert_ids: Iterable[AlertId]) -> None:
        self._received.setdefault(incident_id, {}).update(dict.fromkeys(alert_ids))

    def _unnoted(self, incident_id: IncidentId, alert_ids: Iterable[AlertId]) -> list[AlertId]:
        """Those that are not known to have arrived, unless it matters no more."""
        live = self._engine.live.get(incident_id)
        if live is None or live.incident is None or not live.is_settled:
            return list(alert_ids)
        if live.incident.is_ended:
            return []
        alerts = live.incident.alerts
        return [each for each in alert_ids if each not in alerts or not alerts[each].has_arrived]

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
                await self._note_all(gather_s=_OTHERS_GATHER_S if self._engine.others.may_hand_over() else 0.0)
            except Exception as error:
                if not self._engine.recording.note_failure(error):
                    log.exception("acknowledgements not written down yet")
                await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
                self._wake.set()

    async def flush(self) -> None:
        """Write down everything that waits, but for what another worker has been told to note."""
        await self._note_all(gather_s=0.0)

    async def _note_all(self, *, gather_s: float) -> None:
        """Write down what there is, and what others tell within so long. What cannot be read keeps nothing waiting."""
        tests: Sequence[ReceivedAlert] = ()
        failed: Exception | None = None
        try:
            tests = await self._take_in()
        except Exception as error:  # noqa: BLE001 - raised below
            failed = error
        if self._received and gather_s:
            await asyncio.sleep(gather_s)
        await self._confirm(tests)
        if failed is not None:
            raise failed

    async def _take_in(self) -> Sequence[ReceivedAlert]:
        """Forget the messages that have arrived, and gather which alerts those are; answers those that only test."""
        self._wake.clear()
        received = await self._acknowledged()
        by_incident: defaultdict[IncidentId, list[AlertId]] = defaultdict(list)
        for each in received:
            if each.incident_id is not None:
                by_incident[IncidentId(each.incident_id)].append(AlertId(each.alert_id))
        for incident_id, alert_ids in by_incident.items():
            if not self._engine.others.received_elsewhere(incident_id, alert_ids):
                self._gather(incident_id, alert_ids)
        return [each for each in received if each.incident_id is None]

    async def _acknowledged(self) -> Sequence[ReceivedAlert]:
        """The alerts among the messages that are forgotten now."""
        up_to, self._up_to = self._up_to, {}
        forgotten = self._forgotten
        if not up_to:
            return ()
        try:
            if self._engine.recording.is_away and await self._engine.others.acknowledged_elsewhere(up_to):
                return ()
            async with self._engine.database.statement() as connection:
                return await mailboxes.acknowledge(connection, up_to)
        except BaseException:
            # Another server may have taken over while this one was asked.
            for recipient, seq in up_to.items() if forgotten == self._forgotten else ():
                self._up_to[recipient] = max(seq, self._up_to.get(recipient, 0))
            raise

    async def _confirm(self, tests: Sequence[ReceivedAlert]) -> None:
        for incident_id in list(self._received):
            # One at a time: what is not begun yet stays for the last flush.
            unnoted = self._unnoted(incident_id, self._received.pop(incident_id))
            if not unnoted:
                continue
            try:
                await self._engine.command(incident_id, ConfirmReceipt(tuple(unnoted)), by="system")
            except Exception as error:
                # The others' devices have their alerts too.
                if not self._engine.recording.note_failure(error):
                    log.exception("receipt not noted", incident_id=incident_id)
        # What was only tried keeps nobody waiting who has to run.
        for each in tests:
            await self.on_test(each.recipient.removeprefix("responder:"), each.alert_id)
