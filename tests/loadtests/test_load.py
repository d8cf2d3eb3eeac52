"""Seconds of every shape on a running service, every kind of user in them."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from loadtests import thresholds
from loadtests.__main__ import main
from loadtests.crowd import NOTE
from loadtests.thresholds import Threshold
from tests.people import LiveService

# What is counted holds at any size and on a busy machine; ratios of a few samples do not.
_COUNTED = {
    "sos_failed", "alerts_missing", "messages_lost", "sessions_cut", "calls_failed", "away", "reloaded", "lost",
    "positions_untaken",
}  # fmt: skip


def _play(live_service: LiveService, out: Path, shape: str, *options: str) -> tuple[int, dict[str, Any]]:
    code = main(
        ["--url", live_service.url, "--admin-token", live_service.token("admin", "load"), "--shape", shape,
         "--seconds", "2", "--quiet-seconds", "1.5", "--responders", "24", "--out", str(out), *options]
    )  # fmt: skip
    return code, json.loads((out / f"{shape}.json").read_text())


def _kept(written: dict[str, Any]) -> dict[str, bool]:
    return {each["name"]: each["kept"] for each in written["verdicts"]}


def _names(path: Path) -> set[str]:
    with path.open(newline="") as file:
        return {row["name"] for row in csv.DictReader(file)}


def test_a_storm_has_everybody_in_it_and_leaves_nothing_behind(live_service: LiveService, tmp_path: Path) -> None:
    code, written = _play(live_service, tmp_path, "storm", "--sos-per-s", "4")
    kept = _kept(written)
    assert code == (0 if all(kept.values()) else 1)
    assert {name for name in _COUNTED & kept.keys() if not kept[name]} == set()
    names = _names(tmp_path / "storm_calls.csv")
    assert {"/v1/sos", "hello to welcome", "/v1/aeds/ID/reports", "/v1/aeds/tiles"} <= names
    assert any(name.startswith("/v1/incidents/ID/") for name in names)
    with (tmp_path / "storm_alerts.csv").open(newline="") as file:
        samples = list(csv.DictReader(file))
    assert samples
    assert all(0 < float(each["from_sent_ms"]) <= float(each["from_scheduled_ms"]) for each in samples)
    found = live_service.admin.get("/v1/incidents", params={"status": "open", "limit": 200}).json()["incidents"]
    assert not [each for each in found if each["note"] == NOTE]
    duty = [live_service.admin.get(f"/v1/responders/load-{number:05d}").json()["on_duty"] for number in (1, 24)]
    assert duty == [False, False]


@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ("morning", ("--processes", "2")),
        ("disaster", ("--sos-per-s", "3")),
        ("province", ("--positions-per-s", "200")),
        ("stampede", ()),
    ],
)
def test_every_shape_can_be_played_and_loses_nothing(
    live_service: LiveService, tmp_path: Path, shape: str, options: Sequence[str]
) -> None:
    code, written = _play(live_service, tmp_path, shape, *options)
    kept = _kept(written)
    assert code == (0 if all(kept.values()) else 1)
    assert {name for name in _COUNTED & kept.keys() if not kept[name]} == set()
    assert written["machine"]["cores"] >= 1


def test_a_broken_promise_is_told_by_the_exit_code(
    live_service: LiveService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = Threshold("away", -1.0, "what nobody can keep", "so that it is broken for certain")
    monkeypatch.setattr(thresholds, "THRESHOLDS", {"stampede": (impossible,)})
    code, written = _play(live_service, tmp_path, "stampede", "--responders", "5")
    assert code == 1
    assert _kept(written) == {"away": False}
    assert "broken: away" in capsys.readouterr().out
