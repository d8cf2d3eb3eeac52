"""Whoever asked may go away in the middle: what was committed is told all the same."""

import asyncio

import pytest

from dispatch.engine import ledger
from dispatch.rescue.commands import Close, Decline
from dispatch.rescue.vocabulary import AlertId, IncidentId, ResponderId
from tests.people import WULIN, ServiceInProcess, beside


async def test_a_replacement_is_told_though_who_declined_has_gone(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed, go_on = asyncio.Event(), asyncio.Event()
    record = ledger.record_decisions

    async def slowly(*arguments, **named):  # type: ignore[no-untyped-def]
        sent = await record(*arguments, **named)
        committed.set()
        await go_on.wait()
        return sent

    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
            await service.service.acknowledgements.flush()
            monkeypatch.setattr(ledger, "record_decisions", slowly)
            decline = Decline(AlertId(alert["alert_id"]), ResponderId("r1"))
            engine = service.service.engine
            asking = asyncio.create_task(engine.command(IncidentId(opened["incident_id"]), decline, by="responder:r1"))
            await committed.wait()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            go_on.set()
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
            # And the incident in memory is the one in the database: the next command needs no second try.
            incident = await engine.command(IncidentId(opened["incident_id"]), Close(), by="operator:ann")
            assert incident.is_ended
            assert (await r2.next("stand_down"))["reason"] == "incident_closed"
            # Nor is anybody thought bound who is not.
            assert (await service.sos())["alerted"] == 2


async def test_an_sos_whose_caller_hangs_up_alerts_all_the_same(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        host, port = service.url.removeprefix("http://").split(":")
        body = (
            b'{"request_id": "2a2c9a4e-6a2b-4df5-9d0a-9d3a6f5b7c11",'
            b' "location": {"latitude": 30.2741, "longitude": 120.1551}}'
        )
        _, phone = await asyncio.open_connection(host, int(port))
        head = (
            f"POST /v1/sos HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        phone.write(head.encode() + body)
        await phone.drain()
        phone.close()
        await r1.next("alert")
