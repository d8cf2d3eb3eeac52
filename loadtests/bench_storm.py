"""How many SOS a second one core takes, day and night, before people feel it.

The service's process (its event loop runs on one thread) is pinned to the first core of this machine; PostgreSQL and
the clients share the others. Five thousand connected responders stand in a city of 12 by 12 km. SOS are tapped at a
steady rate at random places in it, whether or not earlier ones were answered. Phones acknowledge what they get, and a
second after an SOS its operator cancels it, so that everybody is stood down and free again: what is sustained is the
whole of an incident, not its first moment. By the policy of this bench nobody tires of being asked, for a day's alerts
come in a minute.

The rate is raised in steps. A step holds when every alert that the service says it sent has reached its socket, the
taps went out at the rate asked for, and the 99th percentile of the time from tap to last alert is at most twice that of
the first, quiet step. The figure is the rate of the last step that held; one that does not is tried once more, for
this machine does other things too.
"""

import asyncio
import json
import os
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from time import perf_counter
from typing import Any, Final
from urllib.parse import urlsplit

from geo.place import Place
from loadtests.bench_sides import BenchError
from loadtests.big_crowd import CITY, CITY_WITHIN_M
from loadtests.crowd import CrowdMember, around
from loadtests.figures import figures
from loadtests.wire import AlertSocket, HttpLine, StopWatch, masked_frame, request_bytes, socket_for

# Nobody tires, and nobody is spared.
TIRELESS: Final = {"price": {"recent_alerts_limit": 1_000_000, "dearer_per_recent_alert": 0.0}}

_QUIET_PER_S: Final = 20
_QUIET_S: Final = 8.0
_STEPS_PER_S: Final = (40, 60, 80, 100, 120, 140, 160, 180, 200, 250, 300, 400)
_STEP_S: Final = 4.0
_ENDED_AFTER_S: Final = 1.0
_HEARTBEAT_S: Final = 25.0
MOST_P99: Final = 2.0
_LEAST_OF_RATE: Final = 0.95
_ALERTS_WITHIN_S: Final = 10.0
_LINES: Final = 48
_AT_ONCE: Final = 50
_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Step:
    """One rate: what came of it. `missing` counts alerts that did not reach a socket."""

    asked_per_s: float
    per_s: float
    p50_ms: float
    p99_ms: float
    alerts: float
    missing: int

    def as_dict(self) -> dict[str, float]:
        """Answer the figures by name."""
        return {name: round(getattr(self, name), 3) for name in self.__slots__}


