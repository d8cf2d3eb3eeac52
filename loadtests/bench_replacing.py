"""From a no to the next alert, and from a killed worker to the next alert, each against SOS to the first alert."""

import asyncio
import json
import os
import signal
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

import uvloop

from loadtests.bench_sides import BenchError, Site
from loadtests.crowd import CrowdMember
from loadtests.processes import RunningService
from loadtests.wire import AlertSocket, HttpLine, Message, StopWatch, request_bytes, socket_for

_ALERTS_WITHIN_S: Final = 5.0
_REPLACED_WITHIN_S: Final = 2.0
_SETTLE_S: Final = 0.05
_RETRY_S: Final = 0.02
_BACK_WITHIN_S: Final = 60.0
_WRITTEN_WITHIN_S: Final = 6.0
_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Heard:
    """An alert, who got it, and when it arrived here."""

    name: str
    alert: Message
    at_s: float


class Phones:
    """The phones of one neighbourhood, whose alerts are noted as they arrive."""

    def __init__(self, url: str, members: Sequence[CrowdMember]) -> None:
        self._url = "ws" + url.removeprefix("http") + "/v1/stream"
        self._members = members
        self._sockets: dict[str, AlertSocket] = {}
        self._names: dict[AlertSocket, str] = {}
        self._duty_told: set[str] = set()
        self._news = asyncio.Event()
        self.heard: list[Heard] = []

    async def connect(self) -> None:
        """Connect everybody, on duty and in place."""
        for member in self._members:
            await self.connect_one(member)
        for member in self._members:
            place = member.place
            self._sockets[member.id].send({"type": "duty", "on_duty": True})
            self._sockets[member.id].send(
                {"type": "position", "latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 10}
            )
        async with asyncio.timeout(_ALERTS_WITHIN_S):
            while len(self._duty_told) < len(self._members):
                await self._next_news()
        await asyncio.sleep(_SETTLE_S)

    async def connect_one(self, member: CrowdMember) -> None:
        """Connect one phone. Raises OSError while nobody listens."""
        socket = await socket_for(self._url, StopWatch(), self._take)
        self._sockets[member.id], self._names[socket] = socket, member.id
        socket.send({"type": "hello", "token": member.token})

    def say(self, name: str, **message: Any) -> None:
        """One phone says this."""
        self._sockets[name].send(message)

    async def next_alert(self, incident_id: str, *, among: int, within_s: float) -> Heard:
        """The first alert of an incident that is not among the first `among`. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while True:
                found = [each for each in self.heard if each.alert["incident_id"] == incident_id]
                if len(found) > among:
                    return found[among]
                await self._next_news()

    def close(self) -> None:
        """Hang up."""
        for socket in self._sockets.values():
            socket.close()

    async def _next_news(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _take(self, socket: AlertSocket, text: str) -> None:
        at_s = perf_counter()
        message = json.loads(text)
        name = self._names.get(socket, "")
        if message["type"] == "alert":
            self.heard.append(Heard(name, message, at_s))
        elif message["type"] == "duty" and message["on_duty"]:
            self._duty_told.add(name)
        if "seq" in message and message["type"] != "welcome":
            with suppress(ConnectionError):
                socket.send({"type": "ack", "seq": message["seq"]})
        self._news.set()


@dataclass(frozen=True, slots=True)
class Replaced:
    """Milliseconds to the first alert of each SOS, and from a no to the alert of who replaces."""

    first_ms: Sequence[float]
    replaced_ms: Sequence[float]
    # Nobody else was worth asking: no fault, and no time.
    not_replaced: int

    @property
    def ratio(self) -> float:
        """From a no to the next alert, as a share of SOS to the first alert; medians."""
        if not self.replaced_ms:
            raise BenchError("not one who declined was replaced")
        return median(self.replaced_ms) / median(self.first_ms)


async def bench_declines(url: str, sites: Sequence[Site], operator_token: str, *, rounds: int) -> Replaced:
    """In each round: an SOS, a no from whoever would be there first, an end; at the next site each time."""
    line = await _line_to(url)
    phones = [Phones(url, site.members) for site in sites]
    first_ms: list[float] = []
    replaced_ms: list[float] = []
    try:
        for each in phones:
            await each.connect()
        for number in range(rounds):
            site, there = sites[number % len(sites)], phones[number % len(sites)]
            there.heard.clear()
            sent_s = perf_counter()
            status, opened = await _called(line, "POST", "/v1/sos", _sos(site))
            if status != 201:  # noqa: PLR2004 - created
                raise BenchError(f"the SOS was answered with {status}: {opened}")
            first = await there.next_alert(opened["incident_id"], among=0, within_s=_ALERTS_WITHIN_S)
            first_ms.append((first.at_s - sent_s) * _MS)
            await there.next_alert(opened["incident_id"], among=opened["alerted"] - 1, within_s=_ALERTS_WITHIN_S)
            await asyncio.sleep(_SETTLE_S)
            said = min(there.heard, key=lambda each: each.alert["eta_s"])
            said_s = perf_counter()
            there.say(said.name, type="answer", alert_id=said.alert["alert_id"], answer="decline")
            with suppress(TimeoutError):
                replacing = await there.next_alert(
                    opened["incident_id"], among=opened["alerted"], within_s=_REPLACED_WITHIN_S
                )
                replaced_ms.append((replacing.at_s - said_s) * _MS)
            path = f"/v1/incidents/{opened['incident_id']}/cancel"
            await _called(line, "POST", path, {"reason": "operator"}, token=operator_token)
            await asyncio.sleep(_SETTLE_S)
    finally:
        line.close()
        for each in phones:
            each.close()
    return Replaced(first_ms, replaced_ms, rounds - len(replaced_ms))


def bench_takeover(service: RunningService, site: Site) -> float:
    """Kill the worker with SIGKILL as an SOS is tapped, and answer the seconds until the first alert.

    Another worker takes over by itself. Every phone, the caller's and the responders', comes back within 20 ms of the
    moment that somebody answers. What the new worker reads from the database is part of it.
    """
    uvloop.run(_seen_on_duty(service.url, site))
    os.kill(service.pid, signal.SIGKILL)
    killed_s = perf_counter()
    return uvloop.run(_first_alert_at_s(service.url, site)) - killed_s


async def _seen_on_duty(url: str, site: Site) -> None:
    phones = Phones(url, site.members)
    await phones.connect()
    # Positions are written down every five seconds: what the next worker reads of them.
    await asyncio.sleep(_WRITTEN_WITHIN_S)
    phones.close()


async def _first_alert_at_s(url: str, site: Site) -> float:
    phones = Phones(url, site.members)
    try:
        async with asyncio.timeout(_BACK_WITHIN_S):
            # One knocks for all: sixty that knock every 20 ms would keep the door from being opened.
            (await _until_listening(url)).close()
            *_, incident_id = await asyncio.gather(*(_back(phones, each) for each in site.members), _tapped(url, site))
            return (await phones.next_alert(incident_id, among=0, within_s=_BACK_WITHIN_S)).at_s
    finally:
        phones.close()


async def _until_listening(url: str) -> HttpLine:
    while True:
        with suppress(OSError):
            return await _line_to(url)
        await asyncio.sleep(_RETRY_S)


async def _back(phones: Phones, member: CrowdMember) -> str:
    while True:
        with suppress(OSError):
            await phones.connect_one(member)
            return member.id
        await asyncio.sleep(_RETRY_S)


async def _tapped(url: str, site: Site) -> str:
    body = _sos(site)
    while True:
        with suppress(OSError):
            line = await _line_to(url)
            try:
                status, opened = await _called(line, "POST", "/v1/sos", body)
            finally:
                line.close()
            if status in (200, 201):
                return str(opened["incident_id"])
        await asyncio.sleep(_RETRY_S)


def _sos(site: Site) -> dict[str, Any]:
    place = {"latitude": site.centre.latitude, "longitude": site.centre.longitude, "accuracy_m": 12.0}
    return {"request_id": str(uuid.uuid4()), "location": place, "drill": True}


async def _line_to(url: str) -> HttpLine:
    parts = urlsplit(url)
    _, line = await asyncio.get_running_loop().create_connection(HttpLine, parts.hostname or "", parts.port or 80)
    return line


async def _called(
    line: HttpLine, method: str, path: str, body: object, *, token: str | None = None
) -> tuple[int, dict[str, Any]]:
    async with asyncio.timeout(_ALERTS_WITHIN_S):
        status, content = await line.send(request_bytes(method, path, body, token=token))
    return status, json.loads(content)
