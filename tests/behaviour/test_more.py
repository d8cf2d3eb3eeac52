import asyncio
from pathlib import Path
from uuid import uuid4
import psycopg, pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from dispatch.engine.journal import Journal
from dispatch.engine.decision_codec import decision_to_json
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.cluster_errors import ClusterFailed
from dispatch.storage.postmaster import running_postmaster
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests
import os, signal

async def test_one_spoilt_incident_does_not_keep_the_others_of_a_journal(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        await stoppable.stops()
        # an append that fails once (the disk), then the disk is well again
        real = service.service.recording._append
        one = await service.sos()
        def fails(records):
            from dispatch.engine.journal import JournalFailed
            raise JournalFailed("no space")
        service.service.recording._append = fails
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": True})
        service.service.recording._append = real
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": False})
        two = await service.sos(FAR)
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        async with service.client("operator") as c:
            r1 = (await c.get(f"/v1/incidents/{one['incident_id']}")).status_code
            r2 = (await c.get(f"/v1/incidents/{two['incident_id']}")).status_code
        print("ONE", r1, "TWO", r2)
        assert r2 == 200

async def test_an_open_incident_without_a_due_row_is_looked_at(stoppable, tmp_path):
    """As the previous version leaves one whose team is whole."""
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.on_duty("r1", beside(WULIN, north_m=1500)) as r1:
            one = await service.sos()
            a1 = await r1.next("alert")
            await r1.answer(a1, "accept")
            await r1.next("assignment")
            await r1.settled()
        await service.service.responders.save_moved()
    stoppable.sql("delete from due_times")
    async with run_in_process(settings, stoppable.url, clock) as service:
        await asyncio.sleep(2.5)
        for _ in range(20):
            await service.time_passes(seconds=30)
        await service.time_passes(seconds=8*3600)
        kinds = [l["kind"] for l in (await service.incident(one["incident_id"]))["timeline"]]
        print("KINDS", kinds, stoppable.sql("select * from due_times"))
        assert "urged" in kinds or "search_ended" in kinds

async def test_one_locked_incident_does_not_make_others_late(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        await r1.next("alert")
        async with service.on_duty("r2", beside(FAR, north_m=100)) as r2:
            two = await service.sos(FAR)
            await r2.next("alert")
            c = psycopg.connect(stoppable.url.replace("+psycopg", ""))
            c.execute("select * from incidents where id = %s for update", [one["incident_id"]])
            loop = asyncio.get_running_loop()
            service.clock.move(seconds=19)   # nothing but no_ack
            await asyncio.sleep(1)
            # one comes due
            stoppable.sql("update due_times set due_at = due_at - interval '5 seconds' where incident_id = %s", one["incident_id"])
            await asyncio.sleep(0.6)
            service.clock.move(seconds=2)
            t = loop.time()
            async with asyncio.timeout(20):
                while "expired" not in [a["state"] for a in (await service.incident(two["incident_id"]))["alerts"]]:
                    await asyncio.sleep(0.02)
            late = loop.time() - t
            c.rollback(); c.close()
            print("LATE", late)
            assert late < 0.5

def test_a_database_that_fails_to_start_once_is_tried_again(tmp_path):
    c = PrivateCluster(tmp_path / "d")
    c.start()
    try:
        os.kill(running_postmaster(c._data).pid, signal.SIGKILL)
        import time
        time.sleep(0.3)
        print("DIED", c.has_died())
        real = c._launch
        def fails(*a):
            raise ClusterFailed("No space left on device")
        c._launch = fails
        with pytest.raises(ClusterFailed):
            c.start()
        c._launch = real
        print("DIED AFTER FAILED START", c.has_died())
        assert c.has_died()
    finally:
        c.start(); c.stop()

async def test_two_services_one_puts_off_the_others_wake(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as a:
        async with a.on_duty("r1", beside(WULIN, north_m=100)) as r1:
            one = await a.sos()
            a1 = await r1.next("alert"); await r1.settled()
            await a.service.acknowledgements.flush()
            await a.service.responders.save_moved()
            async with run_in_process(settings, stoppable.url, clock) as b:
                # b knows the incident as of now. a goes on alone: cancel -> no; r1 declines, r2 is asked
                for s in (a, b):
                    pass
                print("ROWS0", stoppable.sql("select kind, due_at from due_times"))
                await r1.answer(a1, "accept")
                await r1.next("assignment"); await r1.settled()
                print("ROWS1", stoppable.sql("select kind, due_at from due_times"))
                clock.move(seconds=12)
                await b.service.engine.let_time_pass(one["incident_id"])
                print("ROWS2", stoppable.sql("select kind, due_at from due_times"), b.service.engine.live.get(one["incident_id"]).present.version, a.service.engine.live.get(one["incident_id"]).present.version)
