"""The other workers of the service, as far as they have been heard of lately: who lives, and who is connected there."""

import math
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from dispatch.sharing.envelope import Everybody, Pulse

PULSE_EVERY_S = 1.0
# So long after its last word a worker is taken for dead, and nobody is counted on who was connected to it.
SILENT_S = 4.0
# An outage is noticed by all within this, and its end too: what lasts longer is one's own.
PASSING_S = 2.5
# Twice the pulse: from then on it may have been cut off, and those connected to it are let be.
_HUSHED_S = 2.0
# All who are connected to a worker are asked for no more often: they may be a hundred thousand.
_ASK_AGAIN_AFTER_S = 3.0


def checksum_of(recipients: Iterable[str]) -> int:
    """The same for the same recipients in any order, below 2^64.

    Not of CRCs as they are: those of names that count up cancel each other out. Their squares do not.
    """
    total = 0
    for each in recipients:
        crc = zlib.crc32(each.encode())
        total ^= crc * crc
    return total


@dataclass(slots=True)
class _Colleague:
    heard_at_s: float
    connected: set[str] = field(default_factory=set)
    checksum: int = 0
    # How many of whom: "responder", "caller", …
    roles: Counter[str] = field(default_factory=Counter)
    # Who has been named, while it tells who all are connected to it.
    named: set[str] | None = None
    asked_at_s: float | None = None
    has_database: bool = True
    # Whether what it decides may be in its journal only; until it has said so, it may.
    keeps: bool = True
    # Since when that is so, as far as it has said.
    so_since_s: float = -math.inf


class Colleagues:
    """Kept true by what they say; what was missed shows in the checksum of the next pulse, and is asked for.

    Told of recipients by the thousand, it only notes of whom something has changed (`take_changed`).
    """

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._by_id: dict[str, _Colleague] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, worker: str) -> bool:
        return worker in self._by_id

    def ids(self) -> list[str]:
        """Those who live."""
        return list(self._by_id)

    def has(self, recipient: str) -> bool:
        """Whether somebody is connected to another worker."""
        return any(recipient in each.connected for each in self._by_id.values())

    def count(self, prefix: str) -> int:
        """How many are connected elsewhere whose role `prefix` names ("responder:"), at each worker for itself."""
        role = prefix.removesuffix(":")
        return sum(each.roles[role] for each in self._by_id.values())

    def take_changed(self, most: int) -> list[str]:
        """Some of those who have come to be connected elsewhere, or are no longer, since they were last taken."""
        return [self._changed.pop() for _ in range(min(most, len(self._changed)))]

    def heard(self, worker: str) -> bool:
        """A word of this worker; whether it was not known to live."""
        known = self._by_id.get(worker)
        if known is None:
            self._by_id[worker] = _Colleague(self._now_s())
            return True
        known.heard_at_s = self._now_s()
        return False

    def arrived(self, worker: str, recipients: Iterable[str]) -> None:
        """These have connected to it."""
        colleague = self._by_id[worker]
        new = set(recipients)
        if colleague.named is not None:
            colleague.named |= new
        new -= colleague.connected
        colleague.connected |= new
        colleague.checksum ^= checksum_of(new)
        colleague.roles.update(map(_role_of, new))
        self._changed |= new

    def left(self, worker: str, recipients: Iterable[str]) -> None:
        """These are no longer connected to it."""
        colleague = self._by_id[worker]
        gone = set(recipients)
        if colleague.named is not None:
            colleague.named -= gone
        gone &= colleague.connected
        colleague.connected -= gone
        colleague.checksum ^= checksum_of(gone)
        colleague.roles.subtract(map(_role_of, gone))
        self._changed |= gone

    def are_named(self, worker: str, part: Everybody) -> None:
        """Who is connected to it, part by part; with the last, nobody else is."""
        colleague = self._by_id[worker]
        if part.is_first:
            colleague.named = set()
        if colleague.named is None:
            # Its beginning was missed; the next pulse shows what else was.
            return
        self.arrived(worker, part.recipients)
        if part.is_last:
            named, colleague.named = colleague.named, None
            self.left(worker, colleague.connected - named)

    def is_to_be_asked(self, worker: str, pulse: Pulse) -> bool:
        """Whether its pulse says otherwise than is known of it, and it was not asked a moment ago."""
        colleague = self._by_id[worker]
        if colleague.has_database != pulse.has_database:
            colleague.has_database, colleague.so_since_s = pulse.has_database, self._now_s()
        colleague.keeps = pulse.keeps
        if (len(colleague.connected), colleague.checksum) == (pulse.connected, pulse.checksum):
            return False
        now_s = self._now_s()
        if colleague.asked_at_s is not None and now_s - colleague.asked_at_s < _ASK_AGAIN_AFTER_S:
            return False
        colleague.asked_at_s = now_s
        return True

    def any_keeps(self) -> bool:
        """Whether anybody decides what is in no row yet, as far as they have said."""
        return any(each.keeps for each in self._by_id.values())

    def has_kept(self, worker: str) -> None:
        """One that lives has told of a decision that is in its journal only."""
        colleague = self._by_id.get(worker)
        if colleague is not None:
            colleague.keeps = True

    def with_database(self) -> list[str]:
        """Those who can write to PostgreSQL, and not since a moment ago only: others may be about to, too."""
        return [worker for worker, each in self._by_id.items() if each.has_database and self._lasts(each)]

    def has_database(self, worker: str) -> bool:
        """Whether one that lives can write to PostgreSQL, by its last word."""
        colleague = self._by_id.get(worker)
        return colleague is not None and colleague.has_database

    def is_without_database(self, worker: str) -> bool:
        """Whether one that lives has been without PostgreSQL for a while."""
        colleague = self._by_id.get(worker)
        return colleague is not None and not colleague.has_database and self._lasts(colleague)

    def _lasts(self, colleague: _Colleague) -> bool:
        return self._now_s() - colleague.so_since_s > PASSING_S

    def connected_to_hushed(self) -> Iterator[str]:
        """All who are connected to a worker of which nothing has been heard for a moment, as far as is known."""
        for each in self._by_id.values():
            if self._now_s() - each.heard_at_s > _HUSHED_S:
                yield from each.connected

    def has_within_hearing(self, recipient: str) -> bool:
        """Whether somebody is connected to another worker that has been heard a moment ago."""
        now_s = self._now_s()
        return any(
            recipient in each.connected and now_s - each.heard_at_s <= _HUSHED_S for each in self._by_id.values()
        )

    def excuse(self, seconds: float) -> None:
        """Nobody could be heard for so long, for this worker stood still."""
        for each in self._by_id.values():
            each.heard_at_s = min(self._now_s(), each.heard_at_s + seconds)

    def forget_silent(self) -> list[str]:
        """Let go of those of whom nothing was heard lately; returns who that was."""
        dead = [each for each, known in self._by_id.items() if self._now_s() - known.heard_at_s > SILENT_S]
        for each in dead:
            self.forget(each)
        return dead

    def forget(self, worker: str) -> None:
        """A worker is no more."""
        gone = self._by_id.pop(worker, None)
        if gone is not None:
            self._changed |= gone.connected


def _role_of(recipient: str) -> str:
    return recipient.partition(":")[0]
