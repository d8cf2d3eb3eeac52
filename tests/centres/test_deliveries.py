"""A receiver that is slow, away for days, changes its mind or dies halfway misses nothing and holds up nobody."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from dispatch.centres.deliveries import Deliveries
from dispatch.clock import SystemClock
from tests.centres.conftest import all_fed, feed, has_all, heard, open_case, standing, webhook
from tests.people import Message, ServiceInProcess, run_in_process, settings_for_tests, until
from tests.push.receiving import Answer, Heard, Listener, checked_hook, listening


@pytest.fixture
def another() -> Iterator[Listener]:
    """Another centre's system."""
    with listening() as listener:
        listener.default.status = 204
        yield listener


def types_of(receiver: Listener, incident_id: str | None = None) -> list[str]:
    """What was heard, of one incident or of all."""
    told = [json.loads(each.body) for each in receiver.heard]
    return [each["type"] for each in told if incident_id in {None, each["incident_id"]}]


async def fails(service: ServiceInProcess, made: Message, times: int) -> Message:
    """Once it has failed so often in a row."""

    async def has_failed() -> bool:
        return int((await standing(service, made))["failures"]) >= times

    await until(has_failed)
    return await standing(service, made)


async def test_a_slow_receiver_keeps_no_other_waiting(
    service: ServiceInProcess, receiver: Listener, another: Listener
) -> None:
    receiver.default = Answer(204, hang_s=30)
    await webhook(service, receiver)
    quick = await webhook(service, another)
    await open_case(service)
    await open_case(service, "2026-2")
    await has_all(service, quick)
    assert types_of(another) == ["incident.opened", "incident.opened"]


async def test_a_receiver_that_was_away_gets_everything_in_order_when_it_is_back(
    service: ServiceInProcess, receiver: Listener
) -> None:
    receiver.default = Answer(503)
    made = await webhook(service, receiver)
    first = await open_case(service)
    failed = await fails(service, made, 1)
    assert failed["state"] == "active"
    assert failed["last_error"].startswith("503")
    second = await open_case(service, "2026-2")
    for opened in (first, second):
        await service.call(
            "POST", f"/v1/incidents/{opened['incident_id']}/cpr", role="operator", json={"in_progress": True}
        )
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await all_fed(service)
    # Two days go by: it is knocked at now and then, by one message, and never all at once.
    for times in range(2, 6):
        before = len(receiver.heard)
        service.clock.move(hours=12)
        await fails(service, made, times)
        assert len(receiver.heard) == before + 1
    receiver.heard.clear()
    receiver.default = Answer(204)
    service.clock.move(minutes=10)
    stands = await has_all(service, made)
    assert (stands["failures"], stands["failing_since"], stands["last_error"]) == (0, None, None)
    for opened in (first, second):
        assert types_of(receiver, opened["incident_id"]) == [
            "incident.opened",
            "incident.cpr_changed",
            "incident.closed",
        ]


async def test_after_three_days_it_is_given_up_and_goes_on_from_there_when_told_to(
    service: ServiceInProcess, receiver: Listener
) -> None:
    receiver.default = Answer(500)
    made = await webhook(service, receiver)
    opened = await open_case(service)
    await fails(service, made, 1)
    service.clock.move(days=3, minutes=10)

    async def is_given_up() -> bool:
        return str((await standing(service, made))["state"]) == "disabled"

    await until(is_given_up)
    given_up = await standing(service, made)
    assert given_up["disabled_at"] is not None
    assert given_up["behind"] > 0
    receiver.heard.clear()
    receiver.default = Answer(204)
    service.clock.move(days=1)
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await all_fed(service)
    assert receiver.heard == []
    path = f"/v1/centres/webhooks/{made['id']}"
    await service.call("PATCH", path, role="admin", json={"state": "active"})
    stands = await has_all(service, made)
    assert (stands["state"], stands["disabled_at"], stands["failures"]) == ("active", None, 0)
    assert types_of(receiver) == ["incident.opened", "incident.closed"]


async def test_that_webhooks_were_given_up_is_said(service: ServiceInProcess, receiver: Listener) -> None:
    receiver.default = Answer(410)
    made = await webhook(service, receiver)
    await open_case(service)

    async def is_said() -> bool:
        metrics = (await service.client().get("/metrics")).text
        return "dispatch_centre_webhooks_disabled 1.0" in metrics

    await until(is_said, within_s=15)
    assert (await standing(service, made))["last_error"].startswith("410")
    assert len(receiver.heard) == 1


async def test_an_event_that_is_refused_for_good_is_passed_over(service: ServiceInProcess, receiver: Listener) -> None:
    made = await webhook(service, receiver)
    receiver.answers.append(Answer(422, body=b"what is this?"))
    opened = await open_case(service)
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    stands = await has_all(service, made)
    assert types_of(receiver) == ["incident.opened", "incident.closed"]
    assert (stands["refused"], stands["last_refused_cursor"]) == (1, 1)


