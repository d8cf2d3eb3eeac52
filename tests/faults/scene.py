"""What a fault can reach, and what is to be judged while it lasts."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Final

from tests.faults.audit import Finding, Measure
from tests.faults.database import DatabaseUnderTest
from tests.faults.link import Link
from tests.faults.redis import RedisUnderTest
from tests.faults.service import ServiceUnderTest
from tests.faults.storm import Storm

# An SOS tapped while something is away is answered within this.
ANSWERED_WITHIN_S: Final = 3.0
AWAY_S: Final = 10.0


class Cast(Enum):
    """Who serves: one worker; two that share a Redis; two of which one stands in a network namespace of its own."""

    ONE = "one"
    TWO = "two"
    TWO_APART = "two apart"

    @classmethod
    def for_all(cls, casts: Sequence["Cast"]) -> "Cast":
        """The cast that plays all of these. Raises `ValueError` where there is none."""
        several = set(casts)
        if several == {cls.TWO, cls.TWO_APART}:
            return cls.TWO_APART
        if len(several) != 1:
            raise ValueError("one worker and two do not play in one city")
        return several.pop()


@dataclass(slots=True)
class Scene:
    """Everything that a fault can reach. `notes` are what a run has to tell besides its audit."""

    storm: Storm
    services: Sequence[ServiceUnderTest]
    database: DatabaseUnderTest
    rng: Random
    run_s: float
    # How long what goes away stays away.
    away_s: float = AWAY_S
    found_redis: RedisUnderTest | None = None
    found_link: Link | None = None
    number: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def service(self) -> ServiceUnderTest:
        """The only one, or the first."""
        return self.services[0]

    @property
    def redis(self) -> RedisUnderTest:
        """What the workers share. Raises `LookupError` where there is only one."""
        if self.found_redis is None:
            raise LookupError("one worker shares with nobody")
        return self.found_redis

    @property
    def link(self) -> Link:
        """The way to the worker that stands apart. Raises `LookupError` where none does."""
        if self.found_link is None:
            raise LookupError("no worker stands apart")
        return self.found_link

    def note(self, what: str, much: float = 1) -> None:
        """Count something."""
        self.notes[what] = self.notes.get(what, 0) + much

    def judge(self, since_s: float, until_s: float, what_was: str, *, within_s: float = ANSWERED_WITHIN_S) -> None:
        """Every SOS tapped between those moments was answered soon, and whom it called has heard of it."""
        called_to = {each for person in self.storm.first_aiders.values() for each in person.called_to}
        for sos in self.storm.callers.taken.values():
            if not since_s < sos.tapped_at < until_s:
                continue
            self.note("tapped_meanwhile")
            what = f"SOS {sos.request_id}, tapped while {what_was},"
            if sos.answered_at is None or sos.answered_at - sos.tapped_at > within_s:
                text = f"{what} was not answered within {within_s:.0f} s: {sos.tries} tries, {sos.refused[:2]}"
                self.findings.append(Finding(Measure.LOST, f"late {sos.request_id}", text))
            elif sos.receipts[0][2] and sos.incident_id not in called_to:
                text = f"{what} was answered with {sos.receipts[0][2]} alerted, and nobody's phone had heard of it"
                self.findings.append(Finding(Measure.UNDELIVERED, f"late {sos.request_id}", text))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A fault, how often it is tried unless asked otherwise, and how long the storm blows for it, in seconds."""

    strike: Callable[[Scene], Awaitable[None]]
    runs: int
    run_s: float
    environment: Mapping[str, str] = field(default_factory=dict)
    cast: Cast = Cast.ONE
