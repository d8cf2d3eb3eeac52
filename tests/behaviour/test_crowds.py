"""A crowd that wants to see something takes what there is of the database: who acts is not kept waiting by it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import ledger
from dispatch.rescue.events import Event
from dispatch.rescue.vocabulary import IncidentId
from tests.people import WULIN, ServiceInProcess, beside, problem_of, until
from tests.stoppable_database import StoppableDatabase, is_back

CROWD = 60


@contextlib.asynccontextmanager
async def _crowd(
    service: ServiceInProcess, database: StoppableDatabase, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[list[asyncio.Task[httpx.Response]]]:
    """Operators who look for incidents that are in nobody's memory; while the block runs each look takes its time."""
    monkeypatch.setattr("dispatch.storage.database._LOOKERS_WAIT_S", 0.3)
    load_events = ledger.load_events

    async def takes_its_time(connection: AsyncConnection, incident_id: IncidentId) -> list[Event]:
        await connection.execute(text("select pg_advisory_xact_lock_shared(11)"))
        return await load_events(connection, incident_id)

    monkeypatch.setattr(ledger, "load_events", takes_its_time)
    async with service.client("operator") as client:
        with database.locked("select pg_advisory_xact_lock(11)"):
            asking = [asyncio.create_task(client.get(f"/v1/incidents/{uuid4()}")) for _ in range(CROWD)]
            yield asking
        await asyncio.gather(*asking)


async def test_who_finds_no_room_is_told_to_come_again_and_nothing_else_happens(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    changes: list[bool] = []
    service.service.availability.on_change(lambda availability: changes.append(availability.is_away))
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        async with _crowd(service, stoppable, monkeypatch) as asking:
            # Whoever got no connection was told so while the others still wait for theirs.
            crowded_out, waiting = await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)

            async def the_rest_is_told() -> bool:
                return sum(each.done() for each in asking) > CROWD / 2

            await until(the_rest_is_told)
            assert waiting
            answers = [each.result() for each in crowded_out]
            # The service goes on, by its deadlines too.
            opened = await service.sos()
            assert (opened["degraded"], opened["alerted"]) == (False, 1)
            alert = await r1.next("alert")
            await service.time_passes(seconds=21)
            assert await service.alert_states(opened["incident_id"]) == {"r1": "expired"}
            await r1.answer(alert, "accept")
            await r1.next("assignment", where=lambda m: "seq" in m)
        late = [each.result() for each in asking if each not in crowded_out]
        await service.refused("GET", f"/v1/incidents/{uuid4()}", 404, role="operator")
    found_room = [each for each in late if each.status_code == 404]
    answers += [each for each in late if each not in found_room]
    assert found_room
    assert len(answers) > CROWD / 2
    for answer in answers:
        assert problem_of(answer, 503)["code"] == "busy"
        assert int(answer.headers["retry-after"]) > 0
    assert changes == []


async def test_a_crowd_finds_out_that_the_server_hangs(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    monkeypatch.setattr("dispatch.storage.database._LOOKERS_WAIT_S", 0.3)
    told: list[dict[str, Any]] = []
    with stoppable.frozen():
        async with asyncio.timeout(5), service.client("operator") as client:
            answers = await asyncio.gather(*(client.get(f"/v1/incidents/{uuid4()}") for _ in range(CROWD)))
        told = [problem_of(each, 503) for each in answers]
        assert service.service.availability.is_away
    await is_back(service, within_s=40)
    assert {each["code"] for each in told} == {"database_away"}
