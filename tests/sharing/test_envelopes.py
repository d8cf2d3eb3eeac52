"""What one worker says is what the others read; what they cannot read, or should not, they leave to the rows."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.rescue.events import Cancelled, Event
from dispatch.rescue.vocabulary import CancelReason, IncidentId
from dispatch.sharing.envelope import Envelope, Everybody, NotForUs, Pulse, ToldDecision, beginning_of, read_envelope
from dispatch.sharing.seal import NotOurs, Seal

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_NAMES = _TEXT.filter(bool)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_NUMBERS = st.integers(0, 2**31)
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
_DECISIONS = st.builds(
    lambda incident_id, first, ats, by, reason, is_written, since: ToldDecision(
        IncidentId(incident_id),
        tuple(Event(first + place, at, by, Cancelled(reason=reason)) for place, at in enumerate(ats)),
        is_written,
        since=since,
    ),
    _NAMES,
    st.integers(1, 10_000),
    st.lists(_TIMES, min_size=1, max_size=3),
    _TEXT,
    st.sampled_from(CancelReason),
    st.booleans(),
    st.none() | _TIMES,
)
_ENVELOPES = st.builds(
    Envelope,
    _NAMES,
    messages=st.lists(st.tuples(_TEXT, st.none() | _NUMBERS, _TEXT), max_size=3),
    decisions=st.lists(_DECISIONS, max_size=3),
    shown=st.dictionaries(_NAMES.map(IncidentId), _NUMBERS, max_size=3),
    presence=st.dictionaries(_TEXT, st.booleans(), max_size=3),
    profiles=st.lists(_TEXT, max_size=3),
    fixes=st.lists(st.tuples(_TEXT, _FLOATS, _FLOATS, _FLOATS, _FLOATS), max_size=3),
    pulse=st.none() | st.builds(Pulse, _NUMBERS, st.integers(0, 2**64 - 1), st.booleans(), st.booleans()),
    everybody=st.none() | st.builds(Everybody, st.lists(_TEXT, max_size=3).map(tuple), st.booleans(), st.booleans()),
    asks=st.lists(_TEXT, max_size=3),
    has_lost=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(_ENVELOPES)
def test_what_is_said_is_what_is_read(envelope: Envelope) -> None:
    assert read_envelope(envelope.to_bytes()) == envelope
    assert bool(read_envelope(envelope.to_bytes())) == bool(envelope)


@settings(max_examples=200, deadline=None)
@given(_ENVELOPES, _NAMES)
def test_a_workers_own_news_is_known_by_its_beginning_and_nobody_elses(envelope: Envelope, other: str) -> None:
    sealed = Seal("secret").put_on(envelope.to_bytes())
    assert Seal.covers(sealed, beginning_of(envelope.sender))
    assert Seal.covers(sealed, beginning_of(other)) == (other == envelope.sender)


def test_an_envelope_with_nothing_in_it_says_so() -> None:
    assert not Envelope("a")
    # Nobody at all is connected: that is news.
    assert Envelope("a", everybody=Everybody(()))


def test_a_former_version_without_the_database_keeps_what_it_decides() -> None:
    for has_database in (True, False):
        pulse = read_envelope(_said(pulse=[3, 7, has_database])).pulse
        assert pulse == Pulse(3, 7, has_database, keeps=not has_database)


def _said(**more: object) -> bytes:
    return orjson.dumps({"layout": 1, "sender": "a", **more})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"7",
        b"{}",
        orjson.dumps({"layout": 2, "sender": "a"}),
        _said(messages=[["r"]]),
        _said(messages=7),
        _said(decisions=[{"incident": "i", "first": 1, "events": [], "written": True}]),
        _said(
            decisions=[{"incident": "i", "first": 1, "events": [["2026", "x", "no such kind", {}]], "written": True}]
        ),
        _said(fixes=[["r", 1.0]]),
        _said(fixes={"r": 1}),
        _said(pulse=[1, 2, 3, 4, 5, 6]),
        _said(presence=[1, 2]),
        _said(everybody=[["r"]]),
        _said(shown={"i": "many"}),
    ],
)
def test_what_this_version_does_not_read_is_refused_as_a_whole(data: bytes) -> None:
    with pytest.raises(NotForUs):
        read_envelope(data)


@given(st.binary(max_size=60))
def test_whatever_else_comes_is_refused_too(data: bytes) -> None:
    with pytest.raises(NotForUs):
        read_envelope(data)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_only_who_shares_the_secret_makes_the_mark(data: bytes, place: int) -> None:
    seal = Seal("the service's secret")
    sealed = seal.put_on(data)
    assert seal.taken_off(sealed) == data
    with pytest.raises(NotOurs):
        Seal("another's").taken_off(sealed)
    spoilt = bytearray(sealed)
    spoilt[place % len(spoilt)] ^= 1
    for other in (bytes(spoilt), sealed[:-1], data[:15], b""):
        with pytest.raises(NotOurs):
            seal.taken_off(other)
