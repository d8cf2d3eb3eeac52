"""What so many workers take: SOS a second in steps until one does not hold, positions a second, how fast alerts are.

The phones are in a process of their own, the callers in this one; both and the servers are on one machine, so whoever
is busy is told with every figure.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from loadtests.alert_clock import AlertSample, Joined, join
from loadtests.bench_storm import MOST_P99, Step, holds
from loadtests.big_crowd import CITY, CITY_WITHIN_M
from loadtests.cpu_shares import Usages, watched
from loadtests.crowd import around
from loadtests.disk_clock import watched_disk
from loadtests.figures import figures, percentile
from loadtests.moments import Arrival, Tap
from loadtests.scale_workers import Workers
from loadtests.stampede import Phones
from loadtests.tapping import Tapper, evenly

_ENDED_AFTER_S: Final = 1.0
_S: Final = 1e9
# Of fewer the p99 is one SOS.
_LEAST_SOS: Final = 200
_QUIET_PER_S: Final = 10.0
_QUIET_TRIES: Final = 6
# What a disk that stood still has spoilt is tried again, but not for ever.
_TRIES: Final = 2
_TRIES_WHEN_SPOILT: Final = 4
# At a rate that one worker takes easily: what an SOS costs whom.
COST_PER_S: Final = 20


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate of SOS: what came of it, and how many processors each group of processes kept busy meanwhile.

    `waiting` is how many of a group could have gone on, on average, had a core been free for them.
    `worker_ms` is what an SOS cost all workers together, its end and the phones' chatter included. `disk_ms` is the
    longest that the disk took meanwhile by itself.
    """

    step: Step
    first_alert_ms: float
    busy: Mapping[str, float]
    worker_ms: float
    disk_ms: float
    waiting: Mapping[str, float] = field(default_factory=dict)

    def is_spoilt(self, quiet: Step) -> bool:
        """Whether it does not hold, and the disk by itself stood still for longer than p99 may be."""
        return not holds(self.step, quiet) and self.disk_ms > MOST_P99 * quiet.p99_ms

    def as_dict(self) -> dict[str, Any]:
        """Answer the figures by name."""
        busy = {name: round(share, 3) for name, share in self.busy.items()}
        return {
            **self.step.as_dict(),
            "first_alert_p50_ms": round(self.first_alert_ms, 3),
            "worker_ms": round(self.worker_ms, 2),
            "processors": busy,
            "waiting_for_a_core": {name: round(share, 3) for name, share in self.waiting.items()},
            "disk_most_ms": round(self.disk_ms, 1),
        }


