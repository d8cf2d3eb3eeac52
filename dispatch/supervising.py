"""Keeps worker processes at work: forked from a process that has read everything already, and again whenever one dies.

A start from nothing takes two seconds, most of them for reading code. A fork takes some milliseconds.
"""

import ctypes
import gc
import math
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

import structlog

from dispatch.metrics import WORKER_STARTS

log = structlog.get_logger()

_LOOK_EVERY_S = 0.05
_PAUSE_AFTER_FAILURE_S = 1.0

# A worker that dies so soon, so often, will not live longer the next time.
_TOO_SOON_S = 5.0
_TOO_OFTEN = 5

# Told to end it closes sockets and lets pushes end: some seconds. What it could not write is in its journal: one that
# has not ended by then loses nothing by being killed.
_END_WITHIN_S = 12.0

# Its exit status when it says itself why it cannot work.
_CANNOT = 3

_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def supervise(
    *works: Callable[[], None],
    meanwhile: Callable[[], None],
    refusal: type[Exception],
    most: int = _TOO_OFTEN,
    end_within_s: float = _END_WITHIN_S,
) -> None:
    """Have a child process do each of `works` until one ends by itself or this process is told to end: so are all then.

    They are killed where they have not ended `end_within_s` later. Whenever one dies another takes over. `meanwhile` is
    called again and again beside them. Raises `refusal` with a child's own words when it raised that, and when one has
    died `most` times in a row within seconds.
    """
    supervision = _Supervision([_Place(work) for work in works], refusal, end_within_s)
    before = {each: signal.getsignal(each) for each in _ENDING}
    for each in _ENDING:
        if before[each] is not signal.SIG_IGN:
            signal.signal(each, supervision.end)
    try:
        supervision.run(meanwhile, most)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Ending(BaseException):
    """Told to end in the middle of what is seen to meanwhile, which may take minutes."""


@dataclass(slots=True)
class _Place:
    """Where one worker after another does the same work. `words` is the pipe by which it says why it cannot."""

    work: Callable[[], None]
    worker: int | None = None
    words: int = -1
    begun_s: float = 0.0
    deaths: int = 0

    def last_words(self) -> str:
        """What the last worker here said."""
        words_at, self.words = self.words, -1
        with os.fdopen(words_at, "rb") as words:
            return words.read().decode(errors="replace") or "the worker cannot work; the log above says why"


class _Supervision:
    def __init__(self, places: Sequence[_Place], refusal: type[Exception], end_within_s: float) -> None:
        self._places = places
        self._refusal = refusal
        self._end_within_s = end_within_s
        self._end_by_s = math.inf
        self._is_ending = self._is_seeing_to = False
        self._next_look_s = 0.0

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        """Tell the workers to end in order; this process ends after them."""
        self._tell_to_end()
        if self._is_seeing_to:
            self._is_seeing_to = False
            raise _Ending

    def _tell_to_end(self) -> None:
        if not self._is_ending:
            self._end_by_s = time.monotonic() + self._end_within_s
        self._is_ending = True
        for place in self._places:
            if place.worker is not None:
                _send(place.worker, signal.SIGTERM)

    def run(self, meanwhile: Callable[[], None], most: int) -> None:
        # What is there now is shared with every worker: the collector must not touch and so copy it.
        gc.collect()
        gc.freeze()
        refused: str | None = None
        for place in self._places:
            self._begin(place)
        while any(place.worker is not None for place in self._places):
            for place in self._places:
                status = self._ended(place)
                if status is None:
                    continue
                refused = refused or self._words_at_end(place, status, most)
                if refused is not None or _ended_by_itself(status):
                    self._tell_to_end()
                elif not self._is_ending:
                    self._begin(place)
            if time.monotonic() > self._end_by_s:
                self._kill()
            self._see_to(meanwhile)
            time.sleep(_LOOK_EVERY_S)
        if refused is not None:
            raise self._refusal(refused)

    def _words_at_end(self, place: _Place, status: int, most: int) -> str | None:
        """Why no other worker is to take this one's place; None where one may."""
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == _CANNOT:
            return place.last_words()
        if self._is_ending or _ended_by_itself(status):
            return None
        place.deaths = place.deaths + 1 if time.monotonic() - place.begun_s < _TOO_SOON_S else 1
        log.error("the worker died; another takes over", status=_in_words(status), in_a_row=place.deaths)
        return (
            f"the worker died {place.deaths} times in a row; the log above says why" if place.deaths >= most else None
        )

    def _begin(self, place: _Place) -> None:
        """Fork a worker."""
        if place.words >= 0:
            os.close(place.words)
        reading, writing = os.pipe()
        WORKER_STARTS.inc()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        parent = os.getpid()
        worker = os.fork()
        if worker == 0:
            os.close(reading)
            self._be_worker(place.work, parent, writing)
        os.close(writing)
        place.words, place.worker, place.begun_s = reading, worker, time.monotonic()
        if self._is_ending:
            # Told in the very moment of the fork.
            _send(worker, signal.SIGTERM)

    @staticmethod
    def _ended(place: _Place) -> int | None:
        """How the worker of a place has ended, once it has."""
        if place.worker is None:
            return None
        ended, status = os.waitpid(place.worker, os.WNOHANG)
        if not ended:
            return None
        place.worker = None
        return status

    def _kill(self) -> None:
        self._end_by_s = math.inf
        for place in self._places:
            if place.worker is not None:
                log.error("the worker does not end; it is killed", after_s=self._end_within_s)
                _send(place.worker, signal.SIGKILL)

    def _see_to(self, meanwhile: Callable[[], None]) -> None:
        if self._is_ending or time.monotonic() < self._next_look_s:
            return
        self._is_seeing_to = True
        try:
            meanwhile()
        except _Ending:
            return
        except Exception:
            log.exception("not seen to; tried again")
            self._next_look_s = time.monotonic() + _PAUSE_AFTER_FAILURE_S
        finally:
            self._is_seeing_to = False

    def _be_worker(self, work: Callable[[], None], parent: int, words: int) -> NoReturn:
        status = 1
        try:
            _die_with(parent)
            for each in _ENDING:
                if signal.getsignal(each) is not signal.SIG_IGN:
                    signal.signal(each, _leave)
            work()
            status = 0
        except self._refusal as refused:
            os.write(words, str(refused).encode())
            status = _CANNOT
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 0
        except BaseException:
            log.exception("the worker failed")
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            # Not through what the parent has registered for its own end.
            os._exit(status)


def _die_with(parent: int) -> None:
    """Have this process killed when its parent is, however that dies: two services must not stand side by side."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It died before we could say so.
            os._exit(1)


def _leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def _send(process: int, which: signal.Signals) -> None:
    try:
        os.kill(process, which)
    except ProcessLookupError:
        return


def _ended_by_itself(status: int) -> bool:
    return os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0


def _in_words(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.WEXITSTATUS(status)}"
