"""What cannot be understood is answered with an error that names the field; the socket survives what it can."""

from uuid import uuid4

import pytest

from dispatch.realtime.close_codes import CloseCode
from tests.people import WULIN, LiveService, ServiceInProcess, SocketClient, beside
from tests.realtime.frames import talk

# frame, code, field, of
BY_A_RESPONDER: list[tuple[str | bytes, str, str | None, str | None]] = [
    ("{", "invalid_json", None, None),
    ("", "invalid_json", None, None),
    ("ping", "invalid_json", None, None),
    ('{"type": "ping"}{"type": "ping"}', "invalid_json", None, None),
    ("[" * 30_000, "invalid_json", None, None),
    ('{"type":' * 5_000, "invalid_json", None, None),
    ('{"type": "\\ud800"}', "invalid_json", None, None),
    (b'{"type": "ping"}', "not_text", None, None),
    (b"\xff\x00", "not_text", None, None),
    ("{}", "no_type", "type", None),
    ('{"token": "x"}', "no_type", "type", None),
    ("[]", "unknown_type", "type", None),
    ("null", "unknown_type", "type", None),
    ("17", "unknown_type", "type", None),
    ('"ping"', "unknown_type", "type", None),
    ('{"type": "dance"}', "unknown_type", "type", None),
    ('{"type": 7}', "unknown_type", "type", None),
    ('{"type": ["ping"]}', "unknown_type", "type", None),
    ('{"type": null}', "unknown_type", "type", None),
    ('{"type": "welcome"}', "unknown_type", "type", None),
    ('{"type": "position", "longitude": 120}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": 30}', "invalid", "longitude", "position"),
    ('{"type": "position", "latitude": NaN, "longitude": 120}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": "30", "longitude": "120"}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": "NaN", "longitude": "NaN"}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": true, "longitude": 120}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": 120, "longitude": 30}', "invalid", "latitude", "position"),
    ('{"type": "position", "latitude": 30, "longitude": 181}', "invalid", "longitude", "position"),
    ('{"type": "position", "latitude": 30, "longitude": 120, "datum": "x"}', "invalid", "datum", "position"),
    ('{"type": "position", "latitude": 30, "longitude": 120, "accuracy_m": -1}', "invalid", "accuracy_m", "position"),
    ('{"type": "position", "latitude": 9, "longitude": 9, "at": "soon"}', "invalid", "at", "position"),
    (
        '{"type": "position", "latitude": 9, "longitude": 9, "at": "2026-06-17T04:00:00"}',
        "invalid",
        "at",
        "position",
    ),
    (
        '{"type": "position", "latitude": 9, "longitude": 9, "at": "2026-06-17T04:02:00Z"}',
        "invalid",
        "at",
        "position",
    ),
    (
        '{"type": "position", "latitude": 9, "longitude": 9, "at": "9999-12-31T23:59:59Z"}',
        "invalid",
        "at",
        "position",
    ),
    (
        '{"type": "position", "latitude": 9, "longitude": 9, "at": "0001-01-01T00:00:00+14:00"}',
        "invalid",
        "at",
        "position",
    ),
    ('{"type": "duty"}', "invalid", "on_duty", "duty"),
    ('{"type": "duty", "on_duty": "yes"}', "invalid", "on_duty", "duty"),
    ('{"type": "duty", "on_duty": true, "mode": "rocket"}', "invalid", "mode", "duty"),
    ('{"type": "ack"}', "invalid", "seq", "ack"),
    ('{"type": "ack", "seq": -1}', "invalid", "seq", "ack"),
    ('{"type": "ack", "seq": 1.5}', "invalid", "seq", "ack"),
    ('{"type": "ack", "seq": 99999999999999999999}', "invalid", "seq", "ack"),
    ('{"type": "answer", "answer": "accept"}', "invalid", "alert_id", "answer"),
    ('{"type": "answer", "alert_id": "x", "answer": "maybe"}', "invalid", "answer", "answer"),
    ('{"type": "answer", "alert_id": "x", "answer": "accept"}', "unknown_alert", "alert_id", "answer"),
    ('{"type": "answer", "alert_id": "\\u0000", "answer": "accept"}', "unknown_alert", "alert_id", "answer"),
    (f'{{"type": "answer", "alert_id": "{uuid4()}", "answer": "accept"}}', "unknown_alert", "alert_id", "answer"),
    (f'{{"type": "progress", "alert_id": "{uuid4()}", "stage": "done"}}', "unknown_alert", "alert_id", "progress"),
    ('{"type": "progress", "alert_id": "x", "stage": "accepted"}', "invalid", "stage", "progress"),
    ('{"type": "watch", "bbox": [120, 30, 121, 31]}', "forbidden", None, "watch"),
    ('{"type": "hello", "token": "x"}', "second_hello", None, "hello"),
]

