"""Who is told of work orders, in how many messages, and how often."""

import asyncio
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Row

from dispatch.push.order_jobs import MOST_QUEUED_EACH
from tests.aeds.work_orders.office import Office

PHONE = "13800000000"


async def subscribe(office: Office, recipient: str, service: str = "https://push.example") -> None:
    await office.rows(
        "insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at)"
        " values (:id, :recipient, :endpoint, :service, 'x', 'y', :now) returning id",
        id=uuid4(),
        recipient=recipient,
        endpoint=f"{service}/{uuid4()}",
        service=service,
        now=office.clock.now(),
    )


async def told(office: Office) -> list[Row[Any]]:
    """The jobs that were queued, oldest first."""
    return await office.rows("select * from push_jobs order by created_at, responder_id, channel")


async def passes(office: Office, **by: float) -> list[Row[Any]]:
    """Time passes, and whoever has to be told is told."""
    await office.pass_time(**by)
    while await office.telling.act():
        pass
    return await told(office)


async def test_a_custodian_is_told_of_an_order_by_every_way_there_is(office: Office) -> None:
    await office.custodian("li", phone=PHONE, language="en")
    await subscribe(office, "custodian:li")
    await office.break_down(await office.aed("武林广场", custodian="li"))
    by_phone, by_device = sorted(await passes(office, seconds=5), key=lambda job: job.subscription_id is not None)
    assert (by_phone.channel, by_device.channel) == ("webhook", "web_push")
    assert {by_phone.kind, by_device.kind} == {"work_order"}
    payload = by_phone.payload
    assert (payload["phone"], payload["language"]) == (PHONE, "en")
    assert (payload["count"], payload["urgent"], payload["open"]) == (1, 1, 1)
    (order,) = payload["orders"]
    assert (order["aed_name"], order["cause"], order["why"]) == ("武林广场", "fault", "opened")
    # By the clocks in Hangzhou, not in Greenwich: tomorrow at noon and a moment.
    assert payload["due_text"] == "2026-06-18 12:00"
    assert office.queued == 1
    assert len(await passes(office, hours=2)) == 2, "once is enough"


async def test_several_orders_are_one_message(office: Office) -> None:
    await office.custodian("li", phone=PHONE)
    for number in range(30):
        await office.break_down(await office.aed(f"设备 {number:02}", custodian="li"))
    (job,) = await passes(office, seconds=5)
    assert (job.payload["count"], job.payload["urgent"], job.payload["open"]) == (30, 30, 30)
    assert len(job.payload["orders"]) == 3


async def test_nobody_is_told_all_the_time(office: Office) -> None:
    """A flood of faults, one every ten seconds for an hour: urgent, and still a message a minute at the most."""
    await office.custodian("li", phone=PHONE)
    await office.custodian("wang", phone=PHONE)
    aeds = [await office.aed(f"设备 {number}", custodian="li") for number in range(60)]
    for aed_id in aeds:
        await office.break_down(aed_id)
        await passes(office, seconds=59)
    jobs = await told(office)
    assert len(jobs) <= 61
    assert sum(job.payload["count"] for job in jobs) <= 60


async def test_what_is_not_urgent_gathers_and_comes_four_times_an_hour_at_the_most(office: Office) -> None:
    await office.custodian("li", phone=PHONE)
    today = office.clock.now().date()
    aeds = [await office.aed(f"设备 {number}", custodian="li") for number in range(24)]
    for aed_id in aeds:
        await office.edit(aed_id, battery_expires_on=today.replace(month=8))
        await passes(office, seconds=150)
    await passes(office, minutes=16)
    jobs = await told(office)
    assert 1 < len(jobs) <= 6
    assert sum(job.payload["count"] for job in jobs) == 24, "and nothing is left out"
    apart = [(after.created_at - before.created_at).total_seconds() for before, after in pairwise(jobs)]
    assert min(apart) >= 900


async def test_what_is_mended_before_it_is_told_is_no_news(office: Office) -> None:
    await office.custodian("li", phone=PHONE)
    aed_id = await office.aed(custodian="li")
    await office.break_down(aed_id)
    await office.repair(aed_id)
    assert await passes(office, seconds=5) == []
    assert await office.rows("select from work_order_notices") == []
    await office.break_down(aed_id)
    assert len(await passes(office, seconds=5)) == 1, "and what comes next does not wait for it"


