"""Incidents that a webhook's receiver does not take at the moment, though it takes others."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

# After a failure: one second, two, … five minutes, for days. A centre that is back has all of it within minutes.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 300.0

# One event that fails so long, and so often, while others are taken is none that its receiver will ever take.
_PUT_ASIDE_AFTER = timedelta(hours=1)
_PUT_ASIDE_AFTER_FAILURES = 10


def pause_s(failures: int, retry_after_s: float | None, chance: random.Random) -> float:
    """Seconds until the next attempt after so many failures: doubling, with jitter, and what the receiver asks for."""
    doubled = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(failures - 1, 16))
    own = doubled * chance.uniform(0.5, 1.5)
    return own if retry_after_s is None else max(own, retry_after_s)


@dataclass(frozen=True, slots=True)
class _Hold:
    cursor: int
    failures: int
    since: datetime
    until: datetime


class Held:
    """Of one webhook, in this worker's memory: another worker finds out by itself."""

    def __init__(self) -> None:
        self._holds: dict[str, _Hold] = {}
        self._chance = random.Random()  # noqa: S311 - jitter, not a secret

    def is_held(self, incident_id: str, now: datetime) -> bool:
        """Whether an incident's events wait."""
        hold = self._holds.get(incident_id)
        return hold is not None and now < hold.until

    def hold(self, incident_id: str, cursor: int, retry_after_s: float | None, now: datetime) -> bool:
        """An event was not taken, and what follows it in its incident waits; False: it has failed for too long."""
        before = self._holds.get(incident_id)
        is_same = before is not None and before.cursor == cursor
        failures = before.failures + 1 if before is not None and is_same else 1
        since = before.since if before is not None and is_same else now
        if failures >= _PUT_ASIDE_AFTER_FAILURES and now - since >= _PUT_ASIDE_AFTER:
            self._holds.pop(incident_id, None)
            return False
        until = now + timedelta(seconds=pause_s(failures, retry_after_s, self._chance))
        self._holds[incident_id] = _Hold(cursor, failures, since, until)
        return True

    def let_go(self, incident_id: str) -> None:
        """Its event was taken, or the receiver takes nothing at all."""
        self._holds.pop(incident_id, None)
