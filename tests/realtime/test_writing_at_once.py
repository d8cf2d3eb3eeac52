"""Messages go to the socket at once while it takes them, through the queue while it does not, and never out of turn."""

import asyncio
import json
from pathlib import Path

import websockets

from dispatch.realtime.hub import Hub
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.storage.database import Database
from tests.people import MovableClock, ServiceInProcess, run_in_process, settings_for_tests

# More than the kernel's buffers and the transport's take for somebody who reads nothing.
_MANY = 2_000
_PADDING = "x" * 8_000


async def _console(service: ServiceInProcess) -> websockets.ClientConnection:
    client = await websockets.connect(service.url.replace("http", "ws", 1) + "/v1/stream", max_size=None)
    await client.send(json.dumps({"type": "hello", "token": service.token("operator", "ann")}))
    for kind in ("welcome", "picture"):
        assert json.loads(await client.recv())["type"] == kind
    return client


async def _more_than_it_takes(client: websockets.ClientConnection, hub: Hub) -> None:
    """Tell a client that reads nothing so much that most of it has to wait."""
    client.transport.pause_reading()
    for number in range(_MANY):
        hub.tell(OPERATORS, {"type": "numbered", "number": number, "padding": _PADDING})
        if number % 50 == 0:
            await asyncio.sleep(0)


async def test_a_socket_that_is_full_for_a_while_gets_everything_in_order(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path, session_queue=2 * _MANY), postgis_url, clock) as service:
        client = await _console(service)
        hub = service.service.hub
        await _more_than_it_takes(client, hub)
        client.transport.resume_reading()
        got: list[int] = []
        while len(got) < _MANY:
            message = json.loads(await client.recv())
            if message["type"] == "numbered":
                got.append(message["number"])
            if len(got) == _MANY // 2 and message["type"] == "numbered":
                # Said in the middle of it: it comes after what waits.
                hub.tell(OPERATORS, {"type": "numbered", "number": _MANY, "padding": ""})
        assert got == list(range(_MANY))
        assert json.loads(await client.recv())["number"] == _MANY
        await client.close()


async def test_a_message_is_on_its_way_when_tell_returns(service: ServiceInProcess) -> None:
    client = await _console(service)
    (session,) = service.service.hub.operators()
    service.service.hub.tell(OPERATORS, {"type": "numbered", "number": 1})
    assert not session.is_backed_up
    assert json.loads(await client.recv())["number"] == 1
    await client.close()


async def test_who_is_sent_away_in_the_middle_misses_nothing_in_between(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path, session_queue=2 * _MANY), postgis_url, clock) as service:
        client = await _console(service)
        hub = service.service.hub
        await _more_than_it_takes(client, hub)
        hub.close_all()
        await asyncio.sleep(0.05)
        client.transport.resume_reading()
        got: list[int] = []
        try:
            while True:
                message = json.loads(await client.recv())
                if message["type"] == "numbered":
                    got.append(message["number"])
        except websockets.ConnectionClosed:
            pass
        # What it has is a beginning without gaps: the rest it is sent when it comes back.
        assert got == list(range(len(got)))
        assert len(got) < _MANY
