"""SOS and alerts noted by different processes, joined by the incident."""

from pathlib import Path

import pytest

from loadtests.alert_clock import join
from loadtests.moments import Account, Arrival, Call, Counted, Moment, MomentFile, Tap, read_moments

_MS = 1_000_000


def _tap(incident_id: str, *, due_ms: int, sent_ms: int, alerted: int) -> Tap:
    return Tap(due_ms * _MS, sent_ms * _MS, (sent_ms + 9) * _MS, 201, incident_id, alerted)


def test_an_alert_is_timed_from_when_its_sos_was_due_and_from_its_first_byte() -> None:
    joined = join([_tap("a", due_ms=100, sent_ms=103, alerted=1)], [Arrival("a", "r1", 118 * _MS)])
    assert [(each.from_scheduled_ms, each.from_sent_ms) for each in joined.samples] == [(18, 15)]
    assert joined.missing == 0


def test_an_sos_that_had_to_wait_to_be_sent_is_late_by_that_too() -> None:
    joined = join([_tap("a", due_ms=100, sent_ms=5_100, alerted=1)], [Arrival("a", "r1", 5_110 * _MS)])
    assert (joined.samples[0].from_scheduled_ms, joined.samples[0].from_sent_ms) == (5_010, 10)


def test_an_alert_that_replaces_another_is_not_timed() -> None:
    arrivals = [Arrival("a", "r2", 3_000 * _MS), Arrival("a", "r1", 10 * _MS)]
    joined = join([_tap("a", due_ms=0, sent_ms=0, alerted=1)], arrivals)
    assert [(each.responder_id, each.from_sent_ms) for each in joined.samples] == [("r1", 10)]


def test_an_alert_that_came_twice_counts_once_and_when_it_first_came() -> None:
    arrivals = [Arrival("a", "r1", 900 * _MS), Arrival("a", "r1", 10 * _MS)]
    joined = join([_tap("a", due_ms=0, sent_ms=0, alerted=2)], arrivals)
    assert [each.from_sent_ms for each in joined.samples] == [10]
    assert joined.missing == 1


def test_an_alert_that_the_service_says_it_sent_and_nobody_got_is_missing() -> None:
    assert join([_tap("a", due_ms=0, sent_ms=0, alerted=3)], [Arrival("b", "r1", 5)]).missing == 3


def test_what_several_processes_noted_is_read_as_one(tmp_path: Path) -> None:
    noted: list[Moment] = [
        _tap("a", due_ms=1, sent_ms=2, alerted=1),
        Arrival("a", "r1", 7),
        Call("/v1/aeds/nearest", 1, 2, 3, is_ok=True),
        Counted("positions", 5, 100),
        Account("responder:r1", numbered=4, lost=0, repeated=1, cut_off=0),
    ]
    for number, each in enumerate(noted):
        file = MomentFile(tmp_path / f"moments-{number}.jsonl")
        file.note(each)
        file.close()
    with (tmp_path / "moments-1.jsonl").open("a") as cut_short:
        cut_short.write('["alert","b","r')
    moments = read_moments(sorted(tmp_path.glob("moments-*.jsonl")))
    assert [*moments.taps, *moments.arrivals, *moments.calls, *moments.counted, *moments.accounts] == noted


def test_a_file_of_moments_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtests.moments._MOST_MOMENTS", 2)
    file = MomentFile(tmp_path / "moments.jsonl")
    for _ in range(5):
        file.note(Arrival("a", "r1", 1))
    file.close()
    assert file.dropped == 3
    assert len(read_moments([tmp_path / "moments.jsonl"]).arrivals) == 2
