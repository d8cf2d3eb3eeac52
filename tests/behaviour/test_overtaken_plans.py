"""An SOS that waited for another worker in vain is taken as it was planned, and the world has gone on meanwhile."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from dispatch.engine.sos import NotWrittenError, Receipt
from dispatch.rescue.commands import OpenIncident
from dispatch.rescue.vocabulary import ResponderId
from tests.people import WULIN, ServiceInProcess, beside
from tests.stoppable_database import StoppableDatabase

COMMAND = OpenIncident(place=WULIN)


async def test_whom_another_sos_has_asked_meanwhile_is_not_asked_by_the_old_plan(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    desk, roster = service.service.sos, service.service.engine.roster
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        request_id = str(uuid4())
        old = await desk._planned(request_id, COMMAND, asks=True)
        await stoppable.stops()
        meanwhile = await service.sos()
        alert = await r1.next("alert")
        assert alert["incident_id"] == meanwhile["incident_id"]
        late = await desk._take_written(request_id, COMMAND, may_be_kept=lambda: True, unwritten=old)
        assert late.body["incident_id"] == old.decision.incident.incident_id
        await r1.settled()
        with pytest.raises(AssertionError, match="no 'alert' within"):
            await r1.next("alert", within_s=0.5)
        held = roster.engagement_of(ResponderId("r1"))
        assert held is not None
        assert held.alert_id == alert["alert_id"]
        assert "r1" not in [
            each["responder_id"]
            for each in (await service.incident(late.body["incident_id"]))["alerts"]
            if each["state"] == "offered"
        ]
        await r1.answer(alert, "accept")
        assert (await r1.next("assignment"))["alert_id"] == alert["alert_id"]
    await stoppable.comes_back()


async def test_two_who_wait_for_one_that_came_to_nothing_open_one_incident(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, request_id = service.service.sos, str(uuid4())
    planned = await desk._planned(request_id, COMMAND, asks=False)
    fails, begun = asyncio.Event(), 0

    async def comes_to_nothing(*_of: object, **_how: object) -> Receipt:
        await fails.wait()
        raise NotWrittenError(planned) from psycopg.OperationalError("gone")

    async def takes(*_of: object, **_how: object) -> Receipt:
        nonlocal begun
        begun += 1
        await asyncio.sleep(0)
        return Receipt({"incident_id": "one"}, repeated=False)

    monkeypatch.setattr(desk, "_take_written", comes_to_nothing)
    monkeypatch.setattr(desk, "_take_first", takes)
    other = asyncio.create_task(desk.take_for_another(request_id, COMMAND))
    await asyncio.sleep(0)
    both = [asyncio.create_task(desk.take(request_id, COMMAND)) for _ in range(2)]
    await asyncio.sleep(0)
    fails.set()
    first, second = await asyncio.gather(*both)
    assert (first.body, second.body, begun) == ({"incident_id": "one"}, {"incident_id": "one"}, 1)
    assert [first.repeated, second.repeated].count(False) == 1
    with pytest.raises(NotWrittenError):
        await other
