"""Custodians are woken for work orders by the ways that first-aiders have, and never at an alert's expense."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from dispatch.aeds.custodians import endpoints as custodian_endpoints
from dispatch.push import order_jobs
from dispatch.push.order_jobs import Device as WayTo
from dispatch.push.order_jobs import OrderMessage
from dispatch.push.wording import words_of
from tests.people import WULIN, ServiceInProcess, until
from tests.push.conftest import PHONE, OpenDesk, Waking, attempts_are, count_is, heard_by, states_are
from tests.push.phones import HOOK_SECRET, pushed
from tests.push.receiving import Answer, Device, Listener, checked_hook

Json = dict[str, Any]


def order(**more: Any) -> Json:
    return {
        "id": str(uuid4()),
        "aed_id": str(uuid4()),
        "aed_name": "武林广场",
        "cause": "fault",
        "what": {"zh": "处理故障（损坏）", "en": "See to the fault (broken)"},
        "urgency": 2,
        "due_at": "2026-06-18T04:00:00+00:00",
        "why": "opened",
    } | more


def message(**more: Any) -> Json:
    said: Json = {
        "type": "work_order",
        "count": 1,
        "urgent": 1,
        "open": 1,
        "due_text": "2026-06-18 12:00",
        "orders": [order()],
    }
    return said | more


async def add_custodian(waking: Waking, subject: str = "li") -> None:
    await waking.sql(
        "insert into custodians (subject, name, created_at, updated_at) values (:subject, '李', now(), now())",
        subject=subject,
    )


async def subscribe(waking: Waking, origin: str, device: Device, *, subject: str = "li", endpoint: str = "") -> Any:
    waking.app.include_router(custodian_endpoints.router)
    return await waking.call(
        "PUT",
        "/v1/custodians/me/push-subscription",
        role="custodian",
        subject=subject,
        json={"endpoint": endpoint or f"{origin}/push/{uuid4().hex}", "keys": device.keys},
    )


async def tell(
    waking: Waking, payload: Json, *, recipient: str = "custodian:li", language: str = "zh", phone: str | None = None
) -> None:
    now = waking.clock.now()
    async with waking.database.transaction() as connection:
        devices = await order_jobs.devices_of(connection, [recipient])
        told = OrderMessage(
            recipient=recipient,
            payload=payload,
            language=language,
            devices=[WayTo(each.recipient, each.subscription_id, each.service) for each in devices.get(recipient, [])],
            phone=phone,
            useful_until=now + timedelta(days=1),
        )
        await order_jobs.add(connection, [told], now)
    waking.push.desk.poke()


async def test_a_custodians_device_is_told_of_a_work_order(waking: Waking, push_service: Listener) -> None:
    await add_custodian(waking)
    device = Device()
    assert (await subscribe(waking, push_service.origin, device)).status_code == 204
    await tell(waking, message(), language="en")
    heard = await heard_by(push_service)
    read = await waking.opened(heard, device, push_service.origin)
    assert (read["type"], read["language"]) == ("work_order", "en")
    assert read["title"] == "URGENT: New AED work order"
    assert "武林广场" in read["text"]
    assert read["work_order"]["orders"][0]["cause"] == "fault"
    assert "phone" not in read["work_order"]
    assert (heard.headers["urgency"], heard.headers["topic"]) == ("high", "work_order")
    assert int(heard.headers["ttl"]) == 24 * 3600
    await until(lambda: states_are(waking, ["sent"]))

    answer = await waking.call("POST", "/v1/push/receipts", json={"receipt": read["receipt"]})
    assert answer.status_code == 204
    assert waking.push.channels.has_proven_channel("custodian:li", waking.clock.now())
    assert waking.received == [], "an incident has nothing to do with it"


async def test_what_is_not_urgent_may_wait_for_the_phone_to_wake(waking: Waking, push_service: Listener) -> None:
    await add_custodian(waking)
    await subscribe(waking, push_service.origin, Device())
    await tell(waking, message(urgent=0))
    assert (await heard_by(push_service)).headers["urgency"] == "normal"


async def test_the_hook_is_told_whom_to_call(open_desk: OpenDesk, gateway: Listener) -> None:
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await tell(waking, message(), phone=PHONE)
        body = checked_hook(await heard_by(gateway), HOOK_SECRET, waking.wall)
        assert body["type"] == "custodian.work_order"
        data = body["data"]
        assert (data["custodian_id"], data["phone"], data["language"]) == ("li", PHONE, "zh")
        assert data["title"] == "【紧急】AED 新工单"
        assert data["work_order"]["count"] == 1
        assert not {"phone", "language"} & data["work_order"].keys()
        await until(lambda: states_are(waking, ["sent"]))
        await waking.call("POST", "/v1/push/receipts", json={"receipt": data["receipt"]})
        ((who, phone),) = await waking.sql("select responder_id, phone from hook_proofs")
        assert (who, phone) == ("custodian:li", PHONE)

        await tell(waking, message(), recipient=f"owner:{uuid4()}", phone=PHONE)
        body = checked_hook(await heard_by(gateway), HOOK_SECRET, waking.wall)
        assert body["type"] == "owner.work_order"


async def test_what_the_gateway_refuses_is_no_dead_letter(open_desk: OpenDesk, gateway: Listener) -> None:
    """The 120 centre looks after those: people who may not know of an emergency."""
    gateway.default = Answer(422)
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await tell(waking, message(), phone=PHONE)
        await heard_by(gateway)
        await until(lambda: count_is(waking, "push_jobs", 0))


async def test_a_gateway_that_is_away_hears_of_it_when_it_is_back(open_desk: OpenDesk, gateway: Listener) -> None:
    gateway.answers.extend([Answer(503)])
    async with open_desk(webhook_url=gateway.origin, webhook_secret=HOOK_SECRET) as waking:
        await tell(waking, message(), phone=PHONE)
        first = await heard_by(gateway)
        # Before that is written down, the job is still taken, and its next attempt counts from when it ended.
        await until(lambda: attempts_are(waking, 1))
        waking.wall.move(seconds=5)
        await waking.pass_time(seconds=5)
        second = await heard_by(gateway)
        assert first.body == second.body, "told the same"
        await until(lambda: states_are(waking, ["sent"]))


async def test_a_device_that_wakes_a_first_aider_goes_on_doing_so(waking: Waking, push_service: Listener) -> None:
    """One browser of somebody who is both: the alert must not be lost for a work order."""
    await add_custodian(waking)
    device = Device()
    endpoint = await waking.subscribe("r1", push_service.origin, device)
    answer = await subscribe(waking, push_service.origin, device, endpoint=endpoint)
    assert (answer.status_code, answer.json()["code"]) == (409, "device_taken")
    ((owner,),) = await waking.sql("select responder_id from push_subscriptions")
    assert owner == "r1"


async def test_a_device_of_a_custodian_who_becomes_a_first_aider_is_the_first_aiders(
    waking: Waking, push_service: Listener
) -> None:
    await add_custodian(waking)
    device = Device()
    endpoint = f"{push_service.origin}/push/{uuid4().hex}"
    assert (await subscribe(waking, push_service.origin, device, endpoint=endpoint)).status_code == 204
    answer = await waking.call(
        "PUT",
        "/v1/responders/me/push-subscription",
        role="responder",
        subject="r1",
        json={"endpoint": endpoint, "keys": device.keys},
    )
    assert answer.status_code == 204
    ((owner,),) = await waking.sql("select responder_id from push_subscriptions")
    assert owner == "r1"


async def test_somebody_whom_the_office_has_not_entered_cannot_subscribe(
    waking: Waking, push_service: Listener
) -> None:
    answer = await subscribe(waking, push_service.origin, Device(), subject="nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_device_is_given_up_by_its_owner_alone(waking: Waking, push_service: Listener) -> None:
    for subject in ("li", "wang"):
        await add_custodian(waking, subject)
    endpoint = f"{push_service.origin}/push/{uuid4().hex}"
    await subscribe(waking, push_service.origin, Device(), endpoint=endpoint)
    path = "/v1/custodians/me/push-subscription"
    for subject, left in (("wang", 1), ("li", 0)):
        answer = await waking.call("DELETE", path, role="custodian", subject=subject, json={"endpoint": endpoint})
        assert answer.status_code == 204
        assert await count_is(waking, "push_subscriptions", left)


async def test_a_fault_wakes_the_custodian_through_the_whole_service(
    service: ServiceInProcess, push_service: Listener
) -> None:
    certificate = {"number": "ZJ-1", "expires_on": "2030-01-01"}
    body = {"name": "李", "certificate": certificate, "language": "zh"}
    await service.call("PUT", "/v1/custodians/li", role="admin", json=body)
    device = Device()
    subscription = {"endpoint": f"{push_service.origin}/push/{uuid4().hex}", "keys": device.keys}
    path = "/v1/custodians/me/push-subscription"
    await service.call("PUT", path, role="custodian", subject="li", json=subscription)
    aed_id = await service.add_aed(WULIN, name="武林广场", custodian="li")
    report = {"kind": "fault", "code": "broken"}
    await service.call("POST", f"/v1/aeds/{aed_id}/reports", role="admin", json=report)
    service.clock.move(seconds=5)
    read = await pushed(device, push_service)
    assert (read["type"], read["title"]) == ("work_order", "【紧急】AED 新工单")
    me = await service.call("GET", "/v1/custodians/me", role="custodian", subject="li")
    assert [each["aed_id"] for each in me["orders"]] == [aed_id]
    await service.call("POST", "/v1/push/receipts", json={"receipt": read["receipt"]})
    me = await service.call("GET", "/v1/custodians/me", role="custodian", subject="li")
    assert [(each["channel"], each["proven"]) for each in me["channels"]] == [("web_push", True)]
    assert service.service.push.channels.known() == []


def test_the_words_tell_one_order_whole_and_several_by_their_number() -> None:
    one = words_of(message(urgent=0, orders=[order(why="due")]), "zh")
    assert one.title == "AED 工单已到期"
    assert one.text == "武林广场：处理故障（损坏）。请于 2026-06-18 12:00 前处理。"
    many = words_of(message(count=5, urgent=2, open=9), "zh")
    assert many.title == "AED 工单：5 项有变化，其中 2 项紧急"
    assert many.text.endswith("目前共有 9 项未完成。")
    english = words_of(message(count=5, urgent=2, open=9), "en")
    assert english.title == "AED work orders: 5 to look at, 2 of them urgent"
    for why in ("opened", "handed", "urgent", "due", "escalated"):
        for language in ("zh", "en"):
            assert words_of(message(orders=[order(why=why)]), language).title


async def test_a_message_that_is_too_long_names_fewer_orders(waking: Waking, push_service: Listener) -> None:
    await add_custodian(waking)
    device = Device()
    await subscribe(waking, push_service.origin, device)
    wide = order(aed_name="宽" * 200, what={"zh": "修" * 200, "en": "mend" * 50})
    await tell(waking, message(count=3, urgent=3, open=3, orders=[wide] * 3))
    read = await waking.opened(await heard_by(push_service), device, push_service.origin)
    assert read["work_order"]["count"] == 3
    assert len(read["work_order"]["orders"]) in {1, 2}
