"""The bench of several workers: its sums, and a try of two workers that share everything."""

import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import pytest

from loadtests.bench_scale import report
from loadtests.cpu_shares import Usage, Usages, watched
from loadtests.file_limit import TooFewFilesError, allow_sockets
from loadtests.scale_report import bottleneck, table

_S = 1_000_000_000
_BUSY = "while True: pass"


def _measured(workers: int, sos_per_s: float, worker_ms: float) -> dict[str, Any]:
    back = {"phones": 50, "stampede_s": 1.5 / workers, "lost": 0}
    return {
        "workers": workers, "sos_per_s": sos_per_s, "worker_ms_an_sos": worker_ms, "quiet": {"p50_ms": 5, "p99_ms": 9},
        "positions_per_s": 20_000, "worker_mib": [200.0] * workers, "stampede": back, "bottleneck": "the machine",
    }  # fmt: skip


def test_the_report_has_the_names_that_others_read() -> None:
    across = {"ratio": 1.2, "same_ms": 5.0, "other_ms": 6.0}
    nearest = {"nearest_ratio_memory": 1.1, "nearest_ratio_geosearch": 0.2}
    written = report([_measured(1, 80.0, 10.0), _measured(2, 120.0, 12.5)], across, nearest)
    assert (written["nearest_ratio_memory"], written["nearest_ratio_geosearch"]) == (1.1, 0.2)
    assert (written["cross_worker_ratio"], written["workers_speedup"]) == (1.2, 1.5)
    assert (written["stampede_s"], written["workers_speedup_by_cost"]) == (1.5, 1.6)
    printed = table(written)
    assert "workers_speedup: 1.5" in printed
    assert "same worker 5.00 ms, other worker 6.00 ms" in printed


def test_the_bottleneck_is_whoever_has_no_processor_left() -> None:
    assert bottleneck({"worker 1": 0.97, "PostgreSQL": 0.3}, {}, 8).startswith("worker 1:")
    assert bottleneck({"worker 1": 0.9, "worker 2": 0.8, "clients": 0.25}, {}, 2).startswith("the machine:")
    assert bottleneck({"worker 1": 0.4, "PostgreSQL": 0.9}, {"worker 1": 0.1}, 8).startswith("waiting")
    assert bottleneck({"Redis": 0.95, "worker 1": 0.5}, {"worker 1": 0.9}, 8).startswith("Redis:")
    in_line = bottleneck({"worker 1": 0.5, "worker 2": 0.4}, {"worker 1": 0.3, "clients": 0.25}, 2)
    assert in_line.startswith("waiting, not computing: 0.90 of 2 cores busy")
    assert in_line.endswith("0.55 processes in line for one")


def test_processors_are_counted_between_two_moments() -> None:
    seen = [Usage(0, 0.0, 10), Usage(_S, 0.5, 30), Usage(2 * _S, 1.5, 20)]
    usages = Usages({"worker 1": seen})
    assert usages.cpu_share("worker 1") == pytest.approx(0.75)
    assert usages.cpu_share("worker 1", from_ns=_S) == pytest.approx(1.0)
    assert (usages.cpu_s("worker 1"), usages.most_resident_kib("worker 1")) == (1.5, 30)
    assert usages.cpu_share("nobody") == 0


def test_who_stands_in_line_for_a_core_is_told() -> None:
    """Two loops that share one core each have it half of the time, and stand in line the other half."""
    core = {min(os.sched_getaffinity(0))}
    with ExitStack() as stack:
        busy = [stack.enter_context(subprocess.Popen([sys.executable, "-c", _BUSY])) for _ in range(2)]
        for each in busy:
            stack.callback(each.kill)
            os.sched_setaffinity(each.pid, core)
        with watched(lambda: {"busy": [each.pid for each in busy]}) as usages:
            time.sleep(1.5)
    assert usages.waiting_share("busy") > 0.5


def test_more_sockets_than_the_machine_allows_are_refused_with_the_way_out() -> None:
    assert allow_sockets(10) > 10
    with pytest.raises(TooFewFilesError, match="ulimit -Hn"):
        allow_sockets(1 << 40)
