"""Thousands of phones in a process of their own that lose their line at once: `python -m loadtests.stampede_phones`.

Takes a line of JSON for the phones together and one for each on its standard input, connects them all and says how many
those are. Then orders, each answered by a line of JSON: `drop` lets every line go in the same instant, and has every
phone come back as soon as it can; `ask afresh` has all of them connect anew without a resume, which shows what they
were never told; `burst N` has each tell N positions at once; `alerts` answers those that came since it was asked last;
`tell` what they were told in all. Ends with its input. Instants are nanoseconds of
CLOCK_MONOTONIC, which all processes of this machine share.
"""

import argparse
import asyncio
import gc
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from random import Random
from typing import Any, Final

import uvloop

from loadtests.file_limit import allow_sockets
from loadtests.lean_socket import LeanSocket, connected, text_frame, upgrade_request
from loadtests.loopback import require_loopback
from loadtests.seq_audit import SeqAudit

_AT_ONCE: Final = 50
_CONNECT_WITHIN_S: Final = 180.0
# Whoever is not welcome by then lets go and tries again after a pause, as phones do.
_WELCOME_WITHIN_S: Final = 20.0
_TRY_AGAIN_AFTER_S: Final = 0.5
_BACK_WITHIN_S: Final = 120.0
_PING_EVERY_S: Final = 20.0
_PING_PARTS: Final = 100
_BURST_WITHIN_S: Final = 120.0
# Longer than the service takes to find in its rows what got lost between its workers.
_QUIET_FOR_S: Final = 4.0
_QUIET_WITHIN_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.2
_PING: Final = text_frame({"type": "ping"})


class Phone:
    """One responder's phone: hears, keeps account of the numbers, acknowledges (or not), comes back."""

    def __init__(self, number: int, said: dict[str, Any], crowd: "Crowd") -> None:
        self.id: str = said["id"]
        self._number = number
        self._url: str = said["url"]
        self._request = upgrade_request(self._url)
        self._token: str = said["token"]
        # Half of the phones never have time to acknowledge: what they have is known from their resume alone. By lot:
        # phones go to the workers in turn, and each worker is to have some of both.
        self._acknowledges = Random(f"acknowledges {number}").random() < 0.5  # noqa: PLR2004 - half
        self._crowd = crowd
        self._place = text_frame(
            {"type": "position", "latitude": said["latitude"], "longitude": said["longitude"], "accuracy_m": 12.5}
        )
        self._socket: LeanSocket | None = None
        self._welcome: asyncio.Future[None] | None = None
        self._pong: asyncio.Future[None] | None = None
        self.audit = SeqAudit()
        self.attempts = 0
        self.welcomed_ns = 0
        self.lines_lost = 0

    async def connect(self, *, resume: bool) -> None:
        """Connect once and be welcomed. Raises OSError and TimeoutError."""
        self.attempts += 1
        hello: dict[str, Any] = {"type": "hello", "token": self._token, "subject": self.id}
        if resume and self.audit.epoch:
            hello["resume"] = {"epoch": self.audit.epoch, "seq": self.audit.last}
        self._welcome = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(_WELCOME_WITHIN_S):
            self._socket = await connected(self._url, lambda: LeanSocket(self._request, self), self._number)
            self._socket.write(text_frame(hello))
            await self._welcome
        self._socket.write(self._place)

    async def come_back(self) -> None:
        """Connect again and again until welcomed."""
        while True:
            try:
                await self.connect(resume=True)
            except (OSError, TimeoutError):
                self.drop()
                await asyncio.sleep(_TRY_AGAIN_AFTER_S)
            else:
                return

    @property
    def has_line(self) -> bool:
        """Whether neither side has let go."""
        return self._socket is not None

    def drop(self) -> None:
        """Lose the line."""
        if self._socket is not None:
            self._socket.drop()
            self._socket = None

    def write(self, frame: bytes) -> None:
        """Say something that was prepared."""
        if self._socket is not None:
            self._socket.write(frame)

    def positions(self, count: int) -> asyncio.Future[None]:
        """Tell so many places, and ask for a pong behind them; the future is done when it is here."""
        self._pong = asyncio.get_running_loop().create_future()
        self.write(self._place * count + _PING)
        return self._pong

    def heard(self, text: bytes) -> None:
        """Take a message."""
        at_ns = time.monotonic_ns()
        message: dict[str, Any] = json.loads(text)
        if message["type"] == "welcome":
            self.welcomed_ns = at_ns
            self.audit.welcomed(message["epoch"], int(message["seq"]), resumed=bool(message["resumed"]))
            if self._welcome is not None and not self._welcome.done():
                self._welcome.set_result(None)
        elif message["type"] == "pong":
            if self._pong is not None and not self._pong.done():
                self._pong.set_result(None)
        elif "seq" in message:
            is_new = self.audit.took(int(message["seq"]))
            if is_new and message["type"] == "alert":
                self._crowd.alerts.append((message["incident_id"], self.id, at_ns))
            if self._acknowledges:
                self.write(text_frame({"type": "ack", "seq": message["seq"]}))

    def closed(self, code: int) -> None:
        """The service has let go, unasked."""
        self.lines_lost += 1
        self._crowd.close_codes.append(code)
        self._socket = None
        for awaited in (self._welcome, self._pong):
            if awaited is not None and not awaited.done():
                awaited.set_exception(ConnectionError(f"closed with {code}, and something was awaited"))


