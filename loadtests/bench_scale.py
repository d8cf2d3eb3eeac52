"""What one, two and four workers take, and what bounds them: `python -m loadtests.bench_scale`.

Each number of workers is a service of its own: `dispatch serve` so many times, at a port each, over one PostgreSQL and
one Redis. Phones and callers go to the workers in turn. Of each are measured the SOS a second that it sustains (by the
rule of `bench_storm`, held against a quiet rate of the first number of workers), what an SOS costs whom, how fast
alerts are at a quiet rate, positions a second, memory, and how long 5,000 phones take to come back that lost their
lines at once. With two workers also SOS → alert with the responders on the caller's worker and on the other. Writes
`build/bench/scale.json`.

All of it, servers and clients, shares the cores of one machine. Where these are fewer than the workers could use, the
figure to look at is what an SOS costs the workers in all: that is what more cores would be divided by.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import uvloop

from loadtests.bench_scale_nearest import nearest_across
from loadtests.bench_sos import machine
from loadtests.bench_storm import TIRELESS, Step, holds
from loadtests.big_crowd import CITY, CITY_WITHIN_M, city_aeds, city_places, with_tokens
from loadtests.cpu_shares import resident_now_kib
from loadtests.crowd import CrowdMember, Provisioner
from loadtests.figures import publish
from loadtests.file_limit import TooFewFilesError, allow_sockets
from loadtests.plots import can_draw, draw_workers
from loadtests.processes import RunningService, ServerFailedError, ended_by_signals
from loadtests.scale_across import across_ratio
from loadtests.scale_report import bottleneck, table
from loadtests.scale_steps import COST_PER_S, Scale
from loadtests.scale_workers import Stores, Workers, own_stores, running_workers
from loadtests.service_database import forget_alerts, put_on_duty
from loadtests.stampede import in_turn, phones, stampede

_AEDS: Final = 100
_STEPS_PER_S: Final = (*range(20, 60, 5), *range(60, 200, 10), *range(200, 401, 25))
_POSITIONS_EACH: Final = 10
_KNOW_EACH_OTHER_S: Final = 5.0
_MOST_PHONES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large it all is: phones, seconds of a step, phones of the stampede, and the points of the nearest."""

    phones: int
    step_s: float
    stampede: int
    nearest: int
    questions: int


async def measure(
    workers: Workers,
    members: Sequence[CrowdMember],
    operator_token: str,
    sizes: Sizes,
    *,
    folder: Path,
    yardstick: Step | None,
) -> tuple[dict[str, Any], Step]:
    """Measure what these workers take, and what a quiet rate took.

    Their rates are held against `yardstick`, a quiet rate of fewer workers, or against their own where there is none.
    """
    count = len(workers.urls)
    before_kib = [resident_now_kib(pid) for pid in workers.pids]
    async with phones(members, in_turn(workers.urls, len(members))) as crowd:
        await asyncio.sleep(_KNOW_EACH_OTHER_S)
        kib = [resident_now_kib(pid) for pid in workers.pids]
        scale = Scale(workers, crowd, operator_token, folder)
        # The first SOS of a worker are slower.
        await scale.rate(COST_PER_S, min(2.0, sizes.step_s))
        quiet = await scale.quiet()
        cost = await scale.rate(COST_PER_S, 2 * sizes.step_s)
        positions_per_s, positions_busy = await scale.positions(_POSITIONS_EACH)
        line = yardstick or quiet.step
        rates = [quiet, *await scale.sustained(_STEPS_PER_S, line, sizes.step_s)]
    back = await stampede(
        workers.urls, members[: sizes.stampede], operator_token, centre=CITY, within_m=CITY_WITHIN_M, sos_per_s=5.0
    )
    held = [rate for rate in rates if holds(rate.step, line)]
    most = max(held, key=lambda rate: rate.step.per_s, default=None)
    written = {
        "workers": count,
        "sockets": len(members),
        "sos_per_s": round(most.step.per_s, 1) if most is not None else 0.0,
        "quiet": quiet.as_dict(),
        "worker_ms_an_sos": round(cost.worker_ms, 2),
        "cost": cost.as_dict(),
        "steps": [rate.as_dict() for rate in rates],
        "processors_at_most": {name: round(share, 3) for name, share in most.busy.items()} if most is not None else {},
        "bottleneck": (
            "the disk, which stood still"
            if rates[-1].is_spoilt(line)
            else bottleneck(rates[-1].busy, rates[-1].waiting, os.cpu_count() or 1)
        ),
        "positions_per_s": round(positions_per_s),
        "positions_processors": {name: round(share, 3) for name, share in positions_busy.items()},
        "worker_mib": [round(each / 1024, 1) for each in kib],
        "kib_a_phone": [
            round((now - before) / (len(members) / count), 2) for before, now in zip(before_kib, kib, strict=True)
        ],
        "stampede": {
            "phones": back.phones, "stampede_s": round(back.stampede_s, 3), "away": back.away, "lost": back.lost,
            "reloaded": back.reloaded, "sos_amid": len(back.amid), "alerts_missing": back.missing,
        },
    }  # fmt: skip
    return written, line


