"""The two servers of the bench behind one face: one round is an SOS, its alerts, and quiet again."""

import asyncio
import gc
import json
import uuid
from collections.abc import Sequence
from functools import partial
from random import Random
from time import perf_counter_ns
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from loadtests.crowd import CENTRE, CrowdMember, around
from loadtests.wire import AlertSocket, HttpLine, Message, StopWatch, request_bytes

_ROUND_WITHIN_S: Final = 10.0
# Callers in one place would be shown as duplicates of each other; a street apart they are not.
_CALLER_WITHIN_M: Final = 250.0


class BenchError(RuntimeError):
    """A server did not do what the bench measures; the message says what was missing."""


class Side(Protocol):
    """One server under measurement."""

    async def measure(self, alerts: int) -> float:
        """Send one SOS and answer the milliseconds until the last of `alerts` alerts arrived."""


class _Crowd:
    """The sockets of one server and the messages they got."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self.watch = StopWatch()
        self.sockets: dict[str, AlertSocket] = {}
        self.inbox: list[tuple[str, str, Message]] = []
        self._names: dict[AlertSocket, str] = {}
        self._news = asyncio.Event()
        self.http = HttpLine()

    async def connect(self, path: str, hellos: Sequence[tuple[str, Message]]) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self.http, self._host, self._port)
        for name, hello in hellos:
            socket = AlertSocket(f"ws://{self._host}:{self._port}{path}", self.watch, self._take)
            self._names[socket] = name
            self.sockets[name] = socket
            await loop.create_connection(partial(_same, socket), self._host, self._port)
            await asyncio.wait_for(socket.open, _ROUND_WITHIN_S)
            socket.send(hello)
        await self.until("welcome", len(hellos))

    async def call(self, method: str, path: str, body: object, *, token: str | None = None) -> Any:
        status, content = await asyncio.wait_for(
            self.http.send(request_bytes(method, path, body, token=token)), _ROUND_WITHIN_S
        )
        if status not in (200, 201):
            raise BenchError(f"{method} {path} answered {status}: {content[:500]!r}")
        return json.loads(content)

    async def time_alerts(self, request: bytes, alerts: int) -> tuple[float, Any]:
        """Send `request`; answer the milliseconds until the last alert and the body of the answer."""
        self.inbox.clear()
        all_here = self.watch.start(alerts)
        gc.disable()
        try:
            sent_ns = perf_counter_ns()
            answer = self.http.send(request)
            await asyncio.wait({all_here}, timeout=_ROUND_WITHIN_S)
            last_ns = self.watch.last_ns
            status, content = await asyncio.wait_for(answer, _ROUND_WITHIN_S)
        finally:
            gc.enable()
            self.watch.stop()
            for socket in self.sockets.values():
                socket.catch_up()
        if status not in (200, 201):
            raise BenchError(f"the SOS was answered with {status}: {content[:500]!r}")
        arrived = len(self.got("alert"))
        if arrived != alerts or not all_here.done():
            raise BenchError(
                f"{arrived} alerts arrived within {_ROUND_WITHIN_S:.0f} s, not {alerts}: {content[:300]!r}"
            )
        return (last_ns - sent_ns) / 1e6, json.loads(content)

    def got(self, kind: str) -> list[tuple[str, str, Message]]:
        return [each for each in self.inbox if each[2].get("type") == kind]

    async def until(self, kind: str, count: int) -> None:
        """Wait until `count` messages of that type are here."""
        try:
            async with asyncio.timeout(_ROUND_WITHIN_S):
                while len(self.got(kind)) < count:
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError as error:
            raise BenchError(f"{len(self.got(kind))} messages {kind} arrived, not {count}") from error

    def close(self) -> None:
        for socket in self.sockets.values():
            socket.close()
        self.http.close()

    def _take(self, socket: AlertSocket, text: str) -> None:
        self.inbox.append((self._names[socket], text, json.loads(text)))
        self._news.set()


def _same(socket: AlertSocket) -> AlertSocket:
    return socket


def _sos(rng: Random) -> dict[str, Any]:
    place = around(CENTRE, _CALLER_WITHIN_M, rng)
    return {
        "request_id": str(uuid.uuid4()),
        "location": {"latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 12.0},
        "kind": "cardiac_arrest",
        "drill": True,
    }


class ServiceSide:
    """`dispatch serve`: each round is cancelled by the operator, so that everybody is free for the next."""

    def __init__(self, url: str, operator_token: str) -> None:
        self._crowd = _Crowd(url)
        self._operator_token = operator_token
        self._rng = Random("callers")
        self._members: dict[str, CrowdMember] = {}
        self.alert_texts: list[tuple[str, str]] = []

    async def connect(self, members: Sequence[CrowdMember]) -> Self:
        """Connect everybody, on duty and in place."""
        self._members = {member.id: member for member in members}
        hellos: list[tuple[str, Message]] = [
            (member.id, {"type": "hello", "token": member.token}) for member in members
        ]
        await self._crowd.connect("/v1/stream", hellos)
        for member in members:
            self._crowd.sockets[member.id].send({"type": "duty", "on_duty": True})
        await self._crowd.until("duty", len(members))
        self.keep_alive()
        # Positions are not acknowledged, but one socket's messages are handled in order: wait for the pongs.
        await self._crowd.until("pong", len(members))
        return self

    def keep_alive(self) -> None:
        """Let everybody say where they are, and ping."""
        for member_id, socket in self._crowd.sockets.items():
            place = self._members[member_id].place
            socket.send({"type": "position", "latitude": place.latitude, "longitude": place.longitude})
            socket.send({"type": "ping"})

    async def measure(self, alerts: int) -> float:
        """Send one SOS and answer the milliseconds until the last of `alerts` alerts arrived.

        Phones acknowledge after the clock has stopped: over a real network their answers come tens of
        milliseconds later, when all alerts are long out; on loopback they would compete with the sending.
        """
        body = _sos(self._rng)
        took_ms, taken = await self._crowd.time_alerts(request_bytes("POST", "/v1/sos", body), alerts)
        self.alert_texts = [(name, text) for name, text, _ in self._crowd.got("alert")]
        self._acknowledge()
        path = f"/v1/incidents/{taken['incident_id']}/cancel"
        await self._crowd.call("POST", path, {"reason": "operator"}, token=self._operator_token)
        await self._crowd.until("stand_down", alerts)
        self._acknowledge()
        return took_ms

    def close(self) -> None:
        """Drop all connections."""
        self._crowd.close()

    def _acknowledge(self) -> None:
        newest: dict[str, int] = {}
        for name, _, message in self._crowd.inbox:
            if "seq" in message:
                newest[name] = max(newest.get(name, 0), message["seq"])
        for name, seq in newest.items():
            self._crowd.sockets[name].send({"type": "ack", "seq": seq})


class BareSide:
    """The yardstick: the same sockets, the same texts, nothing else."""

    def __init__(self, url: str) -> None:
        self._crowd = _Crowd(url)
        self._rng = Random("callers")

    async def connect(self, members: Sequence[CrowdMember], texts: Sequence[tuple[str, str]]) -> Self:
        """Connect everybody and leave the texts that every SOS sends."""
        hellos: list[tuple[str, Message]] = [(member.id, {"type": "hello", "subject": member.id}) for member in members]
        await self._crowd.connect("/stream", hellos)
        await self._crowd.call("PUT", "/messages", list(texts))
        return self

    async def measure(self, alerts: int) -> float:
        """Send one SOS and answer the milliseconds until the last of `alerts` alerts arrived."""
        took_ms, _ = await self._crowd.time_alerts(request_bytes("POST", "/sos", _sos(self._rng)), alerts)
        return took_ms

    def close(self) -> None:
        """Drop all connections."""
        self._crowd.close()
