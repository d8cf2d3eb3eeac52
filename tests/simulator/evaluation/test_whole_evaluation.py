"""The whole evaluation in short: the same figures for the same seed, files that hold what they promise."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.evaluation import pictures
from simulator.evaluation.estimates import COLUMNS, between, column, estimate, gain
from simulator.evaluation.evaluating import evaluate, prices_for
from simulator.evaluation.findings import told
from simulator.evaluation.naming import rule_name
from simulator.evaluation.pictures import NoPlotsError
from simulator.evaluation.rivals import RIVALS
from simulator.evaluation.tuning import Tuning
from tests.simulator.evaluation.cases import PARAMETERS, a_short_evaluation

SHORT = [
    "--arrests",
    "20",
    "--tuning-arrests",
    "10",
    "--sensitivity-arrests",
    "5",
    "--seed",
    "7",
    "--density",
    "sparse",
]


def quiet(_: str) -> None:
    """Say nothing."""


def test_however_many_processes_there_are_the_figures_are_the_same() -> None:
    found = []
    for jobs in (1, 2):
        options = a_short_evaluation(jobs=jobs)
        found.append(told(evaluate(PARAMETERS, options, quiet), PARAMETERS, options))
    assert json.dumps(found[0]) == json.dumps(found[1])


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What the command writes, and where."""
    folder = tmp_path_factory.mktemp("evaluate")
    result = CliRunner().invoke(
        app,
        ["evaluate", *SHORT, "--jobs", "1", "--out", str(folder / "evaluate.json"), "--report", str(folder / "docs")],
    )
    assert result.exit_code == 0, result.output
    assert "at equal alerts strictly better" in result.output
    return json.loads((folder / "evaluate.json").read_text()), folder


def test_the_file_has_alerts_times_and_survival_with_intervals_for_every_rival(
    written: tuple[dict[str, Any], Path],
) -> None:
    sparse = written[0]["densities"]["sparse"]
    assert set(sparse["rivals"]) == set(RIVALS)
    for rival, figures in sparse["rivals"].items():
        values = [figures["alerts"], figures["cpr_s"], figures["shock_s"], *figures["survival"].values()]
        assert set(figures["survival"]) == {"larsen", "valenzuela", "de_maio"}
        for value in values:
            assert value["low"] <= value["mean"] <= value["high"]
        assert ("ours_at_equal_alerts" in figures) == (rival != "no_volunteers")
    for rival, figures in sparse["rivals"].items():
        if rival != "no_volunteers":
            ours = figures["ours_at_equal_alerts"]
            assert ours["alerts"]["mean"] <= ours["rival_alerts"]["mean"] + 1e-3
    claims = {(each["claim"], each["what"]) for each in sparse["claims"]}
    assert ("equal", "shock_s") in claims
    assert ("half", "larsen") in claims
    assert set(sparse["sensitivities"]) == {"acceptance_halved", "positions_3_min_older", "half_of_hours_unknown"}
    assert sum(row["arrests"] for row in sparse["by_hour"]["ours"]) == 20


def test_the_table_and_the_report_hold_every_rule(written: tuple[dict[str, Any], Path]) -> None:
    told_, folder = written
    rows = list(csv.DictReader((folder / "evaluate.csv").open()))
    rules = {row["rule"] for row in rows}
    assert set(RIVALS) <= rules
    assert float(rows[0]["alerts_mean"]) == 0.0
    report = (folder / "docs" / "evaluation.md").read_text()
    assert "## Sparse" in report
    for each in told_["densities"]["sparse"]["rivals"]:
        assert rule_name(each) in report
    for name in ("sparse-frontier.svg", "sparse-hours.svg"):
        assert f"pictures/evaluation/{name}" in report
        assert (folder / "docs" / "pictures" / "evaluation" / name).read_text().rstrip().endswith("</svg>")


def test_without_matplotlib_it_says_how_to_get_pictures(
    written: tuple[dict[str, Any], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(NoPlotsError, match="plots"):
        pictures.draw(written[0], tmp_path)


def test_an_estimate_is_the_mean_and_its_95_per_cent() -> None:
    found = estimate(np.arange(101.0))
    half = 1.959964 * np.arange(101.0).std(ddof=1) / np.sqrt(101)
    assert (found.mean, found.low, found.high) == pytest.approx((50.0, 50.0 - half, 50.0 + half))
    with pytest.raises(ValueError, match="no values"):
        estimate(np.empty(0))


def test_a_gain_is_paired_and_above_0_is_better_whatever_the_respect() -> None:
    theirs = np.random.default_rng(1).uniform(100, 1000, (500, len(COLUMNS)))
    ours = theirs.copy()
    ours[:, COLUMNS.index("shock_s")] -= 10.0
    ours[:, COLUMNS.index("larsen")] -= 0.5
    assert gain(ours, theirs, "shock_s").low == pytest.approx(10.0)
    assert gain(ours, theirs, "larsen").high == pytest.approx(-0.5)


def test_between_two_prices_alerts_are_as_many_as_wanted() -> None:
    few, many = np.full((10, len(COLUMNS)), 4.0), np.full((10, len(COLUMNS)), 12.0)
    mixed, share = between(few, many, 6.0)
    assert share == pytest.approx(0.25)
    assert column(mixed, "alerts").mean() == pytest.approx(6.0)
    assert between(few, many, 1.0)[1] == 0.0
    assert between(few, many, 99.0)[1] == 1.0


def test_a_price_is_found_between_those_tried_and_never_beyond() -> None:
    tuning = Tuning((0.1, 0.01, 0.001), (2.0, 10.0, 30.0), {})
    assert tuning.price_for(1.0) == 0.1
    assert 0.01 < tuning.price_for(5.0) < 0.1
    assert 0.001 < tuning.price_for(20.0) < 0.01
    assert tuning.price_for(99.0) == 0.001


def test_half_the_alerts_of_the_best_are_met_between_prices_that_lie_close() -> None:
    tuning = Tuning(
        (0.1, 0.01, 0.001), (2.0, 10.0, 40.0), {"nearest_3": 3.0, "dutch_thirds": 16.0, "radius_1300m_30": 30.0}
    )
    prices = prices_for(tuning, ["dutch_thirds", "radius_1300m_30"])
    assert prices == sorted(set(prices), reverse=True)
    a_little_fewer, a_little_more = tuning.price_for(8.0 / 1.04), tuning.price_for(8.0 * 1.04)
    assert len([each for each in prices if a_little_more < each < a_little_fewer]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--arrests", "0"], "--arrests"),
        (["evaluate", "--density", "crowded"], "density.crowded"),
        (["evaluate", "--parameters", "nowhere.toml"], "nowhere.toml"),
        (["evaluate", "--policy", "nowhere.json"], "nowhere.json"),
        (["evaluate", "--jobs", "0"], "--jobs"),
        (["replay", "x", "--token", ""], "--token"),
        (["replay", "x", "--token", "t", "--density", "crowded"], "density.crowded"),
        (["replay", "x", "--token", "t", "--draws", "0"], "--draws"),
    ],
)
def test_a_wrong_option_of_these_commands_is_named(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300", "DISPATCH_ADMIN_TOKEN": ""})
    assert result.exit_code == 2
    assert said in result.output


def test_a_service_that_is_not_there_is_said() -> None:
    result = CliRunner().invoke(
        app, ["replay", "x", "--token", "t", "--url", "http://127.0.0.1:9"], env={"COLUMNS": "300"}
    )
    assert result.exit_code == 1
    assert "nothing to run again" in result.output
