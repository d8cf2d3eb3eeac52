import asyncio, os, signal
from uuid import uuid4
import psycopg, pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests

async def test_a_merge_searches_no_farther(stoppable, svc):
    service = svc
    reach = service.service.engine.surveyor.policy.reach_m
    async with service.on_duty("r1", beside(WULIN, north_m=reach * 1.3), mode="car") as r1:
        one = await service.sos()
        two = await service.sos(beside(WULIN, north_m=20))
        print("REACH", reach, one["alerted"], two["alerted"])
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/merge", role="operator", json={"into": two["incident_id"]})
        inc = await service.incident(two["incident_id"])
        print("MERGED", [(a["responder_id"], a["distance_m"]) for a in inc["alerts"]])
        assert not inc["alerts"]

async def test_a_stale_worker_does_not_put_off_the_wake(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as a:
        people = []
        import contextlib
        async with contextlib.AsyncExitStack() as st:
            rs = [await st.enter_async_context(a.on_duty(f"r{i}", beside(WULIN, north_m=100+10*i))) for i in range(12)]
            one = await a.sos()
            for r in rs:
                pass
            await asyncio.sleep(0.3)
            inc = await a.incident(one["incident_id"])
            ids = {x["responder_id"]: x for x in inc["alerts"]}
            # all accept & are on scene -> whole team
            for r, i in zip(rs, range(12)):
                if f"r{i}" in ids:
                    al = r.all("alert")
                    if al:
                        await r.answer(al[0], "accept"); await r.settled()
                        await r.progress(al[0], "on_scene"); await r.settled()
            await a.service.acknowledgements.flush()
            await a.service.responders.save_moved()
            print("W0", stoppable.sql("select kind, due_at from due_times"), (await a.incident(one["incident_id"]))["state"])
            async with run_in_process(settings, stoppable.url, clock) as b:
                await b.incident(one["incident_id"])
                clock.move(seconds=30)
                # a: all give up; others are asked
                async with a.on_duty("x1", beside(WULIN, north_m=120)) as x1, a.on_duty("x2", beside(WULIN, north_m=120)) as x2:
                    for r in rs:
                        al = r.all("alert")
                        if al:
                            await r.progress(al[0], "gave_up"); await r.settled()
                    await a.service.acknowledgements.flush()
                    print("W1", stoppable.sql("select kind, due_at from due_times"), [ (x["responder_id"], x["state"]) for x in (await a.incident(one["incident_id"]))["alerts"]][-4:])
                    # b claims: rows look due to it a moment before a's write (here: called directly)
                    await b.service.engine.let_time_pass(one["incident_id"])
                    print("W2", stoppable.sql("select kind, due_at from due_times"))
                    for _ in range(6):
                        clock.move(seconds=20)
                        await a.service.due_times.act(); await b.service.due_times.act()
                    print("AFTER 120 s", [ (x["responder_id"], x["state"]) for x in (await a.incident(one["incident_id"]))["alerts"]][-3:])

async def test_retold_said_again_survives_the_database_going(stoppable, tmp_path):
    """Two services; an incident goes two ways; the database goes once more in the middle of retelling."""
    empty_tables(stoppable.url)
    clock = MovableClock()
    sa, sb = settings_for_tests(tmp_path / "a"), settings_for_tests(tmp_path / "b")
    async with run_in_process(sa, stoppable.url, clock) as a:
        async with a.on_duty("r1", beside(WULIN, north_m=100)) as r1:
            one = await a.sos()
            a1 = await r1.next("alert"); await r1.settled()
            await a.service.acknowledgements.flush()
            await a.service.responders.save_moved()
            async with run_in_process(sb, stoppable.url, clock) as b:
                a.service.recording.explains(psycopg.OperationalError("gone for a"))
                probe_off = asyncio.Event()
                import dispatch.engine.taking_in as ti
                real = ti.probe
                async def no(db):
                    if db is a.service.database and not probe_off.is_set():
                        raise psycopg.OperationalError("gone for a")
                    await real(db)
                ti.probe = no
                a.service.recording.explains(psycopg.OperationalError("gone for a"))
                await r1.answer(a1, "accept")
                await r1.next("assignment")
                print("A", (await a.incident(one["incident_id"]))["state"], a.service.availability.is_away)
                await b.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": True})
                # the database goes in the middle of the retelling
                orig = a.service.engine.carry_out_again
                calls = []
                async def gone(*args):
                    if not calls:
                        calls.append(1)
                        raise psycopg.OperationalError("gone again")
                    return await orig(*args)
                a.service.engine.carry_out_again = gone
                probe_off.set()
                await asyncio.sleep(2)
                ti.probe = real
                print("RETOLD", calls, (await a.incident(one["incident_id"]))["state"], a.service.recording.unwritten)
                assert (await a.incident(one["incident_id"]))["state"] == "responding"
