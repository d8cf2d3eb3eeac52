"""The city's socket client against a real WebSocket server that plays the service's part, line by line."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from simulator.stream import Message, Stream, StreamRefusedError

Script = Callable[["Service", ServerConnection, Message], Awaitable[None]]


class Service:
    """Plays one script per connection and remembers what the client said."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self.hellos: list[Message] = []
        self.acks: list[int] = []
        self.over = asyncio.Event()

    async def handle(self, connection: ServerConnection) -> None:
        self.hellos.append(json.loads(await connection.recv()))
        script = self._scripts.pop(0)
        with suppress(ConnectionClosed):
            await script(self, connection, self.hellos[-1])

    async def welcome(self, connection: ServerConnection, *, seq: int, resumed: bool, epoch: str = "e1") -> None:
        await self.say(
            connection, {"type": "welcome", "epoch": epoch, "seq": seq, "resumed": resumed, "heartbeat_s": 25}
        )

    async def say(self, connection: ServerConnection, message: Message) -> None:
        await connection.send(json.dumps(message))

    async def hear_ack(self, connection: ServerConnection, seq: int) -> None:
        while True:
            heard = json.loads(await connection.recv())
            if heard["type"] == "ack":
                self.acks.append(heard["seq"])
                if heard["seq"] >= seq:
                    return

    async def stay(self, connection: ServerConnection) -> None:
        self.over.set()
        await connection.wait_closed()


class Client:
    """A stream and what it handed over."""

    def __init__(self, url: str) -> None:
        self.messages: list[Any] = []
        self.fresh = 0
        self.tokens = 0
        self.stream = Stream(
            url,
            fetch_token=self._token,
            on_message=lambda message: self.messages.append(message.get("seq")),
            on_welcome=self._on_welcome,
        )

    async def _token(self) -> str:
        self.tokens += 1
        return f"token {self.tokens}"

    async def _on_welcome(self, welcome: Message) -> None:
        self.fresh += not welcome["resumed"]


@asynccontextmanager
async def playing(service: Service) -> AsyncIterator[Client]:
    async with serve(service.handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Client(f"ws://127.0.0.1:{port}")


async def run_until_over(service: Service, client: Client) -> None:
    running = asyncio.create_task(client.stream.run())
    over = asyncio.create_task(service.over.wait())
    await asyncio.wait([running, over], return_when=asyncio.FIRST_COMPLETED, timeout=20)
    assert service.over.is_set()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_every_numbered_message_is_handed_over_in_order_and_acknowledged() -> None:
    async def script(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=0, resumed=False)
        for seq in (1, 2, 3):
            await service.say(connection, {"type": "alert", "seq": seq})
        await service.hear_ack(connection, 3)
        await service.stay(connection)

    service = Service(script)
    async with playing(service) as client:
        await run_until_over(service, client)
        assert client.messages == [1, 2, 3]
        assert service.acks[-1] == 3
        assert client.fresh == 1
        assert "resume" not in service.hellos[0]


async def test_a_dropped_connection_is_resumed_after_the_last_message_and_nothing_comes_twice() -> None:
    async def dropped(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=2, resumed=False)
        await service.say(connection, {"type": "alert", "seq": 1})
        await service.say(connection, {"type": "alert", "seq": 2})
        await service.hear_ack(connection, 2)
        await connection.close(3000, "going_away")

    async def resumed(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=4, resumed=True)
        # A service may repeat what it has no acknowledgement for.
        for seq in (2, 3, 4):
            await service.say(connection, {"type": "stand_down", "seq": seq})
        await service.hear_ack(connection, 4)
        await service.stay(connection)

    service = Service(dropped, resumed)
    async with playing(service) as client:
        await run_until_over(service, client)
        assert service.hellos[1]["resume"] == {"epoch": "e1", "seq": 2}
        assert client.messages == [1, 2, 3, 4]
        assert client.fresh == 1
        assert client.tokens == 1


async def test_a_service_that_cannot_resume_makes_the_client_read_afresh() -> None:
    async def before(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=9, resumed=False)
        await service.say(connection, {"type": "alert", "seq": 9})
        await service.hear_ack(connection, 9)

    async def rebuilt(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=1, resumed=False, epoch="e2")
        await service.say(connection, {"type": "alert", "seq": 1})
        await service.hear_ack(connection, 1)
        await service.stay(connection)

    service = Service(before, rebuilt)
    async with playing(service) as client:
        await run_until_over(service, client)
        assert client.messages == [9, 1]
        assert client.fresh == 2


async def test_a_gap_is_not_trusted() -> None:
    async def gap(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=3, resumed=False)
        await service.say(connection, {"type": "alert", "seq": 1})
        await service.say(connection, {"type": "alert", "seq": 3})
        await connection.wait_closed()

    async def afresh(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=3, resumed=False)
        await service.stay(connection)

    service = Service(gap, afresh)
    async with playing(service) as client:
        await run_until_over(service, client)
        assert client.messages == [1]
        assert "resume" not in service.hellos[1]


async def test_a_refusal_may_say_why_before_it_closes() -> None:
    async def refuse(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.say(connection, {"type": "error", "code": "bad_token", "detail": "expired", "of": "hello"})
        await connection.close(3500, "bad_token")

    async def take(service: Service, connection: ServerConnection, _hello: Message) -> None:
        await service.welcome(connection, seq=0, resumed=False)
        await service.stay(connection)

    service = Service(refuse, take)
    async with playing(service) as client:
        await run_until_over(service, client)
        assert client.tokens == 2
        assert client.messages == []


async def test_a_refused_token_is_fetched_anew_but_not_for_ever() -> None:
    async def refuse(_service: Service, connection: ServerConnection, _hello: Message) -> None:
        await connection.close(3500, "bad_token")

    service = Service(refuse, refuse, refuse, refuse, refuse)
    async with playing(service) as client:
        with pytest.raises(StreamRefusedError) as refused:
            await asyncio.wait_for(client.stream.run(), 20)
        assert refused.value.code == 3500
        assert [each["token"] for each in service.hellos] == ["token 1", "token 2", "token 3", "token 4"]
