"""SOS at times that were fixed beforehand, whether or not earlier ones were answered: an open model.

Whoever waits for an answer before the next SOS would ask least while the service is slowest, and never see it. So each
SOS has the time at which it is due, and what it takes is counted from then as well as from its first byte.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Sequence
from itertools import cycle
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from geo.place import Place
from loadtests.crowd import NOTE
from loadtests.moments import Tap
from loadtests.wire import HttpLine, request_bytes

_LINES: Final = 64
_ANSWER_WITHIN_S: Final = 30.0
_CREATED: Final = 201
_S: Final = 1e9


def arrivals(count: int, seconds: float, *, seed: str) -> list[float]:
    """Answer when `count` independent callers tap within `seconds`: a Poisson process, given that there are so many."""
    rng = Random(f"arrivals {seed}")
    return sorted(rng.uniform(0.0, seconds) for _ in range(count))


def evenly(count: int, seconds: float) -> list[float]:
    """Answer `count` times with the same pause between any two."""
    return [seconds * number / count for number in range(count)]


def sos_body(place: Place) -> dict[str, Any]:
    """Answer what a caller at that place sends."""
    return {
        "request_id": str(uuid.uuid4()),
        "location": {"latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 12.0},
        "kind": "cardiac_arrest",
        "note": NOTE,
        "drill": True,
    }


class _Worker:
    """One of the addresses of a service, and the lines to it that are free."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self.idle: list[HttpLine] = []

    async def idle_line(self) -> HttpLine:
        while self.idle:
            # The one used last: a server closes those that are idle for long.
            line = self.idle.pop()
            if not line.is_gone:
                return line
        return await self.new_line()

    async def new_line(self) -> HttpLine:
        _, line = await asyncio.get_running_loop().create_connection(HttpLine, self._host, self._port)
        return line


class Tapper:
    """Callers at the workers in turn, and the operator who ends each incident a moment later to free its people."""

    def __init__(
        self, urls: Sequence[str], operator_token: str, *, ended_after_s: float, each_on_its_own_line: bool = False
    ) -> None:
        self._addresses = [_Worker(url) for url in urls]
        self._workers = cycle(self._addresses)
        self._token = operator_token
        self._ended_after_s = ended_after_s
        # As callers' phones do: nobody has a connection before the emergency.
        self._each_on_its_own_line = each_on_its_own_line
        self._lines_at_once = asyncio.Semaphore(_LINES)

    async def run(
        self, times_s: Sequence[float], place: Callable[[], Place], *, is_over: Callable[[], bool] = lambda: False
    ) -> list[Tap]:
        """Tap at those seconds from now, until the last or until it `is_over`; answer all once they have ended."""
        begin_ns = time.monotonic_ns()
        under_way: list[asyncio.Task[Tap]] = []
        for due_s in times_s:
            scheduled_ns = begin_ns + round(due_s * _S)
            await asyncio.sleep((scheduled_ns - time.monotonic_ns()) / _S)
            if is_over():
                break
            under_way.append(asyncio.create_task(self._tap(scheduled_ns, place())))
        return list(await asyncio.gather(*under_way))

    def close(self) -> None:
        """Hang up."""
        for worker in self._addresses:
            for line in worker.idle:
                line.close()

    async def _tap(self, scheduled_ns: int, place: Place) -> Tap:
        request = request_bytes("POST", "/v1/sos", sos_body(place))
        sent_ns, status, answer = await self._send(request, on_a_new_line=self._each_on_its_own_line)
        answered_ns = time.monotonic_ns()
        if status != _CREATED:
            return Tap(scheduled_ns, sent_ns, answered_ns, status, "", 0)
        opened = json.loads(answer)
        await asyncio.sleep(self._ended_after_s)
        path = f"/v1/incidents/{opened['incident_id']}/cancel"
        await self._send(request_bytes("POST", path, {"reason": "operator"}, token=self._token))
        return Tap(scheduled_ns, sent_ns, answered_ns, status, opened["incident_id"], int(opened["alerted"]))

    async def _send(self, request: bytes, *, on_a_new_line: bool = False) -> tuple[int, int, bytes]:
        """When the first byte was sent, the status (0 without an answer) and what was answered."""
        sent_ns = time.monotonic_ns()
        try:
            async with self._lines_at_once, asyncio.timeout(_ANSWER_WITHIN_S):
                worker = next(self._workers)
                line = await (worker.new_line() if on_a_new_line else worker.idle_line())
                sent_ns = time.monotonic_ns()
                status, content = await line.send(request)
        except (OSError, TimeoutError):
            return sent_ns, 0, b""
        worker.idle.append(line)
        return sent_ns, status, content
