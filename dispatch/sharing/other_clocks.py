"""Clocks of other machines: facts stay in order though one is a little ahead of this one's."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from dispatch.clock import Clock, SteadyClock

# Clocks of machines that are looked after differ by less; one that is hours ahead must not take all others with it.
_CLOCKS_APART: Final = timedelta(seconds=5)


def keep_up_with(at: datetime, clock: Clock, warn: Callable[..., None]) -> None:
    """Have `clock` tell no time before `at`, when something was decided elsewhere; or warn that it is too far ahead."""
    ahead = at - clock.now()
    if ahead > _CLOCKS_APART:
        warn("another machine's clock is ahead of this one's", by_s=ahead.total_seconds())
    elif isinstance(clock, SteadyClock) and ahead > timedelta(0):
        clock.start_not_before(at)