class Crowd:
    """All phones."""

    def __init__(self, members: Sequence[dict[str, Any]]) -> None:
        self.alerts: list[tuple[str, str, int]] = []
        self.close_codes: list[int] = []
        self._phones = [Phone(number, said, self) for number, said in enumerate(members)]

    async def connect(self) -> None:
        """Have everybody connected, some at a time. Raises OSError and TimeoutError."""
        await self._some_at_a_time()

    async def ask_afresh(self) -> dict[str, Any]:
        """Everybody hangs up and connects without a resume: what then comes with a new number had been lost.

        Not before nothing new has come for some seconds: what is only late is not lost.
        """
        await self._until_quiet()
        before = {
            "numbers_before": sum(phone.audit.last for phone in self._phones),
            "lost_before": sum(phone.audit.lost for phone in self._phones),
        }
        for phone in self._phones:
            phone.drop()
        await self._some_at_a_time()
        # A welcome and what is kept leave in one go; a ping's answer comes after them.
        await asyncio.sleep(1.0)
        return {**before, "numbers": sum(phone.audit.last for phone in self._phones)}

    async def drop(self) -> dict[str, Any]:
        """Every line is lost in the same instant, and everybody comes back as soon as they can."""
        for phone in self._phones:
            phone.attempts, phone.welcomed_ns = 0, 0
        dropped_ns = time.monotonic_ns()
        for phone in self._phones:
            phone.drop()
        with suppress(TimeoutError):
            async with asyncio.timeout(_BACK_WITHIN_S):
                await asyncio.gather(*(phone.come_back() for phone in self._phones))
        back = {phone.id: phone.welcomed_ns for phone in self._phones if phone.welcomed_ns}
        return {
            "dropped_ns": dropped_ns,
            "back": back,
            "away": len(self._phones) - len(back),
            "attempts": sum(phone.attempts for phone in self._phones),
        }

    async def keep_alive(self) -> None:
        """Say something on every line now and then, until cancelled."""
        while True:
            # Some together: each by itself would be as late as all before it, and the last perhaps be taken for dead.
            for part in range(_PING_PARTS):
                await asyncio.sleep(_PING_EVERY_S / _PING_PARTS)
                for phone in self._phones[part::_PING_PARTS]:
                    phone.write(_PING)

    async def burst(self, each: int) -> dict[str, Any]:
        """Everybody tells so many positions as fast as they are read; done when all pings behind them are answered."""
        if gone := [phone for phone in self._phones if not phone.has_line]:
            print(
                f"{len(gone)} phones come back first: closed with {set(self.close_codes)}", file=sys.stderr, flush=True
            )
            async with asyncio.timeout(_BACK_WITHIN_S):
                await asyncio.gather(*(phone.come_back() for phone in gone))
        began_ns = time.monotonic_ns()
        waiting = [phone.positions(each) for phone in self._phones]
        async with asyncio.timeout(_BURST_WITHIN_S):
            await asyncio.gather(*waiting)
        return {"positions": each * len(self._phones), "took_s": (time.monotonic_ns() - began_ns) / 1e9}

    def tell_alerts(self) -> dict[str, Any]:
        """Answer the alerts that came since this was asked last."""
        told, self.alerts = self.alerts, []
        return {"alerts": told}

    def tell(self) -> dict[str, Any]:
        """Answer what everybody was told, and the account of their numbers."""
        return {
            "alerts": self.alerts,
            "audits": {phone.id: asdict(phone.audit) for phone in self._phones},
            "close_codes": self.close_codes,
        }

    def close(self) -> None:
        """Hang up."""
        for phone in self._phones:
            phone.drop()

    async def _until_quiet(self) -> None:
        give_up_s = time.monotonic() + _QUIET_WITHIN_S
        known, since_s = -1, time.monotonic()
        while time.monotonic() < give_up_s and time.monotonic() - since_s < _QUIET_FOR_S:
            numbers = sum(phone.audit.last for phone in self._phones)
            if numbers != known:
                known, since_s = numbers, time.monotonic()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _some_at_a_time(self) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(phone: Phone) -> None:
            async with gate:
                await phone.connect(resume=False)

        async with asyncio.timeout(_CONNECT_WITHIN_S):
            await asyncio.gather(*map(one, self._phones))


async def _orders() -> AsyncIterator[str]:
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        yield line.strip()


async def _play(members: Sequence[dict[str, Any]]) -> None:
    crowd = Crowd(members)
    await crowd.connect()
    # A pause of our own collector would be told as the service's.
    gc.collect()
    gc.disable()
    alive = asyncio.create_task(crowd.keep_alive())
    print(json.dumps({"connected": len(members)}), flush=True)
    try:
        async for order in _orders():
            if order == "drop":
                answer = await crowd.drop()
            elif order == "ask afresh":
                answer = await crowd.ask_afresh()
            elif order == "alerts":
                answer = crowd.tell_alerts()
            elif order.startswith("burst "):
                answer = await crowd.burst(int(order.removeprefix("burst ")))
            else:
                answer = crowd.tell()
            print(json.dumps(answer), flush=True)
    finally:
        alive.cancel()
        crowd.close()


def main() -> int:
    """Play the phones that the input names; answers the exit code."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    together: dict[str, Any] = json.loads(sys.stdin.readline())
    members = [json.loads(sys.stdin.readline()) for _ in range(together["phones"])]
    for url in {member["url"] for member in members}:
        require_loopback("http" + url.removeprefix("ws"))
    allow_sockets(len(members))
    with suppress(KeyboardInterrupt):
        uvloop.run(_play(members))
    return 0


if __name__ == "__main__":
    sys.exit(main())