class Scale:
    """The callers and phones of one set of workers, whose database's files are on the disk of `folder`."""

    def __init__(self, workers: Workers, phones: Phones, operator_token: str, folder: Path) -> None:
        self._workers = workers
        self._folder = folder
        self._phones = phones
        self._operator_token = operator_token

    async def rate(self, per_s: float, lasts_s: float) -> Rate:
        """Tap at that rate, at the workers in turn."""
        rng = Random(f"scale {per_s}")
        tapper = Tapper(self._workers.urls, self._operator_token, ended_after_s=_ENDED_AFTER_S)
        count = max(1, round(per_s * lasts_s))
        try:
            await self._phones.told("alerts")
            with watched(self._workers.groups) as usages, watched_disk(self._folder) as syncs:
                began_ns = time.monotonic_ns()
                taps = await tapper.run(evenly(count, lasts_s), lambda: around(CITY, CITY_WITHIN_M, rng))
            joined = await self.arrived(taps)
        finally:
            tapper.close()
        disk_ms = syncs.percentile_ms(1.0, from_ns=began_ns, until_ns=time.monotonic_ns()) or 0.0
        # Only while SOS were tapped: afterwards their ends are waited for.
        until_ns = began_ns + round(lasts_s * _S)
        busy, waiting = (
            {name: share(name, from_ns=began_ns, until_ns=until_ns) for name in usages.by_group}
            for share in (usages.cpu_share, usages.waiting_share)
        )
        return _rate(per_s, taps, joined, usages, busy, waiting, disk_ms)

    async def quiet(self) -> Rate:
        """A rate that anybody takes easily: the first try in which the disk did not stand still, else the calmest."""
        tried: list[Rate] = []
        while len(tried) < _QUIET_TRIES:
            rate = await self.rate(_QUIET_PER_S, _LEAST_SOS / _QUIET_PER_S)
            if 2 * rate.disk_ms <= rate.step.p99_ms:
                return rate
            tried.append(rate)
        return min(tried, key=lambda each: each.disk_ms)

    async def sustained(self, steps_per_s: Sequence[float], quiet: Step, lasts_s: float) -> list[Rate]:
        """Raise the rate until it does not hold against `quiet`; all that was tried.

        A step that does not is tried once more, and oftener where the disk stood still meanwhile.
        """
        rates: list[Rate] = []
        for per_s in steps_per_s:
            for tried in range(1, _TRIES_WHEN_SPOILT + 1):
                rates.append(await self.rate(per_s, max(lasts_s, _LEAST_SOS / per_s)))
                if holds(rates[-1].step, quiet):
                    break
                if tried >= _TRIES and not rates[-1].is_spoilt(quiet):
                    return rates
            else:
                return rates
        return rates

    async def positions(self, each: int) -> tuple[float, Mapping[str, float]]:
        """Have every phone tell so many positions at once; answer how many a second were taken, and who was busy."""
        with watched(self._workers.groups) as usages:
            told = await self._phones.told(f"burst {each}")
        return told["positions"] / told["took_s"], {name: usages.cpu_share(name) for name in usages.by_group}

    async def arrived(self, taps: Sequence[Tap]) -> Joined:
        """Join SOS with the alerts that came meanwhile."""
        told = await self._phones.told("alerts")
        return join(taps, (Arrival(*each) for each in told["alerts"]))


def last_alerts_ms(samples: Sequence[AlertSample]) -> list[float]:
    """Answer, for each SOS, the milliseconds from when it was due to the last of its alerts."""
    last: dict[str, float] = {}
    for sample in samples:
        last[sample.incident_id] = max(sample.from_scheduled_ms, last.get(sample.incident_id, 0.0))
    return list(last.values())


def _rate(
    asked: float,
    taps: Sequence[Tap],
    joined: Joined,
    usages: Usages,
    busy: Mapping[str, float],
    waiting: Mapping[str, float],
    disk_ms: float,
) -> Rate:
    last_ms = last_alerts_ms(joined.samples)
    # Whoever was not answered was not alerted to anybody: that does not hold.
    missing = joined.missing + sum(1 for tap in taps if not tap.incident_id)
    times = figures(last_ms) if last_ms else None
    step = Step(
        asked_per_s=asked,
        per_s=_left_per_s(asked, taps),
        p50_ms=times.p50 if times else math.inf,
        p99_ms=times.p99 if times else math.inf,
        alerts=len(joined.samples) / max(1, len(taps)),
        missing=missing,
    )
    first: dict[str, float] = {}
    for sample in joined.samples:
        first[sample.incident_id] = min(sample.from_scheduled_ms, first.get(sample.incident_id, math.inf))
    workers_s = sum(usages.cpu_s(name) for name in usages.by_group if name.startswith("worker"))
    first_ms = percentile(list(first.values()), 0.5) if first else math.inf
    return Rate(step, first_ms, busy, 1000.0 * workers_s / max(1, len(taps)), disk_ms, waiting)


def _left_per_s(asked: float, taps: Sequence[Tap]) -> float:
    """At which rate SOS left: less than asked when the last of them left later than it was due."""
    if not taps:
        return 0.0
    due_s = len(taps) / asked
    return len(taps) / (due_s + max(0.0, (taps[-1].sent_ns - taps[-1].scheduled_ns) / _S))
