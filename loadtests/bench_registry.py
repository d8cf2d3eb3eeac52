"""What the AED registry takes, on 100,000 simulated devices: `python -m loadtests.bench_registry`.

Reports a second, each on disk before it is answered, by a service that has one core to itself; the nearest usable AED
from memory against the same question to PostGIS; tiles of the public map; a list imported; and, from the simulated
year, how far the probabilities of working are off. Writes `build/bench/registry.json`.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

from geo.place import Place
from loadtests.bench_registry_devices import SimulatedDevice, register, simulated_devices
from loadtests.bench_registry_nearest import Nearest, bench_nearest_usable
from loadtests.bench_registry_reports import Rate, bench_batches, bench_single
from loadtests.bench_registry_rerouting import Rerouted, bench_rerouting
from loadtests.bench_registry_tiles import bench_tiles
from loadtests.bench_sides import BenchError
from loadtests.bench_sos import machine
from loadtests.crowd import Provisioner
from loadtests.figures import percentile, publish
from loadtests.loopback import require_loopback
from loadtests.processes import (
    RunningService,
    ServerFailedError,
    data_folder,
    ended_by_signals,
    running_service_in,
)
from loadtests.service_database import database_in
from simulator.movement import offset

_MOST_DEVICES: Final = 500_000
_SINGLE_DEVICES: Final = 200
_REROUTED: Final = 60
_YEAR: Final = Path("build/bench/aed_year.json")
_SMALL_YEAR: Final = Path("build/bench/aed_year_small.json")
_YEAR_WITHIN_S: Final = 1800.0
_IMPORT_WITHIN_S: Final = 900.0


def _token(service: RunningService, role: str, subject: str) -> str:
    asked = json.dumps({"role": role, "subject": subject, "minutes": 600}).encode()
    told = json.loads(_posted(service, "/v1/tokens", asked, "application/json", within_s=30))
    return str(told["token"])


def _posted(service: RunningService, path: str, body: bytes, content_type: str, *, within_s: float) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - our own service on loopback
        f"{require_loopback(service.url)}{path}",
        body,
        {"Authorization": f"Bearer {service.admin_token}", "Content-Type": content_type},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=within_s) as answer:
        read: bytes = answer.read()
        return read


def _keep_to_one_core(pid: int) -> bool:
    """Give the service one core, and leave the others to its database and to us; False where there is but one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:  # noqa: PLR2004 - nothing to share out
        return False
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {cores[0]})
    os.sched_setaffinity(0, set(cores[1:]))
    return True


def _bench_reports(
    service: RunningService, devices: Sequence[SimulatedDevice], *, seconds: float
) -> tuple[Rate, Rate, bool]:
    cores = os.sched_getaffinity(0)
    gateway = _token(service, "device", "gateway:bench")
    some = devices[:_SINGLE_DEVICES]
    tokens = {str(each.id): _token(service, "device", str(each.id)) for each in some}
    pinned = _keep_to_one_core(service.pid)
    try:
        asyncio.run(bench_batches(service.url, gateway, devices, seconds=min(2.0, seconds)))
        batches = asyncio.run(bench_batches(service.url, gateway, devices, seconds=seconds))
        single = asyncio.run(bench_single(service.url, tokens, devices, seconds=seconds))
    finally:
        os.sched_setaffinity(0, cores)
        for thread in Path(f"/proc/{service.pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), cores)
    return batches, single, pinned


def _bench_import(service: RunningService, rows: int) -> float:
    """Rows a second of one list, from sending it until everything is on disk."""
    rng = Random("import")
    lines = ["name,address,latitude,longitude,opening_hours,access,id"]
    middle = Place(27.2, 118.2)
    for number in range(rows):
        place = offset(middle, north_m=rng.uniform(-60_000, 60_000), east_m=rng.uniform(-60_000, 60_000))
        hours = rng.choice(("24/7", "Mo-Fr 08:00-17:30", "08:00-22:00"))
        lines.append(
            f"单位 {number},某路 {number} 号,{place.latitude:.6f},{place.longitude:.6f},{hours},public,L{number}"
        )
    boundary = "registry-bench"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("source", "bench"), ("force", "true"))
    ]
    parts.append(
        "\r\n".join(
            (
                f"--{boundary}",
                'Content-Disposition: form-data; name="file"; filename="list.csv"',
                "Content-Type: text/csv",
                "",
                "\n".join(lines),
                f"--{boundary}--",
                "",
            )
        )
    )
    body = "".join(parts).encode()
    began = time.perf_counter()
    answer = _posted(
        service, "/v1/aeds/import", body, f"multipart/form-data; boundary={boundary}", within_s=_IMPORT_WITHIN_S
    )
    taken_s = time.perf_counter() - began
    created = json.loads(answer)["created"]
    if created != rows:
        raise BenchError(f"of {rows} rows {created} were entered")
    return rows / taken_s


