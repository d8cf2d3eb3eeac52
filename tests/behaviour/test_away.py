"""Faults while the database is away."""
import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4
from datetime import timedelta
import psycopg
import pytest

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.migrate import migrate
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests


class Stoppable:
    def __init__(self, folder):
        self._cluster = PrivateCluster(folder)
        self.url = self._cluster.start()
        migrate(self.url)
    async def stops(self):
        await asyncio.to_thread(self._cluster.stop)
    async def comes_back(self):
        await asyncio.to_thread(self._cluster.start)
    def sql(self, q, *a):
        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as c:
            cur = c.execute(q, a)
            return cur.fetchall() if cur.description else None


@pytest.fixture(scope="module")
def stoppable(tmp_path_factory):
    d = Stoppable(tmp_path_factory.mktemp("away"))
    yield d
    d._cluster.stop()

@pytest.fixture
async def svc(stoppable, tmp_path):
    empty_tables(stoppable.url)
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, MovableClock()) as s:
        yield s

async def is_back(service, within=15):
    async with asyncio.timeout(within):
        while service.service.availability.is_away or service.service.recording.unwritten:
            await asyncio.sleep(0.02)

FAR = beside(WULIN, north_m=9000)

async def test_who_accepts_another_alert_during_the_outage_keeps_it(stoppable, svc):
    """r1 is freed of incident 1 and accepts incident 2, both during the outage; 2 was opened before r1 was freed."""
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        a1 = await r1.next("alert")
        await r1.answer(a1, "accept")
        await r1.next("assignment")
        await stoppable.stops()
        two = await service.sos(beside(WULIN, north_m=500))   # nobody free: first in `unwritten`
        assert two["nobody_reached"]
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/close", role="operator")
        await r1.next("stand_down")
        a2 = await r1.next("alert", where=lambda m: m["incident_id"] == two["incident_id"])
        await r1.answer(a2, "accept")
        await r1.next("assignment", where=lambda m: m["incident_id"] == two["incident_id"])
        before = await service.incident(two["incident_id"])
        await stoppable.comes_back()
        await is_back(service)
        await asyncio.sleep(0.2)
        after = await service.incident(two["incident_id"])
        print("BEFORE", before["state"], [(a["responder_id"], a["state"]) for a in before["alerts"]])
        print("AFTER", after["state"], [(a["responder_id"], a["state"], a["end_reason"]) for a in after["alerts"]])
        print("R1 TOLD", [(m["type"], m.get("reason"), m.get("seq")) for m in r1.heard if m.get("incident_id") == two["incident_id"]])
        assert after["state"] == "responding"

