"""A message that is written down but never handed to this process's sockets is read again from the database."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.realtime import care, mailboxes
from dispatch.realtime.hub import Hub
from tests.people import WULIN, ServiceInProcess, SocketClient, beside


async def _lose_the_next_message(service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> str:
    """An SOS whose alert is committed and, by whatever accident, not delivered."""
    with monkeypatch.context() as accident:
        accident.setattr(Hub, "deliver", lambda *_arguments: None)
        return str((await service.sos())["incident_id"])


async def _moving(client: SocketClient) -> None:
    while True:
        await client.say(type="ping")
        await asyncio.sleep(0.02)


async def test_a_gap_is_closed_though_the_client_talks_all_the_time(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "GAP_PATIENCE_S", 0.0)
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        lost = await _lose_the_next_message(service, monkeypatch)
        talking = asyncio.create_task(_moving(r1))
        await service.call("POST", f"/v1/incidents/{lost}/cancel", role="operator")
        assert (await r1.next("alert"))["seq"] == 1
        assert (await r1.next("stand_down"))["seq"] == 2
        talking.cancel()


async def test_a_gap_that_another_device_has_acknowledged_does_not_hold_up_the_rest(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "GAP_PATIENCE_S", 0.0)
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        lost = await _lose_the_next_message(service, monkeypatch)
        service.service.acknowledgements.note("responder:r1", 1)
        await service.service.acknowledgements.flush()
        await service.call("POST", f"/v1/incidents/{lost}/cancel", role="operator")
        # Either it goes on without what is gone, or it is sent away to reload.
        try:
            assert (await r1.next("stand_down", within_s=4))["incident_id"] == lost
        except AssertionError:
            assert r1.close_code is not None
            assert r1.close_code < 3500


async def test_what_comes_while_a_gap_is_read_loses_nothing_that_goes_before_it(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "GAP_PATIENCE_S", 0.0)
    read = mailboxes.messages_after
    hub = service.service.hub
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        lost = await _lose_the_next_message(service, monkeypatch)

        async def meanwhile(connection: AsyncConnection, recipient: str, *of: int) -> tuple[tuple[int, str], ...]:
            """Another look fills this gap and the next one opens, before what was read is at hand."""
            missed = await read(connection, recipient, *of)
            monkeypatch.setattr(mailboxes, "messages_after", read)
            for session in hub.sessions_of(recipient):
                session.fill_gap(missed, up_to=2)
            with monkeypatch.context() as accident:
                accident.setattr(Hub, "deliver", lambda *_arguments: None)
                again = await service.sos()
            await service.call("POST", f"/v1/incidents/{again['incident_id']}/cancel", role="operator")
            return missed

        monkeypatch.setattr(mailboxes, "messages_after", meanwhile)
        await service.call("POST", f"/v1/incidents/{lost}/cancel", role="operator")
        told = [await r1.next(each) for each in ("alert", "stand_down", "alert", "stand_down")]
        assert [each["seq"] for each in told] == [1, 2, 3, 4]