async def test_what_goes_to_somebody_else_before_it_is_told_is_theirs_alone(office: Office) -> None:
    for each in ("li", "wang"):
        await office.custodian(each, phone=PHONE)
    aed_id = await office.aed(custodian="li")
    await office.break_down(aed_id)
    await office.edit(aed_id, custodian="wang")
    (job,) = await passes(office, seconds=5)
    assert (job.responder_id, job.payload["orders"][0]["why"]) == ("custodian:wang", "handed")


async def test_an_order_that_is_due_is_told_to_the_custodian_and_the_venues_telephone(office: Office) -> None:
    *_, venue = await office.chain()
    await office.custodian("li", phone=PHONE)
    await office.break_down(await office.aed(owner=venue, custodian="li"))
    await passes(office, seconds=5)
    jobs = (await passes(office, days=1))[1:] + (await passes(office, seconds=10))[1:]
    due = {job.responder_id: job.payload for job in jobs}
    assert due.keys() == {"custodian:li", f"owner:{venue['id']}"}
    assert due["custodian:li"]["orders"][0]["why"] == "due"
    escalated = due[f"owner:{venue['id']}"]
    assert (escalated["orders"][0]["why"], escalated["phone"], escalated["open"]) == ("escalated", "0571-3", 1)


async def test_without_any_way_nothing_is_queued_and_nothing_waits(office: Office) -> None:
    *_, venue = await office.chain()
    await office.call("PATCH", f"/v1/owners/{venue['id']}", json={"phone": None})
    await office.custodian("li")
    await office.break_down(await office.aed(owner=venue, custodian="li"))
    assert await passes(office, days=2) == []
    assert await passes(office, minutes=2) == []
    assert await office.rows("select from work_order_notices where told_at is null") == []


async def test_without_a_hook_telephones_are_silent(office: Office) -> None:
    quiet = Office(office.database, office.clock, has_hook=False)
    await quiet.custodian("li", phone=PHONE)
    await quiet.break_down(await quiet.aed(custodian="li"))
    assert await passes(quiet, seconds=5) == []


async def test_alerts_never_stand_behind_more_than_a_few_work_orders(office: Office) -> None:
    for number in range(30):
        await office.custodian(f"c{number:02}", phone=PHONE)
        await office.break_down(await office.aed(f"设备 {number}", custodian=f"c{number:02}"))
    jobs = await passes(office, seconds=5)
    assert len(jobs) == MOST_QUEUED_EACH
    # Somebody with a device of another service is not kept waiting by the gateway.
    await office.custodian("zhao")
    await subscribe(office, "custodian:zhao", "https://other.example")
    await office.break_down(await office.aed("赵的", custodian="zhao"))
    jobs = await passes(office, seconds=5)
    assert {job.service for job in jobs} == {"webhook", "https://other.example"}
    waiting = await office.rows("select from work_order_notices where told_at is null")
    assert len(waiting) == 30 - MOST_QUEUED_EACH
    await office.rows("update push_jobs set state = 'sent' returning id")
    for _ in range(5):
        await passes(office, seconds=11)
        await office.rows("update push_jobs set state = 'sent' returning id")
    everybody = {f"custodian:c{number:02}" for number in range(30)} | {"custodian:zhao"}
    assert {job.responder_id for job in await told(office)} == everybody


async def test_two_who_tell_at_once_tell_once(office: Office) -> None:
    other = Office(office.database, office.clock)
    await office.custodian("li", phone=PHONE)
    await other.custodians.load()
    await office.break_down(await office.aed(custodian="li"))
    await office.pass_time(seconds=5)
    await asyncio.gather(*(each.telling.act() for each in (office, other) * 3))
    assert len(await told(office)) == 1


async def test_a_crash_before_the_commit_tells_it_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await office.custodian("li", phone=PHONE)
    await office.break_down(await office.aed(custodian="li"))
    await office.pass_time(seconds=5)

    async def dies(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("dispatch.aeds.work_orders.waiting.mark_told", dies)
        with pytest.raises(ZeroDivisionError):
            await office.telling.act()
    assert await told(office) == []
    assert len(await passes(office, seconds=1)) == 1


async def test_what_could_not_be_sent_in_a_day_is_no_dead_letter(office: Office) -> None:
    await office.custodian("li", phone=PHONE)
    await office.break_down(await office.aed(custodian="li"))
    await passes(office, seconds=5)
    await office.rows("update push_jobs set state = 'dead' returning id")
    office.clock.move(days=1)
    await office.telling.forget()
    assert await told(office) == []
