"""Where "now" comes from. Whoever needs the time is given a clock, so tests move it instead of sleeping.

UTC for facts, steady time for durations: the service's clock starts at the machine's UTC and from there goes on by a
clock that nobody can set, so that a deadline is as far away as it should be whatever becomes of the machine's UTC.
"""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

log = structlog.get_logger()

# A difference up to this is a clock that drifts, or one that NTP is still pulling right; above it somebody has set it.
STEP_S = 5.0

# One part in this many: twenty seconds to answer stay twenty, give or take two tenths; five seconds take eight minutes.
SLEW = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_S = 10**9
_STEP_NS = round(STEP_S * _NS_PER_S)


class Clock(Protocol):
    """Answers what time it is."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def from_wall(self, at: datetime) -> datetime:
        """An instant told by somebody who goes by true time, as this clock would have said it."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def from_wall(self, at: datetime) -> datetime:
        """The same instant."""
        return at


def steady_ns() -> int:
    """Nanoseconds of a clock that is never set: since the machine started, where the system tells that.

    CLOCK_BOOTTIME, which goes on while a laptop or a virtual machine is suspended: those who wait for help wait then
    too, and what fell due meanwhile is due at once. CLOCK_MONOTONIC stands still, and a night's suspension would look
    like somebody setting the clock. Linux has both; elsewhere the one that Python has.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    return time.monotonic_ns()


class SteadyClock:
    """UTC as it was at the start, plus steady time since; the machine's UTC is followed gently.

    A difference up to `STEP_S` is worked off at one part in `SLEW`. A larger one is a step. While `is_busy` says yes
    it is not followed: twenty seconds to answer must not become an hour, nor nothing. As soon as it says no, the
    machine's time is taken over, forward or back, and those who asked (`on_jump`) are told by how much: nothing else
    ever moves this clock back. `is_busy` is asked only then, and may not ask this clock; it should say no of an
    emergency that nobody has touched for hours, or a wrong time stays as long as somebody forgets to close it.
    """

    def __init__(
        self,
        *,
        is_busy: Callable[[], bool] = lambda: False,
        wall_ns: Callable[[], int] = time.time_ns,
        steady_ns: Callable[[], int] = steady_ns,
    ) -> None:
        self.is_busy = is_busy
        self.steps = 0
        """How often the machine's UTC was seen to be set, forward or back."""
        self._wall_ns = wall_ns
        self._steady_ns = steady_ns
        self._told: list[Callable[[float], None]] = []
        # `now` is asked from worker threads too, and must not go back for any of them.
        self._lock = threading.Lock()
        self._steady = steady_ns()
        self._ours = wall_ns()
        self._behind = 0

    def now(self) -> datetime:
        """The present instant, aware, in UTC. Never before one that it has given, but where a step is taken over."""
        with self._lock:
            jumped_ns = self._go_on()
            ours = self._ours
        for tell in self._told if jumped_ns else ():
            tell(jumped_ns / _NS_PER_S)
        return _instant(ours)

    def on_jump(self, tell: Callable[[float], None]) -> None:
        """Have `tell` called with the seconds (negative: back) whenever this clock has taken over a step."""
        self._told.append(tell)

    def from_wall(self, at: datetime) -> datetime:
        """An instant told by somebody who goes by true time, a phone say, as this clock would have said it.

        Those follow the machine's UTC, if that is right, and not a step that this clock has not taken over.
        """
        self.now()
        return at - timedelta(microseconds=self._behind / 1000)

    def start_not_before(self, instant: datetime) -> None:
        """Go on from `instant`, the newest that is written down, if this clock is not as far: facts stay in order.

        For a start after the machine's clock was set back. `is_busy` must say yes already: else the next look takes
        the machine's time over again, as it should when no emergency is open.
        """
        with self._lock:
            self._go_on()
            lacking = _nanoseconds(instant) - self._ours
            if lacking <= 0:
                return
            self._ours += lacking
            self._behind -= lacking
            if lacking > _STEP_NS:
                self.steps += 1
                log.warning("the clock is behind what is written down; going on from there", by_s=lacking / _NS_PER_S)

    def _go_on(self) -> int:
        """Bring this clock up to date; by how many nanoseconds a step was taken over, mostly 0."""
        steady, wall = self._steady_ns(), self._wall_ns()
        passed = max(0, steady - self._steady)
        self._steady = steady
        self._ours += passed
        behind = wall - self._ours
        if abs(behind - self._behind) > _STEP_NS:
            self.steps += 1
            by_s = (behind - self._behind) / _NS_PER_S
            log.warning("the machine's clock was set", by_s=by_s, followed=not self.is_busy())
        jumped = 0
        if abs(behind) <= _STEP_NS:
            most = passed // SLEW
            worked_off = max(-most, min(most, behind))
        elif self.is_busy():
            worked_off = 0
        else:
            worked_off = jumped = behind
        self._ours += worked_off
        self._behind = behind - worked_off
        return jumped


def _instant(nanoseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _nanoseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000
