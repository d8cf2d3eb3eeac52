import pytest

from loadtests.alert_clock import AlertClock


def test_an_alert_is_timed_from_the_sending_of_its_sos() -> None:
    reported: list[float] = []
    clock = AlertClock(reported.append)
    clock.sent("a", sent_at=10.0, alerted=2)
    clock.arrived("a", arrived_at=10.015)
    assert reported == [pytest.approx(15)]


def test_an_alert_that_overtakes_the_answer_waits_for_it() -> None:
    reported: list[float] = []
    clock = AlertClock(reported.append)
    clock.arrived("a", arrived_at=10.02)
    clock.arrived("a", arrived_at=10.01)
    assert reported == []
    clock.sent("a", sent_at=10.0, alerted=2)
    assert reported == [pytest.approx(10), pytest.approx(20)]


def test_an_alert_that_replaces_another_is_not_timed() -> None:
    reported: list[float] = []
    clock = AlertClock(reported.append)
    clock.sent("a", sent_at=10.0, alerted=1)
    clock.arrived("a", arrived_at=10.01)
    clock.arrived("a", arrived_at=13.0)
    assert len(reported) == 1


def test_incidents_are_kept_apart_and_forgotten_when_over() -> None:
    reported: list[float] = []
    clock = AlertClock(reported.append)
    clock.sent("a", sent_at=10.0, alerted=5)
    clock.sent("b", sent_at=20.0, alerted=5)
    clock.arrived("b", arrived_at=20.001)
    clock.over("a")
    clock.arrived("a", arrived_at=30.0)
    assert reported == [pytest.approx(1)]
