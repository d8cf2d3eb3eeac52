"""What is kept of a rescue lies in parts by time, which come and go while people are alerted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from dispatch.clock import SystemClock
from dispatch.storage.retention import Keeping, Retention
from dispatch.storage.time_ordered import first_id_of
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests
from tests.storage.fresh_databases import fresh_database


@pytest.fixture
async def own(postgis_url: str, clock: MovableClock, tmp_path: Path) -> AsyncIterator[tuple[ServiceInProcess, str]]:
    """A service over a database of its own, whose parts a test may drop."""
    with fresh_database(postgis_url) as url:
        async with run_in_process(settings_for_tests(tmp_path), url, clock) as service:
            yield service, url


async def test_parts_come_and_go_while_people_call(own: tuple[ServiceInProcess, str]) -> None:
    service, url = own
    now = datetime.now(UTC)
    retention = Retention(url, SystemClock(), Keeping(positions=timedelta(days=2), reports=timedelta(days=40)))

    async def weeks_go_by() -> None:
        for weeks in range(1, 6):
            await retention.look_after(now + timedelta(weeks=weeks))

    async with service.socket("operator", "ann") as console:
        passing = asyncio.create_task(weeks_go_by())
        calls = 0
        while calls < 10 or not passing.done():
            incident_id = (opened := await service.sos())["incident_id"]
            # Written at once and numbered, not kept in the journal for want of a lock.
            assert opened["degraded"] is False
            told = await console.next("incident", where=lambda each, of=incident_id: each["incident_id"] == of)  # type: ignore[misc]
            assert "seq" in told
            await service.call("POST", f"/v1/incidents/{incident_id}/close", role="operator", json={})
            calls += 1
        await passing
    assert not service.service.recording.unwritten
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        ((parts,),) = connection.execute("select count(*) from pg_inherits where inhparent = 'positions'::regclass")
        assert parts <= 2 + 2 + 7 + 1


async def test_an_incidents_id_says_when_it_was_made(own: tuple[ServiceInProcess, str]) -> None:
    service, _ = own
    before = datetime.now(UTC) - timedelta(seconds=1)
    opened = await service.sos()
    assert first_id_of(before) < UUID(opened["incident_id"]) < first_id_of(datetime.now(UTC) + timedelta(seconds=1))


async def test_only_where_the_alerted_were_is_kept_and_for_which_incident(own: tuple[ServiceInProcess, str]) -> None:
    service, url = own
    async with (
        service.on_duty("near", beside(WULIN, north_m=100)) as near,
        service.on_duty("far", beside(WULIN, north_m=9000)) as far,
    ):
        await service.service.responders.save_moved()
        opened = await service.sos()
        await near.next("alert")
        for step in range(3):
            service.clock.move(seconds=5)
            for person, north_m in ((near, 90 - 10 * step), (far, 9000 - 10 * step)):
                place = beside(WULIN, north_m=north_m)
                await person.say(type="position", latitude=place.latitude, longitude=place.longitude, accuracy_m=10)
                await person.settled()
            await service.service.responders.save_moved()
        service.service.responders.keeps_ways = False
        service.clock.move(seconds=5)
        await near.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude, accuracy_m=10)
        await near.settled()
        await service.service.responders.save_moved()
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        rows = connection.execute("select responder_id, incident_id, accuracy_m from positions order by at").fetchall()
    assert rows == [("near", UUID(opened["incident_id"]), 10.0)] * 3
