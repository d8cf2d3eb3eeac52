"""A position is read in a tenth of the time, and by the same rules as everything else."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.realtime.messages import BadMessage, Position, read_message
from dispatch.realtime.positions import plain_position
from geo.datum import Datum, to_wgs84
from geo.place import Place

_value: st.SearchStrategy[Any] = st.one_of(
    st.floats(-200, 200),
    st.integers(-200, 200),
    st.sampled_from([None, True, False, "30", "", [], {}, 90, -90, 180, -180.0, -0.0, 100_000, 100_000.1, 10**40]),
)
_at = st.one_of(
    st.none(),
    st.datetimes(timezones=st.just(UTC)).map(lambda at: at.isoformat()),
    st.sampled_from(["2026-06-17T04:00:00Z", "2026-06-17T04:00:00", "soon", 1_781_000_000, 1.5, "1781000000", True]),
)
_datum = st.sampled_from(["wgs84", "gcj02", "bd09", "WGS-84", "x", None, 4326, ["wgs84"]])


@settings(max_examples=600, derandomize=True, database=None, deadline=None)
@given(
    said=st.fixed_dictionaries(
        {"latitude": _value, "longitude": _value},
        optional={"accuracy_m": _value, "at": _at, "datum": _datum, "more": _value},
    )
)
def test_what_is_read_quickly_is_what_is_read_slowly(said: dict[str, Any]) -> None:
    frame = json.dumps({"type": "position", **said})
    quickly = plain_position(frame)
    if quickly is None:
        return
    slowly = read_message(frame)
    assert isinstance(slowly, Position)
    assert (quickly.place, quickly.accuracy_m, quickly.at) == (slowly.place(), slowly.accuracy_m, slowly.at)


def test_what_phones_really_send_is_read_quickly() -> None:
    plain = {"type": "position", "latitude": 30.25, "longitude": 120}
    for more in ({}, {"accuracy_m": 12}, {"at": "2026-06-17T04:00:00Z"}, {"datum": "gcj02"}, {"heading": 90}):
        assert plain_position(json.dumps(plain | more)) is not None
    dated = plain_position(json.dumps(plain | {"at": "2026-06-17T04:00:00Z", "datum": "gcj02"}))
    assert dated is not None
    assert dated.at == datetime(2026, 6, 17, 4, tzinfo=UTC)
    assert dated.place == to_wgs84(Place(30.25, 120), Datum.GCJ02)


def test_everything_else_is_left_to_who_can_say_what_is_wrong() -> None:
    for frame in (
        '{"type":"ping","x":"position"}',
        '["position"]',
        '"position"',
        '{"type":"position"',
        '{"type":"position","latitude":NaN,"longitude":1}',
        '{"type":"position","latitude":120,"longitude":30}',
        '{"type":"position","latitude":1,"longitude":1,"x":"' + "x" * 600 + '"}',
    ):
        assert plain_position(frame) is None
    with pytest.raises(BadMessage, match="swapped"):
        read_message('{"type":"position","latitude":120,"longitude":30}')
