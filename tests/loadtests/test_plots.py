"""Pictures of a run: drawn from the same figures, the same each time."""

from pathlib import Path

import pytest

from loadtests.alert_clock import AlertSample
from loadtests.measured import Part
from loadtests.moments import Tap
from loadtests.plots import draw_latencies, draw_stampede, draw_workers
from loadtests.stampede import Stampede

pytest.importorskip("matplotlib")
_S = 1_000_000_000


def _part(alert_ms: list[float]) -> Part:
    return Part(alert_ms=alert_ms, alert_from_sent_ms=alert_ms, answer_ms=[], late_ms=[], calls_ms={})


def test_the_same_figures_draw_the_same_picture(tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw_latencies(tmp_path / f"{name}.svg", _part([4.0, 5.0, 6.0]), _part([5.0, 9.0] * 1_000), "storm")
    first = (tmp_path / "one.svg").read_bytes()
    assert first == (tmp_path / "two.svg").read_bytes()
    assert b"load (2000 alerts)" in first
    assert len(first) < 100_000


def test_a_stampede_is_drawn_with_every_phone_that_came_back(tmp_path: Path) -> None:
    back = {f"r{number}": _S + number * 1_000_000 for number in range(1_000)}
    tap = Tap(_S // 2, _S // 2, _S // 2 + 1, 201, "a", 1)
    found = Stampede(
        phones=1_000, away=0, attempts=1_000, stampede_s=1.0, dropped_ns=0, back=back, resumed=1_000, reloaded=0,
        lost=0, repeated=0, numbers=10, taps=[tap], samples=[AlertSample("a", "r", _S // 2, 12.0, 11.0)], missing=0,
    )  # fmt: skip
    assert found.amid == [tap]
    assert found.first_alert_ms([tap]) == [12.0]
    draw_stampede(tmp_path / "stampede.svg", found, 0.4)
    assert "1,000 lines lost at once" in (tmp_path / "stampede.svg").read_text()


def test_while_all_lines_are_lost_an_alert_waits_for_its_people_and_then_for_the_service() -> None:
    back = {"near": 3 * _S, "far": 2 * _S}
    taps = [Tap(each * _S, each * _S, each * _S + 1, 201, name, 2) for each, name in ((1, "early"), (4, "late"))]
    samples = [
        AlertSample("early", "near", 1 * _S, 2_010.0, 2_010.0),
        AlertSample("early", "far", 1 * _S, 1_300.0, 1_300.0),
        AlertSample("late", "near", 4 * _S, 25.0, 25.0),
    ]
    found = Stampede(
        phones=2, away=0, attempts=2, stampede_s=2.0, dropped_ns=1 * _S, back=back, resumed=2, reloaded=0,
        lost=0, repeated=0, numbers=3, taps=taps, samples=samples, missing=0,
    )  # fmt: skip
    assert found.first_alert_ms(taps) == [1_300.0, 25.0]
    # "far" was back a second after the tap, and told 300 ms later.
    assert found.first_alert_since_back_ms(taps) == [300.0, 25.0]


def test_what_more_workers_bring_is_drawn_against_one(tmp_path: Path) -> None:
    draw_workers(tmp_path / "workers.svg", [1, 2, 4], [("SOS a second", [80.0, 120.0, 140.0])])
    assert "SOS a second" in (tmp_path / "workers.svg").read_text()
