"""The storm's own clients: what they count and show is what they were told, or an audit of them would mean nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.faults.numbering import Numbering
from tests.faults.phone import Phone

NOON = datetime(2026, 6, 17, 4, 0, tzinfo=UTC)


def _message(alert_id: str) -> dict[str, Any]:
    return {"alert_id": alert_id, "respond_by": (NOON + timedelta(seconds=20)).isoformat()}


def _begun() -> Numbering:
    numbering = Numbering()
    numbering.begin({"epoch": "e1", "seq": 4, "resumed": False}, None, may_reload=False)
    return numbering


def test_numbers_in_turn_are_new_and_repeated_ones_are_not() -> None:
    numbering = _begun()
    assert [numbering.is_new(seq) for seq in (5, 6, 6, 5, 7)] == [True, True, False, False, True]
    assert (numbering.faults, numbering.repeated) == ([], 2)


def test_a_number_left_out_is_a_fault() -> None:
    numbering = _begun()
    numbering.is_new(6)
    assert len(numbering.faults) == 1


def test_a_resume_goes_on_where_it_asked() -> None:
    numbering = _begun()
    asked = numbering.resume_point()
    assert not numbering.begin({"epoch": "e1", "seq": 4, "resumed": True}, asked, may_reload=False)
    assert numbering.faults == []
    numbering.begin({"epoch": "e1", "seq": 3, "resumed": True}, asked, may_reload=False)
    assert len(numbering.faults) == 1


def test_a_resume_that_is_refused_is_a_fault_unless_the_database_was_away() -> None:
    for may_reload, faults in ((False, 1), (True, 0)):
        numbering = _begun()
        welcome = {"epoch": "e2", "seq": 0, "resumed": False}
        assert numbering.begin(welcome, numbering.resume_point(), may_reload=may_reload)
        assert len(numbering.faults) == faults


def test_a_session_without_a_mailbox_leaves_the_old_one_to_be_resumed() -> None:
    numbering = _begun()
    welcome: dict[str, Any] = {"epoch": "none", "seq": 0, "resumed": False, "degraded": True}
    numbering.begin(welcome, numbering.resume_point(), may_reload=True)
    assert numbering.resume_point() == {"epoch": "e1", "seq": 4}
    first = Numbering()
    assert not first.begin(welcome, None, may_reload=True)
    assert first.resume_point() is None


def test_an_alert_is_applied_once_whatever_number_it_has() -> None:
    phone = Phone()
    assert phone.alert(_message("a1"), NOON)
    assert not phone.alert(_message("a1"), NOON)
    assert (phone.shows(NOON), phone.doubles) == (("a1", None), [])


def test_the_phone_follows_from_offer_to_assignment_to_stand_down() -> None:
    phone = Phone()
    phone.alert(_message("a1"), NOON)
    phone.yes()
    assert phone.assignment(_message("a1"), NOON)
    assert phone.shows(NOON) == (None, "a1")
    assert not phone.assignment(_message("a1"), NOON)
    phone.stand_down(_message("a1"), NOON)
    assert phone.shows(NOON) == (None, None)
    assert phone.alert(_message("a2"), NOON)
    assert phone.doubles == []


def test_an_offer_is_over_by_itself_and_makes_room_for_the_next() -> None:
    phone = Phone()
    phone.alert(_message("a1"), NOON)
    later = NOON + timedelta(seconds=20)
    assert phone.shows(later) == (None, None)
    phone.alert(_message("a2"), later)
    assert phone.doubles == []


def test_an_assignment_that_crosses_with_the_last_word_changes_nothing() -> None:
    phone = Phone()
    phone.assignment(_message("a1"), NOON)
    phone.finish("a1", NOON)
    assert not phone.assignment(_message("a1"), NOON)
    assert phone.shows(NOON) == (None, None)


def test_a_yes_that_is_refused_leaves_nothing_on_offer() -> None:
    phone = Phone()
    phone.alert(_message("a1"), NOON)
    phone.not_taken(NOON)
    assert phone.shows(NOON) == ("a1", None)
    phone.yes()
    phone.not_taken(NOON)
    assert phone.shows(NOON) == (None, None)


def test_an_alert_that_is_over_before_it_comes_does_not_ring_beside_another() -> None:
    phone, later = Phone(), NOON + timedelta(seconds=60)
    phone.alert(_message("a2") | {"respond_by": (later + timedelta(seconds=20)).isoformat()}, later)
    assert not phone.alert(_message("a1"), later)
    assert (phone.shows(later), phone.doubles) == (("a2", None), [])
    # One whose time is not over does.
    phone.alert(_message("a3") | {"respond_by": (later + timedelta(seconds=5)).isoformat()}, later)
    assert len(phone.doubles) == 1


def test_what_its_owner_was_bound_by_at_a_time_is_told() -> None:
    phone = Phone()

    def after(seconds: float) -> datetime:
        return NOON + timedelta(seconds=seconds)

    def offered(alert_id: str, at: datetime) -> dict[str, Any]:
        return _message(alert_id) | {"respond_by": (at + timedelta(seconds=20)).isoformat()}

    phone.assignment(_message("a1"), NOON)
    phone.finish("a1", after(5))
    phone.alert(offered("a2", after(6)), after(6))
    assert not phone.held_together("a1", "a2")
    phone.assignment(_message("a3"), after(7))
    assert phone.held_together("a2", "a3")
    phone.no("a2", after(8))
    phone.finish("a3", after(30))
    assert phone.held_together("a2", "a3")
    phone.alert(offered("a4", after(31)), after(31))
    phone.read_afresh({"alert": None, "assignment": None}, after(32))
    phone.assignment(_message("a5"), after(33))
    assert not phone.held_together("a4", "a5")