class _City:
    """Everybody's phones, and the alerts that have reached them by incident."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._url = f"ws://{parts.hostname}:{parts.port}/v1/stream"
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._sockets: list[AlertSocket] = []
        self._watch = StopWatch()
        self._lines: asyncio.Queue[HttpLine] = asyncio.Queue()
        self.arrived_s: defaultdict[str, list[float]] = defaultdict(list)
        self._expected: dict[str, tuple[int, asyncio.Future[None]]] = {}
        self._to_welcome = 0
        self._all_welcome = asyncio.Event()

    async def connect(self, members: Sequence[CrowdMember]) -> None:
        """Connect everybody, and some lines for taps."""
        gate = asyncio.Semaphore(_AT_ONCE)
        self._to_welcome = len(members)

        async def one(member: CrowdMember) -> None:
            async with gate:
                socket = await socket_for(self._url, self._watch, self._take)
            self._sockets.append(socket)
            place = member.place
            socket.send({"type": "hello", "token": member.token})
            socket.send({"type": "position", "latitude": place.latitude, "longitude": place.longitude})

        await asyncio.gather(*map(one, members))
        async with asyncio.timeout(_ALERTS_WITHIN_S):
            await self._all_welcome.wait()
        loop = asyncio.get_running_loop()
        for _ in range(_LINES):
            _, line = await loop.create_connection(HttpLine, self._host, self._port)
            self._lines.put_nowait(line)

    async def call(self, path: str, body: object, token: str | None = None) -> tuple[int, Any]:
        """Post on the next free line; the status and what was answered."""
        line = await self._lines.get()
        try:
            async with asyncio.timeout(_ALERTS_WITHIN_S):
                status, content = await line.send(request_bytes("POST", path, body, token=token))
        finally:
            self._lines.put_nowait(line)
        return status, json.loads(content)

    async def all_here(self, incident_id: str, alerts: int) -> bool:
        """Wait until so many alerts of an incident have come; False when they do not."""
        all_here = asyncio.get_running_loop().create_future()
        self._expected[incident_id] = alerts, all_here
        self._look(incident_id)
        try:
            async with asyncio.timeout(_ALERTS_WITHIN_S):
                await all_here
        except TimeoutError:
            return False
        finally:
            del self._expected[incident_id]
        return True

    async def keep_alive(self) -> None:
        """Say something on every socket once in a heartbeat, each at its own time as phones do, until cancelled."""
        ping = masked_frame({"type": "ping"})
        pause_s = _HEARTBEAT_S / max(1, len(self._sockets))
        due_s = perf_counter()
        while True:
            for socket in self._sockets:
                due_s += pause_s
                await asyncio.sleep(max(0.0, due_s - perf_counter()))
                socket.write(ping)

    def close(self) -> None:
        """Hang up."""
        for socket in self._sockets:
            socket.close()
        while not self._lines.empty():
            self._lines.get_nowait().close()

    def _take(self, socket: AlertSocket, text: str) -> None:
        at_s = perf_counter()
        message = json.loads(text)
        if message["type"] == "alert":
            self.arrived_s[message["incident_id"]].append(at_s)
            self._look(message["incident_id"])
        if message["type"] == "welcome":
            self._to_welcome -= 1
            if not self._to_welcome:
                self._all_welcome.set()
        elif "seq" in message:
            socket.send({"type": "ack", "seq": message["seq"]})

    def _look(self, incident_id: str) -> None:
        alerts, all_here = self._expected.get(incident_id, (0, None))
        if all_here is not None and not all_here.done() and len(self.arrived_s[incident_id]) >= alerts:
            all_here.set_result(None)


async def bench_storm(url: str, pid: int, members: Sequence[CrowdMember], operator_token: str) -> list[Step]:
    """Raise the rate step by step until one does not hold; answer them all, the quiet one first."""
    city = _City(url)
    try:
        await city.connect(members)
        with pinned(pid):
            alive = asyncio.create_task(city.keep_alive())
            quiet = await _step(city, operator_token, _QUIET_PER_S, _QUIET_S)
            steps = [quiet]
            for per_s in _STEPS_PER_S:
                step = await _step(city, operator_token, per_s, _STEP_S)
                if not holds(step, quiet):
                    step = await _step(city, operator_token, per_s, _STEP_S)
                steps.append(step)
                if not holds(step, quiet):
                    break
            alive.cancel()
    finally:
        city.close()
    if quiet.missing:
        raise BenchError(f"{quiet.missing} alerts did not arrive at {_QUIET_PER_S} SOS a second")
    return steps


def holds(step: Step, quiet: Step) -> bool:
    """Answer whether a rate is sustained, by the rules at the top."""
    return (
        not step.missing and step.per_s >= _LEAST_OF_RATE * step.asked_per_s and step.p99_ms <= MOST_P99 * quiet.p99_ms
    )


def sustained_per_s(steps: Sequence[Step]) -> float:
    """Answer the rate of the last step that held."""
    quiet = steps[0]
    return max(step.per_s for step in steps if holds(step, quiet))


async def _step(city: _City, operator_token: str, per_s: float, lasts_s: float) -> Step:
    rng = Random(f"storm {per_s}")
    city.arrived_s.clear()
    taps: list[asyncio.Task[tuple[float, int, int]]] = []
    began_s = perf_counter()
    due_s = began_s
    while due_s < began_s + lasts_s:
        await asyncio.sleep(max(0.0, due_s - perf_counter()))
        taps.append(asyncio.create_task(_tap(city, operator_token, around(CITY, CITY_WITHIN_M, rng), due_s)))
        due_s += 1.0 / per_s
    took_s = perf_counter() - began_s
    ended = await asyncio.gather(*taps)
    times = figures([taken_s * _MS for taken_s, _, _ in ended])
    alerts = sum(alerts for _, alerts, _ in ended) / len(ended)
    return Step(per_s, len(taps) / took_s, times.p50, times.p99, alerts, sum(missing for _, _, missing in ended))


async def _tap(city: _City, operator_token: str, place: Place, due_s: float) -> tuple[float, int, int]:
    """One SOS and its end: seconds from when it was due to its last alert, the alerts, how many did not come."""
    body = {
        "request_id": str(uuid.uuid4()),
        "location": {"latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 12.0},
        "drill": True,
    }
    status, opened = await city.call("/v1/sos", body)
    if status != 201:  # noqa: PLR2004 - created
        raise BenchError(f"an SOS was answered with {status}: {opened}")
    incident_id, alerts = opened["incident_id"], int(opened["alerted"])
    are_all_here = await city.all_here(incident_id, alerts)
    arrived_s = city.arrived_s[incident_id]
    taken_s = max(arrived_s, default=perf_counter()) - due_s
    await asyncio.sleep(_ENDED_AFTER_S)
    await city.call(f"/v1/incidents/{incident_id}/cancel", {"reason": "operator"}, operator_token)
    return taken_s, alerts, 0 if are_all_here else alerts - len(arrived_s)


@contextmanager
def pinned(pid: int) -> Iterator[None]:
    """Give the first core to that process alone, among the two of us, while the block runs."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(pid, cores[:1])
        os.sched_setaffinity(0, cores[1:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
