"""Reports a second that a service takes, each answered only when it is on disk: from a gateway, and from devices."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from loadtests.bench_registry_devices import SimulatedDevice
from loadtests.bench_sides import BenchError

# What a body may hold without special leave, and what a maker's gateway gathers in a second or two.
BATCH: Final = 250
_GATEWAYS: Final = 4
_DEVICES_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """Reports a second, and how many there were."""

    per_s: float
    reports: int


def reports(devices: Sequence[SimulatedDevice], rng: Random) -> Iterator[tuple[SimulatedDevice, dict[str, Any]]]:
    """Answer what devices say on a day: mostly that they are there, some self-tests, doors, and a rare fault."""
    while True:
        device = rng.choice(devices)
        drawn = rng.random()
        if drawn < 0.75:  # noqa: PLR2004 - shares of kinds
            said = {
                "kind": "heartbeat",
                "battery_percent": rng.randint(30, 100),
                "temperature_c": round(rng.gauss(20, 6), 1),
                "signal_dbm": rng.randint(-110, -55),
            }
        elif drawn < 0.90:  # noqa: PLR2004
            said = {"kind": "self_test", "outcome": "ok", "battery_percent": rng.randint(30, 100), "pads_ok": True}
        elif drawn < 0.995:  # noqa: PLR2004
            said = {"kind": "door", "open": rng.random() < 0.5}  # noqa: PLR2004
        else:
            said = {"kind": "fault", "code": f"e{rng.randint(1, 30):02d}"}
        yield device, {**said, "report_id": str(uuid4()), "at": datetime.now(UTC).isoformat()}


async def bench_batches(url: str, token: str, devices: Sequence[SimulatedDevice], *, seconds: float) -> Rate:
    """Have a few gateways post batches one after the other for so long."""
    rng = Random("gateways")

    def bodies() -> Iterator[bytes]:
        stream = reports(devices, rng)
        while True:
            some = [{"aed_id": str(device.id), **said} for device, said in islice(stream, BATCH)]
            yield json.dumps({"reports": some}).encode()

    path = "/v1/aeds/reports"
    return await _posted(url, token, ((path, body) for body in bodies()), _GATEWAYS, seconds, _taken_of_batch)


async def bench_single(url: str, tokens: dict[str, str], devices: Sequence[SimulatedDevice], *, seconds: float) -> Rate:
    """Have devices post one report each, many at the same time, for so long."""
    rng = Random("devices")
    known = [device for device in devices if str(device.id) in tokens]

    def posts() -> Iterator[tuple[str, bytes, str]]:
        for device, said in reports(known, rng):
            yield f"/v1/aeds/{device.id}/reports", json.dumps(said).encode(), tokens[str(device.id)]

    stream = posts()
    parts = urlsplit(url)
    taken = 0
    until = time.perf_counter() + seconds

    async def device() -> int:
        count = 0
        line = await _Line.connected(parts.hostname or "", parts.port or 80)
        try:
            while time.perf_counter() < until:
                path, body, token = next(stream)
                status, answer = await line.post(path, body, token)
                if status != 201:  # noqa: PLR2004 - created
                    raise BenchError(f"a report was answered {status}: {answer[:200]!r}")
                count += 1
        finally:
            line.close()
        return count

    began = time.perf_counter()
    taken = sum(await asyncio.gather(*(device() for _ in range(_DEVICES_AT_ONCE))))
    return Rate(taken / (time.perf_counter() - began), taken)


async def _posted(
    url: str, token: str, posts: Iterator[tuple[str, bytes]], at_once: int, seconds: float, taken_of: Any
) -> Rate:
    parts = urlsplit(url)
    # Made beforehand: what it takes to write them is not the service's.
    ready = list(islice(posts, round(seconds * 40)))
    ready.reverse()
    until = time.perf_counter() + seconds

    async def gateway() -> int:
        count = 0
        line = await _Line.connected(parts.hostname or "", parts.port or 80)
        try:
            while ready and time.perf_counter() < until:
                path, body = ready.pop()
                status, answer = await line.post(path, body, token)
                if status != 200:  # noqa: PLR2004 - ok
                    raise BenchError(f"a batch was answered {status}: {answer[:200]!r}")
                count += taken_of(answer)
        finally:
            line.close()
        return count

    began = time.perf_counter()
    taken = sum(await asyncio.gather(*(gateway() for _ in range(at_once))))
    return Rate(taken / (time.perf_counter() - began), taken)


def _taken_of_batch(answer: bytes) -> int:
    said = json.loads(answer)
    if said["refused"]:
        raise BenchError(f"{said['refused']} reports of a batch were refused")
    return int(said["taken"])


class _Line:
    """One connection that is kept: no more of HTTP than posting takes, so that the client costs little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def connected(cls, host: str, port: int) -> "_Line":
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 22)
        return cls(reader, writer, f"{host}:{port}")

    async def post(self, path: str, body: bytes, token: str) -> tuple[int, bytes]:
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in answered.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        return int(answered.split(b" ", 2)[1]), await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()
