"""A standby takes over that had not heard of the last messages: what is numbered anew reaches people all the same."""

import asyncio
import time
from pathlib import Path

import pytest

from dispatch.realtime.close_codes import CloseCode
from dispatch.storage import cluster
from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside
from tests.stoppable_database import StoppableDatabase, is_back, is_known_to_be_away, unnoticed

HERE = beside(WULIN, north_m=100)


def _is_promoted(stoppable: StoppableDatabase) -> None:
    """When it starts again it goes on with a timeline of its own, as a standby that takes over does."""
    folder = stoppable.folder / "postgres"
    (folder / "recovery.signal").touch()
    with (folder / "postgresql.auto.conf").open("a") as settings:
        settings.write("restore_command = '/bin/false'\n")


async def _comes_back(stoppable: StoppableDatabase) -> None:
    """Start the server, which takes a moment to be promoted."""
    prepare = cluster._prepare_database

    def once_promoted(socket_folder: Path) -> None:
        while True:
            with cluster._connect(socket_folder, "postgres") as connection:
                if connection.execute("select pg_is_in_recovery()").fetchone() == (False,):
                    break
            time.sleep(0.05)
        prepare(socket_folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "_prepare_database", once_promoted)
        await stoppable.comes_back()
    assert stoppable.sql("select left(pg_walfile_name(pg_current_wal_lsn()), 8)") != [("00000001",)]


async def _fails_over(stoppable: StoppableDatabase, service: ServiceInProcess) -> None:
    await stoppable.stops()
    await is_known_to_be_away(service)
    _is_promoted(stoppable)
    with unnoticed():
        await _comes_back(stoppable)
        # The messages to r1 of the last moment, which the standby had not heard of.
        stoppable.sql("update mailboxes set last_seq = 0 where recipient = 'responder:r1'")
        stoppable.sql("delete from messages where recipient = 'responder:r1'")
    await is_back(service)


async def _alerted_and_stood_down(service: ServiceInProcess, r1: SocketClient) -> Message:
    opened = await service.sos()
    await r1.next("alert")
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await r1.next("stand_down")
    await r1.settled()
    await service.service.acknowledgements.flush()
    return r1.resume_point


async def test_the_next_alert_reaches_a_session_that_stayed(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        resume = await _alerted_and_stood_down(service, r1)
        await _fails_over(stoppable, service)
        opened = await service.sos()
        assert opened["alerted"] == 1
        try:
            alert = await r1.next("alert", where=lambda m: m["incident_id"] == opened["incident_id"], within_s=5)
        except AssertionError:
            # Or it is sent away to begin again, and has it then.
            assert r1.close_code == CloseCode.BEGIN_AGAIN, "it is neither told nor called back"
            async with service.socket("responder", "r1", resume=resume) as again:
                alert = await again.next("alert")
        assert alert["incident_id"] == opened["incident_id"]


async def test_the_next_alert_reaches_a_phone_that_comes_back_later(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        resume = await _alerted_and_stood_down(service, r1)
    await _fails_over(stoppable, service)
    opened = await service.sos()
    assert opened["alerted"] == 1
    # A second message, so that the number that the phone has is reached again.
    async with service.socket("responder", "r1", acknowledges=False) as other_device:
        alert = await other_device.next("alert")
        await other_device.answer(alert, "accept")
        await other_device.next("assignment")
    assert stoppable.sql("select last_seq from mailboxes where recipient = 'responder:r1'") == [(resume["seq"],)]
    async with service.socket("responder", "r1", resume=resume, acknowledges=False) as again:
        assert again.welcome["resumed"] is False, "other messages have these numbers now"
        assert (await again.next("alert"))["incident_id"] == opened["incident_id"]
        await again.next("assignment")
    await asyncio.sleep(0.1)
    assert stoppable.sql("select count(*) from messages where recipient = 'responder:r1'") == [(2,)]
