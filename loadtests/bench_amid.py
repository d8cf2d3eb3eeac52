"""What a bench measures amid thousands of connected phones, and what it asks of the same phones afterwards."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import uvloop

from geo.place import Place
from loadtests.bench_replacing import Replaced, bench_declines, bench_takeover
from loadtests.bench_sides import BenchError, Site
from loadtests.bench_storm import TIRELESS, Step, bench_storm, sustained_per_s
from loadtests.big_crowd import connected, with_tokens
from loadtests.crowd import CrowdMember
from loadtests.figures import figures
from loadtests.memory import resident_kib
from loadtests.processes import RunningService, running_service_in
from loadtests.service_database import database_in, forget_alerts

_DECLINE_ROUNDS: Final = 40
_DECLINE_SITES: Final = 4
_MS: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Amid:
    """What was measured amid thousands of connected phones: memory, positions told, a no replaced, a storm, a death."""

    connected: int
    kib_per_socket: float
    positions_per_s: float
    replaced: Replaced
    steps: Sequence[Step]
    takeover_s: float

    def as_dict(self) -> dict[str, Any]:
        """Answer the figures by name."""
        first_ms = median(self.replaced.first_ms)
        return {
            "kib_per_socket": round(self.kib_per_socket, 2),
            "decline_ratio": round(self.replaced.ratio, 3),
            "takeover_ratio": round(self.takeover_s * _MS / first_ms, 1),
            "sos_per_s": round(sustained_per_s(self.steps), 1),
            "connected": self.connected,
            "positions_per_s": round(self.positions_per_s, 1),
            "first_alert_ms": figures(self.replaced.first_ms).as_dict(),
            "replaced_ms": figures(self.replaced.replaced_ms).as_dict(),
            "not_replaced": self.replaced.not_replaced,
            "takeover_s": round(self.takeover_s, 2),
            "storm": [step.as_dict() for step in self.steps],
        }


class Phones:
    """The phones that are connected besides those whose alerts are timed."""

    def __init__(self, service: RunningService, members: Sequence[CrowdMember], kib_per_socket: float) -> None:
        self._url = service.url
        self._members = members
        self._kib_per_socket = kib_per_socket
        self._replaced: Replaced | None = None
        self.positions_per_s = 0.0

    def bench_declines(self, sites: Sequence[Site], operator_token: str) -> None:
        """Measure, amid the positions, how soon a no is replaced."""
        self._replaced = uvloop.run(
            bench_declines(self._url, sites[:_DECLINE_SITES], operator_token, rounds=_DECLINE_ROUNDS)
        )

    def bench_the_rest(self, data_dir: Path, site: Site, operator_token: str) -> Amid:
        """Start the service anew for the storm, and once more to be killed; answers everything measured."""
        if self._replaced is None:
            raise BenchError("nobody has declined")
        steps = _storm(data_dir, self._members, operator_token)
        with running_service_in(data_dir) as service:
            takeover_s = bench_takeover(service, site)
        return Amid(len(self._members), self._kib_per_socket, self.positions_per_s, self._replaced, steps, takeover_s)


@contextmanager
def amid_phones(
    service: RunningService, people: Sequence[tuple[str, Place]], positions_per_s: float
) -> Iterator[Phones | None]:
    """Connect `people` and have them move while the block runs; None where there are none.

    Their memory is measured first, while they say nothing.
    """
    if not people:
        yield None
        return
    members = with_tokens(service, people)
    before_kib = resident_kib(service.pid)
    with connected(service, members) as crowd:
        phones = Phones(service, members, (resident_kib(service.pid) - before_kib) / len(members))
        began_s, sent = perf_counter(), crowd.move(positions_per_s)["sent"]
        yield phones
        phones.positions_per_s = (crowd.rest()["sent"] - sent) / (perf_counter() - began_s)


def _storm(data_dir: Path, members: Sequence[CrowdMember], operator_token: str) -> list[Step]:
    policy_file = data_dir.with_name("storm-policy.json")
    policy_file.write_text(json.dumps(TIRELESS))
    with running_service_in(data_dir, policy_file=policy_file) as service:
        steps = uvloop.run(bench_storm(service.url, service.pid, members, operator_token))
        with database_in(data_dir) as connection:
            forget_alerts(connection)
    return steps


def amid_lines(written: dict[str, Any]) -> list[str]:
    """Answer the figures as a person reads them."""
    phones, moved, kib = written["connected"], written["positions_per_s"], written["kib_per_socket"]
    first, replaced = written["first_alert_ms"]["p50"], written["replaced_ms"]["p50"]
    killed_s, times = written["takeover_s"], written["takeover_ratio"]
    lines = [
        f"all the while {phones:,} more phones, {moved:,.0f} positions a second",
        f"memory: {kib:.1f} KiB for each phone that is connected and idle",
        f"SOS to the first alert: p50 {first:.2f} ms",
        f"from a no to the next alert: p50 {replaced:.2f} ms, {written['decline_ratio']:.2f} of that",
        f"{written['not_replaced']} who said no had nobody to replace them",
        f"killed with SIGKILL, started anew, first alert: {killed_s:.2f} s, {times:.0f} times SOS to the first alert",
        f"one core takes {written['sos_per_s']:.0f} SOS a second:",
    ]
    return lines + [
        f"  {step['per_s']:6.1f} a second: p50 {step['p50_ms']:.1f} ms, p99 {step['p99_ms']:.1f} ms,"
        f" {step['alerts']:.1f} alerts each, {step['missing']} missing"
        for step in written["storm"]
    ]
