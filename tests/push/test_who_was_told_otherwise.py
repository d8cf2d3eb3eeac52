"""An incident went on here without the database, and otherwise elsewhere: sleeping phones hear what is true."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dispatch.push import job_queue
from dispatch.rescue.vocabulary import ResponderId
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, until
from tests.push.phones import gone, hooked, jobs, pushed, settings_with_a_hook, subscribed
from tests.push.receiving import Device, Listener
from tests.stoppable_database import StoppableDatabase, is_back, unnoticed

HERE = beside(WULIN, north_m=100)
FAR = beside(WULIN, north_m=9000)


@pytest.fixture
async def away_service(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, gateway: Listener
) -> AsyncIterator[ServiceInProcess]:
    """The whole service with a hook, over a PostgreSQL that is there for the time being."""
    async with run_in_process(settings_with_a_hook(tmp_path, gateway), stoppable.url, clock) as running:
        yield running


async def _closed_elsewhere(
    stoppable: StoppableDatabase, clock: MovableClock, folder: Path, gateway: Listener, incident_id: str
) -> None:
    """The database comes back, and another service closes the incident before this one notices."""
    await stoppable.comes_back()
    async with run_in_process(settings_with_a_hook(folder, gateway), stoppable.url, clock) as other:
        await other.call("POST", f"/v1/incidents/{incident_id}/close", role="operator", json={})


async def _says_yes_and_puts_the_phone_away(
    service: ServiceInProcess, stoppable: StoppableDatabase, push_service: Listener
) -> tuple[str, str, Device]:
    """r1 is asked, the database goes, r1 says yes and is not there any more: the incident, the alert, the phone."""
    async with service.on_duty("r1", HERE) as r1:
        device = await subscribed(service, "r1", push_service)
        incident_id = str((await service.sos())["incident_id"])
        alert = await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        await stoppable.stops()
        await r1.answer(alert, "accept")
        await r1.next("assignment")
    await gone(service, "r1")
    return incident_id, str(alert["alert_id"]), device


async def test_whoever_said_yes_to_what_is_over_elsewhere_is_woken_to_stop(
    stoppable: StoppableDatabase,
    away_service: ServiceInProcess,
    clock: MovableClock,
    tmp_path: Path,
    push_service: Listener,
    gateway: Listener,
) -> None:
    service = away_service
    with unnoticed():
        incident_id, alert_id, device = await _says_yes_and_puts_the_phone_away(service, stoppable, push_service)
        await _closed_elsewhere(stoppable, clock, tmp_path / "other", gateway, incident_id)
        assert push_service.heard == [], "the other one knows of no yes, and wakes nobody"
    await is_back(service)
    message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("stand_down", alert_id)
    assert message["stand_down"]["reason"] == "incident_closed"
    assert (await hooked(gateway))["type"] == "responder.stand_down"


async def _comes_for_an_alert_that_never_was(
    service: ServiceInProcess, stoppable: StoppableDatabase, push_service: Listener
) -> tuple[str, str, Device]:
    """r1 is asked, the database goes, r1 says no and r2, who is asked then, yes: the incident, r2's alert and phone."""
    async with service.on_duty("r1", HERE) as r1:
        async with service.on_duty("r2", FAR) as r2:
            device = await subscribed(service, "r2", push_service)
            incident_id = str((await service.sos())["incident_id"])
            offer = await r1.next("alert")
            await r1.settled()
            await service.service.acknowledgements.flush()
            await stoppable.stops()
            await r2.say(type="position", latitude=HERE.latitude, longitude=HERE.longitude, accuracy_m=10)
            await r2.settled()
            await r1.answer(offer, "decline")
            alert = await r2.next("alert")
            await r2.answer(alert, "accept")
            await r2.next("assignment")
        await gone(service, "r2")
    await gone(service, "r1")
    return incident_id, str(alert["alert_id"]), device


async def test_whoever_comes_for_an_alert_that_never_was_is_woken_to_stop_though_the_database_breaks_once_more(
    stoppable: StoppableDatabase,
    away_service: ServiceInProcess,
    clock: MovableClock,
    tmp_path: Path,
    push_service: Listener,
    gateway: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = away_service
    enqueue = job_queue.enqueue
    broken: list[datetime] = []

    async def breaks_once(*given: Any, at: datetime, **more: Any) -> None:
        if not broken:
            broken.append(at)
            raise psycopg.OperationalError("the connection is lost")
        await enqueue(*given, at=at, **more)

    monkeypatch.setattr(job_queue, "enqueue", breaks_once)
    with unnoticed():
        incident_id, alert_id, device = await _comes_for_an_alert_that_never_was(service, stoppable, push_service)
        await _closed_elsewhere(stoppable, clock, tmp_path / "other", gateway, incident_id)
    await is_back(service)
    assert broken
    message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("stand_down", alert_id)
    assert message["stand_down"]["reason"] == "no_longer_needed"
    told = await hooked(gateway)
    assert (told["type"], told["data"]["responder_id"]) == ("responder.stand_down", "r2")
    assert service.service.roster.engagement_of(ResponderId("r2")) is None
    assert len(push_service.heard) == len(gateway.heard) == 1, "who said no is not called about it"


async def test_whoever_was_told_what_is_true_is_left_asleep(
    stoppable: StoppableDatabase,
    away_service: ServiceInProcess,
    clock: MovableClock,
    tmp_path: Path,
    push_service: Listener,
    gateway: Listener,
) -> None:
    service = away_service

    async def nothing_waits() -> bool:
        return await jobs(service) == []

    async with service.on_duty("r1", HERE) as r1:
        await subscribed(service, "r1", push_service)
        incident_id = str((await service.sos())["incident_id"])
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        await r1.settled()
        await service.service.acknowledgements.flush()
        # What would have been pushed had the socket not been heard is needless by then.
        await service.time_passes(seconds=11)
        await until(nothing_waits)
    await gone(service, "r1")
    path = f"/v1/incidents/{incident_id}"
    with unnoticed():
        await stoppable.stops()
        await service.call("POST", f"{path}/cpr", role="operator", json={"in_progress": True})
        await stoppable.comes_back()
        async with run_in_process(settings_with_a_hook(tmp_path / "other", gateway), stoppable.url, clock) as other:
            await other.call("POST", f"{path}/ambulance", role="operator", json={"eta_s": 900})
    await is_back(service)
    kinds = await service.timeline_kinds(incident_id)
    assert kinds[-2:] == ["ambulance_expected", "cpr_changed"]
    assert await jobs(service) == []


async def test_a_session_has_its_ten_seconds_when_the_database_is_back(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    service = away_service

    async def desk_is_at_work() -> bool:
        return service.service.push.desk._presence.desk_id is not None

    async with service.on_duty("r1", HERE) as r1:
        device = await subscribed(service, "r1", push_service)
        await service.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        await stoppable.stops()
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        r1.acknowledges = False
        service.clock.move(seconds=60)
        await stoppable.comes_back()
        await is_back(service)
        await r1.next("assignment", where=lambda m: "seq" in m)
        await until(desk_is_at_work)
        # Longer than the desk takes to look again.
        await asyncio.sleep(0.6)
        assert push_service.heard == gateway.heard == []
        await service.time_passes(seconds=10)
        assert (await pushed(device, push_service))["type"] == "assignment"
