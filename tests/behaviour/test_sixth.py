import asyncio, os
from uuid import uuid4
import psycopg, pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests

async def test_a_journal_that_went_another_way_does_not_keep_the_service_from_starting(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        one = await service.sos()           # nobody there
        await stoppable.stops()
        service.clock.move(seconds=1)
        async with service.on_duty_away("r1") if False else __import__("contextlib").AsyncExitStack():
            for n in range(3):
                await service.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": n % 2 == 0})
                service.clock.move(seconds=1)
        two = await service.sos(FAR)
        events = service.service.engine.live.get(one["incident_id"]).events
        print("EVENTS", [(e.number, e.kind) for e in events])
    await stoppable.comes_back()
    # another worker went on with the same incident meanwhile: closed it
    import json
    stoppable.sql("insert into incident_events (incident_id, number, at, events) values (%s, 3, now(), %s)", one["incident_id"],
        json.dumps([{"kind": "closed", "by": "operator:x", "data": {}}]))
    stoppable.sql("update incidents set version = 3, state = 'closed', closed_at = now() where id = %s", one["incident_id"])
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.client("operator") as c:
            print("TWO", (await c.get(f"/v1/incidents/{two['incident_id']}")).status_code, "ONE", (await c.get(f"/v1/incidents/{one['incident_id']}")).status_code)

async def test_the_same_where_it_speaks_of_an_alert_that_the_rows_do_not_know(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        one = await service.sos()           # nobody there: opened, planned
        await service.add_responder("r1")
        await service.call("PUT", "/v1/responders/me/duty", role="responder", subject="r1", json={"on_duty": True})
        async with service.socket("responder", "r1") as r1:
            await stoppable.stops()
            with __import__("contextlib").suppress(Exception):
                await service.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": True})
            service.clock.move(seconds=1)
            await r1.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude, accuracy_m=10)
            a = await r1.next("alert", within_s=15)
            service.clock.move(seconds=1)
            await r1.answer(a, "accept"); await r1.next("assignment")
            events = service.service.engine.live.get(one["incident_id"]).events
            print("EVENTS", [(e.number, e.kind) for e in events])
            n_accept = next(e.number for e in events if e.kind == "accepted")
    await stoppable.comes_back()
    import json
    rows = [{"kind": "cpr_changed", "by": "operator:x", "data": {"in_progress": i % 2 == 0}} for i in range(n_accept - 3)]
    stoppable.sql("insert into incident_events (incident_id, number, at, events) values (%s, 3, now(), %s)", one["incident_id"], json.dumps(rows))
    stoppable.sql("update incidents set version = %s where id = %s", n_accept - 1, one["incident_id"])
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.client("operator") as c:
            r = await c.get(f"/v1/incidents/{one['incident_id']}")
            print("STARTED", r.status_code, [(l["kind"], l["by"]) for l in r.json()["timeline"]])
            kinds = [l["kind"] for l in r.json()["timeline"]]
            assert "accepted" in kinds

async def test_an_sos_is_answered_where_the_rows_hold_whom_memory_knows_free(stoppable, svc):
    """A failover lost the commit that closed an incident: the guard holds r1 for ever."""
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        a = await r1.next("alert"); await r1.answer(a, "accept"); await r1.next("assignment"); await r1.settled()
        await service.service.acknowledgements.flush()
        before = stoppable.sql("select state, version from incidents")
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/close", role="operator", json={})
        await r1.next("stand_down")
        await stoppable.stops()
        two = await service.sos(FAR)
        await stoppable.comes_back()
        # lost: the last commit
        stoppable.sql("delete from incident_events where incident_id = %s and number = (select max(number) from incident_events where incident_id = %s)", one["incident_id"], one["incident_id"])
        stoppable.sql("update incidents set state = %s, version = %s, closed_at = null where id = %s", *before[0], one["incident_id"])
        stoppable.sql("update alerts set active = true, state = 'accepted'")
        await is_back(service)
        async with service.client() as c:
            r = await c.post("/v1/sos", json={"request_id": str(uuid4()), "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}})
        print("SOS STATUS", r.status_code, r.text[:150], stoppable.sql("select state, version from incidents"))
        assert r.status_code == 201
