import asyncio, os, signal
from uuid import uuid4
import psycopg, pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests
from dispatch.storage.postmaster import postgres_processes
from dispatch.storage.postgres_programs import *
from pathlib import Path

async def test_one_locked_incident_does_not_make_others_late(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        service.clock.move(seconds=2)
        async with service.on_duty("r2", beside(FAR, north_m=100)) as r2:
            two = await service.sos(FAR)
            await r2.next("alert")
            await r2.settled()
            await service.service.acknowledgements.flush()
            c = psycopg.connect(stoppable.url.replace("+psycopg", ""))
            c.execute("select * from incidents where id = %s for update", [one["incident_id"]])
            loop = asyncio.get_running_loop()
            service.clock.move(seconds=19)
            await asyncio.sleep(0.5)
            service.clock.move(seconds=2)
            t = loop.time()
            async with asyncio.timeout(20):
                while "expired" not in [a["state"] for a in (await service.incident(two["incident_id"]))["alerts"]]:
                    await asyncio.sleep(0.02)
            late = loop.time() - t
            c.rollback(); c.close()
            print("LATE", late)
            assert late < 0.7

async def test_the_console_that_comes_back_hears_of_the_last_change_before_the_outage(stoppable, svc):
    service = svc
    async with service.socket("operator", "ann") as ann:
        resume = {"epoch": ann.welcome["epoch"], "seq": ann.welcome["seq"]}
    # committed, and the database goes before the feed's next turn
    feed = service.service.engine.feed
    async with feed._flushing:
        one = await service.sos()
        assert one["degraded"] is False
        await stoppable.stops()
        service.service.recording.explains(psycopg.OperationalError("gone"))
    await asyncio.sleep(1)
    await stoppable.comes_back()
    await is_back(service)
    await asyncio.sleep(1)
    async with service.socket("operator", "ann", resume=resume) as ann:
        await ann.settled()
        print("RESUMED", ann.welcome["resumed"], [m["type"] for m in ann.heard], stoppable.sql("select version, shown_version from incidents"))
        assert [m for m in ann.heard if m["type"] == "incident"]

async def test_duty_and_answer_do_not_wait_for_a_frozen_database(stoppable, svc):
    service = svc
    pids = postgres_processes(stoppable._cluster._data)
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1, service.on_duty("r2", beside(WULIN, north_m=150)) as r2:
        # warm up some pooled connections, idle
        for pid in pids | postgres_processes(stoppable._cluster._data):
            os.kill(pid, signal.SIGSTOP)
        try:
            loop = asyncio.get_running_loop()
            t = loop.time()
            one = await service.sos()
            print("SOS", loop.time() - t, one["degraded"], one["alerted"])
            a1 = await r1.next("alert")
            await asyncio.sleep(0.5)
            t = loop.time()
            await r1.say(type="duty", on_duty=True, mode="bike")
            await r1.answer(a1, "accept")
            await r1.next("assignment", within_s=40)
            print("ACCEPT AFTER DUTY", loop.time() - t)
            took = loop.time() - t
            t = loop.time()
            async with service.client("operator") as c:
                r = await c.get(f"/v1/incidents/{uuid4()}", timeout=60)
            print("GET UNKNOWN", r.status_code, loop.time() - t)
        finally:
            for pid in postgres_processes(stoppable._cluster._data):
                os.kill(pid, signal.SIGCONT)
        await is_back(service, 40)
        assert took < 3

async def test_phones_are_woken_for_alerts_taken_in_at_the_start(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
            now = clock.now()
            stoppable.sql("insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at, proven_at) values (gen_random_uuid(), 'r1', 'https://push.invalid/x', 'https://push.invalid', 'k', 'a', %s, %s)", now, now)
            await stoppable.stops()
            one = await service.sos()
            await r1.next("alert")
    await stoppable.comes_back()
    async with run_in_process(settings, stoppable.url, clock) as service:
        jobs = stoppable.sql("select count(*) from push_jobs")
        print("JOBS", jobs, (await service.incident(one["incident_id"]))["alerts"][0]["state"])
        assert jobs[0][0] == 1

async def test_going_off_duty_while_the_alert_is_being_written(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        c = psycopg.connect(stoppable.url.replace("+psycopg", ""))
        c.execute("lock table incidents in exclusive mode")
        task = asyncio.create_task(service.sos())
        await asyncio.sleep(0.3)
        await r1.say(type="duty", on_duty=False)
        await r1.settled()
        print("ERRORS", r1.all("error"))
        c.rollback(); c.close()
        one = await task
        await asyncio.sleep(0.5)
        inc = await service.incident(one["incident_id"])
        print("OFF DUTY", [(a["responder_id"], a["state"]) for a in inc["alerts"]])
        assert not r1.all("error")
