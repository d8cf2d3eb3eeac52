"""The two servers of the bench behind one face: one round is an SOS, its alerts, and quiet again."""

import asyncio
import gc
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from random import Random
from time import perf_counter_ns
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

from geo.place import Place
from loadtests.crowd import CENTRE, CrowdMember, around
from loadtests.wire import AlertSocket, HttpLine, Message, StopWatch, request_bytes

_ROUND_WITHIN_S: Final = 10.0
_ANSWER_RESTS_S: Final = 0.005
# Callers in one place would be shown as duplicates of each other; a street apart they are not.
_CALLER_WITHIN_M: Final = 250.0


@dataclass(frozen=True, slots=True)
class Site:
    """A neighbourhood: who is on duty there; somebody in its middle calls."""

    centre: Place
    members: Sequence[CrowdMember]


class BenchError(RuntimeError):
    """A server did not do what the bench measures; the message says what was missing."""


class Side(Protocol):
    """One server under measurement."""

    async def measure(self) -> float:
        """Send one SOS and answer the milliseconds until the last of its alerts arrived."""


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

    async def time_alerts(self, request: bytes) -> tuple[float, Any]:
        """Send `request`; answer the milliseconds until the last alert and the body of the answer.

        How many alerts there are is in the answer, which either server gives when they are on the wire.
        """
        self.inbox.clear()
        self.watch.start()
        gc.disable()
        try:
            sent_ns = perf_counter_ns()
            status, content = await asyncio.wait_for(self.http.send(request), _ROUND_WITHIN_S)
            # The answer is not read before what came with it has been stamped.
            await asyncio.sleep(_ANSWER_RESTS_S)
            body = json.loads(content) if status in (200, 201) else {}
            alerts = int(body.get("alerted", 0))
            await asyncio.wait({self.watch.until(alerts)}, timeout=_ROUND_WITHIN_S)
            last_ns = self.watch.last_ns
        finally:
            gc.enable()
            self.watch.stop()
            for socket in self.sockets.values():
                socket.catch_up()
        if status not in (200, 201):
            raise BenchError(f"the SOS was answered with {status}: {content[:500]!r}")
        arrived = len(self.got("alert"))
        if not alerts or arrived != alerts:
            raise BenchError(
                f"{arrived} alerts arrived within {_ROUND_WITHIN_S:.0f} s, not {alerts}: {content[:300]!r}"
            )
        return (last_ns - sent_ns) / 1e6, body

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


def _sos(centre: Place, rng: Random) -> dict[str, Any]:
    place = around(centre, _CALLER_WITHIN_M, rng)
    return {
        "request_id": str(uuid.uuid4()),
        "location": {"latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 12.0},
        "kind": "cardiac_arrest",
        "drill": True,
    }


class ServiceSide:
    """`dispatch serve`: each round is cancelled by the operator, so that everybody is free for the next.

    Each round calls from the next site: whoever was alerted lately is spared by the plan, and a small crowd asked
    again and again would soon be asked no more.
    """

    def __init__(self, url: str, operator_token: str) -> None:
        self._crowd = _Crowd(url)
        self._operator_token = operator_token
        self._rng = Random("callers")
        self._members: dict[str, CrowdMember] = {}
        self._centres: Iterator[Place] = iter(())
        self.alert_texts: list[tuple[str, str]] = []
        self.alerts_sent = 0

    async def connect(self, sites: Sequence[Site]) -> Self:
        """Connect everybody, on duty and in place."""
        self._centres = cycle([site.centre for site in sites])
        members = [member for site in sites for member in site.members]
        self._members = {member.id: member for member in members}
        hellos: list[tuple[str, Message]] = [
            (member.id, {"type": "hello", "token": member.token}) for member in members
        ]
        await self._crowd.connect("/v1/stream", hellos)
        for member in members:
            self._crowd.sockets[member.id].send({"type": "duty", "on_duty": True})
        await self._crowd.until("duty", len(members))
        await self.keep_alive()
        return self

    async def keep_alive(self) -> None:
        """Let everybody say where they are, and wait until the service knows."""
        self._crowd.inbox.clear()
        for member_id, socket in self._crowd.sockets.items():
            place = self._members[member_id].place
            socket.send({"type": "position", "latitude": place.latitude, "longitude": place.longitude})
            socket.send({"type": "ping"})
        # Positions are not acknowledged, but one socket's messages are handled in order: wait for the pongs.
        await self._crowd.until("pong", len(self._members))

    async def measure(self) -> float:
        """Send one SOS and answer the milliseconds until the last of its alerts arrived.

        Phones acknowledge after the clock has stopped: over a real network their answers come tens of
        milliseconds later, when all alerts are long out; on loopback they would compete with the sending.
        """
        body = _sos(next(self._centres), self._rng)
        took_ms, taken = await self._crowd.time_alerts(request_bytes("POST", "/v1/sos", body))
        self.alert_texts = [(name, text) for name, text, _ in self._crowd.got("alert")]
        self.alerts_sent += len(self.alert_texts)
        self._acknowledge()
        path = f"/v1/incidents/{taken['incident_id']}/cancel"
        await self._crowd.call("POST", path, {"reason": "operator"}, token=self._operator_token)
        await self._crowd.until("stand_down", len(self.alert_texts))
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
        """Connect everybody and leave the texts that an SOS sends."""
        hellos: list[tuple[str, Message]] = [(member.id, {"type": "hello", "subject": member.id}) for member in members]
        await self._crowd.connect("/stream", hellos)
        await self.send_from_now_on(texts)
        return self

    async def send_from_now_on(self, texts: Sequence[tuple[str, str]]) -> None:
        """Leave other texts for the next SOS."""
        await self._crowd.call("PUT", "/messages", list(texts))

    async def measure(self) -> float:
        """Send one SOS and answer the milliseconds until the last of its alerts arrived."""
        took_ms, _ = await self._crowd.time_alerts(request_bytes("POST", "/sos", _sos(CENTRE, self._rng)))
        return took_ms

    def close(self) -> None:
        """Drop all connections."""
        self._crowd.close()
