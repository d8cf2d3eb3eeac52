"""The bench of the registry: its devices, and what it writes down."""

from typing import Any

from loadtests.bench_registry import report, table
from loadtests.bench_registry_devices import simulated_devices
from loadtests.bench_registry_nearest import Nearest
from loadtests.bench_registry_reports import Rate
from loadtests.bench_registry_rerouting import Rerouted


def measured(**other: Any) -> dict[str, Any]:
    return {
        "batches": Rate(2500.4, 10_000),
        "single": Rate(900.2, 4_000),
        "one_core": True,
        "nearest": Nearest(20_000.0, 1_000.0, 500),
        "tiles_ms": [1.0, 2.0, 3.0],
        "rerouted": Rerouted([5.0, 6.0, 7.0], [17.0, 18.0, 40.0]),
        "import_rows_per_s": 1500.6,
        "calibration_error": 0.0123,
        **other,
    }


def test_the_devices_are_the_same_every_time() -> None:
    one, other = simulated_devices(300), simulated_devices(300)
    assert one == other
    assert len({each.id for each in one}) == 300
    assert {each.access for each in one} == {"public", "ask", "code", "private", "unknown"}


def test_what_was_measured_is_written_under_its_name() -> None:
    written = report(measured(), 100_000)
    assert written["reports_per_s"] == 2500
    assert written["ratio_nearest_sql"] == 20.0
    assert written["tile_p95_ms"] == 2.9
    assert written["reroute_ratio"] == 3.0
    assert written["reroute"]["fault_to_task_worst_ms"] == 40.0
    assert written["import_rows_per_s"] == 1501
    assert written["calibration_error"] == 0.0123
    assert "2,500 from gateways" in table(written)


def test_what_could_not_be_measured_has_no_key() -> None:
    written = report(measured(tiles_ms=[], calibration_error=None), 1_000)
    assert "tile_p95_ms" not in written
    assert "calibration_error" not in written
    assert "tiles" not in table(written)
