import asyncio, json
import pytest
from tests.behaviour.test_away import Stoppable, stoppable, svc, is_back, FAR
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests

async def test_what_people_said_in_a_journal_that_went_two_ways_is_said_again(stoppable, tmp_path):
    empty_tables(stoppable.url)
    clock = MovableClock()
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
            one = await service.sos()
            a = await r1.next("alert"); await r1.settled()
            await service.service.acknowledgements.flush()
            n = stoppable.sql("select version from incidents")[0][0]
            await stoppable.stops()
            clock.move(seconds=1)
            await r1.answer(a, "accept"); await r1.next("assignment")
    await stoppable.comes_back()
    stoppable.sql("insert into incident_events (incident_id, number, at, events) values (%s, %s, now(), %s)", one["incident_id"], n + 1,
        json.dumps([{"kind": "cpr_changed", "by": "operator:x", "data": {"in_progress": True}}]))
    stoppable.sql("update incidents set version = %s where id = %s", n + 1, one["incident_id"])
    async with run_in_process(settings, stoppable.url, clock) as service:
        inc = await service.incident(one["incident_id"])
        print("SAID AGAIN", [(l["kind"], l["by"]) for l in inc["timeline"]], inc["state"])
        assert inc["state"] == "responding"
