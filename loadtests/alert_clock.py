"""From the SOS to its alerts, whoever noted them: joined by the incident's id after the run.

Caller and responder may be played by different processes. Each notes its own moments by CLOCK_MONOTONIC, which all
processes of one machine share, and they are joined here.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.moments import Arrival, Tap

_MS: Final = 1e6


@dataclass(frozen=True, slots=True)
class AlertSample:
    """One alert of an SOS's first wave and how late it was, counted from when the SOS was due and when it was sent."""

    incident_id: str
    responder_id: str
    scheduled_ns: int
    from_scheduled_ms: float
    from_sent_ms: float


@dataclass(frozen=True, slots=True)
class Joined:
    """All alerts of first waves that arrived, and how many did not of those that the service says it sent."""

    samples: Sequence[AlertSample]
    missing: int


def join(taps: Iterable[Tap], arrivals: Iterable[Arrival]) -> Joined:
    """Join every SOS with the alerts of its first wave.

    Only as many as its answer told: an alert that replaces a decline is late by how long that person thought, not by
    the service. One that comes again to the same responder counts once, when it first came.
    """
    first: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for arrival in arrivals:
        known = first[arrival.incident_id]
        known[arrival.responder_id] = min(arrival.at_ns, known.get(arrival.responder_id, arrival.at_ns))
    samples: list[AlertSample] = []
    missing = 0
    for tap in taps:
        wave = sorted(first.get(tap.incident_id, {}).items(), key=lambda each: each[1])[: tap.alerted]
        missing += tap.alerted - len(wave)
        samples += (
            AlertSample(
                tap.incident_id,
                responder_id,
                tap.scheduled_ns,
                (at_ns - tap.scheduled_ns) / _MS,
                (at_ns - tap.sent_ns) / _MS,
            )
            for responder_id, at_ns in wave
        )
    return Joined(samples, missing)
