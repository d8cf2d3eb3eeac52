"""A service whose centres' systems listen on this machine."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dispatch.centres.following import Followed
from tests.conftest import empty_tables
from tests.people import WULIN, Message, MovableClock, ServiceInProcess, run_in_process, settings_for_tests, until
from tests.push.receiving import Listener, listening


@pytest.fixture
async def service(postgis_url: str, clock: MovableClock, tmp_path: Path) -> AsyncIterator[ServiceInProcess]:
    """The whole service, which may post to this machine."""
    empty_tables(postgis_url)
    settings = settings_for_tests(tmp_path, push_allow_private=True)
    async with run_in_process(settings, postgis_url, clock) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Listener]:
    """A centre's own system: a real HTTP server."""
    with listening() as listener:
        listener.default.status = 204
        yield listener


def a_case(number: str = "2026-000123", **more: Any) -> Message:
    """What a centre tells of a case."""
    location = {"latitude": WULIN.latitude, "longitude": WULIN.longitude}
    return {"request_id": str(uuid4()), "case_number": number, "location": location, **more}


async def open_case(
    service: ServiceInProcess, number: str = "2026-000123", *, centre: str = "hz120", **more: Any
) -> Message:
    """A centre's system opens a case."""
    opened: Message = await service.call(
        "POST", "/v1/incidents", role="centre", subject=centre, json=a_case(number, **more)
    )
    return opened


async def webhook(service: ServiceInProcess, receiver: Listener, path: str = "/hook", **more: Any) -> Message:
    """An administrator has a centre's system told."""
    body = {"url": f"{receiver.origin}{path}", "drills": "with", **more}
    made: Message = await service.call("POST", "/v1/centres/webhooks", role="admin", json=body)
    return made


async def standing(service: ServiceInProcess, made: Message) -> Message:
    """How a webhook stands."""
    stands: Message = await service.call("GET", f"/v1/centres/webhooks/{made['id']}", role="admin")
    return stands


async def feed(service: ServiceInProcess, *, role: str = "operator", subject: str = "ann", **asked: Any) -> Message:
    """What the feed holds once all that has happened is in it."""
    await all_fed(service)
    told: Message = await service.call("GET", "/v1/centres/events", role=role, subject=subject, params=asked)
    return told


async def all_fed(service: ServiceInProcess) -> None:
    """All that is committed is in the feed."""

    async def is_fed() -> bool:
        return await service.service.centres.follower.follow() is Followed.ALL

    await until(is_fed)


async def heard(receiver: Listener, count: int) -> list[Message]:
    """What the receiver has heard, once that is so much; no more may have come."""

    async def has_heard() -> bool:
        return len(receiver.heard) >= count

    await until(has_heard)
    assert len(receiver.heard) == count
    return [json.loads(each.body) for each in receiver.heard]


async def has_all(service: ServiceInProcess, made: Message) -> Message:
    """How a webhook stands once it has everything."""
    await all_fed(service)

    async def is_there() -> bool:
        return bool((await standing(service, made))["behind"] == 0)

    await until(is_there)
    return await standing(service, made)


async def in_thread(receiver: Listener) -> Any:
    """The next request to the receiver."""
    return await asyncio.to_thread(receiver.next)
