"""Work orders as the office and custodians see them, and what they may do with them."""

import asyncio
from datetime import date
from uuid import uuid4

import pytest

from dispatch.aeds.work_orders.listing import BadCursor, Cursor
from tests.aeds.work_orders.office import Json, Office


async def cancel(office: Office, order: Json, reason: str = "假警报", **more: str) -> Json:
    path = f"/v1/work-orders/{order['id']}/cancel"
    cancelled: Json = await office.call("POST", path, json={"reason": reason}, **more)
    return cancelled


async def test_pages_follow_each_other_though_orders_come_and_go(office: Office) -> None:
    ids = []
    for number in range(7):
        aed_id = await office.aed(f"设备 {number}")
        await office.break_down(aed_id)
        ids.append(str(aed_id))
    first = await office.call("GET", "/v1/work-orders", params={"limit": 3})
    assert [each["aed_id"] for each in first["orders"]] == ids[:3:-1]
    # What is opened meanwhile stands before the first page; what is closed is gone, and nothing is passed over.
    await office.break_down(await office.aed("后来的"))
    second = await office.call("GET", "/v1/work-orders", params={"limit": 3, "after": first["next"]})
    third = await office.call("GET", "/v1/work-orders", params={"limit": 3, "after": second["next"]})
    assert [each["aed_id"] for each in second["orders"] + third["orders"]] == ids[3::-1]
    assert third["next"] is None


async def test_orders_opened_in_one_moment_are_all_listed_once(office: Office) -> None:
    for number in range(5):
        await office.aed(f"设备 {number}", readiness_reasons=())
    for (aed_id,) in await office.rows("select id from aeds"):
        await office.edit(aed_id, battery_expires_on=date(2026, 6, 18))
    seen: list[str] = []
    after = None
    while True:
        params = {"limit": 2} | ({"after": after} if after else {})
        page = await office.call("GET", "/v1/work-orders", params=params)
        seen += [each["id"] for each in page["orders"]]
        after = page["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5


async def test_orders_are_found_by_what_they_are_about(office: Office) -> None:
    _province, city, _district, venue = await office.chain()
    await office.custodian("li")
    here = await office.aed("这里", owner=venue, custodian="li")
    there = await office.aed("那里")
    for each in (here, there):
        await office.break_down(each)
    await office.edit(there, battery_expires_on=date(2026, 6, 10))

    async def found(**filters: object) -> set[tuple[str, str]]:
        return {(each["aed_name"], each["cause"]) for each in await office.open_orders(**filters)}

    assert await found(owner=city["id"]) == {("这里", "fault")}
    assert await found(assignee="li") == {("这里", "fault")}
    assert await found(cause="battery_expiry") == {("那里", "battery_expiry")}
    assert await found(aed_id=str(there)) == {("那里", "fault"), ("那里", "battery_expiry")}
    assert await found(level="custodian") == {("这里", "fault")}
    assert await found(overdue=True) == set()
    await office.pass_time(days=2)
    assert await found(overdue=True) == {("这里", "fault"), ("那里", "fault")}
    assert await found(state="closed") == set()
    assert len(await found(state="all")) == 3


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"state": "lost"}, "state"),
        ({"cause": "rust"}, "cause"),
        ({"level": "planet"}, "level"),
        ({"owner": str(uuid4())}, "owner"),
        ({"owner": "x"}, "owner"),
        ({"aed_id": "x"}, "aed_id"),
        ({"limit": 0}, "limit"),
        ({"limit": 5000}, "limit"),
        ({"after": "x"}, "after"),
        ({"after": "!!!!"}, "after"),
        ({"assignee": "\x00"}, "assignee"),
        ({"overdue": "perhaps"}, "overdue"),
    ],
)
async def test_a_question_that_cannot_be_is_refused_by_its_field(
    office: Office, params: dict[str, object], field: str
) -> None:
    problem = await office.refused("GET", "/v1/work-orders", 422, params=params)
    assert problem["fields"] == [field]


