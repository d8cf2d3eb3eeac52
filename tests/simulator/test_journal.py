from datetime import UTC, datetime
from typing import Any

import pytest

from simulator.journal import Journal, duration

ID = "0192f6e0-1111-7000-8000-00000000abcd"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A journal, its clock, and what it has printed."""

    def __init__(self, speed: float = 1.0) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.journal = Journal(
            speed=speed,
            out=self.lines.append,
            monotonic=self.clock,
            now=lambda: datetime(2026, 3, 1, 14, 3, 22, tzinfo=UTC),
        )

    def tap(self) -> None:
        self.journal.tapped(ID, "Wulin Square", tapped_at=self.clock.now, alerted=18)

    def see(self, state: str, *responders: tuple[str, str], end_reason: str | None = None) -> None:
        incident: dict[str, Any] = {
            "incident_id": ID,
            "state": state,
            "end_reason": end_reason,
            "responders": [{"role": role, "state": each} for role, each in responders],
        }
        self.journal.seen(incident)


def test_a_rescue_is_told_line_by_line() -> None:
    told = Told()
    told.tap()
    told.clock.now += 6.2
    told.see("responding", ("cpr", "accepted"))
    told.clock.now += 213.8
    told.see("on_scene", ("cpr", "on_scene"), ("aed", "aed_collected"))
    told.clock.now += 30
    told.see("on_scene", ("cpr", "on_scene"), ("aed", "on_scene"))
    told.clock.now += 300
    told.see("closed")
    assert told.lines == [
        "14:03:22 incident abcd  SOS at Wulin Square · 18 alerted",
        "14:03:22 incident abcd  first accept after 6.2 s",
        "14:03:22 incident abcd  CPR on scene after 3:40",
        "14:03:22 incident abcd  AED on scene after 4:10",
        "14:03:22 incident abcd  closed: rescue finished",
    ]
    assert told.journal.finished == 1
    assert told.journal.going_on == []


def test_what_was_told_is_not_told_again() -> None:
    told = Told()
    told.tap()
    for _ in range(3):
        told.see("responding", ("cpr", "en_route"))
    for _ in range(3):
        told.see("cancelled", end_reason="false_alarm")
    assert [line[9:] for line in told.lines[1:]] == [
        "incident abcd  first accept after 0 ms",
        "incident abcd  cancelled: false_alarm",
    ]


def test_an_alert_that_overtakes_the_answer_to_its_sos_still_counts() -> None:
    told = Told()
    tapped_at = told.clock.now
    told.clock.now += 0.012
    told.journal.alert_arrived(ID)
    told.clock.now += 0.010
    told.journal.alert_arrived(ID)
    told.journal.tapped(ID, "Wulin Square", tapped_at=tapped_at, alerted=2)
    assert told.journal.rescues[ID].first_alert_s == pytest.approx(0.012)


def test_people_times_are_the_citys_and_the_first_alert_is_the_wall_clocks() -> None:
    told = Told(speed=20)
    told.tap()
    told.clock.now += 0.05
    told.journal.alert_arrived(ID)
    told.clock.now += 0.45
    told.see("responding", ("aed", "accepted"))
    rescue = told.journal.rescues[ID]
    assert rescue.first_alert_s == pytest.approx(0.05)
    assert rescue.first_accept_s == pytest.approx(10.0)
    assert any("20 x faster" in line for line in told.journal.summary())


def test_a_closed_incident_that_nobody_reached_is_no_finished_rescue() -> None:
    told = Told()
    told.tap()
    told.see("closed", ("cpr", "stood_down"))
    assert told.journal.finished == 0
    assert told.lines[-1].endswith("closed: the ambulance was there first")


def test_incidents_of_others_are_not_told() -> None:
    told = Told()
    told.see("responding", ("cpr", "accepted"))
    told.journal.note(ID, "ambulance in 8:00")
    assert told.lines == []


def test_errors_are_counted_and_told_once_each() -> None:
    told = Told()
    for _ in range(3):
        told.journal.error({"type": "error", "code": "unknown_alert", "detail": "no such alert", "of": "answer"})
    assert told.lines == ["14:03:22 the service answered answer with unknown_alert: no such alert"]
    assert told.journal.summary()[-1] == "  errors on sockets: unknown_alert 3 x"


def test_an_answer_that_crossed_the_stand_down_is_counted_but_not_told() -> None:
    told = Told()
    told.journal.error({"type": "error", "code": "alert_ended", "detail": "withdrawn", "of": "answer"})
    assert told.lines == []
    assert told.journal.errors == {"alert_ended": 1}


def test_the_summary_gives_medians_of_what_happened() -> None:
    told = Told()
    told.tap()
    told.clock.now += 84
    told.see("responding", ("cpr", "accepted"))
    summary = told.journal.summary()
    assert summary[0] == "1 incidents · 0 rescues finished · 0 cancelled · 1 left open"
    assert " ".join(summary[2].split()) == "SOS to first accept median 1:24 · from 1:24 to 1:24 · 1 of 1"
    assert " ".join(summary[3].split()) == "SOS to CPR on scene none"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0841, "84 ms"), (6.2, "6.2 s"), (59.94, "59.9 s"), (59.96, "1:00"), (220, "3:40"), (3725, "1:02:05")],
)
def test_durations_are_told_as_a_person_says_them(seconds: float, said: str) -> None:
    assert duration(seconds) == said
