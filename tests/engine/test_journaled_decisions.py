"""A decision goes into a journal and comes back the same, whatever kinds of event it is made of."""

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.encoding import to_json
from dispatch.engine.decision_codec import (
    JournaledDecision,
    Opening,
    decision_from_json,
    decision_to_json,
    decisions_from_json,
    decisions_to_json,
)
from dispatch.engine.journal import Journal
from dispatch.rescue import events
from dispatch.rescue.commands import Accept
from dispatch.rescue.events import Event, Happening, Opened
from dispatch.rescue.incident import fold
from dispatch.rescue.vocabulary import IncidentId
from tests.rescue.story import INCIDENT, Story, people

KINDS = sorted(events._CLASSES.values(), key=lambda each: each.kind)
REQUEST_ID = "9c4a7c0e-2f5e-4d68-8a3b-6a5b7a0c1d2e"

_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field of this type may hold, a NUL in a text included."""
    if get_origin(hint) is tuple:
        return st.lists(_values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_args(hint):
        return st.one_of(*(_values(each) for each in get_args(hint)))
    known: dict[Any, st.SearchStrategy[Any]] = {
        float: st.floats(allow_nan=False, allow_infinity=False),
        int: st.integers(-(2**31), 2**31),
        str: _TEXTS,
        bool: st.booleans(),
        type(None): st.none(),
        datetime: _TIMES,
    }
    supertype = getattr(hint, "__supertype__", hint)
    return known[supertype] if supertype in known else st.sampled_from(supertype)


def _happenings(kind: type[Happening]) -> st.SearchStrategy[Happening]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _values(hints[field.name]) for field in fields(kind)})


def through_json(
    incident_id: IncidentId, happened: tuple[Event, ...], opening: Opening | None = None
) -> JournaledDecision:
    """What is read again of a decision that was written down."""
    return decision_from_json(orjson.loads(to_json(decision_to_json(incident_id, happened, opening=opening))))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_every_kind_of_event_comes_back_the_same(kind: type[Happening]) -> None:
    @settings(max_examples=20, derandomize=True, database=None)
    @given(st.lists(st.tuples(_happenings(kind), _TIMES, _TEXTS), min_size=1, max_size=3), st.integers(1, 10**6))
    def comes_back(happened: list[tuple[Happening, datetime, str]], before: int) -> None:
        told = tuple(Event(before + number, at, by, what) for number, (what, at, by) in enumerate(happened, start=1))
        again = through_json(INCIDENT, told)
        assert again == JournaledDecision(INCIDENT, told)
        assert (again.before, again.at) == (before, told[-1].at)

    comes_back()


@settings(max_examples=30, derandomize=True, database=None)
@given(_happenings(Opened), _TIMES, st.binary(max_size=100))
def test_an_opening_comes_back_with_what_its_caller_was_told(what: Happening, at: datetime, told: bytes) -> None:
    opened = (Event(1, at, "caller", what),)
    opening = Opening(REQUEST_ID, to_json({"token": told.hex(), "名": "急救"}))
    assert through_json(INCIDENT, opened, opening) == JournaledDecision(INCIDENT, opened, opening)


def test_a_rescue_read_from_a_journal_is_the_same_rescue(tmp_path: Path) -> None:
    story = Story(candidates=people(3)).opens()
    first = len(story.events)
    alert = story.alert_of("p0")
    story.does(Accept(alert.alert_id, alert.responder_id), by="responder:p0")
    with Journal.begun(tmp_path, step_bytes=65536) as journal:
        opening = Opening(REQUEST_ID, b'{"incident_id": "x"}')
        journal.append(decision_to_json(INCIDENT, story.events[:first], opening=opening))
        journal.append(decision_to_json(INCIDENT, story.events[first:]))
        taken = [decision_from_json(record) for _, record in journal.records()]
    assert [each.before for each in taken] == [0, first]
    assert taken[0].opening == opening
    assert fold(INCIDENT, [event for each in taken for event in each.events]) == story.incident


def test_a_decision_that_changed_nothing_is_not_kept() -> None:
    with pytest.raises(ValueError, match="nothing"):
        decision_to_json(INCIDENT, [])


def test_an_opening_without_its_request_id_is_not_kept() -> None:
    story = Story(candidates=people(1)).opens()
    with pytest.raises(ValueError, match="request id"):
        decision_to_json(INCIDENT, story.events)
    with pytest.raises(ValueError, match="request id"):
        decision_to_json(INCIDENT, story.events[1:], opening=Opening(REQUEST_ID, b"{}"))


def test_a_layout_of_a_later_version_is_not_guessed_at() -> None:
    story = Story(candidates=people(1)).opens()
    record = decision_to_json(INCIDENT, story.events[1:])
    with pytest.raises(ValueError, match="layout 2"):
        decision_from_json(record | {"layout": 2})


def test_decisions_that_belong_together_are_one_record_and_come_back_together() -> None:
    story = Story(candidates=people(1)).opens()
    first = len(story.events)
    story.accepts("p0")
    together = [
        JournaledDecision(INCIDENT, tuple(story.events[:first]), Opening(REQUEST_ID, b"{}")),
        JournaledDecision(INCIDENT, tuple(story.events[first:])),
    ]
    record = orjson.loads(to_json(decisions_to_json(together)))
    assert decisions_from_json(record) == together
    with pytest.raises(ValueError, match="layout 2"):
        # One decision is none of them.
        decision_from_json(record)


def test_a_decision_alone_is_told_as_the_versions_before_tell_it() -> None:
    story = Story(candidates=people(1)).opens()
    record = decision_to_json(INCIDENT, story.events[1:])
    alone = JournaledDecision(INCIDENT, tuple(story.events[1:]))
    assert decisions_to_json([alone]) == record
    assert decisions_from_json(orjson.loads(to_json(record))) == [alone]


def test_a_record_of_no_decision_is_not_kept() -> None:
    with pytest.raises(ValueError, match="nothing"):
        decisions_to_json([])
