"""Somebody with a socket: stays connected through whatever happens, resumes, acknowledges what was taken in."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from tests.faults.doors import Balancer, Door
from tests.faults.line import Line
from tests.faults.numbering import Numbering

Message = dict[str, Any]

# 3500-3999: do not come back. Nobody here has deserved one.
_FINAL: Final = range(3500, 4000)
_WELCOME_WITHIN_S: Final = 15.0
# Phones come back at once, but not all in the same instant; while nobody answers, they try less and less often.
_FIRST_PAUSE_S: Final = 0.15
_LONGEST_PAUSE_S: Final = 0.8


@dataclass(slots=True)
class Network:
    """What lies between everybody here and the service, shared by all of them."""

    balancer: Balancer
    rng: Random
    # How likely a message is said twice, and how long it may be under way: the later may then arrive first.
    repeat: float = 0.0
    longest_delay_s: float = 0.0
    # Whether a service without its database may send somebody off to read afresh.
    may_reload: bool = False
    # Whether one that has just started may be too busy for mailboxes, and have somebody begin again a moment later.
    may_begin_degraded: bool = False
    # Whether workers may not know of each other's incidents, as what they share is away, or has just come back.
    is_apart: bool = False
    # Whether that has ever been so.
    was_apart: bool = False


class Correspondent:
    """One recipient. `hear` gets every message once, in order; `begun` is called after each welcome.

    Whoever is not `bound_to` a door goes in by any, and comes back by another when the connection breaks.

    What is said while nobody listens is lost, as on a phone without a network: whoever says it has to say it again.
    """

    def __init__(
        self,
        name: str,
        token: str,
        network: Network,
        *,
        hear: Callable[[Message], None],
        begun: Callable[[Message, bool], None] | None = None,
        bound_to: Door | None = None,
    ) -> None:
        self.name = name
        self.numbering = Numbering()
        self.closes: Counter[int] = Counter()
        self.sent_away: list[str] = []
        self.receive_buffer_bytes: int | None = None
        self._token = token
        self._network = network
        self._is_bound = bound_to is not None
        self.door = network.balancer.any() if bound_to is None else bound_to
        self._hear = hear
        self._begun = begun
        self._line: Line | None = None
        self._welcomed = False
        self._asked: Message | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the service has welcomed the present connection."""
        return self._welcomed

    @property
    def line(self) -> Line | None:
        """The present connection, welcomed or not."""
        return self._line

    async def stay(self) -> None:
        """Be connected, again and again, until cancelled or sent away for good."""
        try:
            pause_s = _FIRST_PAUSE_S
            while not self.sent_away:
                pause_s = _FIRST_PAUSE_S if await self._one_connection() else min(2 * pause_s, _LONGEST_PAUSE_S)
                if not self._is_bound:
                    self.door = self._network.balancer.other_than(self.door)
                await asyncio.sleep(self._network.rng.uniform(0.1, 1.0) * pause_s)
        finally:
            if self._line is not None:
                self._line.cut()

    def cut(self) -> None:
        """Lose the present connection, if there is one."""
        if self._line is not None:
            self._welcomed = False
            self._line.cut()

    def say(self, message: Message) -> None:
        """Say something now; on a bad network twice, or later, or both."""
        network = self._network
        times = 2 if network.rng.random() < network.repeat else 1
        for _ in range(times):
            if network.longest_delay_s:
                delay_s = network.rng.uniform(0, network.longest_delay_s)
                asyncio.get_running_loop().call_later(delay_s, self._say_now, message)
            else:
                self._say_now(message)

    def _say_now(self, message: Message) -> None:
        if self._line is not None and self._welcomed:
            self._line.send(message)

    async def _one_connection(self) -> bool:
        """Connect and talk until it is over; False when nobody answered."""
        try:
            line = await Line.opened(self.door, self._heard, receive_buffer_bytes=self.receive_buffer_bytes)
        except OSError:
            return False
        self._line = line
        hello: Message = {"type": "hello", "token": self._token}
        self._asked = self.numbering.resume_point()
        if self._asked is not None:
            hello["resume"] = self._asked
        line.send(hello)
        impatience = asyncio.get_running_loop().call_later(_WELCOME_WITHIN_S, self._hang_up_unless_welcomed, line)
        try:
            code = await line.lost
        finally:
            impatience.cancel()
            self._line, self._welcomed = None, False
        self.closes[code] += 1
        if code in _FINAL:
            self.sent_away.append(f"{self.name} was sent away for good with {code}")
        return True

    def _hang_up_unless_welcomed(self, line: Line) -> None:
        if line is self._line and not self._welcomed:
            line.cut()

    def _heard(self, message: Message) -> None:
        if message["type"] == "welcome":
            self._welcome(message)
            return
        seq = message.get("seq")
        if seq is None:
            self.numbering.unnumbered += 1
            self._hear(message)
            return
        if self.numbering.is_new(seq):
            self._hear(message)
        self.say({"type": "ack", "seq": self.numbering.seq})

    def _welcome(self, welcome: Message) -> None:
        self._welcomed = True
        may_reload = self._network.may_reload
        may_reload |= self._network.may_begin_degraded and bool(welcome.get("degraded"))
        must_reload = self.numbering.begin(welcome, self._asked, may_reload=may_reload)
        if self._begun is not None:
            self._begun(welcome, must_reload)
