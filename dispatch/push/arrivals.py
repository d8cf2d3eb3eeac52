"""What devices say has arrived: an alert's receipt is its acknowledgement, a test's receipt its measured delay.

That anything else has arrived proves the channel and is counted; the incident does not go by it.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row

from dispatch.clock import Clock
from dispatch.problems import InvalidField
from dispatch.push import repository
from dispatch.push.channels import Channels
from dispatch.push.metrics import PUSH_JOBS, PUSH_RECEIPT_SECONDS
from dispatch.push.receipts import BadReceipt, ReceiptIssuer
from dispatch.push.vocabulary import Channel, Kind, Measured, Received
from dispatch.storage.database import Database

log = structlog.get_logger()

OnReceived = Callable[[Received], Awaitable[None]]
OnMeasured = Callable[[Measured], None]


class Arrivals:
    """Takes receipts, from devices and from whoever carries the hook's messages. Repeating one changes nothing.

    `on_received` is told of each alert that has arrived, and must bear being told twice; `on_tested` of each delay.
    """

    def __init__(self, database: Database, receipts: ReceiptIssuer, channels: Channels, clock: Clock) -> None:
        self._database = database
        self._receipts = receipts
        self._channels = channels
        self._clock = clock
        self.on_received: OnReceived | None = None
        self.on_tested: OnMeasured | None = None

    async def receipt(self, text: str) -> None:
        """A receipt has come back. Raises `InvalidField` for one that is not ours, or too old."""
        try:
            receipt = self._receipts.read(text, self._clock.now())
        except BadReceipt as error:
            raise InvalidField("receipt", str(error)) from error
        async with self._database.statement() as connection:
            row = await repository.job(connection, receipt.job_id)
        if row is not None and row.responder_id == receipt.responder_id:
            await self._arrived(row)

    async def over_socket(self, responder_id: str, test_id: str) -> None:
        """A session has acknowledged a test alert; nothing happens for one that is unknown."""
        try:
            wanted = UUID(test_id)
        except ValueError:
            return
        async with self._database.statement() as connection:
            row = await repository.socket_test(connection, responder_id, wanted)
        if row is not None:
            await self._arrived(row)

    async def _arrived(self, row: Row[Any]) -> None:
        if row.received_at is not None:
            return
        now, channel = self._clock.now(), Channel(row.channel)
        if row.kind == Kind.ALERT and self.on_received is not None:
            # First: when this fails, the device says it again, and is listened to again.
            incident_id = str(row.payload.get("incident_id", ""))
            await self.on_received(
                Received(
                    responder_id=row.responder_id,
                    alert_id=str(row.alert_id),
                    incident_id=incident_id,
                    channel=channel,
                    at=now,
                )
            )
        async with self._database.transaction() as connection:
            if not await repository.mark_received(connection, row.id, now):
                return
            await repository.prove(connection, row, now)
        await self._channels.refresh(row.responder_id)
        delay_s = max(0.0, (now - row.due_at).total_seconds())
        PUSH_JOBS.labels(channel, "received").inc()
        PUSH_RECEIPT_SECONDS.labels(channel, row.kind).observe(delay_s)
        if row.test_id is not None and self.on_tested is not None:
            self.on_tested(
                Measured(responder_id=row.responder_id, test_id=str(row.test_id), channel=channel, delay_s=delay_s)
            )
