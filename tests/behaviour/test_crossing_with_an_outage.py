"""What somebody says or asks in the very moment in which an outage ends."""

import asyncio
from typing import Any

import pytest

from dispatch.rescue.vocabulary import IncidentId, ResponderId
from dispatch.responders import repository
from dispatch.responders.responder import Responder
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.stoppable_database import StoppableDatabase, is_back, is_known_to_be_away, unnoticed

HERE = beside(WULIN, north_m=100)


async def test_a_lost_commit_is_written_again_though_somebody_asks_of_the_incident_just_then(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    opened = await service.sos()
    incident_id = opened["incident_id"]
    path = f"/v1/incidents/{incident_id}/cpr"
    service.clock.move(seconds=1)
    await service.call("POST", path, role="operator", json={"in_progress": True})
    await stoppable.stops()
    await is_known_to_be_away(service)
    live = service.service.engine.live.get(IncidentId(incident_id))
    assert live is not None
    with unnoticed():
        await stoppable.comes_back()
        stoppable.lose_last_commit_of(incident_id)
        stoppable.sql(
            "update incidents set version = (select max(number + json_array_length(events) - 1) from incident_events"
            " where incident_id = %s) where id = %s",
            incident_id,
            incident_id,
        )
        await live.lock.acquire()
    # Whoever holds it asks something that changes nothing.
    release = asyncio.get_running_loop().call_later(1.0, live.lock.release)
    await is_back(service)
    release.cancel()
    if live.lock.locked():
        live.lock.release()
    service.clock.move(seconds=1)
    await service.call("POST", path, role="operator", json={"in_progress": False})
    rows = stoppable.sql(
        "select number, json_array_length(events) from incident_events where incident_id = %s order by number",
        incident_id,
    )
    number = 1
    for first, events in rows:
        assert first == number, rows
        number += events


async def test_who_goes_off_duty_stays_so_though_what_they_said_in_the_outage_is_just_being_written(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    responders = service.service.responders
    async with service.on_duty("r1", HERE) as r1:
        await r1.say(type="duty", on_duty=False)
        await r1.settled()
        await stoppable.stops()
        await is_known_to_be_away(service)
        await r1.say(type="duty", on_duty=True)
        await r1.settled()
        await stoppable.comes_back()
        await is_back(service)
        change, gate, entered = repository.change, asyncio.Event(), asyncio.Event()

        async def slow(*arguments: Any) -> Responder:
            entered.set()
            await gate.wait()
            return await change(*arguments)

        monkeypatch.setattr(repository, "change", slow)
        off = asyncio.create_task(responders.set_duty("r1", on_duty=False))
        await entered.wait()
        saving = asyncio.create_task(responders.save_moved())

        async def is_waiting() -> bool:
            return bool(responders._saving[ResponderId("r1")]._waiters)

        await until(is_waiting)
        gate.set()
        await asyncio.gather(off, saving)
        responder = service.service.roster.get(ResponderId("r1"))
        assert responder is not None
        assert responder.on_duty is False