async def test_merge_during_outage_keeps_who_is_coming_and_the_caller(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        a1 = await r1.next("alert")
        await r1.answer(a1, "accept")
        await r1.next("assignment")
        async with service.socket("caller", one["incident_id"]) as caller:
            await stoppable.stops()
            two = await service.sos(beside(WULIN, north_m=30))
            await service.call("POST", f"/v1/incidents/{one['incident_id']}/merge", role="operator", json={"into": two["incident_id"]})
            before = await service.incident(two["incident_id"])
            await stoppable.comes_back()
            await is_back(service)
            await asyncio.sleep(0.3)
            after = await service.incident(two["incident_id"])
            print("BEFORE", before["state"], [(a["responder_id"], a["state"]) for a in before["alerts"]])
            print("AFTER", after["state"], [(a["responder_id"], a["state"], a["end_reason"]) for a in after["alerts"]])
            print("R1", [(m["type"], m.get("reason"), m.get("seq")) for m in r1.heard])
            last = [m for m in caller.heard if m["type"] == "incident"][-1]
            fresh = await service.call("GET", f"/v1/incidents/{one['incident_id']}", role="caller", subject=one["incident_id"])
            print("CALLER LAST", last.get("seq"), last["state"], last["merged_into"], len(last["responders"]))
            print("CALLER FRESH", fresh["state"], fresh["merged_into"], len(fresh["responders"]))
            assert after["state"] == "responding"
            assert last["state"] == fresh["state"]

async def test_an_sos_is_answered_though_a_table_is_locked(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        c = psycopg.connect(stoppable.url.replace("+psycopg", ""))
        c.execute("lock table incidents in access exclusive mode")
        t = asyncio.get_running_loop().time()
        async with service.client() as client:
            try:
                answer = await client.post("/v1/sos", json={"request_id": str(uuid4()), "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}})
                print("STATUS", answer.status_code, answer.text[:200], asyncio.get_running_loop().time() - t)
                status = answer.status_code
            finally:
                c.rollback(); c.close()
        assert status == 201

async def test_an_sos_survives_the_database_going_while_a_clash_is_looked_into(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        one = await service.sos()
        a1 = await r1.next("alert")
        # Another worker bound r1 (here: this one forgets it): the opening clashes.
        service.service.roster.release("r1", a1["alert_id"])
        orig = service.service.sos._answered_before
        async def gone(request_id):
            await stoppable.stops()
            return await orig(request_id)
        service.service.sos._answered_before = gone
        try:
            async with service.client() as client:
                answer = await client.post("/v1/sos", json={"request_id": str(uuid4()), "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}})
            print("STATUS", answer.status_code, answer.text[:200])
            assert answer.status_code == 201
        finally:
            await stoppable.comes_back()

async def test_nobody_counts_as_alerted_whom_only_a_push_would_reach(stoppable, svc):
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        pass
    await service.service.responders.save_moved()
    now = service.clock.now()
    stoppable.sql("insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at, proven_at) values (gen_random_uuid(), 'r1', 'https://push.example/x', 'https://push.example', 'k', 'a', %s, %s)", now, now)
    await service.service.push.channels.refresh("r1")
    service.clock.move(seconds=200)
    async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
        await stoppable.stops()
        opened = await service.sos()
        print("ALERTED", opened["alerted"], opened["nobody_reached"])
        inc = await service.incident(opened["incident_id"])
        print([(a["responder_id"], a["state"]) for a in inc["alerts"]])
        await stoppable.comes_back()
        assert opened["alerted"] == 1

async def test_a_team_mate_who_was_cut_off_learns_of_the_others(stoppable, svc):
    service = svc
    async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
        async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
            one = await service.sos()
            a1, a2 = await r1.next("alert"), await r2.next("alert")
            await r1.answer(a1, "accept")
            await r1.next("assignment")
            await r1.settled()
            await asyncio.sleep(0.2)
            resume = r1.resume_point
        await stoppable.stops()
        await r2.answer(a2, "accept")
        await r2.next("assignment")
        await stoppable.comes_back()
        await is_back(service)
        async with service.socket("responder", "r1", resume=resume) as again:
            await again.settled()
            await asyncio.sleep(0.3)
            print("RESUMED", again.welcome["resumed"], [(m["type"], m.get("others")) for m in again.heard])
            fresh = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
            print("FRESH", fresh["assignment"]["others"])
            assert again.all("assignment")

async def test_a_stuck_incidents_deadlines_are_kept(stoppable, svc):
    """A failover that lost the last commits: what is journaled does not join on."""
    service = svc
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1, service.on_duty("r2", beside(WULIN, north_m=150)) as r2:
        one = await service.sos()
        a1, a2 = await r1.next("alert"), await r2.next("alert")
        await r1.settled(); await r2.settled()
        await service.service.acknowledgements.flush()
        await service.call("POST", f"/v1/incidents/{one['incident_id']}/cpr", role="operator", json={"in_progress": True})
        await stoppable.stops()
        await r1.answer(a1, "accept")
        await r1.next("assignment")
        # brought back as a standby that lacks the last commit
        await stoppable.comes_back()
        stoppable.sql("delete from incident_events where incident_id = %s and number = (select max(number) from incident_events where incident_id = %s)", one["incident_id"], one["incident_id"])
        stoppable.sql("delete from due_times")
        async with asyncio.timeout(10):
            while service.service.availability.is_away:
                await asyncio.sleep(0.02)
        print("UNWRITTEN", {k: len(v) for k, v in service.service.recording.unwritten.items()})
        await service.time_passes(seconds=25)
        await service.time_passes(seconds=25)
        inc = await service.incident(one["incident_id"])
        print([(a["responder_id"], a["state"]) for a in inc["alerts"]])
        assert {a["responder_id"]: a["state"] for a in inc["alerts"]}["r2"] == "expired"
