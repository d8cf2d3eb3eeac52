"""What the processes of a load test note while it runs, each in a file of its own, and read when it is over.

All instants are nanoseconds of CLOCK_MONOTONIC, which the processes of one machine share.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

# A run that forgets to end must not fill the disk.
_MOST_MOMENTS: Final = 2_000_000


@dataclass(frozen=True, slots=True)
class Tap:
    """One SOS: when it was due, when its first byte was sent, and what was answered (nanoseconds, CLOCK_MONOTONIC).

    `status` is 0 and `incident_id` empty where nothing was answered.
    """

    scheduled_ns: int
    sent_ns: int
    answered_ns: int
    status: int
    incident_id: str
    alerted: int


@dataclass(frozen=True, slots=True)
class Arrival:
    """An alert on a responder's socket, at that nanosecond of CLOCK_MONOTONIC."""

    incident_id: str
    responder_id: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class Call:
    """Anything else that was asked and answered: a tile, a report, a welcome. `is_ok` says whether as it should be."""

    name: str
    scheduled_ns: int
    sent_ns: int
    answered_ns: int
    is_ok: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something too frequent for a line of its own was done in the second that began at `at_ns`."""

    name: str
    at_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class Account:
    """What one recipient was told in all: numbered messages, those lost and repeated, sessions the service ended."""

    recipient: str
    numbered: int
    lost: int
    repeated: int
    cut_off: int


Moment = Tap | Arrival | Call | Counted | Account
_KINDS: Final[dict[str, type[Moment]]] = {
    "tap": Tap,
    "alert": Arrival,
    "call": Call,
    "counted": Counted,
    "account": Account,
}
_NAMES: Final = {kind: name for name, kind in _KINDS.items()}


class MomentFile:
    """Where one process notes its moments: a line each. What is beyond two million is counted and not kept."""

    def __init__(self, path: Path) -> None:
        self._file: TextIO = path.open("w")
        self._kept = 0
        self.dropped = 0

    def note(self, moment: Moment) -> None:
        """Write one down."""
        if self._kept >= _MOST_MOMENTS:
            self.dropped += 1
            return
        self._kept += 1
        line = [_NAMES[type(moment)], *(getattr(moment, each) for each in moment.__slots__)]
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Let the others read it."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Moments:
    """What all processes of a run noted."""

    taps: list[Tap] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    counted: list[Counted] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)

    def take(self, moment: Moment) -> None:
        """Put one where it belongs."""
        match moment:
            case Tap():
                self.taps.append(moment)
            case Arrival():
                self.arrivals.append(moment)
            case Call():
                self.calls.append(moment)
            case Counted():
                self.counted.append(moment)
            case Account():
                self.accounts.append(moment)


def read_moments(paths: Iterable[Path]) -> Moments:
    """Read what the processes of a run have noted. A line that a killed process left unfinished is passed over."""
    moments = Moments()
    for path in paths:
        for line in path.read_text().splitlines():
            moment = _moment(line)
            if moment is not None:
                moments.take(moment)
    return moments


def _moment(line: str) -> Moment | None:
    try:
        name, *values = json.loads(line)
    except ValueError:
        return None
    kind: Any = _KINDS[name]
    moment: Moment = kind(*values)
    return moment
