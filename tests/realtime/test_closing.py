"""Why the service ends a session: slow, silent, or itself going away."""

import asyncio
import json
from pathlib import Path

import pytest
import websockets
from websockets.protocol import State

from dispatch.realtime import stream_protocol
from dispatch.realtime.close_codes import CloseCode
from dispatch.storage.database import Database
from tests.people import MovableClock, ServiceInProcess, run_in_process, settings_for_tests


async def test_a_client_that_says_nothing_for_three_heartbeats_is_closed(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with (
        run_in_process(settings_for_tests(tmp_path, heartbeat_s=0.1), postgis_url, clock) as service,
        service.socket("operator", "quiet") as quiet,
        service.socket("operator", "busy") as busy,
    ):
        assert busy.welcome["heartbeat_s"] == 0.1
        while quiet.close_code is None:
            await busy.settled()
        assert quiet.close_code == CloseCode.SILENT
        await busy.settled()


async def test_everybody_is_told_to_come_back_when_the_service_stops(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as service:
        await service.add_responder("r1")
        opened = await service.sos()
        clients = [
            service.socket("operator", "ann"),
            service.socket("responder", "r1"),
            service.socket("caller", opened["incident_id"]),
        ]
        for client in clients:
            await client.__aenter__()
    for client in clients:
        assert await client.closed() == CloseCode.GOING_AWAY
        await client.__aexit__()


async def test_one_that_leaves_with_much_still_to_be_read_does_not_keep_the_service_from_stopping(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path), postgis_url, clock) as service:
        leaving = await _reads_nothing(service, "ann")
        staying = service.socket("operator", "ben")
        await staying.__aenter__()
        session, *_ = service.service.hub._sessions["operators"]
        line = session._line
        assert isinstance(line, stream_protocol.StreamProtocol)
        # More than the network holds: so its socket is still there when it has said that it goes.
        line.send_now("x" * 30_000_000)
        closing = asyncio.create_task(leaving.close())
        while line.conn.state is State.OPEN:  # noqa: ASYNC110 - what a protocol has read sets no event
            await asyncio.sleep(0.02)
    assert await staying.closed() == CloseCode.GOING_AWAY
    await staying.__aexit__()
    leaving.transport.abort()
    await closing


async def _reads_nothing(service: ServiceInProcess, subject: str) -> websockets.ClientConnection:
    """A console that says hello and then reads nothing: what is sent to it piles up on the way."""
    url = service.url.replace("http", "ws", 1) + "/v1/stream"
    client = await websockets.connect(url, ping_interval=None, max_size=None)
    await client.send(json.dumps({"type": "hello", "token": service.token("operator", subject)}))
    assert json.loads(await client.recv())["type"] == "welcome"
    assert json.loads(await client.recv())["type"] == "picture"
    client.transport.pause_reading()
    return client


def _overwhelm(service: ServiceInProcess) -> None:
    """More than fits between here and there, and then more than may wait."""
    (console,) = service.service.hub.operators()
    console.say({"type": "aed", "padding": "x" * 20_000_000})


async def _tell_until_closing(service: ServiceInProcess) -> None:
    (console,) = service.service.hub.operators()
    async with asyncio.timeout(10):
        while not console.is_closing:
            service.service.hub.tell("operators", {"type": "aed"})
            await asyncio.sleep(0)


async def test_a_reader_that_is_too_slow_is_closed_and_may_come_back(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path, session_queue=8), postgis_url, clock) as service:
        slow = await _reads_nothing(service, "slow")
        _overwhelm(service)
        await _tell_until_closing(service)
        slow.transport.resume_reading()
        # Reading again, it finds what was already under way, and then why it was closed.
        with pytest.raises(websockets.ConnectionClosed):
            while True:
                await slow.recv()
        assert slow.close_code == CloseCode.SLOW_READER


async def test_a_reader_that_never_reads_again_is_let_go_all_the_same(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    monkeypatch.setattr(stream_protocol, "CLOSE_WITHIN_S", 0.05)
    async with run_in_process(settings_for_tests(tmp_path, session_queue=8), postgis_url, clock) as service:
        dead = await _reads_nothing(service, "dead")
        _overwhelm(service)
        await _tell_until_closing(service)
        async with service.socket("operator", "ann") as console, asyncio.timeout(5):
            while len(service.service.hub.operators()) > 1:
                await console.settled()
        dead.transport.abort()


def test_the_codes_say_whether_to_come_back() -> None:
    # As docs/contract.md promises: from 3500 on it makes no sense to come back.
    assert {code.name: code.value < 3500 for code in CloseCode} == {
        "GOING_AWAY": True,
        "SLOW_READER": True,
        "SILENT": True,
        "NO_HELLO": True,
        "BEGIN_AGAIN": True,
        "BAD_TOKEN": False,
        "BAD_HELLO": False,
        "TOO_MANY_ERRORS": False,
    }