BY_AN_OPERATOR: list[tuple[str, str, str | None, str | None]] = [
    ('{"type": "watch"}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [1, 2, 3]}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [120, 31, 121, 30]}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [120, 200, 121, 201]}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [500, 30, 121, 31]}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [30, 120, 31, 121]}', "invalid", "bbox", "watch"),
    ('{"type": "watch", "bbox": [120, 30, 121, 31], "zoom": "near"}', "invalid", "zoom", "watch"),
    ('{"type": "position", "latitude": 30, "longitude": 120}', "forbidden", None, "position"),
    ('{"type": "duty", "on_duty": true}', "forbidden", None, "duty"),
    (f'{{"type": "answer", "alert_id": "{uuid4()}", "answer": "accept"}}', "forbidden", None, "answer"),
    (f'{{"type": "progress", "alert_id": "{uuid4()}", "stage": "done"}}', "forbidden", None, "progress"),
]
BBOXES_OF_TEXT = [
    '["NaN", "NaN", "NaN", "NaN"]',
    '["120", "30", "121", "31"]',
    "[null, 30, 121, 31]",
    "[120, NaN, 121, 31]",
]


async def _answers(client: SocketClient, frame: str | bytes) -> tuple[str, str | None, str | None]:
    await client.say_raw(frame)
    error = await client.next("error")
    assert error["detail"]
    await client.settled()
    assert client.close_code is None
    return error["code"], error.get("field"), error.get("of")


async def test_each_mistake_of_a_responder_is_told_by_name(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as client:
        for frame, *expected in BY_A_RESPONDER:
            assert list(await _answers(client, frame)) == expected, frame[:120]
        assert len(client.all("error")) == len(BY_A_RESPONDER)
    profile = await service.call("GET", "/v1/responders/r1", role="operator")
    assert (profile["location"], profile["on_duty"]) == (None, False)


async def test_each_mistake_of_an_operator_is_told_by_name(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console:
        for frame, *expected in BY_AN_OPERATOR:
            assert list(await _answers(console, frame)) == expected, frame
        for bbox in BBOXES_OF_TEXT:
            code, field, of = await _answers(console, f'{{"type": "watch", "bbox": {bbox}}}')
            assert (code, of) == ("invalid", "watch"), bbox
            assert field is not None
            assert field.startswith("bbox"), bbox


async def test_a_position_a_little_ahead_of_our_clock_is_taken_as_now(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as client:
        await client.say(type="position", latitude=30, longitude=120, at="2026-06-17T04:00:59Z")
        await client.settled()
        assert client.all("error") == []
    profile = await service.call("GET", "/v1/responders/r1", role="operator")
    assert profile["fix_at"] == "2026-06-17T04:00:00Z"


async def test_what_a_newer_client_adds_is_passed_over(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as client:
        await client.say(type="position", latitude=30, longitude=120, heading=90, satellites=[1, 2])
        await client.say(type="ping", mood="fine")
        await client.next("pong")
        await client.settled()
        assert client.all("error") == []


async def test_an_answer_to_somebody_elses_alert_is_refused(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as mine,
        service.on_duty("r2", beside(WULIN, north_m=200)) as theirs,
    ):
        await mine.say(type="duty", on_duty=False)
        await mine.settled()
        opened = await service.sos()
        alert = await theirs.next("alert")
        await mine.answer(alert, "accept")
        error = await mine.next("error")
        assert (error["code"], error["field"]) == ("unknown_alert", "alert_id")
        await mine.progress(alert, "on_scene")
        assert (await mine.next("error"))["code"] == "unknown_alert"
        incident = await service.incident(opened["incident_id"])
    assert {each["state"] for each in incident["alerts"]} <= {"offered", "received"}


async def test_stages_out_of_order_and_of_another_role_are_refused_by_name(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as client:
        await service.sos()
        alert = await client.next("alert")
        await client.progress(alert, "en_route")
        error = await client.next("error")
        assert (error["code"], error["field"], error["of"]) == ("stage_out_of_order", "stage", "progress")
        await client.answer(alert, "accept")
        await client.next("assignment")
        await client.progress(alert, "aed_collected")
        assert (await client.next("error"))["code"] == "wrong_role"


async def test_who_only_talks_nonsense_is_sent_away(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    hello = {"type": "hello", "token": service.token("responder", "r1")}
    heard = await talk(service.url, hello, *["nonsense"] * 150)
    assert heard.close_code == CloseCode.TOO_MANY_ERRORS
    assert len(heard.of("error")) == 101


async def test_who_makes_a_mistake_now_and_then_stays(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as client:
        for _ in range(120):
            await client.say_raw("nonsense")
            await client.settled()
        assert client.close_code is None


async def test_a_frame_over_64_kib_closes_with_1009(live_service: LiveService) -> None:
    hello = {"type": "hello", "token": live_service.token("operator", "ann")}
    heard = await talk(live_service.url, hello, '{"type": "ping", "x": "' + "x" * 64 * 1024 + '"}')
    assert heard.close_code == 1009


@pytest.mark.parametrize("size", [64 * 1024 - 30])
async def test_a_long_frame_below_that_is_read(service: ServiceInProcess, size: int) -> None:
    async with service.socket("operator", "ann") as console:
        await console.say(type="ping", x="x" * size)
        await console.next("pong")
