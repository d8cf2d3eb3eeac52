"""What two workers at once, and one that dies, must not do to work orders."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from dispatch.aeds.health.vocabulary import ReportKind
from dispatch.aeds.repository import StoredReport
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.work_orders import repository
from dispatch.aeds.work_orders.reconciling import Changes
from tests.aeds.work_orders.office import Office

WHY = Because("admin:office", Occasion.REPORT)


async def test_many_reports_of_one_fault_at_once_open_one_order(office: Office) -> None:
    other = Office(office.database, office.clock)
    aed_id = await office.aed()
    office.clock.move(seconds=1)

    async def say(worker: Office) -> None:
        now = worker.clock.now()
        report = StoredReport(uuid4(), aed_id, ReportKind.FAULT, now, now, "admin:office", {"code": "broken"})
        async with worker.database.transaction() as connection:
            await worker.settling.settle(connection, [aed_id], now=now, why=WHY, reports=[report])

    await asyncio.gather(*(say(worker) for worker in (office, other) * 5))
    assert await office.the_order()


async def test_the_index_holds_though_somebody_forgets_to_hold_the_device(office: Office) -> None:
    """Two that both found nothing open, and did not wait for each other."""
    aed_id = await office.aed()
    await office.break_down(aed_id)
    async with office.database.transaction() as connection:
        (order,) = (await repository.open_of(connection, [aed_id]))[aed_id]
    again = Changes(opened=(replace(order, id=uuid4()),))
    async with office.database.transaction() as connection:
        await repository.write(connection, [again], office.clock.now())
    assert (await office.the_order())["id"] == str(order.id)


async def test_a_crash_before_the_commit_leaves_neither_report_nor_order(office: Office) -> None:
    aed_id = await office.aed()
    office.clock.move(seconds=1)
    now = office.clock.now()
    report = StoredReport(uuid4(), aed_id, ReportKind.FAULT, now, now, "admin:office", {"code": "broken"})
    with pytest.raises(ZeroDivisionError):
        async with office.database.transaction() as connection:
            await office.settling.settle(connection, [aed_id], now=now, why=WHY, reports=[report])
            raise ZeroDivisionError
    assert await office.open_orders(state="all") == []
    assert await office.rows("select from work_order_notices") == []
    assert await office.rows("select from aed_reports where id = :id", id=report.id) == []


async def test_two_workers_that_look_at_what_is_due_escalate_once(office: Office) -> None:
    other = Office(office.database, office.clock)
    *_, venue = await office.chain()
    await office.custodian("li")
    for each in (other.owners, other.custodians):
        await each.load()
    for number in range(20):
        await office.break_down(await office.aed(f"设备 {number}", owner=venue, custodian="li"))
    office.clock.move(days=1, hours=1)
    await asyncio.gather(office.look(), other.look())
    orders = await office.open_orders()
    assert len(orders) == 20
    assert {each["level"] for each in orders} == {"venue"}
    assert {len(each["escalations"]) for each in orders} == {1}


async def test_looking_at_what_is_due_ends(office: Office) -> None:
    """Whatever is looked at is looked at again later, or not at all."""
    *_, venue = await office.chain()
    await office.break_down(await office.aed(owner=venue))
    for days in (1, 3, 10, 30, 400):
        await office.pass_time(days=days)
        overdue = await office.rows(
            "select from work_orders where closed_at is null and look_again_at <= :now", now=office.clock.now()
        )
        assert overdue == []


async def test_reports_policies_and_absences_at_once_never_wait_in_a_circle(office: Office) -> None:
    other = Office(office.database, office.clock)
    *_, venue = await office.chain()
    for each in ("li", "wang"):
        await office.custodian(each)
    for known in (other.owners, other.custodians):
        await known.load()
    aeds = [await office.aed(f"设备 {number}", owner=venue, custodian="li") for number in range(40)]

    async def report(worker: Office, number: int) -> None:
        now = worker.clock.now()
        some = aeds[number % 7 :: 3] + aeds[: number % 5]
        kind = ReportKind.FAULT if number % 2 else ReportKind.INSPECTION
        data = {"code": "broken"} if number % 2 else {"outcome": "ok"}
        reports = [StoredReport(uuid4(), aed_id, kind, now, now, "admin:office", data) for aed_id in set(some)]
        async with worker.database.transaction() as connection:
            await worker.settling.settle(connection, [], now=now, why=WHY, reports=reports)

    async def decide(worker: Office, number: int) -> None:
        body = {"policy": {"fence_m": 50 + number}}
        await worker.call("PATCH", f"/v1/owners/{venue['id']}", json=body)

    for turn in range(6):
        office.clock.move(seconds=2)
        await asyncio.gather(
            *(report(worker, turn + number) for number, worker in enumerate((office, other, office, other))),
            decide(office, turn),
            other.away("li", "wang", in_s=turn, for_s=3600),
            office.turns.act(),
            other.due.act(),
            office.telling.act(),
        )
    await office.heard()
    assert (
        await office.rows("select from work_orders where closed_at is null group by aed_id, cause having count(*) > 1")
        == []
    )
