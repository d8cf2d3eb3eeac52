"""Work orders from the fault to the evidence, through the one way that settles devices."""

from datetime import timedelta

import pytest

from tests.aeds.work_orders.office import Office

DAY = 86_400


async def test_a_fault_opens_one_order_for_the_custodian_and_a_repair_closes_it(office: Office) -> None:
    _province, _city, _district, venue = await office.chain()
    await office.custodian("li")
    aed_id = await office.aed(owner=venue, custodian="li")

    await office.break_down(aed_id)

    order = await office.the_order()
    assert order["aed_id"] == str(aed_id)
    assert (order["cause"], order["level"], order["assignee"]) == ("fault", "custodian", "li")
    assert (order["assignee_name"], order["urgency"], order["overdue"]) == ("机长 li", 2, False)
    assert order["what"]["zh"]
    assert order["what"]["en"]

    await office.pass_time(hours=2)
    await office.break_down(aed_id)
    assert (await office.the_order())["id"] == order["id"], "a second word on the same fault is no second order"

    await office.repair(aed_id)
    assert await office.open_orders() == []
    (closed,) = await office.open_orders(state="closed")
    assert (closed["id"], closed["closed_by"], closed["state"]) == (order["id"], "evidence", "closed")


async def test_what_comes_back_is_a_new_order(office: Office) -> None:
    aed_id = await office.aed()
    await office.break_down(aed_id)
    first = await office.the_order()
    await office.pass_time(hours=1)
    await office.repair(aed_id)
    await office.pass_time(hours=1)
    await office.break_down(aed_id)
    assert (await office.the_order())["id"] != first["id"]


async def test_an_order_that_nobody_sees_to_goes_to_the_venue_then_the_district_then_the_city(office: Office) -> None:
    province, city, district, venue = await office.chain(
        policy={"due_within_s": {"fault": DAY}, "escalate_after_s": [3600, DAY, 2 * DAY]}
    )
    await office.custodian("li")
    aed_id = await office.aed(owner=venue, custodian="li")
    await office.break_down(aed_id)

    seen = []
    order = await office.the_order()
    for hours in (24, 1.1, 23, 24):
        await office.pass_time(hours=hours)
        order = await office.the_order()
        seen.append((order["level"], order["owner_name"], order["assignee"], order["overdue"]))

    assert seen == [
        ("custodian", None, "li", False),
        ("venue", venue["name"], "li", True),
        ("district", district["name"], "li", True),
        ("city", city["name"], "li", True),
    ]
    due_at = order["due_at"]
    steps = [(each["level"], each["why"]) for each in order["escalations"]]
    assert steps == [("venue", "overdue"), ("district", "overdue"), ("city", "overdue")]
    assert order["escalations"][0]["at"] > due_at
    assert province["name"] != order["owner_name"]


async def test_several_steps_that_were_slept_through_are_all_noted(office: Office) -> None:
    _province, city, _district, venue = await office.chain()
    aed_id = await office.aed(owner=venue)
    await office.break_down(aed_id)
    await office.pass_time(days=20)
    order = await office.the_order()
    assert (order["level"], order["owner_name"]) == ("city", city["name"])
    overdue = [each for each in order["escalations"] if each["why"] == "overdue"]
    assert [each["level"] for each in overdue] == ["venue", "district", "city"]


async def test_without_a_custodian_it_is_the_venues_from_the_start(office: Office) -> None:
    *_, venue = await office.chain()
    await office.break_down(await office.aed(owner=venue))
    order = await office.the_order()
    assert (order["level"], order["assignee"], order["owner_name"]) == ("venue", None, venue["name"])
    assert [each["why"] for each in order["escalations"]] == ["nobody"]


@pytest.mark.parametrize("expires_on", [None, "2026-06-16"])
async def test_nothing_is_assigned_to_somebody_without_a_valid_certificate(
    office: Office, expires_on: str | None
) -> None:
    await office.custodian("li", expires_on=expires_on)
    await office.break_down(await office.aed(custodian="li"))
    order = await office.the_order()
    assert (order["level"], order["assignee"]) == ("venue", None)
    assert (await office.call("GET", "/v1/custodians/li"))["seen_to_by"] is None


