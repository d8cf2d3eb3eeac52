"""A console that reads slowly is shown now, not everything since; what it must not miss it gets in order."""

import asyncio
import json
from pathlib import Path

import pytest
import websockets
from websockets.frames import Frame, Opcode

from dispatch.realtime.conversation import Conversation
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.storage.database import Database
from tests.people import WULIN, Message, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests


async def _console(service: ServiceInProcess) -> websockets.ClientConnection:
    client = await websockets.connect(service.url.replace("http", "ws", 1) + "/v1/stream", max_size=None)
    await client.send(json.dumps({"type": "hello", "token": service.token("operator", "ann")}))
    for kind in ("welcome", "picture"):
        assert json.loads(await client.recv())["type"] == kind
    return client


async def test_pictures_and_aeds_do_not_fill_the_queue_of_a_slow_console(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with (
        run_in_process(settings_for_tests(tmp_path, session_queue=8), postgis_url, clock) as service,
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
    ):
        console = await _console(service)
        console.transport.pause_reading()
        (session,) = service.service.hub.operators()
        session.say({"type": "padding", "padding": "x" * 20_000_000})
        place = WULIN
        for number in range(200):
            place = beside(WULIN, north_m=100 + number)
            await r1.say(type="position", latitude=place.latitude, longitude=place.longitude)
            await r1.settled()
            await service.service.pictures.tick()
            service.service.hub.tell(
                OPERATORS, {"type": "aed", "id": "a1", "name": "x", "usable_now": bool(number % 2)}
            )
        opened = await service.sos()
        await service.service.engine.feed.flush()
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        await service.service.engine.feed.flush()
        assert not session.is_closing
        console.transport.resume_reading()
        heard: list[Message] = []
        async with asyncio.timeout(20):
            while not heard or heard[-1].get("state") != "cancelled":
                heard.append(json.loads(await console.recv()))
        kinds = [message["type"] for message in heard]
        assert kinds.count("padding") == 1
        assert kinds.count("picture") == 1
        assert kinds.count("aed") == 1
        (picture,) = (message for message in heard if message["type"] == "picture")
        assert picture["responders"][0]["latitude"] == round(place.latitude, 6)
        incidents = [message for message in heard if message["type"] == "incident"]
        assert [message["seq"] for message in incidents] == list(range(1, len(incidents) + 1))
        assert next(line["kind"] for message in incidents for line in message["timeline"]) == "opened"
        await console.close()


async def test_who_floods_the_service_with_messages_does_not_starve_the_others(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    hear = Conversation.hear

    def noted(conversation: Conversation, frame: str | bytes) -> None:
        heard.append(conversation.session.identity.subject)
        hear(conversation, frame)

    monkeypatch.setattr(Conversation, "hear", noted)
    pings = 4_000
    # One connected before the flood and one after: whose socket is looked at first is not what this is about.
    async with service.socket("operator", "before") as before:
        flood = await _console(service)
        async with service.socket("operator", "after") as after:
            ping = Frame(Opcode.TEXT, b'{"type":"ping"}').serialize(mask=True)
            # All on their way before the service, in this same loop, gets to read any of it.
            flood.transport.write(bytes(ping) * pings)
            await before.say(type="ping")
            await after.say(type="ping")
            await before.next("pong")
            await after.next("pong")
            for name in ("before", "after"):
                assert heard.index(name) < pings / 2
            pongs = 0
            async with asyncio.timeout(20):
                while pongs < pings:
                    pongs += json.loads(await flood.recv())["type"] == "pong"
            await flood.close()