@pytest.mark.parametrize("text", ["", "=", "é", "MjAyNg", "MjAyNi0wNi0xN1QwNDowMDowMCB4", "A" * 200])
def test_what_is_no_cursor_is_none(text: str) -> None:
    with pytest.raises(BadCursor):
        Cursor.of(text)


async def test_a_custodian_sees_their_own_orders_alone(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each)
    await office.break_down(await office.aed("李的", custodian="li"))
    await office.break_down(await office.aed("王的", custodian="wang"))
    listed = await office.call("GET", "/v1/work-orders", role="custodian", subject="li")
    assert [each["aed_name"] for each in listed["orders"]] == ["李的"]
    (hers,) = await office.open_orders(assignee="wang")
    for verb, body in (("acknowledge", {}), ("cancel", {"reason": "不"})):
        path = f"/v1/work-orders/{hers['id']}/{verb}"
        await office.refused("POST", path, 403, role="custodian", subject="li", json=body)
    await office.refused("GET", f"/v1/work-orders/{hers['id']}", 403, role="custodian", subject="li")
    assert (await office.call("GET", f"/v1/work-orders/{hers['id']}"))["assignee"] == "wang"
    await office.refused("GET", "/v1/work-orders", 401, role=None)
    await office.refused("GET", "/v1/work-orders", 403, role="responder")


async def test_who_has_it_in_hand_may_say_how_far_it_is(office: Office) -> None:
    await office.custodian("li")
    await office.break_down(await office.aed(custodian="li"))
    order = await office.the_order()
    path = f"/v1/work-orders/{order['id']}/acknowledge"
    said = await office.call("POST", path, role="custodian", subject="li", json={"note": "明天去"})
    assert (said["acknowledged_by"], said["note"], said["state"]) == ("custodian:li", "明天去", "open")
    await office.pass_time(hours=1)
    again = await office.call("POST", path, role="custodian", subject="li", json={"note": "在路上"})
    assert (again["acknowledged_at"], again["note"]) == (said["acknowledged_at"], "在路上")
    same = await office.call("POST", path, json={})
    assert (same["acknowledged_by"], same["note"]) == ("custodian:li", "在路上")
    problem = await office.refused("POST", path, 422, json={"note": " "})
    assert problem["fields"] == ["note"]
    await office.refused("POST", f"/v1/work-orders/{uuid4()}/acknowledge", 404, json={})


async def test_a_cancelled_order_stays_closed_while_nothing_new_happens(office: Office) -> None:
    aed_id = await office.aed()
    await office.break_down(aed_id)
    order = await office.the_order()
    cancelled = await cancel(office, order)
    assert (cancelled["state"], cancelled["closed_by"], cancelled["note"]) == ("closed", "admin:office", "假警报")
    await office.pass_time(hours=1)
    await office.edit(aed_id, place_detail="一楼大厅")
    assert await office.open_orders() == []
    problem = await office.refused("POST", f"/v1/work-orders/{order['id']}/cancel", 409, json={"reason": "再来"})
    assert problem["code"] == "order_closed"
    await office.refused("POST", f"/v1/work-orders/{order['id']}/acknowledge", 409, json={})
    await office.break_down(aed_id)
    assert (await office.the_order())["id"] != order["id"], "somebody has said so again"


async def test_a_reason_is_needed_to_cancel(office: Office) -> None:
    await office.break_down(await office.aed())
    order = await office.the_order()
    for body, field in (({}, "reason"), ({"reason": ""}, "reason"), ({"reason": "x", "by": "me"}, "by")):
        problem = await office.refused("POST", f"/v1/work-orders/{order['id']}/cancel", 422, json=body)
        assert problem["fields"] == [field]


async def test_cancelling_and_mending_at_once_leave_one_end(office: Office) -> None:
    aed_id = await office.aed()
    await office.break_down(aed_id)
    order = await office.the_order()
    body = {"reason": "撤销"}
    answer, _ = await asyncio.gather(
        office.ask("POST", f"/v1/work-orders/{order['id']}/cancel", json=body), office.repair(aed_id)
    )
    assert answer.status_code in {200, 409}
    (closed,) = await office.open_orders(state="closed")
    assert closed["closed_by"] == ("admin:office" if answer.status_code == 200 else "evidence")