async def test_a_certificate_that_runs_out_takes_the_orders_with_it_at_midnight(office: Office) -> None:
    # It is noon of the 17th in Hangzhou; the 17th is the last valid day.
    await office.custodian("li", expires_on="2026-06-17")
    await office.break_down(await office.aed(custodian="li"))
    await office.pass_time(hours=11.9)
    assert (await office.the_order())["assignee"] == "li"
    await office.pass_time(hours=0.2)
    assert (await office.the_order())["assignee"] is None
    await office.custodian("li", expires_on="2028-06-17")
    await office.heard()
    order = await office.the_order()
    assert (order["assignee"], order["level"]) == ("li", "custodian")


async def test_a_new_custodian_gets_the_open_orders(office: Office) -> None:
    await office.custodian("li")
    await office.custodian("wang")
    aed_id = await office.aed(custodian="li")
    await office.break_down(aed_id)
    order = await office.the_order()
    path = f"/v1/work-orders/{order['id']}/acknowledge"
    await office.call("POST", path, role="custodian", subject="li", json={"note": "备件已订"})
    await office.edit(aed_id, custodian="wang")
    order = await office.the_order()
    assert (order["assignee"], order["acknowledged_at"], order["note"]) == ("wang", None, "备件已订")


async def test_a_removed_device_closes_its_orders(office: Office) -> None:
    aed_id = await office.aed()
    await office.break_down(aed_id)
    await office.remove(aed_id)
    (closed,) = await office.open_orders(state="closed")
    assert closed["closed_by"] == "removed"


async def test_an_expiry_is_planned_then_soon_then_urgent_and_stays_one_order(office: Office) -> None:
    await office.custodian("li")
    today = office.clock.now().date()
    aed_id = await office.aed(custodian="li")
    await office.edit(aed_id, battery_expires_on=today + timedelta(days=100))
    assert await office.open_orders() == []
    urgencies, ids = [], set()
    for days in (11, 60, 23):
        # Looked at every month, so that nothing else comes up.
        await office.pass_time(days=days)
        await office.repair(aed_id)
        order = await office.the_order()
        assert order["cause"] == "battery_expiry"
        urgencies.append(order["urgency"])
        ids.add(order["id"])
    assert urgencies == [0, 1, 2]
    assert len(ids) == 1
    await office.edit(aed_id, battery_expires_on=today + timedelta(days=1500))
    assert await office.open_orders() == []


async def test_what_was_overdue_before_anybody_knew_has_its_time_from_then_on(office: Office) -> None:
    *_, venue = await office.chain()
    aed_id = await office.aed(owner=venue)
    await office.edit(aed_id, battery_expires_on=office.clock.now().date() - timedelta(days=400))
    order = await office.the_order()
    assert order["overdue"] is False
    assert [each["why"] for each in order["escalations"]] == ["nobody"]
    await office.edit(aed_id, name="新名字")
    assert (await office.the_order())["due_at"] == order["due_at"]


async def test_a_battery_that_is_replaced_by_one_that_runs_out_soon_too_has_an_order_of_its_own(office: Office) -> None:
    await office.custodian("li")
    today = office.clock.now().date()
    aed_id = await office.aed(custodian="li")
    await office.edit(aed_id, battery_expires_on=today + timedelta(days=2))
    first = await office.the_order()
    await office.pass_time(days=4)
    assert (await office.the_order())["level"] == "venue"
    await office.edit(aed_id, battery_expires_on=today + timedelta(days=70))
    second = await office.the_order()
    assert second["id"] != first["id"]
    assert (second["urgency"], second["overdue"], second["level"]) == (0, False, "custodian")
    (closed,) = await office.open_orders(state="closed")
    assert (closed["id"], closed["closed_by"], closed["overdue"]) == (first["id"], "evidence", True)
    await office.edit(aed_id, name="新名字")
    assert (await office.the_order())["id"] == second["id"]
