"""The other workers of the service, as far as they have been heard of lately: who lives, and who is connected there."""

import time
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from dispatch.sharing.envelope import Pulse

PULSE_EVERY_S = 1.0
# So long after its last word a worker is taken for dead, and nobody is counted on who was connected to it.
_SILENT_S = 4.0


def checksum_of(recipients: Iterable[str]) -> int:
    """The same for the same recipients in any order."""
    total = 0
    for each in recipients:
        total ^= zlib.crc32(each.encode())
    return total


@dataclass(slots=True)
class _Colleague:
    heard_at_s: float
    connected: set[str] = field(default_factory=set)
    checksum: int = 0


class Colleagues:
    """Kept true by what they say; what was missed shows in the checksum of the next pulse, and is asked for."""

    def __init__(self, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._by_id: dict[str, _Colleague] = {}
        self._where: Counter[str] = Counter()
        # Told of every recipient who has come to be connected elsewhere, and of those who are no longer.
        self.on_arrival: Callable[[str], None] = _nobody_asks
        self.on_leaving: Callable[[str], None] = _nobody_asks

    def __len__(self) -> int:
        return len(self._by_id)

    def __contains__(self, worker: str) -> bool:
        return worker in self._by_id

    def ids(self) -> list[str]:
        """Those who live."""
        return list(self._by_id)

    def has(self, recipient: str) -> bool:
        """Whether somebody is connected to another worker."""
        return recipient in self._where

    def count(self, prefix: str) -> int:
        """How many recipients whose name begins with `prefix` are connected elsewhere."""
        return sum(1 for recipient in self._where if recipient.startswith(prefix))

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
        for recipient in recipients:
            if recipient in colleague.connected:
                continue
            colleague.connected.add(recipient)
            colleague.checksum ^= zlib.crc32(recipient.encode())
            self._where[recipient] += 1
            if self._where[recipient] == 1:
                self.on_arrival(recipient)

    def left(self, worker: str, recipients: Iterable[str]) -> None:
        """These are no longer connected to it."""
        colleague = self._by_id[worker]
        for recipient in recipients:
            if recipient not in colleague.connected:
                continue
            colleague.connected.discard(recipient)
            colleague.checksum ^= zlib.crc32(recipient.encode())
            self._gone(recipient)

    def everybody(self, worker: str, recipients: Collection[str]) -> None:
        """These and nobody else are connected to it."""
        now = set(recipients)
        self.left(worker, list(self._by_id[worker].connected - now))
        self.arrived(worker, now)

    def agrees(self, worker: str, pulse: Pulse) -> bool:
        """Whether what is known of a worker is what its pulse says."""
        colleague = self._by_id[worker]
        return (len(colleague.connected), colleague.checksum) == (pulse.connected, pulse.checksum)

    def forget_silent(self) -> list[str]:
        """Let go of those of whom nothing was heard lately; returns who that was."""
        dead = [each for each, known in self._by_id.items() if self._now_s() - known.heard_at_s > _SILENT_S]
        for each in dead:
            self.forget(each)
        return dead

    def forget(self, worker: str) -> None:
        """A worker is no more."""
        if worker in self._by_id:
            self.left(worker, list(self._by_id[worker].connected))
            del self._by_id[worker]

    def _gone(self, recipient: str) -> None:
        self._where[recipient] -= 1
        if self._where[recipient] == 0:
            del self._where[recipient]
            self.on_leaving(recipient)


def _nobody_asks(_recipient: str) -> None:
    """Nobody wants to know."""
