"""Thousands of connected responders in a process of their own: `python -m loadtests.crowd_process`.

Whoever measures alerts must not also play five thousand phones: this process does. It takes one line of JSON for each
member on its standard input, connects them all, says `connected` on its standard output, and then does what further
lines ask for: `positions N` (so many a second in all, paced), `quiet` (none), until its input ends. Each phone pings
or moves often enough to count as there, answers the server's pings and acknowledges what it is told.
"""

import argparse
import asyncio
import json
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle, islice
from time import perf_counter
from typing import Any, Final

import uvloop

from geo.place import Place
from loadtests.crowd import CrowdMember
from loadtests.loopback import require_loopback
from loadtests.wire import AlertSocket, Message, StopWatch, masked_frame, socket_for

# Positions leave in bursts this often: a hundred a second are too few wake-ups to be felt, and still a steady stream.
_BURST_EVERY_S: Final = 0.01
# So many handshakes at once: more would time out behind each other.
_AT_ONCE: Final = 50
_CONNECT_WITHIN_S: Final = 120.0
# Well below three heartbeats of the service (75 s).
_PING_EVERY_S: Final = 20.0
# A phone walks about thirty metres around where it stands, so that each position is news.
_STEPS_DEG: Final = (0.0, 0.0001, 0.0002, 0.0003)
MOST_POSITIONS_PER_S: Final = 20_000


class Phones:
    """Everybody's sockets, and the frames that they send again and again."""

    def __init__(self, url: str, members: Sequence[CrowdMember]) -> None:
        self._url = "ws" + url.removeprefix("http") + "/v1/stream"
        self._members = members
        self._watch = StopWatch()
        self._sockets: list[AlertSocket] = []
        self._welcomed = 0
        self._all_welcome = asyncio.Event()
        self._per_s = 0.0
        self.sent = 0
        self.most_late_s = 0.0

    async def connect(self) -> None:
        """Connect everybody. Raises `ConnectionError` and `TimeoutError` when that fails."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(member: CrowdMember) -> AlertSocket:
            async with gate:
                socket = await socket_for(self._url, self._watch, self._take)
                socket.send({"type": "hello", "token": member.token})
                return socket

        async with asyncio.timeout(_CONNECT_WITHIN_S):
            self._sockets = await asyncio.gather(*map(one, self._members))
            await self._all_welcome.wait()

    def move(self, per_s: float) -> None:
        """From now on so many positions a second, all phones together."""
        self._per_s = per_s

    async def run(self) -> None:
        """Send what is due, burst by burst, until cancelled."""
        everybody = cycle(range(len(self._members)))
        frames = [[_position_frame(member, step) for step in _STEPS_DEG] for member in self._members]
        ping = masked_frame({"type": "ping"})
        owed, last_s, pinged_s = 0.0, perf_counter(), perf_counter()
        while True:
            await asyncio.sleep(_BURST_EVERY_S)
            now_s = perf_counter()
            self.most_late_s = max(self.most_late_s, now_s - last_s - _BURST_EVERY_S)
            # What a burst was late for is not made up for at one blow: that would be a storm of another kind.
            owed = min(owed + self._per_s * (now_s - last_s), 5 * self._per_s * _BURST_EVERY_S)
            last_s = now_s
            for number in islice(everybody, math.floor(owed)):
                step = (self.sent // len(frames)) % len(_STEPS_DEG)
                self._sockets[number].write(frames[number][step])
                self.sent += 1
            owed -= math.floor(owed)
            if now_s - pinged_s > _PING_EVERY_S:
                pinged_s = now_s
                for socket in self._sockets:
                    socket.write(ping)

    def close(self) -> None:
        """Hang up."""
        for socket in self._sockets:
            socket.close()

    def _take(self, socket: AlertSocket, text: str) -> None:
        message: Message = json.loads(text)
        if message["type"] == "welcome":
            self._welcomed += 1
            if self._welcomed == len(self._members):
                self._all_welcome.set()
        elif "seq" in message:
            socket.send({"type": "ack", "seq": message["seq"]})


def _position_frame(member: CrowdMember, step_deg: float) -> bytes:
    place = member.place
    return masked_frame(
        {
            "type": "position",
            "latitude": round(place.latitude + step_deg, 6),
            "longitude": round(place.longitude, 6),
            "accuracy_m": 12.5,
        }
    )


async def _play(url: str, members: Sequence[CrowdMember]) -> None:
    phones = Phones(url, members)
    await phones.connect()
    moving = asyncio.create_task(phones.run())
    print("connected", flush=True)
    try:
        async for order in _orders():
            word, _, figure = order.partition(" ")
            phones.move(min(float(figure), MOST_POSITIONS_PER_S) if word == "positions" else 0.0)
            told: dict[str, Any] = {"sent": phones.sent, "most_late_s": round(phones.most_late_s, 3)}
            phones.most_late_s = 0.0
            print(json.dumps(told), flush=True)
    finally:
        moving.cancel()
        with suppress(asyncio.CancelledError):
            await moving
        phones.close()


async def _orders() -> Any:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        yield line.strip()


def main() -> int:
    """Play the members that the input names; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--members", type=int, required=True, help="how many lines of members the input begins with")
    options = parser.parse_args()
    members = []
    for line in islice(sys.stdin, options.members):
        said = json.loads(line)
        members.append(CrowdMember(said["id"], said["token"], Place(said["latitude"], said["longitude"])))
    with suppress(KeyboardInterrupt):
        uvloop.run(_play(require_loopback(options.url), members))
    return 0


if __name__ == "__main__":
    sys.exit(main())
