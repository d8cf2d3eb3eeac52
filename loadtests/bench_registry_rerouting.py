"""From an AED's own fault report to its runner's new task, against SOS to the first alert."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

from geo.place import Place
from loadtests.bench_sides import BenchError
from loadtests.crowd import CrowdMember
from loadtests.wire import AlertSocket, HttpLine, Message, StopWatch, request_bytes, socket_for
from simulator.movement import offset

# Far from every other device of the bench.
_PATIENT: Final = Place(24.9, 102.7)
_RUNNER_AT: Final = offset(_PATIENT, north_m=450, east_m=-330)
_HELPER_AT: Final = offset(_PATIENT, north_m=60, east_m=0)
_CABINETS: Final = (
    offset(_PATIENT, north_m=420, east_m=-300),
    offset(_PATIENT, north_m=400, east_m=-280),
)
_WITHIN_S: Final = 10.0
_SETTLE_S: Final = 0.05
_MS: Final = 1000.0
_MENDED: Final = {"kind": "inspection", "outcome": "ok"}


@dataclass(frozen=True, slots=True)
class Rerouted:
    """Milliseconds from each SOS to its first alert, and from the fault's report to its runner's new assignment."""

    first_ms: Sequence[float]
    rerouted_ms: Sequence[float]

    @property
    def ratio(self) -> float:
        """The second as a share of the first; medians."""
        return median(self.rerouted_ms) / median(self.first_ms)


class _Phone:
    """One first-aider's phone; what it hears is noted with the time."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, Message]] = []
        self._news = asyncio.Event()
        self._socket: AlertSocket | None = None

    async def connect(self, url: str, member: CrowdMember, place: Place) -> None:
        self._socket = await socket_for("ws" + url.removeprefix("http") + "/v1/stream", StopWatch(), self._take)
        self.say(type="hello", token=member.token)
        self.say(type="duty", on_duty=True)
        self.say(type="position", **_json(place), accuracy_m=10)
        await self.next("duty")

    def say(self, **message: Any) -> None:
        if self._socket is None:
            raise ConnectionError("not connected")
        self._socket.send(message)

    async def next(self, kind: str, aed_id: str | None = None) -> tuple[float, Message]:
        """The next message of a kind, about that AED where one is named; what came before it is forgotten."""
        async with asyncio.timeout(_WITHIN_S):
            while True:
                while self._heard:
                    at_s, message = self._heard.pop(0)
                    if message["type"] == kind and (aed_id is None or message.get("aed", {}).get("id") == aed_id):
                        return at_s, message
                self._news.clear()
                await self._news.wait()

    async def leave(self) -> None:
        if self._socket is not None:
            self.say(type="duty", on_duty=False)
            await self.next("duty")
            self._socket.close()

    def _take(self, socket: AlertSocket, text: str) -> None:
        at_s = perf_counter()
        message = json.loads(text)
        self._heard.append((at_s, message))
        if "seq" in message and message["type"] != "welcome":
            with suppress(ConnectionError):
                socket.send({"type": "ack", "seq": message["seq"]})
        self._news.set()


async def bench_rerouting(url: str, admin_token: str, responders: Sequence[CrowdMember]) -> Rerouted:
    """Each two of the responders have a round: an SOS, the runner's yes, a fault of their AED, their new task.

    Nobody has more than one: who is asked again and again is soon asked no more.
    """
    parts = urlsplit(url)
    _, line = await asyncio.get_running_loop().create_connection(HttpLine, parts.hostname or "", parts.port or 80)
    rounds: list[tuple[float, float]] = []
    try:
        aeds = [await _hang(line, place, admin_token) for place in _CABINETS]
        for number in range(0, len(responders) - 1, 2):
            runner, helper = _Phone(), _Phone()
            try:
                await runner.connect(url, responders[number], _RUNNER_AT)
                await helper.connect(url, responders[number + 1], _HELPER_AT)
                await asyncio.sleep(_SETTLE_S)
                rounds.append(await _round(line, admin_token, aeds, runner, helper))
            finally:
                for phone in (runner, helper):
                    await phone.leave()
    finally:
        line.close()
    return Rerouted([first_ms for first_ms, _ in rounds], [rerouted_ms for _, rerouted_ms in rounds])


async def _round(
    line: HttpLine, admin_token: str, aeds: Sequence[str], runner: _Phone, helper: _Phone
) -> tuple[float, float]:
    sos = {"request_id": str(uuid.uuid4()), "location": _json(_PATIENT)}
    tapped_s = perf_counter()
    opened = await _called(line, "POST", "/v1/sos", sos)
    alerted_s, alert = await runner.next("alert")
    helper_s, _ = await helper.next("alert")
    if alert["role"] != "aed":
        raise BenchError("the runner was not asked to fetch an AED")
    runner.say(type="answer", alert_id=alert["alert_id"], answer="accept")
    _, task = await runner.next("assignment")
    fails = task["aed"]["id"]
    (other,) = [each for each in aeds if each != fails]
    await asyncio.sleep(_SETTLE_S)
    reported_s = perf_counter()
    told = asyncio.ensure_future(runner.next("assignment", other))
    await _called(line, "POST", f"/v1/aeds/{fails}/reports", {"kind": "fault"}, token=admin_token)
    rerouted_s, _ = await told
    path = f"/v1/incidents/{opened['incident_id']}/cancel"
    await _called(line, "POST", path, {"reason": "operator"}, token=admin_token)
    await _called(line, "POST", f"/v1/aeds/{fails}/reports", _MENDED, token=admin_token)
    return (min(alerted_s, helper_s) - tapped_s) * _MS, (rerouted_s - reported_s) * _MS


async def _hang(line: HttpLine, place: Place, token: str) -> str:
    body = {"name": "再派测试", "location": _json(place), "access": "public", "opening_hours": "24/7"}
    made = await _called(line, "POST", "/v1/aeds", body, token=token)
    await _called(line, "POST", f"/v1/aeds/{made['id']}/reports", _MENDED, token=token)
    return str(made["id"])


def _json(place: Place) -> dict[str, float]:
    return {"latitude": place.latitude, "longitude": place.longitude}


async def _called(line: HttpLine, method: str, path: str, body: object, *, token: str | None = None) -> Any:
    async with asyncio.timeout(_WITHIN_S):
        status, content = await line.send(request_bytes(method, path, body, token=token))
    if status not in {200, 201}:
        raise BenchError(f"{method} {path} was answered with {status}: {content[:200]!r}")
    return json.loads(content)
