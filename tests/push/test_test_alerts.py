"""Does my phone wake? A responder tries it out, and learns how long each channel takes."""

from typing import Any

from dispatch.push.vocabulary import Channel, Measured
from tests.push.conftest import PHONE, OpenDesk, Waking, heard_by
from tests.push.phones import HOOK_SECRET
from tests.push.receiving import Device, Listener, checked_hook

Json = dict[str, Any]


async def _start(waking: Waking, status: int = 202) -> Json:
    answer = await waking.call("POST", "/v1/responders/me/test-alert", role="responder", subject="r1")
    assert answer.status_code == status, answer.text
    said: Json = answer.json()
    return said


async def test_each_channel_is_tried_and_its_delay_measured(
    open_desk: OpenDesk, push_service: Listener, gateway: Listener
) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        device, told = Device(), []

        async def tell(responder_id: str, message: Json) -> bool:
            told.append((responder_id, message))
            return True

        waking.push.tests.tell_socket = tell
        await waking.add_responder("r1", phone=PHONE)
        await waking.subscribe("r1", push_service.origin, device)
        started = await _start(waking)
        test_id = started["test_id"]
        assert {each["channel"]: each["state"] for each in started["channels"]} == {
            "socket": "sent",
            "web_push": "queued",
            "webhook": "queued",
        }
        assert told == [("r1", {"type": "test_alert", "test_id": test_id, "sent_at": waking.clock.now()})]
        pushed = await waking.opened(await heard_by(push_service), device, push_service.origin)
        assert (pushed["type"], pushed["test_id"], pushed["title"]) == ("test_alert", test_id, "测试警报")
        hooked = checked_hook(await heard_by(gateway), HOOK_SECRET, waking.wall)
        assert hooked["type"] == "responder.test_alert"
        assert hooked["data"]["test_id"] == test_id

        waking.clock.move(seconds=0.25)
        await waking.push.arrivals.over_socket("r1", test_id)
        waking.clock.move(seconds=1)
        await waking.push.arrivals.receipt(pushed["receipt"])
        waking.clock.move(seconds=6)
        for _ in range(2):
            await waking.push.arrivals.receipt(hooked["data"]["receipt"])
            await waking.push.arrivals.over_socket("r1", test_id)
        assert waking.tested == [
            Measured(responder_id="r1", test_id=test_id, channel=Channel.SOCKET, delay_s=0.25),
            Measured(responder_id="r1", test_id=test_id, channel=Channel.WEB_PUSH, delay_s=1.25),
            Measured(responder_id="r1", test_id=test_id, channel=Channel.WEBHOOK, delay_s=7.25),
        ]
        assert waking.received == [], "no incident hears of a test"
        assert [each["proven"] for each in waking.push.channels.channels_of("r1", waking.clock.now())] == [True, True]


async def test_who_has_no_channel_is_told_so(waking: Waking) -> None:
    started = await _start(waking)
    assert {each["channel"]: each["state"] for each in started["channels"]} == {
        "socket": "no_session",
        "web_push": "not_subscribed",
        "webhook": "not_configured",
    }
    assert await waking.jobs() == []


async def test_a_hook_without_a_number_is_told_so(open_desk: OpenDesk, gateway: Listener) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await waking.add_responder("r1")
        started = await _start(waking)
        assert started["channels"][-1] == {"channel": "webhook", "state": "no_phone"}


async def test_tests_are_not_for_flooding_a_phone(waking: Waking, push_service: Listener) -> None:
    await waking.subscribe("r1", push_service.origin, Device())
    await _start(waking)
    problem = await _start(waking, 429)
    assert problem["code"] == "too_many_requests"
    waking.clock.move(seconds=10)
    await _start(waking)


async def test_a_test_is_not_acknowledged_by_somebody_else(waking: Waking, push_service: Listener) -> None:
    async def tell(_responder_id: str, _message: Json) -> bool:
        return True

    waking.push.tests.tell_socket = tell
    await waking.subscribe("r1", push_service.origin, Device())
    started = await _start(waking)
    await waking.push.arrivals.over_socket("r2", started["test_id"])
    await waking.push.arrivals.over_socket("r1", "no uuid")
    await waking.push.arrivals.over_socket("r1", "00000000-0000-0000-0000-000000000000")
    assert waking.tested == []
