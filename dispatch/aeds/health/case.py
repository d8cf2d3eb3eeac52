"""One device, all that is known of it, and the moment it is judged at: what every rule is given."""

from datetime import datetime

from dispatch.aeds.health.evidence import (
    DOOR_CLOSED,
    DOOR_OPEN,
    HEARTBEAT,
    INSPECTED,
    INSPECTION_FAILED,
    SEEN_AT,
    TEST_FAILED,
    TEST_PASSED,
    Evidence,
    Latest,
)
from dispatch.aeds.health.facts import Facts
from dispatch.aeds.health.policy import CarePolicy

_BY_ITSELF = (TEST_PASSED, TEST_FAILED, DOOR_CLOSED, DOOR_OPEN, SEEN_AT)


class Case:
    """What the rules ask. They compare the time by `reached` alone: so it is known when to ask them again.

    `inspected`: when a person last found it in order. `looked_at`: when one last looked, whatever they found.
    `passed`: when it was last found in order by itself or by a person. `began_at`: from when on a device that nothing
    is known of is counted.
    """

    __slots__ = (
        "began_at",
        "connected",
        "facts",
        "inspected",
        "latest",
        "look_again_at",
        "looked_at",
        "newest",
        "now",
        "passed",
        "policy",
    )

    def __init__(self, latest: Latest, facts: Facts, policy: CarePolicy, now: datetime) -> None:
        self.latest = latest
        self.facts = facts
        self.policy = policy
        self.now = now
        self.newest = newest = latest.newest
        self.look_again_at: datetime | None = None
        self.inspected = latest.when(INSPECTED)
        self.looked_at = latest_of(self.inspected, latest.when(INSPECTION_FAILED))
        self.passed = latest_of(self.inspected, latest.when(TEST_PASSED))
        self.began_at = latest.first_at if facts.in_service_since is None else facts.in_service_since
        self.connected = HEARTBEAT in newest if facts.connected is None else facts.connected

    def reached(self, instant: datetime) -> bool:
        """Whether that instant has come; if not, the device is to be judged again then."""
        if self.now >= instant:
            return True
        if self.look_again_at is None or instant < self.look_again_at:
            self.look_again_at = instant
        return False

    def standing(self, key: str, lifted_at: datetime | None) -> Evidence | None:
        """The newest report of that key, unless something of a later moment lifts it.

        What is of the same moment does not: clocks tell seconds, and of two words the bad one is the safer.
        """
        found = self.newest.get(key)
        return found if found is not None and (lifted_at is None or found.at >= lifted_at) else None

    def reading(self, name: str) -> tuple[datetime, float] | None:
        """The newest reading of that name, unless a person has found the device in order since."""
        found = self.latest.readings.get(name)
        if found is None or (self.inspected is not None and found.at < self.inspected):
            return None
        return found.at, found.value


def last_heard(latest: Latest) -> datetime | None:
    """When the device last said how it is: its last heartbeat, or where there never was one, anything by itself.

    A door or a position that still speaks must not hide that the device itself does not.
    """
    heartbeat = latest.newest.get(HEARTBEAT)
    if heartbeat is not None:
        return heartbeat.at
    return latest_of(*(each.at for key in _BY_ITSELF if (each := latest.newest.get(key)) is not None))


def latest_of(*instants: datetime | None) -> datetime | None:
    """The latest of those that are known."""
    latest = None
    for each in instants:
        if each is not None and (latest is None or each > latest):
            latest = each
    return latest
