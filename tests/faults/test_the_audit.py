"""The audit can fail: each kind of fault is found in records that were doctored to hold it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from dispatch.encoding import to_json_text
from dispatch.rescue.events import (
    Accepted,
    Happening,
    Offered,
    Opened,
    Planned,
    StoodDown,
    happening_to_json,
)
from dispatch.rescue.vocabulary import AlertId, AlertRole, IncidentKind, ResponderId, StandDownReason
from geo.place import Place
from tests.faults import audit
from tests.faults.audit import Measure, Person
from tests.faults.callers import Sos
from tests.faults.evidence import AlertRow, EventRow, Evidence, IncidentRow
from tests.faults.phone import Phone
from tests.faults.spans import Instant, Span

NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
OPENED = Opened(
    latitude=30.27,
    longitude=120.15,
    accuracy_m=None,
    incident_kind=IncidentKind.CARDIAC_ARREST,
    floor=None,
    note=None,
    phone=None,
    cpr_in_progress=False,
    drill=False,
)
PLANNED = Planned(
    wave=1, considered=2, aeds_considered=0, alerts=2, accept_cpr_probability=0.4, accept_aed_probability=0.0
)


def _offered(alert_id: str, responder_id: str) -> Offered:
    return Offered(
        alert_id=AlertId(alert_id),
        responder_id=ResponderId(responder_id),
        role=AlertRole.CPR,
        aed_id=None,
        wave=1,
        respond_by=NOON + timedelta(seconds=20),
        eta_s=100.0,
        distance_m=100.0,
        reason_en="nearest",
        reason_zh="最近",
    )


ACCEPTED = Accepted(alert_id=AlertId("a1"), late=False)
STOOD_DOWN = StoodDown(alert_id=AlertId("a1"), reason=StandDownReason.INCIDENT_CLOSED)


def _row(number: int, *happened: Happening, after_s: float = 0.0) -> EventRow:
    stored = [{"kind": each.kind, "by": "system", "data": happening_to_json(each)} for each in happened]
    return EventRow(number, NOON + timedelta(seconds=after_s), orjson.loads(to_json_text(stored)))


def _alert(alert_id: str, responder_id: str, state: str, *, active: bool = True) -> AlertRow:
    return AlertRow(alert_id, "i1", responder_id, "cpr", None, state, active)


ROWS = (_row(1, OPENED, PLANNED, _offered("a1", "r1"), _offered("a2", "r2")), _row(5, ACCEPTED, after_s=3))
INCIDENT = IncidentRow(
    "i1", "q1", "responding", 5, None, ROWS, (_alert("a1", "r1", "accepted"), _alert("a2", "r2", "offered"))
)
HELD = Evidence({"q1": "i1"}, [INCIDENT], {"r1": ["a1"], "r2": ["a2"]}, [], [])


def _after(seconds: float | None) -> datetime | None:
    return None if seconds is None else NOON + timedelta(seconds=seconds)


def _span(alert_id: str, *, since_s: float, until_s: float, committed_s: float | None = None) -> Span:
    since, until = NOON + timedelta(seconds=since_s), NOON + timedelta(seconds=until_s)
    return Span(Instant(since), Instant(until, _after(committed_s)), alert_id)


def _sos(**more: Any) -> dict[str, Sos]:
    sos = Sos("q1", Place(30.27, 120.15), 0.0, receipts=[(201, "i1", 2)])
    for name, value in more.items():
        setattr(sos, name, value)
    return {"q1": sos}


def _message(alert_id: str, **more: Any) -> dict[str, Any]:
    return {"alert_id": alert_id, "respond_by": (NOON + timedelta(seconds=20)).isoformat(), "role": "cpr", **more}


def _people() -> dict[str, Person]:
    first, second = Phone(), Phone()
    first.alert(_message("a1"), NOON)
    first.assignment(_message("a1"), NOON)
    second.alert(_message("a2"), NOON)
    return {"r1": Person("r1", first, is_connected=True), "r2": Person("r2", second, is_connected=True)}


def _with(**more: Any) -> Evidence:
    return replace(HELD, incidents=[replace(INCIDENT, **more)])


def _texts(findings: Iterable[audit.Finding], measure: Measure) -> list[str]:
    found = list(findings)
    assert {each.measure for each in found} <= {measure}
    return [each.text for each in found]


def test_what_is_whole_has_no_findings() -> None:
    people = _people()
    assert list(audit.lost(_sos(), HELD)) == []
    assert list(audit.undelivered(people, HELD)) == []
    assert list(audit.double(people, HELD, {})) == []
    assert list(audit.gaps({"responder:r1": []}, HELD)) == []
    assert list(audit.timelines(HELD)) == []
    assert list(audit.overdue(HELD)) == []
    assert list(audit.state_of(people["r1"], {"alert": None, "assignment": {"alert_id": "a1"}}, NOON)) == []


def test_an_answered_sos_without_its_incident_is_lost() -> None:
    held = replace(HELD, incident_of={}, incidents=[])
    assert len(_texts(audit.lost(_sos(), held), Measure.LOST)) == 1


def test_an_sos_with_two_incidents_is_found() -> None:
    found = _texts(audit.lost(_sos(receipts=[(201, "i1", 2), (200, "i2", 2)]), HELD), Measure.LOST)
    assert len(found) == 1
    assert "i2" in found[0]


def test_an_sos_that_nobody_answers_is_lost() -> None:
    assert len(_texts(audit.lost(_sos(receipts=[], given_up=True), HELD), Measure.LOST)) == 1


def test_an_incident_without_a_plan_is_found() -> None:
    held = _with(rows=(_row(1, OPENED, _offered("a1", "r1")),))
    assert any("not planned" in text for text in _texts(audit.lost(_sos(), held), Measure.LOST))


def test_an_offer_less_than_was_answered_is_found() -> None:
    assert len(_texts(audit.lost(_sos(receipts=[(201, "i1", 3)]), HELD), Measure.LOST)) == 1


def test_an_incident_that_nobody_called_for_is_found() -> None:
    assert len(_texts(audit.lost({}, HELD), Measure.LOST)) == 1


@pytest.mark.parametrize("what", ["alert", "assignment"])
def test_a_lost_message_is_found(what: str) -> None:
    people = _people()
    lost_by = people["r1" if what == "assignment" else "r2"].phone
    getattr(lost_by, f"{what}s").clear()
    found = _texts(audit.undelivered(people, HELD), Measure.UNDELIVERED)
    assert len(found) == 1
    assert found[0].startswith(what)


def test_a_lost_stand_down_is_found() -> None:
    rows = (*ROWS, _row(6, STOOD_DOWN, after_s=5))
    held = _with(rows=rows, version=6)
    found = _texts(audit.undelivered(_people(), held), Measure.UNDELIVERED)
    assert len(found) == 1
    assert found[0].startswith("stand-down of alert a1")


def test_an_alert_that_was_taken_back_before_it_came_is_delivered_by_its_stand_down() -> None:
    people = _people()
    people["r2"].phone.alerts.clear()
    people["r2"].phone.stand_down(_message("a2"), NOON)
    assert list(audit.undelivered(people, HELD)) == []


def test_nothing_is_expected_of_a_phone_that_is_away() -> None:
    people = {name: replace(each, is_connected=False, phone=Phone()) for name, each in _people().items()}
    held = replace(HELD, unacknowledged=[("responder:r1", 4)])
    assert list(audit.undelivered(people, held)) == []


def test_a_message_that_stays_unacknowledged_is_found() -> None:
    held = replace(HELD, unacknowledged=[("responder:r1", 4), ("caller:i1", 1)])
    assert len(_texts(audit.undelivered(_people(), held), Measure.UNDELIVERED)) == 1


def test_two_active_alerts_of_one_person_are_found_in_the_table() -> None:
    held = replace(HELD, active_alerts={"r1": ["a1", "a9"]})
    assert len(_texts(audit.double(_people(), held, {}), Measure.DOUBLE)) == 1


def test_two_alerts_that_overlap_in_time_are_found_across_incidents() -> None:
    earlier = {"r1": [_span("a0", since_s=-9, until_s=1)]}
    found = _texts(audit.double(_people(), HELD, earlier), Measure.DOUBLE)
    assert len(found) == 1
    assert "a0" in found[0]
    one_after_the_other = {"r1": [_span("a0", since_s=-9, until_s=0)]}
    assert list(audit.double(_people(), HELD, one_after_the_other)) == []


@pytest.mark.parametrize(
    ("ended_s", "begun_s", "found"),
    [
        # Decided on what was known a moment before, and committed in turn.
        (0.07, 0.08, 0),
        # Both held at one time.
        (0.08, 0.07, 1),
        # Out of a journal: it had bound since it was decided.
        (0.07, 1.5, 1),
        # Nobody knows.
        (None, 0.08, 1),
        (0.07, None, 1),
    ],
)
def test_what_is_decided_crosswise_is_told_by_the_commits(
    ended_s: float | None, begun_s: float | None, found: int
) -> None:
    earlier = {"r1": [_span("a0", since_s=-9, until_s=0.05, committed_s=ended_s)]}
    held = _with(rows=(replace(ROWS[0], committed_at=_after(begun_s)), ROWS[1]))
    assert len(_texts(audit.double(_people(), held, earlier), Measure.DOUBLE)) == found


def test_two_assignments_on_one_phone_are_found() -> None:
    people = _people()
    people["r1"].phone.assignment(_message("a7"), NOON)
    assert len(_texts(audit.double(people, HELD, {}), Measure.DOUBLE)) == 1


def test_two_offers_on_one_phone_are_found() -> None:
    people = _people()
    people["r2"].phone.alert(_message("a8"), NOON)
    assert len(_texts(audit.double(people, HELD, {}), Measure.DOUBLE)) == 1


def test_a_gap_between_messages_is_found() -> None:
    assert len(_texts(audit.gaps({"responder:r1": ["7 came after 5"]}, HELD), Measure.GAPS)) == 1


def test_an_event_row_that_is_missing_is_a_gap_and_no_timeline() -> None:
    held = _with(rows=(ROWS[0], _row(6, STOOD_DOWN)), version=6)
    assert len(_texts(audit.gaps({}, held), Measure.GAPS)) == 1
    assert len(_texts(audit.timelines(held), Measure.TIMELINES)) == 1


def test_a_last_event_that_is_missing_is_found() -> None:
    held = _with(rows=ROWS[:1])
    assert len(_texts(audit.gaps({}, held), Measure.GAPS)) == 1
    found = _texts(audit.timelines(held), Measure.TIMELINES)
    assert [text.split(":")[0] for text in found] == [
        "incident i1, state",
        "incident i1, version",
        "incident i1, alert a1",
    ]


def test_an_alert_row_that_the_events_do_not_tell_of_is_found() -> None:
    held = _with(alerts=(*INCIDENT.alerts, _alert("a9", "r9", "offered")))
    assert len(_texts(audit.timelines(held), Measure.TIMELINES)) == 1


def test_an_answer_that_is_not_the_fold_is_found() -> None:
    timeline = [{"number": number} for number in range(1, 6)]
    alerts = [{"alert_id": "a1", "state": "accepted"}, {"alert_id": "a2", "state": "offered"}]
    view = {
        "version": 5,
        "state": "responding",
        "alerts": alerts,
        "timeline": timeline,
    }
    assert list(audit.seen(INCIDENT, view)) == []
    for doctored in ({"state": "alerting"}, {"timeline": timeline[:-1]}, {"alerts": alerts[:1]}):
        assert len(_texts(audit.seen(INCIDENT, {**view, **doctored}), Measure.TIMELINES)) == 1


def test_a_phone_that_shows_something_else_is_found() -> None:
    me = {"alert": None, "assignment": None}
    assert len(_texts(audit.state_of(_people()["r1"], me, NOON), Measure.STATES)) == 1


def test_an_answer_that_is_overdue_clears_the_phone_by_itself() -> None:
    later = NOON + timedelta(seconds=20)
    assert list(audit.state_of(_people()["r2"], {"alert": None, "assignment": None}, later)) == []


def test_what_is_left_lying_is_found() -> None:
    held = replace(HELD, overdue=["respond_by of i1, due 9.0 s ago"])
    assert len(_texts(audit.overdue(held), Measure.OVERDUE)) == 1
