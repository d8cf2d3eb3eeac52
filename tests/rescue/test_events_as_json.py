"""Every kind of event goes to JSON and comes back the same."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.rescue import events
from dispatch.rescue.events import Happening, happening_from_json, happening_to_json

KINDS = sorted(
    (each for each in vars(events).values() if isinstance(each, type) and issubclass(each, Happening)),
    key=lambda each: each.kind,
)[1:]

_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything that a field of this type may hold."""
    if get_origin(hint) is tuple:
        return st.lists(_values(get_args(hint)[0]), max_size=3).map(tuple)
    if get_args(hint):
        return st.one_of(*(_values(each) for each in get_args(hint)))
    supertype = getattr(hint, "__supertype__", hint)
    known = {
        float: st.floats(allow_nan=False, allow_infinity=False),
        int: st.integers(-(2**31), 2**31),
        str: st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
        bool: st.booleans(),
        type(None): st.none(),
        datetime: _TIMES,
    }
    return known[supertype] if supertype in known else st.sampled_from(supertype)


def _happenings(kind: type[Happening]) -> st.SearchStrategy[Happening]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{field.name: _values(hints[field.name]) for field in fields(kind)})


def test_every_kind_is_tried_here() -> None:
    assert {each.kind for each in KINDS} == set(events._CLASSES)
    assert len(KINDS) == 27


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_it_comes_back_the_same(kind: type[Happening]) -> None:
    @settings(max_examples=25, derandomize=True, database=None)
    @given(_happenings(kind))
    def comes_back(happening: Happening) -> None:
        stored = orjson.loads(orjson.dumps(happening_to_json(happening)))
        assert happening_from_json(kind.kind, stored) == happening

    comes_back()


def test_a_kind_of_a_newer_version_is_not_guessed_at() -> None:
    with pytest.raises(KeyError):
        happening_from_json("teleported", {})


def test_what_a_newer_version_adds_to_a_known_kind_is_passed_over() -> None:
    closed = happening_from_json("closed", {"note": "fine", "weather": "rain"})
    assert happening_to_json(closed) == {"note": "fine"}


# As the versions before wrote them down, before some fields were thought of.
WRITTEN_BEFORE: dict[str, dict[str, Any]] = {
    "offered": {
        "alert_id": "a1", "responder_id": "r1", "role": "cpr", "aed_id": None, "wave": 1,
        "respond_by": "2026-06-17T04:00:20+00:00", "eta_s": 120.0, "distance_m": 200.0,
        "reason_en": "", "reason_zh": "",
    },
    "planned": {
        "wave": 1, "considered": 3, "aeds_considered": 1, "alerts": 2,
        "accept_cpr_probability": 0.5, "accept_aed_probability": 0.25,
    },
    "declined": {"alert_id": "a1"},
    "joined": {"incident_id": "i1"},
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(WRITTEN_BEFORE))
def test_what_an_older_version_wrote_is_read_with_nothing_where_it_said_nothing(kind: str) -> None:
    happening = happening_from_json(kind, WRITTEN_BEFORE[kind])
    said = happening_to_json(happening)
    added = {name: value for name, value in said.items() if name not in WRITTEN_BEFORE[kind]}
    assert added
    assert set(added.values()) <= {None, ()}


def test_what_was_always_written_is_not_done_without() -> None:
    for name in WRITTEN_BEFORE["offered"]:
        cut = {each: value for each, value in WRITTEN_BEFORE["offered"].items() if each != name}
        with pytest.raises(KeyError):
            happening_from_json("offered", cut)
