"""What a bare server takes for the same: the machine's own measure, in the session that it is compared with."""

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from loadtests.cpu_shares import cpu_seconds
from loadtests.lean_socket import LeanSocket, connected, text_frame, upgrade_request
from loadtests.loopback import free_port
from loadtests.processes import running

_MOST_SOCKETS: Final = 1_000
_BURST_EVERY_S: Final = 0.01


@dataclass(frozen=True, slots=True)
class BareServer:
    """A bare server of our own: its address and its process id."""

    url: str
    pid: int


@contextmanager
def bare_server() -> Iterator[BareServer]:
    """Run `loadtests.bare_server` on a free port while the block runs."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "loadtests.bare_server", "--port", str(port)]
    with (
        tempfile.TemporaryDirectory(prefix="dispatch-bare-") as folder,
        running(command, ready_url=f"{url}/health/ready", log=Path(folder) / "bare.log", env={}) as pid,
    ):
        yield BareServer(url, pid)


def position_cost_s(sockets: int, per_s: float, *, lasts_s: float = 5.0) -> float:
    """Answer the processor seconds that a bare server takes to read one position, at that pace from so many sockets.

    The pace matters: a flood is read in larger pieces, and costs less apiece.
    """
    with bare_server() as bare:
        return uvloop.run(_cost(bare, min(sockets, _MOST_SOCKETS), per_s, lasts_s))


class _Deaf:
    def heard(self, text: bytes) -> None:
        pass

    def closed(self, code: int) -> None:
        pass


async def _cost(bare: BareServer, count: int, per_s: float, lasts_s: float) -> float:
    url = f"ws{bare.url.removeprefix('http')}/stream"
    request = upgrade_request(url)
    sockets = [await connected(url, lambda: LeanSocket(request, _Deaf()), number) for number in range(count)]
    frame = text_frame({"type": "position", "latitude": 30.274151, "longitude": 120.155123, "accuracy_m": 12.5})
    for number, each in enumerate(sockets):
        each.write(text_frame({"type": "hello", "subject": str(number)}))
    await asyncio.sleep(0.5)
    before_s = cpu_seconds(bare.pid)
    began_s, sent = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < lasts_s:
        while sent < passed_s * per_s:
            sockets[sent % len(sockets)].write(frame)
            sent += 1
        await asyncio.sleep(_BURST_EVERY_S)
    await asyncio.sleep(0.5)
    for each in sockets:
        each.drop()
    return (cpu_seconds(bare.pid) - before_s) / max(1, sent)
