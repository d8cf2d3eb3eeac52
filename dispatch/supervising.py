"""Keeps a worker process at work: forked from a process that has read everything already, and again whenever it dies.

A start from nothing takes two seconds, most of them for reading code. A fork takes some milliseconds.
"""

import ctypes
import gc
import math
import os
import signal
import sys
import time
from collections.abc import Callable
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
    work: Callable[[], None],
    *,
    meanwhile: Callable[[], None],
    refusal: type[Exception],
    most: int = _TOO_OFTEN,
    end_within_s: float = _END_WITHIN_S,
) -> None:
    """Have a child process do `work` until it ends by itself or this process is told to end, which it is told too.

    It is killed where it has not ended `end_within_s` later. Whenever it dies another takes over. `meanwhile` is called
    again and again beside it. Raises `refusal` with the child's own words when it raised that, and when it has died
    `most` times in a row within seconds.
    """
    supervision = _Supervision(work, refusal, end_within_s)
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


class _Supervision:
    def __init__(self, work: Callable[[], None], refusal: type[Exception], end_within_s: float) -> None:
        self._work = work
        self._refusal = refusal
        self._end_within_s = end_within_s
        self._end_by_s = math.inf
        self._worker: int | None = None
        self._words = -1
        self._is_ending = self._is_seeing_to = False
        self._next_look_s = 0.0

    def end(self, _signal: int, _frame: FrameType | None) -> None:
        """Tell the worker to end in order; this process ends after it."""
        if not self._is_ending:
            self._end_by_s = time.monotonic() + self._end_within_s
        self._is_ending = True
        if self._worker is not None:
            _send(self._worker, signal.SIGTERM)
        if self._is_seeing_to:
            self._is_seeing_to = False
            raise _Ending

    def run(self, meanwhile: Callable[[], None], most: int) -> None:
        deaths = 0
        # What is there now is shared with every worker: the collector must not touch and so copy it.
        gc.collect()
        gc.freeze()
        while True:
            begun_s = time.monotonic()
            status = self._one_worker(meanwhile)
            if os.WIFEXITED(status) and os.WEXITSTATUS(status) in {0, _CANNOT}:
                if os.WEXITSTATUS(status) == _CANNOT:
                    raise self._refusal(self._last_words())
                return
            if self._is_ending:
                return
            deaths = deaths + 1 if time.monotonic() - begun_s < _TOO_SOON_S else 1
            log.error("the worker died; another takes over", status=_in_words(status), in_a_row=deaths)
            if deaths >= most:
                raise self._refusal(f"the worker died {deaths} times in a row; the log above says why")

    def _one_worker(self, meanwhile: Callable[[], None]) -> int:
        """Fork a worker and answer how it ended."""
        if self._words >= 0:
            os.close(self._words)
        reading, writing = os.pipe()
        WORKER_STARTS.inc()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        parent = os.getpid()
        worker = os.fork()
        if worker == 0:
            os.close(reading)
            self._be_worker(parent, writing)
        os.close(writing)
        self._words, self._worker = reading, worker
        if self._is_ending:
            # Told in the very moment of the fork.
            _send(worker, signal.SIGTERM)
        try:
            while True:
                ended, status = os.waitpid(worker, os.WNOHANG)
                if ended:
                    return status
                if time.monotonic() > self._end_by_s:
                    log.error("the worker does not end; it is killed", after_s=self._end_within_s)
                    _send(worker, signal.SIGKILL)
                    self._end_by_s = math.inf
                self._see_to(meanwhile)
                time.sleep(_LOOK_EVERY_S)
        finally:
            self._worker = None

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

    def _be_worker(self, parent: int, words: int) -> NoReturn:
        status = 1
        try:
            _die_with(parent)
            for each in _ENDING:
                if signal.getsignal(each) is not signal.SIG_IGN:
                    signal.signal(each, _leave)
            self._work()
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

    def _last_words(self) -> str:
        words_at, self._words = self._words, -1
        with os.fdopen(words_at, "rb") as words:
            return words.read().decode(errors="replace") or "the worker cannot work; the log above says why"


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


def _in_words(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"exit {os.WEXITSTATUS(status)}"
