"""What is said to one worker counts at the other: SOS, answers, orders, mergers, in whatever order they arrive."""

import asyncio
import contextlib
import random
from collections import Counter
from uuid import uuid4

from tests.people import WULIN, SocketClient, beside, until
from tests.sharing.conftest import Workers

PEOPLE = 24


async def _people(workers: Workers, stack: contextlib.AsyncExitStack, count: int) -> list[SocketClient]:
    people = [
        await stack.enter_async_context(
            workers.each[number % 2].on_duty(f"r{number:02}", beside(WULIN, north_m=40 + 15 * number, east_m=30))
        )
        for number in range(count)
    ]
    await _all_are_known(workers, count)
    return people


async def _all_are_known(workers: Workers, count: int) -> None:
    async def known() -> bool:
        return all(worker.service.roster.on_duty_count == count for worker in workers.each)

    await until(known)


async def test_a_repeated_request_id_at_the_other_worker_gets_the_same_answer(workers: Workers) -> None:
    one, other = workers.each
    request_id = str(uuid4())
    first = await one.sos(request_id=request_id)
    assert await other.sos(request_id=request_id) == first


async def test_a_request_id_at_both_workers_in_one_moment_opens_one_incident(workers: Workers) -> None:
    async with contextlib.AsyncExitStack() as stack:
        await _people(workers, stack, 6)
        for _ in range(5):
            request_id = str(uuid4())
            answers = await asyncio.gather(
                *(worker.sos(request_id=request_id) for worker in (*workers.each, *workers.each))
            )
            assert all(each == answers[0] for each in answers)
            assert answers[0]["alerted"] == 6
            await workers.call("POST", f"/v1/incidents/{answers[0]['incident_id']}/close", role="operator")
            await _nobody_is_bound(workers)


async def _nobody_is_bound(workers: Workers) -> None:
    async def nobody() -> bool:
        return not any(worker.service.roster.engagements() for worker in workers.each)

    await until(nobody)


async def test_sos_at_the_same_instants_never_ask_one_person_twice(workers: Workers) -> None:
    dice = random.Random(5)
    async with contextlib.AsyncExitStack() as stack:
        people = await _people(workers, stack, PEOPLE)
        taps = [
            dice.choice(workers.each).sos(
                beside(WULIN, north_m=dice.uniform(-400, 700), east_m=dice.uniform(-400, 400))
            )
            for _ in range(36)
        ]
        opened = await asyncio.gather(*taps)
        await asyncio.gather(*(client.next("alert") for client in people))
        asked: Counter[str] = Counter()
        for each in opened:
            incident = await workers.incident(each["incident_id"])
            asked.update(alert["responder_id"] for alert in incident["alerts"])
            # Whom another's plan held for a moment, and then did not get, is asked a moment after the answer.
            first_plan = next(line["data"] for line in incident["timeline"] if line["kind"] == "planned")
            assert each["alerted"] == first_plan["alerts"]
        assert set(asked.values()) == {1}
        assert len(asked) == PEOPLE
        await asyncio.gather(*(client.settled() for client in people))
        assert all(len(client.all("alert")) == 1 for client in people)


async def test_a_get_right_after_a_command_at_the_other_worker_shows_it(workers: Workers) -> None:
    one, other = workers.each
    opened = await one.sos()
    path = f"/v1/incidents/{opened['incident_id']}"
    for turn in range(10):
        teller, asked = (one, other) if turn % 2 else (other, one)
        said = await teller.call("POST", f"{path}/ambulance", role="operator", json={"eta_s": 600 + turn})
        assert await asked.call("GET", path, role="operator") == said


async def test_answers_and_stages_are_taken_by_whichever_worker_hears_them(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)), other.socket("responder", "r1") as elsewhere:
        await _all_are_known(workers, 1)
        opened = await one.sos()
        alert = await elsewhere.next("alert")
        await elsewhere.answer(alert, "accept")
        await elsewhere.next("assignment")
        for stage in ("en_route", "on_scene", "done"):
            worker = one if stage == "on_scene" else other
            async with worker.socket("responder", "r1") as device:
                await device.progress(alert, stage)
                await device.settled()
                assert device.all("error") == []
        kinds = await one.timeline_kinds(opened["incident_id"])
        assert kinds.count("stage_reached") == 3


async def test_a_caller_follows_at_another_worker_than_the_tap_went_to(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _all_are_known(workers, 1)
        opened = await one.sos()
        async with other.socket("caller", opened["incident_id"]) as caller:
            await phone.answer(await phone.next("alert"), "accept")
            told = await caller.next("incident", where=lambda message: message["state"] == "responding")
            assert told["responders"][0]["state"] == "accepted"
            cpr = f"/v1/incidents/{opened['incident_id']}/cpr"
            await other.call("POST", cpr, role="caller", subject=opened["incident_id"], json={"in_progress": True})
            cancel = f"/v1/incidents/{opened['incident_id']}/cancel"
            await other.call(
                "POST", cancel, role="caller", subject=opened["incident_id"], json={"reason": "caller_cancelled"}
            )
            await phone.next("stand_down")


async def test_calls_taken_by_two_workers_are_made_one(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _all_are_known(workers, 1)
        first = await one.sos()
        alert = await phone.next("alert")
        second = await other.sos(beside(WULIN, east_m=20))
        await _shows_as_duplicate(workers, first["incident_id"], second["incident_id"])
        async with other.socket("caller", first["incident_id"]) as caller:
            path = f"/v1/incidents/{first['incident_id']}/merge"
            await other.call("POST", path, role="operator", json={"into": second["incident_id"]})
            await caller.next("incident")
            await phone.answer(alert, "accept")
            await phone.next("assignment")
        seen = [await worker.incident(second["incident_id"]) for worker in workers.each]
        assert seen[0] == seen[1]
        assert [each["state"] for each in seen[0]["alerts"]] == ["accepted"]


async def _shows_as_duplicate(workers: Workers, first: str, second: str) -> None:
    async def is_shown() -> bool:
        return all([(await each.incident(first))["likely_duplicates"] == [second] for each in workers.each])

    await until(is_shown)


async def test_a_test_alert_rings_on_the_devices_of_both_workers(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", WULIN) as phone, other.socket("responder", "r1") as tablet:
        await _all_are_known(workers, 1)
        await tablet.say(type="test_alert")
        rings, rings_too = await phone.next("test_alert"), await tablet.next("test_alert")
        assert rings == rings_too
        results = [await device.next("test_result") for device in (phone, tablet)]
        assert [each["test_id"] for each in results] == [rings["test_id"]] * 2


async def test_who_is_bound_by_one_worker_and_let_go_is_free_for_the_other(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _all_are_known(workers, 1)
        for turn in range(6):
            here, there = (one, other) if turn % 2 else (other, one)
            opened = await here.sos()
            assert opened["alerted"] == 1
            alert = await phone.next("alert")
            await phone.answer(alert, "accept")
            await phone.next("assignment")
            path = f"/v1/incidents/{opened['incident_id']}/close"
            await there.call("POST", path, role="operator")
            await phone.next("stand_down")
            await _nobody_is_bound(workers)
            # Nobody is asked too often lately.
            workers.clock.move(days=1)
            await phone.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude, accuracy_m=10)
            await phone.settled()
            await _fix_is_new(workers)


async def _fix_is_new(workers: Workers) -> None:
    async def is_new() -> bool:
        fixes = [each.fix for worker in workers.each for each in worker.service.roster.on_duty()]
        return all(fix is not None and fix.at == workers.clock.now() for fix in fixes)

    await until(is_new)
