import asyncio, os, signal, time
from uuid import uuid4
import psycopg, pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests

async def test_the_registry_lost_an_aed_while_nobody_ran(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        aed = await service.add_aed(beside(WULIN, north_m=150))
        async with service.on_duty("r1", beside(WULIN, north_m=160)) as r1, service.on_duty("r2", beside(WULIN, north_m=50)) as r2:
            one = await service.sos()
            al = [await r1.next("alert"), await r2.next("alert")]
            print("ROLES", [a["role"] for a in al])
            for r, a in zip((r1, r2), al):
                await r.answer(a, "accept"); await r.next("assignment"); await r.settled()
            await service.service.responders.save_moved()
            inc = await service.incident(one["incident_id"])
            print("BEFORE", [(a["responder_id"], a["role"], a["state"], bool(a["aed"])) for a in inc["alerts"]])
            # the report is committed; the process dies before anybody is told
            service.service.lost_aeds.registry_changed = lambda changed: None
            await service.call("POST", f"/v1/aeds/{aed}/reports", role="admin", json={"kind": "fault", "code": "broken"})
            print("READINESS", (await service.call("GET", f"/v1/aeds/{aed}"))["readiness"])
    async with run_in_process(settings, stoppable.url, clock) as service:
        await asyncio.sleep(1)
        await service.time_passes(seconds=31)
        inc = await service.incident(one["incident_id"])
        print("AFTER", [(a["responder_id"], a["role"], a["state"], bool(a["aed"])) for a in inc["alerts"]], [l["kind"] for l in inc["timeline"]])
        assert "aed_lost" in [l["kind"] for l in inc["timeline"]]

async def test_a_worker_that_starts_while_the_database_is_away_waits(stoppable, tmp_path):
    empty_tables(stoppable.url)
    await stoppable.stops()
    async def back():
        await asyncio.sleep(1.5)
        await stoppable.comes_back()
    task = asyncio.create_task(back())
    try:
        async with run_in_process(settings_for_tests(tmp_path), stoppable.url, MovableClock()) as service:
            print("STARTED")
    finally:
        await task

async def test_lookout_with_many_alone(stoppable, svc):
    service = svc
    ids = []
    for i in range(150):
        o = await service.sos(beside(WULIN, north_m=i*300))
        ids.append(o)
    # 600 people far away move
    from datetime import date
    from dispatch.responders.responder import Responder, Fix
    from dispatch.rescue.vocabulary import TravelMode
    now = service.clock.now()
    far = beside(WULIN, north_m=-100_000)
    roster = service.service.roster
    people = [Responder(responder_id=f"x{i}", name="x", phone=None, certificate_number="1", certificate_expires_on=date(2027,1,1), mode=TravelMode.WALK, language="zh", on_duty=True, created_at=now, fix=Fix(beside(far, east_m=i), now, 10.0)) for i in range(600)]
    service.service.lookout.run
    t_all = []
    for _ in range(3):
        for p in people: roster.put(p)
        t = time.perf_counter()
        await service.service.lookout.look()
        t_all.append(time.perf_counter() - t)
    print("LOOK", [f"{t*1000:.0f} ms" for t in t_all])
