"""What all users of one Locust process share: the scenario, the clock, the file of moments."""

import atexit
import gc
import os
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

import gevent
from gevent.event import AsyncResult
from gevent.pool import Pool
from locust import events

from loadtests.moments import Call, Moment, MomentFile
from loadtests.rendezvous import Rendezvous
from loadtests.scenario import scenario_folder, scenario_in

_FOLDER: Final = scenario_folder()
SCENARIO: Final = scenario_in(_FOLDER)
SHAPE: Final = SCENARIO.shape
RENDEZVOUS: Final = Rendezvous(_FOLDER)

# What is under way at once beyond this was never going to be answered; it counts as not sent.
_MOST_AT_ONCE: Final = 2_000
_LOOK_EVERY_S: Final = 0.1
# Objects made, looks at the youngest, looks at what those left: short looks, and seldom.
_COLLECTED_AFTER: Final = (5_000, 100, 10)
_S: Final = 1e9
_MS: Final = 1e6

_notes: Final = MomentFile(_FOLDER / f"moments-{os.getpid()}.jsonl")
atexit.register(_notes.close)


def note(moment: Moment) -> None:
    """Write a moment down."""
    _notes.note(moment)


def ready() -> None:
    """Tell that one more user is where it has to be before it all begins."""
    RENDEZVOUS.claim("ready")


def begin_ns() -> int:
    """Wait until everybody is ready; answer the nanosecond at which it begins."""
    at_ns: int = _beginning().get()
    return at_ns


@cache
def _beginning() -> AsyncResult:
    # One of the users looks for all: hundreds that look ten times a second would be a load of their own.
    beginning = AsyncResult()
    gevent.spawn(_look_for_it, beginning)
    return beginning


def _look_for_it(beginning: AsyncResult) -> None:
    while (at_ns := RENDEZVOUS.begins_at()) is None:
        gevent.sleep(_LOOK_EVERY_S)
    _keep_the_collector_out()
    beginning.set(at_ns)


def _keep_the_collector_out() -> None:
    # A pause of our own collector would be told as the service's: looking at all that Locust and hundreds of users hold
    # takes 50 to 150 ms. All of it stays to the end, so it is looked at once, in the second before it begins.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECTED_AFTER)


def now_s() -> float:
    """Seconds since it began; negative before."""
    at_ns = RENDEZVOUS.begins_at()
    return (time.monotonic_ns() - at_ns) / _S if at_ns is not None else -1.0


def on_schedule(times_s: Iterable[float], do: Callable[[int], None]) -> None:
    """Do something at each of these seconds after the beginning, each in a greenlet of its own; returns after all.

    `do` gets the nanosecond at which it was due. Nothing waits for what came before it: an open model.
    """
    began_ns = begin_ns()
    under_way = Pool(_MOST_AT_ONCE)
    for at_s in times_s:
        due_ns = began_ns + round(at_s * _S)
        gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / _S))
        if under_way.free_count() > 0:
            under_way.spawn(do, due_ns)
        else:
            note(Call("not sent", due_ns, time.monotonic_ns(), time.monotonic_ns(), is_ok=False))
    under_way.join()


def call(name: str, due_ns: int, sent_ns: int, *, is_ok: bool = True) -> None:
    """Note what was answered just now, and tell Locust."""
    answered_ns = time.monotonic_ns()
    note(Call(name, due_ns, sent_ns, answered_ns, is_ok))
    fire(name, (answered_ns - sent_ns) / _MS, None if is_ok else RuntimeError(f"{name} was not as it should be"))


def fire(name: str, milliseconds: float, error: Exception | None = None) -> None:
    """Put a line into Locust's own table."""
    events.request.fire(  # type: ignore[no-untyped-call] # Locust's own, without annotations
        request_type="",
        name=name,
        response_time=milliseconds,
        response_length=0,
        exception=error,
        context={},
    )
