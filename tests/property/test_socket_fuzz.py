"""Whatever a client says, each message has its effect or an error, and the session still answers a ping."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dispatch.realtime.close_codes import CloseCode
from dispatch.realtime.messages import ClientMessage
from tests.conftest import empty_tables
from tests.people import WULIN, Message, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests

KINDS = ["hello", "position", "duty", "ack", "answer", "progress", "aed_problem", "test_alert", "watch", "ping"]

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_number = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([0, -0.0, 90, -90, 180, -180, 90.0000001, 1e308, 10**400, WULIN.latitude, WULIN.longitude]),
)
_word = st.sampled_from(
    [*KINDS, "accept", "decline", "en_route", "on_scene", "done", "gave_up", "walk", "wgs84", "x", ""]
)


def _valid(alert_id: str, token: str) -> dict[str, Message]:
    """One message of every kind that would do as it is."""
    return {
        "hello": {"type": "hello", "token": token, "resume": {"epoch": "e", "seq": 1}},
        "position": {
            "type": "position",
            "latitude": WULIN.latitude,
            "longitude": WULIN.longitude,
            "accuracy_m": 5,
            "at": "2026-06-17T04:00:00Z",
            "datum": "wgs84",
        },
        "duty": {"type": "duty", "on_duty": True, "mode": "walk"},
        "ack": {"type": "ack", "seq": 1},
        "answer": {"type": "answer", "alert_id": alert_id, "answer": "accept"},
        "progress": {"type": "progress", "alert_id": alert_id, "stage": "en_route"},
        "aed_problem": {"type": "aed_problem", "alert_id": alert_id, "problem": "locked"},
        "test_alert": {"type": "test_alert"},
        "watch": {"type": "watch", "bbox": [120, 30, 121, 31], "zoom": 12},
        "ping": {"type": "ping"},
    }


@st.composite
def _mutated(draw: st.DrawFn) -> tuple[str, list[tuple[str, Any]]]:
    """A kind of message, and what to change in it: a field, and another value for it (or `...`: leave it out)."""
    kind = draw(st.sampled_from(KINDS))
    fields = [*_valid("", "")[kind], draw(st.text(max_size=8))]
    value = st.one_of(st.just(...), _number, _word, _json)
    return kind, draw(st.lists(st.tuples(st.sampled_from(fields), value), max_size=2))


_frames = st.one_of(_mutated(), _json, st.text(max_size=40), st.binary(max_size=20))


class FuzzedService:
    """One service for all examples, with a responder on offer and a console."""

    def __init__(self, loop: asyncio.AbstractEventLoop, service: ServiceInProcess, alert_id: str) -> None:
        self.loop = loop
        self.service = service
        self.alert_id = alert_id

    def hears(self, role: str, subject: str, frames: list[Any]) -> tuple[list[Message], int | None]:
        """Say these in one session, a ping after each; everything heard, and the close code if it came to that."""
        return self.loop.run_until_complete(asyncio.wait_for(self._talk(role, subject, frames), 20))

    async def _talk(self, role: str, subject: str, frames: list[Any]) -> tuple[list[Message], int | None]:
        url = self.service.url.replace("http", "ws", 1) + "/v1/stream"
        token = self.service.token(role, subject)
        heard: list[Message] = []
        async with websockets.connect(url, max_size=None) as socket:
            try:
                await socket.send(json.dumps({"type": "hello", "token": token}))
                for frame in frames:
                    await socket.send(self._frame(frame, token))
                    await socket.send('{"type": "ping"}')
                    pings = 2 if _is_ping(frame) else 1
                    while pings:
                        message = json.loads(await socket.recv())
                        heard.append(message)
                        pings -= message["type"] == "pong"
            except websockets.ConnectionClosed:
                return heard, socket.close_code
        return heard, None

    def _frame(self, frame: Any, token: str) -> str | bytes:
        if isinstance(frame, str | bytes):
            return frame
        if not isinstance(frame, tuple):
            return json.dumps(frame)
        kind, changes = frame
        message = dict(_valid(self.alert_id, token)[kind])
        for field, value in changes:
            if value is ...:
                message.pop(field, None)
            else:
                message[field] = value
        return json.dumps(message)


def _is_ping(frame: Any) -> bool:
    # Still a ping unless its type has been changed.
    return isinstance(frame, tuple) and frame[0] == "ping" and not any(field == "type" for field, _ in frame[1])


@pytest.fixture(scope="module")
def fuzzed(postgis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedService]:
    """The service in a loop of its own, so that each example can drive it from outside."""
    empty_tables(postgis_url)
    folder: Path = tmp_path_factory.mktemp("fuzzed")
    with asyncio.Runner() as runner:
        running = run_in_process(settings_for_tests(folder), postgis_url, MovableClock())

        async def begin() -> tuple[ServiceInProcess, str]:
            service = await running.__aenter__()
            async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
                await service.sos()
                alert = await r1.next("alert")
            await service.add_responder("r2")
            return service, alert["alert_id"]

        service, alert_id = runner.run(begin())
        yield FuzzedService(runner.get_loop(), service, alert_id)
        runner.run(running.__aexit__(None, None, None))


def _still_well(fuzzed: FuzzedService) -> None:
    async def live() -> bool:
        async with fuzzed.service.client() as client:
            return (await client.get("/health/live")).status_code == 200

    assert fuzzed.loop.run_until_complete(live())


@settings(
    max_examples=150,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    who=st.sampled_from([("responder", "r1"), ("responder", "r2"), ("operator", "ann")]),
    frames=st.lists(_frames, max_size=12),
)
@example(who=("responder", "r1"), frames=[("answer", []), ("progress", []), ("progress", [("stage", "gave_up")])])
@example(who=("responder", "r1"), frames=[("position", [("latitude", "NaN")]), ("position", [("latitude", 10**400)])])
@example(
    who=("responder", "r2"), frames=[("position", [("at", "0001-01-01T00:00:00+14:00")]), ("position", [("at", -1e18)])]
)
@example(who=("operator", "ann"), frames=[("watch", [("bbox", [float("nan")] * 4)]), ("watch", [("zoom", 1e308)])])
@example(
    who=("operator", "ann"), frames=[("hello", []), ("ack", [("seq", 2**53)]), b"", "", None, "\ufeff{}", "[" * 9000]
)
def test_every_message_has_its_effect_or_an_error(
    fuzzed: FuzzedService, who: tuple[str, str], frames: list[Any]
) -> None:
    heard, close_code = fuzzed.hears(*who, frames)
    assert close_code is None or close_code in {code.value for code in CloseCode}
    assert close_code is None, f"a dozen messages are no reason to close with {close_code}"
    assert heard or not frames
    for message in heard:
        if message["type"] == "error":
            assert message["code"] not in {"internal", ""}, message
            assert message["detail"]
            assert message.keys() <= {"type", "code", "detail", "field", "of"}
    _still_well(fuzzed)


@settings(max_examples=60, derandomize=True, database=None, deadline=None)
@given(frame=_frames)
def test_a_first_message_of_any_kind_is_welcomed_or_sent_away_with_a_reason(fuzzed: FuzzedService, frame: Any) -> None:
    async def first() -> tuple[Message, int | None]:
        url = fuzzed.service.url.replace("http", "ws", 1) + "/v1/stream"
        async with websockets.connect(url) as socket:
            await socket.send(fuzzed._frame(frame, fuzzed.service.token("responder", "r1")))
            message: Message = json.loads(await socket.recv())
            if message["type"] == "welcome":
                return message, None
            await socket.wait_closed()
            return message, socket.close_code

    message, close_code = fuzzed.loop.run_until_complete(asyncio.wait_for(first(), 10))
    if message["type"] == "welcome":
        assert frame[0] == "hello"
    else:
        assert close_code in {CloseCode.BAD_HELLO, CloseCode.BAD_TOKEN}
        assert message["code"] in {"bad_hello", "bad_token"}


def test_every_kind_of_message_is_fuzzed() -> None:
    assert {kind.model_fields["type"].annotation.__args__[0] for kind in ClientMessage.__args__} == set(KINDS)
