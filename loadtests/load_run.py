"""A shape played by Locust against a running service: measured, judged, written down and drawn."""

import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

from loadtests.bare_yardstick import position_cost_s
from loadtests.city import scenario_for, tidy
from loadtests.cpu_shares import Usages, family, postmaster_in, watched
from loadtests.disk_clock import Syncs, watched_disk
from loadtests.locust_run import run_locust
from loadtests.measured import Run, figures_of, run_of
from loadtests.plots import can_draw, draw_latencies, draw_seconds
from loadtests.processes import RunningService
from loadtests.report import (
    latency_table,
    print_verdicts,
    seconds_of,
    write_calls,
    write_samples,
    write_seconds,
    write_verdicts,
)
from loadtests.shapes import Shape
from loadtests.thresholds import judged

_S: Final = 1e9
_GROUPS: Final = ("service", "PostgreSQL", "Locust")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the results go: CSV and JSON into `out`, pictures into `pictures`."""

    out: Path
    pictures: Path


def play(
    service: RunningService,
    shape: Shape,
    place: Place,
    *,
    processes: int,
    data_dir: Path | None,
    told: Mapping[str, Any],
) -> bool:
    """Play a shape; answer whether all its thresholds were kept. Raises LoadError when it could not be played."""
    bare_s = (
        position_cost_s(shape.responders, shape.positions_per_s, lasts_s=min(5.0, shape.seconds))
        if shape.name == "province"
        else None
    )
    print(f"{shape.name}: {shape.what}; {shape.responders} responders, {shape.ends_s:.0f} s in all", flush=True)
    scenario = scenario_for(service, shape)
    place.out.mkdir(parents=True, exist_ok=True)
    locust_pids: list[int] = []

    def groups() -> Mapping[str, Iterable[int]]:
        postmaster = postmaster_in(data_dir) if data_dir is not None else None
        return {
            "service": [service.pid] if service.pid else [],
            "PostgreSQL": family(postmaster) if postmaster is not None else [],
            "Locust": list(locust_pids),
        }

    taken_before = positions_taken(service.url)
    with (
        tempfile.TemporaryDirectory(prefix="loadtests-") as folder,
        watched(groups) as usages,
        # Beside the database's own folder, on the same disk; where that is not known, wherever ours are.
        watched_disk(data_dir.parent if data_dir is not None else Path(folder)) as syncs,
    ):
        begin_ns, moments = run_locust(
            service.url, scenario, Path(folder), processes=processes, table=place.out / shape.name, pids=locust_pids
        )
    tidy(service)
    taken = positions_taken(service.url) - taken_before
    run = run_of(shape, begin_ns, moments)
    figures = figures_of(run) | _positions(run, usages, taken, bare_s)
    verdicts = judged(shape.name, figures)
    _write(run, usages, place)
    kept = {"shape": shape.name, "what": shape.what, "figures": figures, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z")}
    disk_ms = {part: _disk_ms(run, syncs, part) for part in ("quiet", "load")}
    write_verdicts(place.out / f"{shape.name}.json", verdicts, {**kept, "disk_ms": disk_ms, **told})
    print(latency_table(run))
    print(_busy_line(run, usages))
    print(_disk_line(disk_ms))
    return print_verdicts(verdicts)


def positions_taken(url: str) -> float:
    """Ask a service how many positions it has taken so far."""
    with build_opener(ProxyHandler({})).open(f"{url}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    for each in text_string_to_metric_families(metrics):
        if each.name == "dispatch_positions":
            return sum(sample.value for sample in each.samples if sample.name.endswith("_total"))
    return 0.0


def _positions(run: Run, usages: Usages, taken: float, bare_s: float | None) -> dict[str, float | None]:
    # Each phone that comes on duty tells its place once, besides what the movers send.
    sent = run.positions_sent
    if not sent:
        return {"positions_untaken": None, "position_cost_ratio": None}
    untaken = max(0.0, 1.0 - taken / sent)
    quiet, load = _Pace.of(run, usages, "quiet"), _Pace.of(run, usages, "load")
    # What the service does besides, it does while it is quiet too.
    more_per_s, more_busy = load.per_s - quiet.per_s, load.busy - quiet.busy
    cost = more_busy / more_per_s / bare_s if bare_s and more_per_s > 0 and load.busy else None
    return {"positions_untaken": untaken, "position_cost_ratio": cost}


@dataclass(frozen=True, slots=True)
class _Pace:
    """Positions a second that left in one part of a run, and how many processors the service kept busy."""

    per_s: float
    busy: float

    @classmethod
    def of(cls, run: Run, usages: Usages, part: str) -> "_Pace":
        from_ns, until_ns = _span(run, part)
        sent = sum(each.count for each in run.moments.counted if from_ns <= each.at_ns < until_ns)
        return cls(sent / ((until_ns - from_ns) / _S), usages.cpu_share("service", from_ns=from_ns, until_ns=until_ns))


def _span(run: Run, part: str) -> tuple[int, int]:
    shape = run.shape
    from_s, lasts_s = (shape.quiet_from_s, shape.quiet_s) if part == "quiet" else (shape.load_from_s, shape.seconds)
    from_ns = run.begin_ns + round(from_s * _S)
    return from_ns, from_ns + round(lasts_s * _S)


def _write(run: Run, usages: Usages, place: Place) -> None:
    name = run.shape.name
    seconds = seconds_of(run, usages)
    write_samples(place.out / f"{name}_alerts.csv", run.samples, run.begin_ns)
    write_calls(place.out / f"{name}_calls.csv", run)
    write_seconds(place.out / f"{name}_seconds.csv", seconds)
    if not can_draw():
        print("no pictures: matplotlib is missing (the extra `plots`)")
        return
    draw_seconds(place.pictures / f"{name}_seconds.svg", run, seconds, _GROUPS)
    quiet, load = run.part("quiet"), run.part("load")
    if quiet.alert_ms and load.alert_ms:
        draw_latencies(place.pictures / f"{name}_latencies.svg", quiet, load, name)


def _busy_line(run: Run, usages: Usages) -> str:
    from_ns, until_ns = _span(run, "load")
    shares = (f"{each} {usages.cpu_share(each, from_ns=from_ns, until_ns=until_ns):.2f}" for each in _GROUPS)
    return f"processors busy under load: {', '.join(shares)}"


def _disk_ms(run: Run, syncs: Syncs, part: str) -> dict[str, float | None]:
    from_ns, until_ns = _span(run, part)
    shares = {"p50": 0.5, "p99": 0.99, "most": 1.0}
    return {name: syncs.percentile_ms(share, from_ns=from_ns, until_ns=until_ns) for name, share in shares.items()}


def _disk_line(disk_ms: Mapping[str, Mapping[str, float | None]]) -> str:
    parts = (
        f"{part} " + ", ".join(f"{name} {ms:.1f}" for name, ms in told.items() if ms is not None)
        for part, told in disk_ms.items()
    )
    return f"a write made durable beside it took, in ms: {'; '.join(parts)}"
