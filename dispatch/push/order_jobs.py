"""Jobs that tell custodians and owners of work orders: few in the queue at a time, so that no alert stands behind them.

Alerts and work orders go through the same push services and the same hook. What waits to be told waits elsewhere until
there is room here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.push.vocabulary import HOOK_SERVICE, Channel, Kind
from dispatch.storage.tables import push_jobs, push_subscriptions

# Of one service: an eighth of what may be under way to it at once.
MOST_QUEUED_EACH = 8


@dataclass(frozen=True, slots=True)
class Device:
    """A device that somebody is woken by."""

    recipient: str
    subscription_id: Any
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMessage:
    """What one recipient is told: `payload` is a `work_order` message; `phone` where the hook is to be told too."""

    recipient: str
    payload: dict[str, Any]
    language: str
    devices: Sequence[Device]
    phone: str | None
    useful_until: datetime


async def room(connection: AsyncConnection) -> "Room":
    """How much more each service may be given."""
    question = (
        select(push_jobs.c.service, func.count().label("waiting"))
        .where(push_jobs.c.state == "queued", push_jobs.c.kind == Kind.WORK_ORDER)
        .group_by(push_jobs.c.service)
    )
    return Room({row.service: row.waiting for row in await connection.execute(question)})


class Room:
    """Counts what is queued for each service."""

    def __init__(self, waiting: dict[str, int]) -> None:
        self._waiting = waiting

    def take(self, service: str) -> bool:
        """Take one place, if there is one."""
        waiting = self._waiting.get(service, 0)
        if waiting >= MOST_QUEUED_EACH:
            return False
        self._waiting[service] = waiting + 1
        return True


async def devices_of(connection: AsyncConnection, recipients: Collection[str]) -> dict[str, list[Device]]:
    """The devices of these recipients."""
    question = select(push_subscriptions.c.responder_id, push_subscriptions.c.id, push_subscriptions.c.service).where(
        push_subscriptions.c.responder_id.in_(list(recipients))
    )
    found: dict[str, list[Device]] = {}
    for row in await connection.execute(question):
        found.setdefault(row.responder_id, []).append(Device(row.responder_id, row.id, row.service))
    return found


async def add(connection: AsyncConnection, messages: Sequence[OrderMessage], now: datetime) -> None:
    """Queue messages; a way for each device, and one for the telephone."""
    rows = [row for message in messages for row in _rows_of(message, now)]
    if rows:
        await connection.execute(insert(push_jobs), rows)


async def forget_late(connection: AsyncConnection, before: datetime) -> int:
    """Forget those that were of use until then: nobody has to see to a dead letter of them."""
    forgotten = 0
    # One state after the other: each has an index of its own, both together would be looked for everywhere.
    for state in ("queued", "dead"):
        late = delete(push_jobs).where(
            push_jobs.c.state == state,
            push_jobs.c.kind == Kind.WORK_ORDER,
            push_jobs.c.taken_by.is_(None),
            push_jobs.c.expires_at <= before,
        )
        forgotten += int((await connection.execute(late)).rowcount)
    return forgotten


def _rows_of(message: OrderMessage, now: datetime) -> list[dict[str, Any]]:
    common = {
        "responder_id": message.recipient,
        "kind": Kind.WORK_ORDER,
        # Taken out again by whoever takes the job.
        "payload": message.payload | {"language": message.language, "phone": message.phone},
        "created_at": now,
        "due_at": now,
        "expires_at": message.useful_until,
        "next_attempt_at": now,
    }
    rows: list[dict[str, Any]] = [
        {"channel": Channel.WEB_PUSH, "service": device.service, "subscription_id": device.subscription_id}
        for device in message.devices
    ]
    if message.phone is not None:
        rows.append({"channel": Channel.WEBHOOK, "service": HOOK_SERVICE, "subscription_id": None})
    return [common | row | {"id": uuid4()} for row in rows]
