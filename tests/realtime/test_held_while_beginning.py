"""What a client said before it left is done; what was held while a session began is told."""

import asyncio
from typing import Any

import psycopg
import pytest

from dispatch.access.tokens import Identity, Role
from dispatch.realtime import mailboxes
from dispatch.realtime.mailboxes import Backlog
from dispatch.realtime.session import Session
from dispatch.responders import repository
from tests.people import WULIN, ServiceInProcess, beside, until

HERE = beside(WULIN, north_m=100)


async def test_a_yes_behind_another_word_is_heard_though_the_line_breaks_then(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = repository.change
    gate, entered = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> None:
        entered.set()
        await gate.wait()
        await change(*arguments)

    async with service.on_duty("r1", HERE) as phone:
        opened = await service.sos()
        alert = await phone.next("alert")
        await phone.settled()
        monkeypatch.setattr(repository, "change", slow)
        # In one breath: by bicycle, and yes. Then a tunnel.
        await phone.say(type="duty", on_duty=True, mode="bike")
        await phone.answer(alert, "accept")
        await entered.wait()

    gate.set()

    async def is_accepted() -> bool:
        return await service.alert_states(opened["incident_id"]) == {"r1": "accepted"}

    await until(is_accepted, within_s=3)


async def test_what_was_held_is_told_though_the_mailbox_cannot_be_read(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with service.on_duty("r1", HERE):
        pass
    gate = asyncio.Event()

    async def breaks(*_arguments: object, **_more: object) -> None:
        await gate.wait()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as outage:
        outage.setattr(mailboxes, "open_mailbox", breaks)
        phone = service.socket("responder", "r1")
        begun = asyncio.create_task(phone.__aenter__())

        async def is_there() -> bool:
            return service.service.hub.has_session("responder:r1")

        await until(is_there)
        opened = await service.sos()
        gate.set()
        await begun
        try:
            told = await phone.next("alert", within_s=3)
            assert told["incident_id"] == opened["incident_id"]
            assert "seq" not in told
        finally:
            await phone.__aexit__()


def test_a_gap_among_what_was_held_is_known() -> None:
    class Line:
        def __init__(self) -> None:
            self.sent: list[str] = []

        def send_now(self, text: str) -> bool:
            self.sent.append(text)
            return True

    line: Any = Line()
    session = Session(line, Identity(Role.RESPONDER, "r1"), "responder:r1", queue_size=10)
    # The mailbox was read at 5; 6 was never handed to this session, 7 was, while it began.
    session.deliver(7, "{}", '{"seq":7}')
    session.begin({"type": "welcome"}, Backlog("e", 5, 5, resumed=True, messages=()))
    assert session.in_order.has_gap
    assert session.gap_since_s is not None, "nobody will ever look for number 6"
