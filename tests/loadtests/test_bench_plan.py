"""The bench of plans runs, and would tell of a bad one."""

import json
from pathlib import Path

import pytest

from loadtests.bench_plan import main


def test_it_writes_the_figures_that_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plan.json"
    assert main(["--small", "20", "--large", "4", "--out", str(out)]) == 0
    written = json.loads(out.read_text())
    assert 0.0 <= written["gap_mean"] <= written["gap_max"] <= 0.01
    assert written["bound_over_value_p50"] >= 1.0
    assert written["small"]["bounds_below_the_optimum"] == 0
    assert "20 small cases" in capsys.readouterr().out


def test_it_refuses_to_measure_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--small", "0"])
    assert "--small" in capsys.readouterr().err
