"""Acknowledgements under way while another server takes over name numbers that may be given again."""

import asyncio

import psycopg
import pytest

from dispatch.realtime import mailboxes
from tests.people import ServiceInProcess


async def test_what_is_under_way_when_another_server_takes_over_is_forgotten(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledgements = service.service.acknowledgements
    begun, fails = asyncio.Event(), asyncio.Event()

    async def hangs(_connection: object, _up_to: object) -> list[object]:
        begun.set()
        await fails.wait()
        raise psycopg.OperationalError("the connection was lost")

    with monkeypatch.context() as patch:
        patch.setattr(mailboxes, "acknowledge", hangs)
        acknowledgements.note("responder:r1", 6)
        flushing = asyncio.create_task(acknowledgements.flush())
        await begun.wait()
        for told in service.service.taking_in.on_failover:
            told()
        fails.set()
        await asyncio.gather(flushing, return_exceptions=True)
    assert acknowledgements._up_to == {}