def report(
    measured: Sequence[Mapping[str, Any]], across: Mapping[str, Any] | None, nearest: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Answer what is written down."""
    by_count = {each["workers"]: each for each in measured}
    one, two = by_count.get(1), by_count.get(2)
    return {
        "name": "scale",
        "what": "one, two and four workers over one PostgreSQL and one Redis, with their clients on one machine",
        "nearest_ratio_memory": nearest and nearest["nearest_ratio_memory"],
        "nearest_ratio_geosearch": nearest and nearest["nearest_ratio_geosearch"],
        "cross_worker_ratio": across and across["ratio"],
        "workers_speedup": round(two["sos_per_s"] / one["sos_per_s"], 3) if one and two and one["sos_per_s"] else None,
        # What two workers would take with cores enough for both: what an SOS costs them in all, divided by two.
        "workers_speedup_by_cost": (
            round(2 * one["worker_ms_an_sos"] / two["worker_ms_an_sos"], 3) if one and two else None
        ),
        "stampede_s": measured[0]["stampede"]["stampede_s"] if measured else None,
        "across": across,
        "nearest": nearest,
        "workers": list(measured),
        "machine": machine(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _run(options: argparse.Namespace) -> dict[str, Any]:
    sizes = Sizes(options.phones, options.step_seconds, options.stampede, options.responders, options.questions)
    allow_sockets(max(sizes.phones, sizes.stampede))
    nearest = nearest_across(sizes.nearest, sizes.questions) if sizes.nearest else None
    measured: list[dict[str, Any]] = []
    # One line for all: whoever is slower when it is quiet is not given more time when it is not.
    yardstick: Step | None = None
    across: dict[str, Any] | None = None
    with tempfile.TemporaryDirectory(prefix="dispatch-scale-") as name:
        folder = Path(name)
        # The database may run as another user, who has to get through to its own folder.
        folder.chmod(0o755)
        policy_file = folder / "policy.json"
        policy_file.write_text(json.dumps(TIRELESS))
        with own_stores(folder) as stores:
            people = _people(stores, folder, policy_file, max(sizes.phones, sizes.stampede))
            for count in options.workers:
                print(f"{count} {'worker' if count == 1 else 'workers'}", file=sys.stderr, flush=True)
                _forget(stores)
                with running_workers(stores, count, folder / f"of-{count}", policy_file=policy_file) as workers:
                    service = RunningService(workers.urls[0], workers.admin_token, workers.pids[0])
                    members = with_tokens(service, people)
                    operator_token = _operator_token(service)
                    about, yardstick = uvloop.run(
                        measure(workers, members, operator_token, sizes, folder=folder, yardstick=yardstick)
                    )
                    measured.append(about)
                    if count == 2:  # noqa: PLR2004 - the caller's worker and another
                        across = uvloop.run(
                            across_ratio(workers, members, operator_token, rounds=options.rounds, folder=folder)
                        )
    return report(measured, across, nearest)


def _people(stores: Stores, folder: Path, policy_file: Path, count: int) -> Any:
    # A first start makes the tables; who is on duty is learnt at the next.
    with running_workers(stores, 1, folder / "first", policy_file=policy_file) as workers:
        city_aeds(RunningService(workers.urls[0], workers.admin_token, workers.pids[0]), _AEDS)
        with psycopg.connect(stores.database_url, autocommit=True) as connection:
            return put_on_duty(connection, "city", city_places(count, seed=1))


def _forget(stores: Stores) -> None:
    with psycopg.connect(stores.database_url, autocommit=True) as connection:
        forget_alerts(connection)


def _operator_token(service: RunningService) -> str:
    provisioner = Provisioner(service.url, service.admin_token)
    try:
        return provisioner.token("operator", "scale")
    finally:
        provisioner.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=_counts, default=(1, 2, 4), help="numbers of workers (default 1,2,4)")
    parser.add_argument("--phones", type=int, default=5_000, help="connected phones (default 5000)")
    parser.add_argument("--stampede", type=int, default=5_000, help="phones of the stampede (default 5000)")
    parser.add_argument("--step-seconds", type=float, default=4.0, help="how long a rate is tried (default 4)")
    parser.add_argument("--rounds", type=int, default=200, help="SOS for the ratio across workers (default 200)")
    parser.add_argument("--responders", type=int, default=100_000, help="points of the nearest (0: without)")
    parser.add_argument("--questions", type=int, default=1_000, help="questions for the nearest (default 1000)")
    parser.add_argument("--out", type=Path, default=Path("build/bench/scale.json"), help="where the figures go")
    parser.add_argument("--pictures", type=Path, help="folder of the picture (default: beside the figures)")
    options = parser.parse_args(arguments)
    if not 1 <= options.phones <= _MOST_PHONES or not 1 <= options.stampede <= _MOST_PHONES:
        parser.error(f"--phones and --stampede must be 1 to {_MOST_PHONES}")
    if options.step_seconds <= 0 or options.rounds < 1 or options.responders < 0 or options.questions < 1:
        parser.error("--step-seconds, --rounds and --questions must be above 0, --responders 0 or above")
    try:
        with ended_by_signals():
            written = _run(options)
    except (ServerFailedError, TooFewFilesError, OSError, httpx.HTTPError, psycopg.Error) as error:
        print(f"bench: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    publish(written, options.out, table(written))
    counts = [each["workers"] for each in written["workers"]]
    if can_draw() and len(counts) > 1:
        rows = [
            ("SOS a second", [each["sos_per_s"] for each in written["workers"]]),
            ("positions a second", [float(each["positions_per_s"]) for each in written["workers"]]),
        ]
        draw_workers((options.pictures or options.out.parent) / "scale_workers.svg", counts, rows)
    return 0


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(sorted({int(part) for part in text.split(",")}))
    if not counts or not 1 <= counts[0] <= counts[-1] <= 8:  # noqa: PLR2004 - beyond that the machine is what is measured
        raise ValueError
    return counts


if __name__ == "__main__":
    sys.exit(main())
