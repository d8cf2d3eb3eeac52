"""The socket half of the contract: one recipient's stream, through as many connections as it takes.

Says hello, keeps count of the numbered messages, acknowledges what was handled, resumes after a reconnect,
pings so that neither side is thought dead, and comes back or not as the close code says.
"""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

Message = dict[str, Any]

# 3500-3999: do not come back without a change of your own. Ours is a fresh token, so many times in a row.
_FINAL: Final = range(3500, 4000)
_FRESH_TOKENS: Final = 3

_LONGEST_PAUSE_S: Final = 5.0
_WELCOME_WITHIN_S: Final = 15.0
_MAX_FRAME_BYTES: Final = 16 * 1024 * 1024


class StreamRefusedError(Exception):
    """The service closed the stream for good; `code` is the close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the service closed the stream for good: {code} {reason}")
        self.code = code


class GapError(Exception):
    """A numbered message is missing; what follows cannot be trusted before a fresh start."""


class Stream:
    """One recipient's numbered messages, each handed over once.

    `fetch_token` is asked for a token at the start and whenever the service no longer takes the one in use;
    `on_message` gets every message but `welcome` and `pong`, in order; `on_welcome` runs after each hello,
    beside the messages: when it did not resume, the recipient must read its state afresh.
    `gate` bounds how many handshakes a crowd of streams makes at once.
    """

    def __init__(
        self,
        url: str,
        *,
        fetch_token: Callable[[], Awaitable[str]],
        on_message: Callable[[Message], None],
        on_welcome: Callable[[Message], Coroutine[Any, Any, None]],
        gate: asyncio.Semaphore | None = None,
    ) -> None:
        self._url = url
        self._fetch_token = fetch_token
        self._on_message = on_message
        self._on_welcome = on_welcome
        self._gate = gate or asyncio.Semaphore()
        self._token: str | None = None
        self._epoch: str | None = None
        self._seq = 0
        self._connection: ClientConnection | None = None
        self.welcomed = asyncio.Event()
        self.welcomes = 0

    async def run(self) -> None:
        """Keep the stream until cancelled; raises StreamRefusedError when the service wants no more of it."""
        pause_s = 0.2
        refusals = 0
        while True:
            welcomes = self.welcomes
            try:
                await self._session()
            except StreamRefusedError:
                refusals = refusals + 1 if self.welcomes == welcomes else 1
                if refusals > _FRESH_TOKENS:
                    raise
                self._token = None
            except GapError:
                self._epoch = None
            except (OSError, InvalidHandshake, ConnectionClosed, TimeoutError):
                # Gone, restarting, or not there yet: the only answer is to come back.
                pass
            if self.welcomes > welcomes:
                pause_s = 0.2
            # Spread the crowd's return, or a restarted service is greeted by everybody in the same instant.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def send(self, message: Message) -> None:
        """Send `message`, waiting for a connection if there is none."""
        while True:
            await self.welcomed.wait()
            if await self.try_send(message):
                return
            await asyncio.sleep(0.1)

    async def try_send(self, message: Message) -> bool:
        """Send `message` if there is a connection, and answer whether it went out."""
        if self._connection is None or not self.welcomed.is_set():
            return False
        try:
            await self._connection.send(json.dumps(message, separators=(",", ":"), ensure_ascii=False))
        except ConnectionClosed:
            return False
        return True

    async def _session(self) -> None:
        async with self._gate:
            connection, welcome = await self._greet()
        pinging = asyncio.create_task(self._keep_alive(float(welcome["heartbeat_s"])))
        welcoming = asyncio.create_task(self._on_welcome(welcome))
        try:
            self._connection = connection
            self.welcomed.set()
            self.welcomes += 1
            await self._listen(connection, float(welcome["heartbeat_s"]))
        except ConnectionClosed as closed:
            _raise_if_final(closed)
            raise
        finally:
            self.welcomed.clear()
            self._connection = None
            pinging.cancel()
            welcoming.cancel()
            await asyncio.gather(pinging, welcoming, return_exceptions=True)
            await connection.close()

    async def _greet(self) -> tuple[ClientConnection, Message]:
        if self._token is None:
            self._token = await self._fetch_token()
        # Many sockets in one process: compression would cost it more than it saves. A proxy would be wrong.
        connection = await connect(
            self._url,
            compression=None,
            ping_interval=None,
            proxy=None,
            max_size=_MAX_FRAME_BYTES,
            open_timeout=15,
        )
        try:
            hello: Message = {"type": "hello", "token": self._token}
            if self._epoch is not None:
                hello["resume"] = {"epoch": self._epoch, "seq": self._seq}
            await connection.send(json.dumps(hello))
            async with asyncio.timeout(_WELCOME_WITHIN_S):
                welcome = await _welcome(connection)
        except ConnectionClosed as closed:
            await connection.close()
            _raise_if_final(closed)
            raise
        except BaseException:
            await connection.close()
            raise
        if not welcome["resumed"]:
            self._seq = 0
        self._epoch = welcome["epoch"]
        return connection, welcome

    async def _listen(self, connection: ClientConnection, heartbeat_s: float) -> None:
        while True:
            # Our pings are answered, so silence of two heartbeats means that the line is dead.
            async with asyncio.timeout(2 * heartbeat_s):
                message: Message = json.loads(await connection.recv())
            seq = message.get("seq")
            if message["type"] == "pong":
                continue
            if seq is None:
                self._on_message(message)
                continue
            if self._seq and seq > self._seq + 1:
                raise GapError(f"message {seq} came after {self._seq}")
            if seq > self._seq:
                self._seq = seq
                self._on_message(message)
                await connection.send(f'{{"type":"ack","seq":{self._seq}}}')

    async def _keep_alive(self, heartbeat_s: float) -> None:
        while True:
            await asyncio.sleep(heartbeat_s * 0.8)
            await self.try_send({"type": "ping"})


async def _welcome(connection: ClientConnection) -> Message:
    """Read up to the welcome: a refusal says an error first, and then closes with the code that counts."""
    while True:
        message: Message = json.loads(await connection.recv())
        if message["type"] == "welcome":
            return message


def _raise_if_final(closed: ConnectionClosed) -> None:
    if closed.rcvd is not None and closed.rcvd.code in _FINAL:
        raise StreamRefusedError(closed.rcvd.code, closed.rcvd.reason) from closed
