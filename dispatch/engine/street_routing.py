"""The second answer to "time to arrive": whom a street-routing engine is asked about, and when it is left alone."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Protocol

from dispatch.rescue.arrival import estimate_arrivals
from dispatch.rescue.policy import TravelPolicy
from dispatch.rescue.scene import AedOption, Candidate
from dispatch.rescue.streets import StreetTimes
from geo.place import Place


class StreetRouter(Protocol):
    """Answers how long the ways along streets take, or that it does not know in time."""

    async def travel_times(
        self, patient: Place, candidates: Sequence[Candidate], aeds: Sequence[AedOption]
    ) -> StreetTimes | None:
        """Seconds of travel for the pairs that matter most; None: the straight-line estimates stand. Never raises."""
        ...

    async def aclose(self) -> None:
        """Let go of the connections."""
        ...


@dataclass(frozen=True, slots=True)
class ShortlistSize:
    """For how many responders and AEDs at most the streets are asked."""

    responders: int = 12
    aeds: int = 4


def shortlist(
    candidates: Sequence[Candidate], aeds: Sequence[AedOption], *, travel: TravelPolicy, size: ShortlistSize
) -> tuple[tuple[Candidate, ...], tuple[AedOption, ...]]:
    """The responders and AEDs most likely to be in the plan, by the straight-line estimate; the same in any order.

    Responders by turns from two lists, those first at the patient and those first there with an AED: whoever stands
    beside a cabinet is worth a question though others are nearer to the patient.
    """
    # What somebody carries takes no way of its own.
    aeds = [each for each in aeds if each.carried_by is None]
    arrivals = estimate_arrivals(candidates, aeds, floor=None, is_night=False, travel=travel)
    everyone = range(len(candidates))
    first_there = sorted(everyone, key=lambda i: (arrivals.direct_s[i], candidates[i].responder_id))
    if not candidates or not aeds:
        return tuple(candidates[i] for i in first_there[: size.responders]), ()
    with_aed_s, by_aed_s = arrivals.via_aed_s.min(axis=1), arrivals.via_aed_s.min(axis=0)
    first_with_aed = sorted(everyone, key=lambda i: (with_aed_s[i], candidates[i].responder_id))
    by_turns = dict.fromkeys(chain.from_iterable(zip(first_there, first_with_aed, strict=True)))
    best_aeds = sorted(range(len(aeds)), key=lambda j: (by_aed_s[j], aeds[j].aed_id))
    return (
        tuple(candidates[i] for i in islice(by_turns, size.responders)),
        tuple(aeds[j] for j in best_aeds[: size.aeds]),
    )


class CircuitBreaker:
    """Keeps a dead engine from costing every SOS its deadline: after `failures` in a row nobody asks for `pause_s`.

    When the pause is over one asks for all: the others go on without until that one was answered. `now` is a clock in
    seconds that never goes back.
    """

    def __init__(self, *, failures: int = 3, pause_s: float = 5.0, now: Callable[[], float] = time.monotonic) -> None:
        self._failures_allowed = failures
        self._pause_s = pause_s
        self._now = now
        self._failures = 0
        self._paused_until = 0.0

    def lets_through(self) -> bool:
        """Whether to ask now. Whoever is let through reports `succeeded` or `failed`."""
        if self._failures < self._failures_allowed:
            return True
        now = self._now()
        if now < self._paused_until:
            return False
        # The one who tries prolongs the pause of the others.
        self._paused_until = now + self._pause_s
        return True

    def succeeded(self) -> None:
        """The engine answered, if only to refuse."""
        self._failures = 0

    def failed(self) -> bool:
        """No answer, a late one or a senseless one; returns whether a pause begins with it."""
        self._failures += 1
        self._paused_until = self._now() + self._pause_s
        return self._failures == self._failures_allowed