async def test_one_incident_that_is_not_taken_holds_up_no_other_and_keeps_its_order(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    spoilt = await open_case(service, "2026-1")
    await has_all(service, made)

    def answer(each: Heard) -> Answer | None:
        is_spoilt = json.loads(each.body)["incident_id"] == spoilt["incident_id"]
        return Answer(500) if is_spoilt else None

    receiver.answer_for = answer
    receiver.heard.clear()
    for in_progress in (True, False):
        path = f"/v1/incidents/{spoilt['incident_id']}/cpr"
        await service.call("POST", path, role="operator", json={"in_progress": in_progress})
    others = [await open_case(service, f"2026-{number}") for number in range(2, 6)]
    await all_fed(service)

    async def others_are_told() -> bool:
        told = {json.loads(each.body)["incident_id"] for each in receiver.heard}
        service.clock.move(seconds=3)
        return {each["incident_id"] for each in others} <= told

    await until(others_are_told)
    stands = await standing(service, made)
    assert stands["behind"] > 0
    # What comes after what was not taken does not come before it.
    tried = {json.loads(each.body)["cursor"] for each in receiver.heard if answer(each) is not None}
    assert len(tried) == 1
    receiver.answer_for = lambda _heard: None

    async def has_had_all() -> bool:
        service.clock.move(minutes=6)
        return int((await standing(service, made))["behind"]) == 0

    await until(has_had_all)
    taken = types_of(receiver, spoilt["incident_id"])
    assert taken[-2:] == ["incident.cpr_changed", "incident.cpr_changed"]
    # Those that were told meanwhile are not told again.
    for each in others:
        assert types_of(receiver, each["incident_id"]) == ["incident.opened"]


async def test_one_event_that_nobody_takes_is_put_aside_in_the_end(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    spoilt = await open_case(service, "2026-1")
    receiver.answer_for = lambda each: (
        Answer(500) if json.loads(each.body)["incident_id"] == spoilt["incident_id"] else None
    )
    number = 1

    async def is_put_aside() -> bool:
        nonlocal number
        number += 1
        # Others are taken all the time.
        await open_case(service, f"2026-{number}", location={"latitude": 30.0 + number / 100, "longitude": 120.0})
        service.clock.move(minutes=8)
        await asyncio.sleep(0.1)
        return int((await standing(service, made))["refused"]) == 1

    await until(is_put_aside, within_s=60)
    assert await has_all(service, made)


async def test_what_is_told_again_has_the_same_ids(service: ServiceInProcess, receiver: Listener) -> None:
    made = await webhook(service, receiver)
    for number in range(5):
        await open_case(service, f"2026-{number}")
    await has_all(service, made)
    told = (await feed(service))["events"]
    receiver.heard.clear()
    path = f"/v1/centres/webhooks/{made['id']}/replay"
    await service.call("POST", path, role="admin", json={"after": told[1]["cursor"]})
    await has_all(service, made)
    again = [json.loads(each.body)["id"] for each in receiver.heard]
    assert sorted(again) == sorted(each["id"] for each in told[2:])


async def test_a_paused_webhook_hears_nothing_until_it_goes_on(service: ServiceInProcess, receiver: Listener) -> None:
    made = await webhook(service, receiver)
    path = f"/v1/centres/webhooks/{made['id']}"
    await service.call("PATCH", path, role="admin", json={"state": "paused"})
    await open_case(service)
    await all_fed(service)
    await service.service.centres.deliveries.begin()
    assert receiver.heard == []
    await service.call("PATCH", path, role="admin", json={"state": "active"})
    await has_all(service, made)
    assert types_of(receiver) == ["incident.opened"]


async def test_a_new_secret_and_the_one_before_both_sign_for_a_day(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    path = f"/v1/centres/webhooks/{made['id']}"
    changed = await service.call("PATCH", path, role="admin", json={"new_secret": True})
    assert changed["secret"] != made["secret"]
    # The clock that receivers go by is the true one, far from the test's.
    async with service.service.database.statement() as connection:
        soon = SystemClock().now() + timedelta(minutes=1)
        await connection.execute(text("update centre_webhooks set former_until = :soon"), {"soon": soon})
    await open_case(service)
    await has_all(service, made)
    (each,) = receiver.heard
    signatures = each.headers["webhook-signature"].split(" ")
    assert len(signatures) == 2
    for secret, signature in zip((changed["secret"], made["secret"]), signatures, strict=True):
        each.headers["webhook-signature"] = signature
        assert checked_hook(each, secret, SystemClock(), within_s=60)["type"] == "incident.opened"


async def test_each_hears_only_what_it_asked_for(service: ServiceInProcess, receiver: Listener) -> None:
    ends = await webhook(service, receiver, "/ends", types=["incident.closed"])
    drills = await webhook(service, receiver, "/drills", drills="only")
    real = await webhook(service, receiver, "/real", drills="without", datum="gcj02")
    other = await webhook(service, receiver, "/other", centre="nb120")
    opened = await open_case(service, caller={"phone": "13912345678"})
    drill = await open_case(service, "2026-2", drill=True)
    sos = await service.sos()
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    for each in (ends, drills, real, other):
        await has_all(service, each)

    def at(path: str) -> list[Message]:
        return [json.loads(each.body) for each in receiver.heard if each.path == path]

    assert [each["type"] for each in at("/ends")] == ["incident.closed"]
    assert [each["incident_id"] for each in at("/drills")] == [drill["incident_id"]]
    assert {each["incident_id"] for each in at("/real")} == {opened["incident_id"], sos["incident_id"]}
    assert [each["incident_id"] for each in at("/other")] == [sos["incident_id"]]
    location = at("/real")[0]["data"]["incident"]["location"]
    assert location["datum"] == "gcj02"
    assert location["latitude"] == pytest.approx(30.2741 - 0.0023, abs=0.001)
    # Only a centre is told the caller's number.
    assert all(each["data"]["incident"]["caller"] == {"phone": None} for each in at("/real"))


async def test_what_a_worker_was_posting_when_it_died_is_posted_by_the_next(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    centres = service.service.centres
    dead = Deliveries(service.service.database, service.clock, centres.deliveries._poster)
    async with service.service.database.statement() as connection:
        # It takes the webhook the moment that there is something, and is never heard of again.
        await connection.execute(
            text("update centre_webhooks set leased_by = :dead, leased_until = clock_timestamp() + interval '1 hour'"),
            {"dead": dead._worker},
        )
    await open_case(service)
    await all_fed(service)
    await centres.deliveries.begin()
    assert receiver.heard == []
    async with service.service.database.statement() as connection:
        await connection.execute(text("update centre_webhooks set leased_until = clock_timestamp()"))
    await has_all(service, made)
    assert types_of(receiver) == ["incident.opened"]


async def test_a_worker_whose_webhook_was_taken_over_does_not_write_where_it_stood(
    service: ServiceInProcess, receiver: Listener
) -> None:
    made = await webhook(service, receiver)
    receiver.default = Answer(204, hang_s=1)
    await open_case(service)
    await all_fed(service)
    await heard(receiver, 1)
    # While it waits for the answer, everything is to be told again.
    path = f"/v1/centres/webhooks/{made['id']}/replay"
    await service.call("POST", path, role="admin", json={"after": 0})
    receiver.released.set()
    await has_all(service, made)
    assert types_of(receiver) == ["incident.opened", "incident.opened"]


async def test_two_workers_post_each_event_once(
    postgis_url: str, service: ServiceInProcess, tmp_path: Path, receiver: Listener
) -> None:
    made = [await webhook(service, receiver, f"/{number}") for number in range(6)]
    settings = settings_for_tests(tmp_path, push_allow_private=True)
    async with run_in_process(settings, postgis_url, service.clock) as second:
        opened = await asyncio.gather(*(open_case((service, second)[n % 2], f"2026-{n}") for n in range(30)))
        await asyncio.gather(
            *(
                each.call("POST", f"/v1/incidents/{one['incident_id']}/close", role="operator")
                for each, one in zip((service, second) * 15, opened, strict=True)
            )
        )
        for each in made:
            await has_all(service, each)
    assert len(receiver.heard) == 6 * 60
    told = [(each.path, json.loads(each.body)) for each in receiver.heard]
    for path in {path for path, _ in told}:
        for one in opened:
            own = [each["type"] for to, each in told if to == path and each["incident_id"] == one["incident_id"]]
            assert own == ["incident.opened", "incident.closed"]


async def test_what_was_fed_and_not_posted_at_a_stop_is_posted_after_the_next_start(
    postgis_url: str, service: ServiceInProcess, tmp_path: Path, receiver: Listener
) -> None:
    receiver.default = Answer(500)
    made = await webhook(service, receiver)
    await open_case(service)
    await fails(service, made, 1)
    receiver.heard.clear()
    receiver.default = Answer(204)
    service.clock.move(minutes=10)
    settings = settings_for_tests(tmp_path, push_allow_private=True)
    await service.service.centres.deliveries.drain()
    async with run_in_process(settings, postgis_url, service.clock) as second:
        await has_all(second, made)
    assert types_of(receiver) == ["incident.opened"]
