"""The positions of all phones of one process: one greenlet sends them at the rate that the shape asks for.

A greenlet for each phone would be what is measured at thousands of positions a second. Frames are made beforehand.
"""

import math
import time
from typing import Final

import gevent

from loadtests.crowd import CrowdMember
from loadtests.moments import Counted
from loadtests.users.listening import Listener
from loadtests.users.stage import SCENARIO, SHAPE, begin_ns, note
from loadtests.wire import masked_frame

# A hundred bursts a second are still a steady stream.
_BURST_EVERY_S: Final = 0.01
# A phone walks about thirty metres around where it stands, so that each position is news.
_STEPS_DEG: Final = (0.0, 0.0001, 0.0002, 0.0003)
# A ping now and then, on a line that positions go over too: its answer tells how long what is said there waits.
_PING_EVERY_S: Final = 0.2
_S: Final = 1e9


class _Movers:
    """Those of this process who have a line, and the frames that they send again and again."""

    def __init__(self) -> None:
        self.frames: dict[Listener, list[bytes]] = {}
        self._order: list[Listener] = []
        self._is_running = False
        self._sent = 0

    def add(self, listener: Listener, member: CrowdMember) -> None:
        place = member.place
        self.frames[listener] = [
            masked_frame(
                {
                    "type": "position",
                    "latitude": round(place.latitude + step, 6),
                    "longitude": round(place.longitude, 6),
                    "accuracy_m": 12.5,
                }
            )
            for step in _STEPS_DEG
        ]
        self._order = list(self.frames)
        if not self._is_running:
            self._is_running = True
            gevent.spawn(self._run)

    def remove(self, listener: Listener) -> None:
        if self.frames.pop(listener, None) is not None:
            self._order = list(self.frames)

    def _run(self) -> None:
        began_ns = begin_ns()
        due, looked_s, pinged_s, counted_s, counted = 0.0, 0.0, 0.0, 0, 0
        while True:
            gevent.sleep(_BURST_EVERY_S)
            now_s = (time.monotonic_ns() - began_ns) / _S
            share = len(self._order) / max(1, len(SCENARIO.members))
            # All that is due is sent, however late: what was missed is made up for.
            due += SHAPE.positions_per_s_at(now_s) * share * max(0.0, now_s - looked_s)
            looked_s = max(0.0, now_s)
            for _ in range(math.floor(due)):
                counted += self._send_one()
            due -= math.floor(due)
            if now_s - pinged_s > _PING_EVERY_S and self._order:
                pinged_s = now_s
                self._order[self._sent % len(self._order)].ping()
            if int(now_s) > counted_s:
                # One line a second, not one a position.
                note(Counted("positions", began_ns + round(counted_s * _S), counted))
                counted_s, counted = int(now_s), 0

    def _send_one(self) -> int:
        order = self._order
        if not order:
            return 0
        self._sent += 1
        listener = order[self._sent % len(order)]
        frames = self.frames[listener]
        return int(listener.write(frames[self._sent // len(order) % len(frames)]))


_movers: Final = _Movers()


def join_movers(listener: Listener, member: CrowdMember) -> None:
    """From now on this phone moves."""
    _movers.add(listener, member)


def leave_movers(listener: Listener) -> None:
    """It moves no more."""
    _movers.remove(listener)
