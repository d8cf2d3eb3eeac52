"""The SOS that finds out that the database is away counts nobody as alerted whom only a push would reach."""

from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from dispatch.storage.direct import Row
from dispatch.storage.prepared import Prepared
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.push.phones import gone, pushed, subscribed
from tests.push.receiving import Device, Listener
from tests.stoppable_database import is_back, unnoticed

HERE = beside(WULIN, north_m=100)


async def _sleeps(service: ServiceInProcess, push_service: Listener) -> Device:
    """r1's phone, proven and silent for minutes."""
    async with service.on_duty("r1", HERE):
        device = await subscribed(service, "r1", push_service)
    await gone(service, "r1")
    async with service.service.database.statement() as connection:
        await connection.execute(text("update push_subscriptions set proven_at = created_at"))
    await service.service.push.channels.refresh("r1")
    service.clock.move(seconds=200)
    return device


def _goes_with_the_next_sos(service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    run = service.service.database.run

    async def fails(statement: Prepared, parameters: Mapping[str, Any]) -> list[Row]:
        if statement.name.decode().startswith("open"):
            raise psycopg.OperationalError("gone")
        return await run(statement, parameters)

    monkeypatch.setattr(service.service.database, "run", fails)


async def test_when_only_a_push_would_reach_anybody_the_caller_is_told_at_once_that_nobody_is_asked(
    service: ServiceInProcess, push_service: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = await _sleeps(service, push_service)
    _goes_with_the_next_sos(service, monkeypatch)
    with unnoticed():
        opened = await service.sos()
        assert (opened["degraded"], opened["alerted"], opened["nobody_reached"]) == (True, 0, True)
    await is_back(service)
    # Once it is back, they are asked after all.
    message = await pushed(device, push_service)
    assert (message["type"], message["alert"]["incident_id"]) == ("alert", opened["incident_id"])


async def test_whoever_can_be_reached_is_asked_at_once_and_counted_alone(
    service: ServiceInProcess, push_service: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _sleeps(service, push_service)
    async with service.on_duty("r2", beside(WULIN, north_m=300)) as r2:
        _goes_with_the_next_sos(service, monkeypatch)
        with unnoticed():
            opened = await service.sos()
            assert (opened["degraded"], opened["alerted"], opened["nobody_reached"]) == (True, 1, False)
            await r2.next("alert")
            kinds = await service.timeline_kinds(opened["incident_id"])
            assert kinds == ["opened", "planned", "offered", "offered", "withdrawn"]
        await is_back(service)

        async def r1_is_asked() -> bool:
            return (await service.alert_states(opened["incident_id"]))["r1"] == "offered"

        await until(r1_is_asked)
