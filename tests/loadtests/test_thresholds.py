"""What is promised under load, and when it counts as broken."""

import csv
import json
from pathlib import Path

import pytest

from loadtests.cpu_shares import Usage, Usages
from loadtests.measured import figures_of, run_of
from loadtests.moments import Account, Arrival, Call, Counted, Moments, Tap
from loadtests.report import latency_table, seconds_of, write_calls, write_samples, write_seconds, write_verdicts
from loadtests.shapes import SHAPES, Shape, scaled
from loadtests.thresholds import THRESHOLDS, Threshold, Verdict, judged, verdict_table

_MS, _S = 1_000_000, 1_000_000_000
_BEGIN = 50 * _S


def _storm() -> Shape:
    return scaled(SHAPES["storm"], responders=4, seconds=4, quiet_s=2, sos_per_s=1, positions_per_s=None)


def _moments(shape: Shape, *, load_ms: int, left_late_ms: int = 0, lost: int = 0) -> Moments:
    """Each SOS alerts one responder: after 10 ms while it is quiet, after `load_ms` under load."""
    moments = Moments()
    for number, due_s in enumerate(shape.taps_s()):
        due_ns = _BEGIN + round(due_s * _S)
        is_quiet = shape.part(due_s) == "quiet"
        sent_ns = due_ns + (0 if is_quiet else left_late_ms * _MS)
        answered_ns = due_ns + (10 if is_quiet else load_ms) * _MS
        moments.take(Tap(due_ns, sent_ns, answered_ns, 201, f"i{number}", 1))
        moments.take(Arrival(f"i{number}", "r1", answered_ns))
        moments.take(Call("/v1/aeds/nearest", due_ns, sent_ns, answered_ns, is_ok=True))
        moments.take(Counted("positions", due_ns, 7))
    moments.take(Account("responder:r1", numbered=9, lost=lost, repeated=0, cut_off=0))
    return moments


def _broken(shape: Shape, moments: Moments) -> set[str]:
    verdicts = judged(shape.name, figures_of(run_of(shape, _BEGIN, moments)))
    return {each.threshold.name for each in verdicts if not each.is_kept}


def test_a_load_that_is_hardly_felt_keeps_every_promise() -> None:
    shape = _storm()
    assert _broken(shape, _moments(shape, load_ms=15)) == set()


def test_alerts_three_times_as_slow_break_the_promise_of_the_median() -> None:
    shape = _storm()
    assert _broken(shape, _moments(shape, load_ms=29)) == {"alert_p50_ratio"}
    assert {"alert_p99_ratio", "answer_p99_ratio"} <= _broken(shape, _moments(shape, load_ms=31))


def test_a_lost_message_breaks_a_promise_however_fast_the_rest_was() -> None:
    shape = _storm()
    assert _broken(shape, _moments(shape, load_ms=10, lost=1)) == {"messages_lost"}


def test_an_sos_that_was_not_answered_or_never_left_is_a_broken_promise() -> None:
    shape = _storm()
    moments = _moments(shape, load_ms=10)
    tap = moments.taps.pop()
    assert _broken(shape, moments) == {"sos_failed"}
    moments.take(Tap(tap.scheduled_ns, tap.sent_ns, tap.answered_ns, 503, "", 0))
    assert _broken(shape, moments) == {"sos_failed"}


def test_a_client_that_was_late_itself_does_not_count_as_a_measurement() -> None:
    shape = _storm()
    assert _broken(shape, _moments(shape, load_ms=18, left_late_ms=12)) == {"late_share"}


def test_what_could_not_be_measured_is_not_taken_for_kept() -> None:
    verdicts = judged("storm", {})
    assert not any(each.is_kept for each in verdicts)
    assert "not measured" in verdict_table(verdicts)


def test_every_promise_is_a_count_or_a_ratio_and_says_why() -> None:
    for shape, thresholds in THRESHOLDS.items():
        assert shape in SHAPES
        assert thresholds
        for each in thresholds:
            assert not each.name.endswith(("_ms", "_s")), f"{each.name} is absolute"
            assert len(each.reason) > 10


def test_a_limit_is_kept_when_it_is_just_reached() -> None:
    limit = Threshold("x", 2.0, "what", "why it is promised")
    assert Verdict(limit, 2.0).is_kept
    assert not Verdict(limit, 2.01).is_kept


def test_the_files_hold_a_line_for_each_alert_each_call_and_each_second(tmp_path: Path) -> None:
    shape = _storm()
    run = run_of(shape, _BEGIN, _moments(shape, load_ms=15))
    looks = [Usage(_BEGIN + round(half * _S / 2), 0.25 * half, 1_000) for half in range(40)]
    seconds = seconds_of(run, Usages({"service": looks}))
    write_samples(tmp_path / "alerts.csv", run.samples, _BEGIN)
    write_calls(tmp_path / "calls.csv", run)
    write_seconds(tmp_path / "seconds.csv", seconds)
    write_verdicts(tmp_path / "verdicts.json", judged("storm", figures_of(run)), {"shape": "storm"})

    def rows(name: str) -> list[dict[str, str]]:
        with (tmp_path / name).open(newline="") as file:
            return list(csv.DictReader(file))

    assert len(rows("alerts.csv")) == len(shape.taps_s()) == len(rows("calls.csv")) / 2
    assert float(rows("alerts.csv")[0]["from_scheduled_ms"]) == 10
    assert float(rows("alerts.csv")[0]["due_s"]) == shape.taps_s()[0]
    assert len(rows("seconds.csv")) == int(shape.ends_s)
    assert sum(int(each["sos"]) for each in rows("seconds.csv")) == len(shape.taps_s())
    assert float(rows("seconds.csv")[2]["busy_service"]) == pytest.approx(0.5, abs=0.01)
    verdicts = json.loads((tmp_path / "verdicts.json").read_text())["verdicts"]
    assert [each["name"] for each in verdicts] == [each.name for each in THRESHOLDS["storm"]]
    assert "SOS → alert" in latency_table(run)
