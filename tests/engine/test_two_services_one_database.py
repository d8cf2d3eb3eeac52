"""Two services over one database: PostgreSQL serialises what they decide."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests

Two = tuple[ServiceInProcess, ServiceInProcess]


@pytest.fixture
async def two(postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path) -> AsyncIterator[Two]:
    """Two services that know the same ten responders."""
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as first:
        for number in range(10):
            async with first.on_duty(f"r{number}", beside(WULIN, north_m=50 + 20 * number)):
                pass
        await first.service.responders.save_moved()
        async with run_in_process(settings, postgis_url, clock) as second:
            yield first, second


async def test_nobody_is_asked_by_both(two: Two) -> None:
    opened = await asyncio.gather(*(service.sos(beside(WULIN, north_m=90 * n)) for n, service in enumerate(two * 3)))
    asked = []
    for each in opened:
        incident = await two[0].incident(each["incident_id"])
        asked += [alert["responder_id"] for alert in incident["alerts"]]
    assert len(asked) == len(set(asked)) == 10


async def test_commands_given_to_both_at_once_make_one_story(two: Two) -> None:
    opened = await two[0].sos()
    path = f"/v1/incidents/{opened['incident_id']}/ambulance"
    calls = [
        service.call("POST", path, role="operator", json={"eta_s": 100 * n + 60}) for n, service in enumerate(two * 4)
    ]
    await asyncio.gather(*calls)
    # One that has not heard of the other's last word hears it with its own next one.
    await two[0].call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    timeline = (await two[0].incident(opened["incident_id"]))["timeline"]
    assert [line["number"] for line in timeline] == list(range(1, len(timeline) + 1))
    kinds = [line["kind"] for line in timeline]
    assert kinds.count("ambulance_expected") == 8
    assert kinds[-1] == "closed"


async def test_the_same_tap_at_both_opens_one_incident(two: Two) -> None:
    request_id = "7f0d7d5e-3a6c-4b8f-8d1c-0f2f3f7d9a55"
    first, second = await asyncio.gather(*(service.sos(request_id=request_id) for service in two))
    assert first == second
    listed = await two[0].call("GET", "/v1/incidents?status=all", role="operator")
    assert len(listed["incidents"]) == 1
    # Whoever lost keeps nobody bound for an incident that never was.
    for service in two:
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
    assert (await two[0].sos())["alerted"] == 10


async def test_a_deadline_is_acted_upon_once(two: Two) -> None:
    opened = await two[0].sos()
    two[0].clock.move(seconds=21)
    await asyncio.gather(*(service.service.due_times.act() for service in two))
    await two[0].time_passes(seconds=0)
    async with asyncio.timeout(5):
        while True:
            incident = await two[0].call("GET", f"/v1/incidents/{opened['incident_id']}", role="operator")
            other = await two[1].call("GET", f"/v1/incidents/{opened['incident_id']}", role="operator")
            newest = max(incident, other, key=lambda each: each["version"])
            if [alert["state"] for alert in newest["alerts"]].count("expired") == 10:
                break
    kinds = [line["kind"] for line in newest["timeline"]]
    assert kinds.count("expired") == 10