def _bench_rerouting(service: RunningService) -> Rerouted:
    """How long until a runner hears that their AED has failed, among all those devices."""
    office = Provisioner(service.url, service.admin_token)
    try:
        responders = office.responders(2 * _REROUTED, within_m=10, seed=1)
    finally:
        office.close()
    return asyncio.run(bench_rerouting(service.url, service.admin_token, responders))


def _calibration_error(devices: int) -> float | None:
    """The expected calibration error of the simulated year: of the last whole one, or of a small one lived now."""
    year = _YEAR
    if not year.exists() and devices and Path("tests/aed_year").is_dir():
        year = _SMALL_YEAR
        subprocess.run(  # noqa: S603 - our own module
            [sys.executable, "-m", "tests.aed_year", "--devices", str(devices), "--out", str(year)],
            check=True,
            timeout=_YEAR_WITHIN_S,
            stdout=subprocess.DEVNULL,
        )
    if not year.exists():
        return None
    found = json.loads(year.read_text()).get("calibration_error")
    return None if found is None else float(found)


def report(measured: dict[str, Any], devices: int) -> dict[str, Any]:
    """Answer what is written down; without a key for what could not be measured."""
    batches: Rate = measured["batches"]
    single: Rate = measured["single"]
    nearest: Nearest = measured["nearest"]
    written: dict[str, Any] = {
        "name": "registry",
        "devices": devices,
        "reports_per_s": round(batches.per_s),
        "reports_single_per_s": round(single.per_s),
        "reports": {"in_batches": batches.reports, "single": single.reports, "one_core": measured["one_core"]},
        "ratio_nearest_sql": round(nearest.ratio, 2),
        "nearest": {
            "memory_per_s": round(nearest.memory_per_s),
            "sql_per_s": round(nearest.sql_per_s),
            "questions": nearest.questions,
        },
    }
    if measured["tiles_ms"]:
        written["tile_p95_ms"] = round(percentile(measured["tiles_ms"], 0.95), 2)
        written["tile_p50_ms"] = round(percentile(measured["tiles_ms"], 0.50), 2)
    rerouted: Rerouted = measured["rerouted"]
    written["reroute_ratio"] = round(rerouted.ratio, 2)
    written["reroute"] = {
        "sos_to_alert_p50_ms": round(percentile(rerouted.first_ms, 0.50), 2),
        "fault_to_task_p50_ms": round(percentile(rerouted.rerouted_ms, 0.50), 2),
        "fault_to_task_worst_ms": round(max(rerouted.rerouted_ms), 2),
        "rounds": len(rerouted.rerouted_ms),
    }
    written["import_rows_per_s"] = round(measured["import_rows_per_s"])
    if measured["calibration_error"] is not None:
        written["calibration_error"] = round(measured["calibration_error"], 4)
    return written | {"machine": machine(), "at": datetime.now(UTC).isoformat(timespec="seconds")}


