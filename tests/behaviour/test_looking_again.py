"""While somebody is lacking and nobody is left to wait for, the neighbourhood is looked at again and again."""

import time
from datetime import date

from dispatch.rescue.vocabulary import ResponderId, TravelMode
from dispatch.responders.responder import Fix, Responder
from geo.distance import distance_m
from tests.people import WULIN, ServiceInProcess, beside

FAR = beside(WULIN, north_m=9000)
NEAR = beside(WULIN, north_m=100)


async def test_who_comes_near_after_the_sos_is_alerted(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", FAR) as r1:
        opened = await service.sos()
        assert (opened["alerted"], opened["state"]) == (0, "open")
        await service.time_passes(seconds=20)
        await r1.say(type="position", latitude=NEAR.latitude, longitude=NEAR.longitude)
        await r1.settled()
        await service.time_passes(seconds=20)
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_looking_in_vain_leaves_no_trace_and_goes_on(service: ServiceInProcess) -> None:
    opened = await service.sos()
    for _ in range(5):
        await service.time_passes(seconds=20)
    incident = await service.call("GET", f"/v1/incidents/{opened['incident_id']}", role="operator")
    assert [line["kind"] for line in incident["timeline"]] == ["opened", "planned"]
    async with service.on_duty("r1", NEAR) as r1:
        await service.time_passes(seconds=20)
        await r1.next("alert")


async def test_after_everybody_has_said_no_a_newcomer_is_asked(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEAR) as r1:
        opened = await service.sos()
        await r1.answer(await r1.next("alert"), "decline")
        await r1.settled()
        async with service.on_duty("r2", NEAR) as r2:
            await service.time_passes(seconds=20)
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
            await r1.settled()
            assert len(r1.all("alert")) == 1


async def test_nobody_is_looked_for_once_it_is_over(service: ServiceInProcess) -> None:
    opened = await service.sos()
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
    async with service.on_duty("r1", NEAR) as r1:
        await service.time_passes(seconds=20)
        assert await service.service.due_times.act() == 0
        await service.time_passes(seconds=20)
        await r1.settled()
        assert r1.all("alert") == []


async def test_many_who_move_far_from_many_incidents_cost_the_look_next_to_nothing(service: ServiceInProcess) -> None:
    for number in range(50):
        await service.sos(beside(WULIN, north_m=300 * number))
    now = service.clock.now()
    for number in range(600):
        far = Fix(beside(WULIN, north_m=-100_000, east_m=number), now, 10.0)
        service.service.roster.put(
            Responder(
                responder_id=ResponderId(f"x{number}"),
                name="x",
                phone=None,
                certificate_number="1",
                certificate_expires_on=date(2027, 1, 1),
                mode=TravelMode.WALK,
                language="zh",
                on_duty=True,
                created_at=now,
                fix=far,
            )
        )
    alone = [each.place for each in service.service.engine.live.loaded()]
    moved = [beside(WULIN, north_m=-100_000, east_m=number) for number in range(600)]
    # What this thread itself works: whatever else the machine does is not in it.
    began_s = time.thread_time()
    await service.service.lookout.look()
    looked_s = time.thread_time() - began_s
    began_s = time.thread_time()
    nearest_m = min(distance_m(here, there) for here in alone for there in moved)
    pair_by_pair_s = time.thread_time() - began_s
    assert nearest_m > 90_000
    # Some 2 ms against some 30 ms as measured.
    assert looked_s < pair_by_pair_s / 3, (looked_s, pair_by_pair_s)
