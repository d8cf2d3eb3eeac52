"""Some hundred devices through a year: and whether the checks would notice a register that is wrong."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dispatch.aeds.health import conclusion, evidence
from dispatch.aeds.health.belief import Belief
from dispatch.aeds.health.conclusion import Conclusion
from dispatch.aeds.health.evidence import Evidence, Latest
from dispatch.aeds.health.probability import belief_of
from dispatch.aeds.health.rules import RULES, inspection_interval
from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.work_orders.reconciling import Changes, reconcile
from tests.aed_year import card
from tests.aed_year.__main__ import _MOST_CALIBRATION_ERROR, _wrong, main
from tests.aed_year.lives import live
from tests.aed_year.tally import MUST_BE_ZERO, Reliability, Tally

SEED = 11


def year(devices: int = 120, *, one_by_one: bool = False) -> Tally:
    return live(devices, SEED, one_by_one=one_by_one).tally


def test_a_year_passes_without_a_fault_noticed_late_an_order_twice_or_a_state_that_differs() -> None:
    tally = year(300)
    assert {name: tally.counts[name] for name in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), tally.complaints
    assert tally.counts["devices"] == 300
    assert tally.counts["detected"] > 50
    assert tally.counts["orders_closed"] > 500
    assert tally.counts["late_reports"] > 50
    assert tally.all_states().total() > 1000


def test_taking_every_word_one_by_one_comes_to_the_same() -> None:
    lazily, eagerly = year(), year(one_by_one=True)
    how_it_was_done = {"judged", "looked_again", "reports_one_by_one"}
    counts = [{name: n for name, n in each.counts.items() if name not in how_it_was_done} for each in (lazily, eagerly)]
    assert counts[0] == counts[1]
    assert lazily.detected == eagerly.detected
    difference = lazily.all_states().calibration_error() - eagerly.all_states().calibration_error()
    assert abs(difference) < 0.002


def test_a_register_that_looks_again_a_little_late_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def dozing(*arguments: Any) -> Conclusion:
        found = conclusion.conclude(*arguments)
        again_at = found.look_again_at
        if again_at is None:
            return found
        return Conclusion(found.readiness, found.findings, found.at, again_at + timedelta(seconds=1))

    monkeypatch.setattr(card, "conclude", dozing)
    assert year().counts["detected_late"] > 0


def test_a_register_that_goes_by_the_order_of_arrival_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def last_wins(newest: dict[str, Evidence], key: str, each: Evidence, **_: bool) -> None:
        newest[key] = each

    monkeypatch.setattr(evidence, "_keep_newest", last_wins)
    assert year().counts["states_differ"] > 0


def test_a_register_that_forgets_reports_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(self: Latest, *reports: Evidence) -> Latest:
        return with_(self, *(each for each in reports if each.kind is not ReportKind.FAULT))

    with_ = Latest.with_
    monkeypatch.setattr(Latest, "with_", forgetful)
    assert year().counts["detected_late"] > 0


def test_an_order_opened_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(*arguments: Any, **named: Any) -> Changes:
        changes = reconcile(*arguments, **named)
        return Changes((*changes.opened, *changes.opened), changes.changed, changes.closed)

    monkeypatch.setattr(card, "reconcile", twice)
    assert year(20).counts["orders_twice"] > 0


def test_a_rule_that_is_not_what_the_page_says_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conclusion, "RULES", tuple(each for each in RULES if each is not inspection_interval))
    assert year().counts["states_differ"] > 0


def test_an_order_that_is_never_closed_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: Any, **named: Any) -> Changes:
        changes = reconcile(*arguments, **named)
        return Changes(changes.opened, changes.changed, ())

    monkeypatch.setattr(card, "reconcile", never)
    assert year(20).counts["orders_astray"] > 0


def test_one_belief_for_all_is_caught_however_well_calibrated() -> None:
    reliability = Reliability()
    for number in range(30_000):
        reliability.add(0.999, works=number % 50 != 0)
    figures = {"calibration_error": reliability.calibration_error(), "skill": reliability.skill()}
    assert figures["calibration_error"] < _MOST_CALIBRATION_ERROR
    assert _wrong(figures | {"looks_by_state": {"ready": 300_000}}) == [f"skill: {figures['skill']}"]
    assert _wrong(figures | {"looks_by_state": {"ready": 30_000}}) == [], "too few looks to tell"


def test_to_believe_that_devices_hardly_last_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def hasty(*arguments: Any) -> Belief:
        found = belief_of(*arguments)
        return Belief(found.base**4, found.since, found.hazard_per_day * 4)

    monkeypatch.setattr(card, "belief_of", hasty)
    assert year(300).all_states().calibration_error() > _MOST_CALIBRATION_ERROR


def test_skill_is_to_tell_devices_apart() -> None:
    same, apart = Reliability(), Reliability()
    for number in range(100):
        works = number < 80
        same.add(0.8, works=works)
        apart.add(0.9 if works else 0.2, works=works)
    assert same.calibration_error() == pytest.approx(0)
    assert same.skill() == pytest.approx(0)
    assert apart.skill() > 0.8


def test_the_calibration_error_is_the_mean_distance_from_the_truth() -> None:
    reliability = Reliability()
    for number in range(100):
        reliability.add(0.82, works=number < 70)
        reliability.add(0.22, works=number < 22)
    assert reliability.calibration_error() == pytest.approx(0.06)
    assert [number for number, _, _ in reliability.bins()] == [100, 100]
    assert [worked for _, _, worked in reliability.bins()] == [0.22, 0.7]


def test_the_command_writes_figures_and_a_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, picture = tmp_path / "year.json", tmp_path / "pictures" / "reliability.svg"
    main(["--devices", "250", "--seed", "5", "--worse-devices", "150", "--out", str(out), "--picture", str(picture)])
    figures = json.loads(out.read_text())
    assert (figures["devices"], figures["detected_late"], figures["worse"]["times"]) == (250, 0, 2.0)
    assert picture.read_text().count("<circle") > 4
    assert "seed 5" in capsys.readouterr().out