def table(written: dict[str, Any]) -> str:
    """Answer the figures as a person reads them."""
    nearest = written["nearest"]
    lines = [
        f"{written['devices']:,} devices",
        f"reports a second, on disk:   {written['reports_per_s']:>8,} from gateways, in batches",
        f"                             {written['reports_single_per_s']:>8,} from devices, one by one",
        f"nearest usable AED a second: {nearest['memory_per_s']:>8,} from memory",
        f"                             {nearest['sql_per_s']:>8,} from PostGIS",
        f"                             {written['ratio_nearest_sql']:>8.1f} x as many, the same answers",
    ]
    if "tile_p95_ms" in written:
        lines.append(
            f"tiles of the map, p95:       {written['tile_p95_ms']:>8.1f} ms (p50 {written['tile_p50_ms']:.1f})"
        )
    reroute, ratio = written["reroute"], written["reroute_ratio"]
    lines.append(
        f"a fault to its runner's task: {reroute['fault_to_task_p50_ms']:>7.1f} ms, {ratio:.1f} x SOS to the first"
        f" alert ({reroute['sos_to_alert_p50_ms']:.1f} ms); at worst {reroute['fault_to_task_worst_ms']:.0f} ms"
    )
    lines.append(f"rows imported a second:      {written['import_rows_per_s']:>8,}")
    if "calibration_error" in written:
        lines.append(f"calibration error:           {written['calibration_error']:>8.4f} (of the simulated year)")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; answers the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100_000, help="devices in the register (default 100000)")
    parser.add_argument("--seconds", type=float, default=15.0, help="of reports, in either way (default 15)")
    parser.add_argument("--questions", type=int, default=5_000, help="for the nearest AEDs (default 5000)")
    parser.add_argument("--looks", type=int, default=100, help="at the map, of four tiles each (default 100)")
    parser.add_argument("--rows", type=int, default=20_000, help="of the list that is imported (default 20000)")
    parser.add_argument("--year", type=int, default=10_000, help="devices that live through the year; 0: as it is")
    parser.add_argument("--out", type=Path, default=Path("build/bench/registry.json"), help="where the figures go")
    options = parser.parse_args(arguments)
    if not 1_000 <= options.devices <= _MOST_DEVICES or options.seconds <= 0 or options.questions < 1:  # noqa: PLR2004
        parser.error(f"--devices must be 1000 to {_MOST_DEVICES}, --seconds and --questions more than 0")
    if options.looks < 1 or options.rows < 1 or options.year < 0:
        parser.error("--looks and --rows must be more than 0, --year 0 or more")
    try:
        with ended_by_signals():
            written = _run(options)
    except (BenchError, ServerFailedError, ConnectionError, TimeoutError, subprocess.SubprocessError) as error:
        print(f"bench: {str(error) or 'the server did not answer in time'}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    publish(written, options.out, table(written))
    return 0


def _run(options: argparse.Namespace) -> dict[str, Any]:
    devices = simulated_devices(options.devices)
    measured: dict[str, Any] = {"calibration_error": _calibration_error(options.year)}
    with data_folder() as data_dir:
        with running_service_in(data_dir), database_in(data_dir) as connection:
            register(connection, devices)
        with running_service_in(data_dir) as service:
            with database_in(data_dir) as connection:
                measured["nearest"] = bench_nearest_usable(
                    connection, devices, service.url, questions=options.questions
                )
            measured["tiles_ms"] = bench_tiles(service.url, devices, looks=options.looks)
            measured["rerouted"] = _bench_rerouting(service)
            batches, single, pinned = _bench_reports(service, devices, seconds=options.seconds)
            measured |= {"batches": batches, "single": single, "one_core": pinned}
            measured["import_rows_per_s"] = _bench_import(service, options.rows)
    return report(measured, len(devices))


if __name__ == "__main__":
    sys.exit(main())
