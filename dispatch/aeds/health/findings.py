"""What one rule found, and what all of them together come to."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.aeds.health.vocabulary import Cause, Urgency
from dispatch.aeds.record import Readiness


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's result: in which state it puts the device, and since when. `READY`: only something has to be done.

    `cause`: what has to be done something about, and how urgently; None: nothing. `due_at`: by when, if not by the
    policy's deadline for the cause. `code`: more of the reason, in the reporter's own words.
    """

    reason: str
    state: Readiness
    cause: Cause | None
    since: datetime
    code: str | None = None
    urgency: int = Urgency.NOW
    due_at: datetime | None = None

    @property
    def text(self) -> str:
        """The reason as it is stored, the code behind it."""
        return f"{self.reason}_{self.code}" if self.code else self.reason


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A state and why. `at`: the time of the newest evidence.

    `look_again_at`: the next instant at which time alone changes findings or the urgency of what has to be done; at
    every instant before, `conclude` answers the same. None: never.
    """

    readiness: Readiness
    findings: tuple[Finding, ...]
    at: datetime
    look_again_at: datetime | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not ready, as stored."""
        return tuple(each.text for each in self.findings if each.state is not Readiness.READY)
