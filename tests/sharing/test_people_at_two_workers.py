"""First-aiders whom one worker knows, the other knows too: entered, changed, on duty, moved, with two devices."""

import asyncio

from dispatch.rescue.vocabulary import ResponderId
from tests.people import WULIN, beside, until
from tests.sharing.conftest import Workers

R1 = ResponderId("r1")


async def test_who_is_entered_through_one_worker_says_hello_at_the_other(workers: Workers) -> None:
    one, other = workers.each
    await one.add_responder("r1")
    async with other.socket("responder", "r1") as phone:
        await phone.say(type="duty", on_duty=True)
        await phone.next("duty", where=lambda message: bool(message["on_duty"]))
    me = await other.call("GET", "/v1/responders/me", role="responder", subject="r1")
    assert me["name"] == "救护员 r1"


async def test_duty_and_profile_changed_at_one_worker_are_known_at_the_other(workers: Workers) -> None:
    one, other = workers.each
    await one.add_responder("r1")
    duty = {"on_duty": True, "mode": "ebike"}
    await one.call("PUT", "/v1/responders/me/duty", role="responder", subject="r1", json=duty)
    await one.call("PATCH", "/v1/responders/r1", role="admin", json={"name": "王芳", "language": "en"})

    async def known() -> bool:
        known = other.service.roster.get(R1)
        return known is not None and (known.on_duty, known.mode, known.name, known.language) == (
            True,
            "ebike",
            "王芳",
            "en",
        )

    await until(known)


async def test_a_profile_and_a_duty_changed_at_two_workers_in_one_moment_lose_neither(workers: Workers) -> None:
    one, other = workers.each
    await one.add_responder("r1")
    for turn in range(20):
        name, on_duty = f"王芳 {turn}", turn % 2 == 0
        await asyncio.gather(
            one.call("PATCH", "/v1/responders/r1", role="admin", json={"name": name}),
            other.call("PUT", "/v1/responders/me/duty", role="responder", subject="r1", json={"on_duty": on_duty}),
        )

        async def both_know(name: str = name, on_duty: bool = on_duty) -> bool:
            known = [worker.service.roster.get(R1) for worker in workers.each]
            return all(each is not None and (each.name, each.on_duty) == (name, on_duty) for each in known)

        await until(both_know, within_s=2)


async def test_who_moves_at_one_worker_is_asked_for_an_sos_at_the_other(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=9000)) as phone:
        near = beside(WULIN, north_m=100)
        await phone.say(type="position", latitude=near.latitude, longitude=near.longitude, accuracy_m=10)
        await phone.settled()

        async def is_there() -> bool:
            known = other.service.roster.get(R1)
            return known is not None and known.fix is not None and known.fix.place == near

        await until(is_there)
        opened = await other.sos()
        assert opened["alerted"] == 1
        assert (await phone.next("alert"))["incident_id"] == opened["incident_id"]


async def test_who_goes_off_duty_at_one_worker_is_not_asked_by_the_other(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _is_free_at(workers, 1)
        await phone.say(type="duty", on_duty=False)
        await phone.settled()
        await _is_free_at(workers, 0)
        assert (await other.sos())["alerted"] == 0


async def test_a_phone_and_a_tablet_at_two_workers_both_ring_and_the_first_answer_counts(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone, other.socket("responder", "r1") as tablet:
        await _is_free_at(workers, 1)
        opened = await other.sos()
        rings, rings_too = await phone.next("alert"), await tablet.next("alert")
        assert rings == rings_too
        await tablet.answer(rings_too, "accept")
        assert await phone.next("assignment") == await tablet.next("assignment")
        await phone.answer(rings, "decline")
        assert (await phone.next("error"))["code"] == "already_accepted"
        # The next thing is said by the other device, at the other worker.
        await phone.progress(rings, "en_route")
        await phone.settled()
        await tablet.progress(rings, "on_scene")
        await tablet.settled()
        assert [*tablet.all("error"), *phone.all("error")[1:]] == []
        incident = await one.incident(opened["incident_id"])
    assert [each["state"] for each in incident["alerts"]] == ["on_scene"]


async def test_whose_last_device_leaves_one_worker_can_still_be_reached_at_the_other(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _is_free_at(workers, 1)
        async with other.socket("responder", "r1"):
            await until(lambda: _connected_elsewhere(workers, 0, elsewhere=True))
        await until(lambda: _connected_elsewhere(workers, 0, elsewhere=False))
        # Long after anybody was heard of, only a session is a way to somebody.
        workers.clock.move(seconds=300)
        assert (await other.sos())["alerted"] == 1
        await phone.next("alert")


async def _connected_elsewhere(workers: Workers, worker: int, *, elsewhere: bool) -> bool:
    sharing = workers.each[worker].service.sharing
    assert sharing is not None
    return sharing.has("responder:r1") == elsewhere


async def _is_free_at(workers: Workers, count: int) -> None:
    async def so_many() -> bool:
        return all(worker.service.roster.on_duty_count == count for worker in workers.each)

    await until(so_many)
