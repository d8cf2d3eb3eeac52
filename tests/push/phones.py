"""First-aiders' phones that sleep, over the whole service: where they subscribe, what they are woken with."""

import asyncio
import json
from pathlib import Path
from uuid import uuid4

from sqlalchemy import text

from dispatch.settings import Settings
from tests.people import Message, ServiceInProcess, settings_for_tests
from tests.push.receiving import Device, Listener

HOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def settings_with_a_hook(folder: Path, gateway: Listener) -> Settings:
    """Settings of a service that calls `gateway`, and takes push services on loopback."""
    return settings_for_tests(folder, push_allow_private=True, webhook_url=gateway.origin, webhook_secret=HOOK_SECRET)


async def subscribed(service: ServiceInProcess, responder_id: str, push_service: Listener) -> Device:
    """A phone of theirs that can be woken from now on."""
    device = Device()
    subscription = {"endpoint": f"{push_service.origin}/push/{uuid4().hex}", "keys": device.keys}
    path = "/v1/responders/me/push-subscription"
    await service.call("PUT", path, role="responder", subject=responder_id, json=subscription)
    return device


async def pushed(device: Device, push_service: Listener) -> Message:
    """What the phone reads of the next message that its push service takes."""
    read: Message = json.loads(device.decrypt((await asyncio.to_thread(push_service.next, 10)).body))
    return read


async def hooked(gateway: Listener) -> Message:
    """The next thing that the gateway is told."""
    told: Message = json.loads((await asyncio.to_thread(gateway.next, 10)).body)
    return told


async def give_receipt(service: ServiceInProcess, receipt: str) -> None:
    """The phone, or whoever carried the message, says that it is there."""
    await service.call("POST", "/v1/push/receipts", json={"receipt": receipt})


async def gone(service: ServiceInProcess, responder_id: str) -> None:
    """Wait until the last of their sessions is known to have ended."""
    async with asyncio.timeout(10):
        while service.service.hub.has_session(f"responder:{responder_id}"):  # noqa: ASYNC110 - the hub sets no event
            await asyncio.sleep(0.01)


async def jobs(service: ServiceInProcess) -> list[tuple[str, str, str]]:
    """What is queued, sent or dead: kind, channel, state."""
    async with service.service.database.statement() as connection:
        rows = await connection.execute(text("select kind, channel, state from push_jobs order by created_at, channel"))
        return [(row.kind, row.channel, row.state) for row in rows]


async def have_been_tried(service: ServiceInProcess) -> bool:
    """Whether all that is queued has been tried, and waits for its next time."""
    async with service.service.database.statement() as connection:
        rows = list(await connection.execute(text("select attempts, taken_by from push_jobs")))
    return bool(rows) and all(row.attempts > 0 and row.taken_by is None for row in rows)
