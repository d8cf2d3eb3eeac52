"""The whole way of an SOS with PgBouncer in between, in transaction mode, with fewer sessions than there are askers."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.behaviour import test_one_sos_end_to_end as story
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests
from tests.pooler import Pooler
from tests.stoppable_database import StoppableDatabase, is_back


@pytest.fixture
def pooler(postgis_url: str) -> Iterator[Pooler]:
    pooler = Pooler(postgis_url, pool_size=3)
    yield pooler
    pooler.ends()


@pytest.fixture
async def service(
    pooler: Pooler, postgis_url: str, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[ServiceInProcess]:
    """The service, whose way to the tests' database is the pooler."""
    empty_tables(postgis_url)
    settings = settings_for_tests(tmp_path, database_url=pooler.url, database_direct_url=postgis_url)
    async with run_in_process(settings, pooler.url, clock) as running:
        yield running


async def test_from_the_tap_to_the_close(service: ServiceInProcess) -> None:
    await story.test_from_the_tap_to_the_close(service)


async def test_a_reconnect_brings_what_was_missed_and_nothing_twice(service: ServiceInProcess) -> None:
    await story.test_a_reconnect_brings_what_was_missed_and_nothing_twice(service)


async def test_a_dead_pooler_is_an_outage_like_any_other(service: ServiceInProcess, pooler: Pooler) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        pooler.dies()
        opened = await service.sos()
        assert (opened["degraded"], opened["alerted"]) == (True, 1)
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await pooler.comes_back()
        await is_back(service)
        await r1.next("assignment", where=lambda message: "seq" in message)
        after = await service.incident(opened["incident_id"])
    assert after["state"] == "responding"
    assert [line["number"] for line in after["timeline"]] == list(range(1, len(after["timeline"]) + 1))


async def test_a_server_that_stops_behind_a_pooler_is_one_too(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    pooler = Pooler(stoppable.url, pool_size=3, server_login_retry="1")
    settings = settings_for_tests(tmp_path, database_url=pooler.url, database_direct_url=stoppable.url)
    try:
        async with run_in_process(settings, pooler.url, clock) as service:
            await stoppable.stops()
            opened = await service.sos()
            assert opened["degraded"] is True
            await stoppable.comes_back()
            await is_back(service)
            after = await service.incident(opened["incident_id"])
            assert after["timeline"][0]["kind"] == "opened"
    finally:
        pooler.ends()
