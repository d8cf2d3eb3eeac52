"""The database does not answer, and does not say so either: nobody waits for it."""

import asyncio
from pathlib import Path
from uuid import uuid4

from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase, is_back


async def test_neither_duty_nor_an_answer_waits_for_it(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(WULIN, north_m=150)),
    ):
        with stoppable.frozen():
            assert (await service.sos())["alerted"] == 2
            alert = await r1.next("alert")
            since_s = asyncio.get_running_loop().time()
            await r1.say(type="duty", on_duty=True, mode="bike")
            await r1.answer(alert, "accept")
            await r1.next("assignment", within_s=3)
            # What only the database knows is not waited for either.
            await service.refused("GET", f"/v1/incidents/{uuid4()}", 503, role="operator")
            assert asyncio.get_running_loop().time() - since_s < 3
        await is_back(service, within_s=40)


async def test_connections_that_hang_are_cut_when_the_outage_is_known(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    with stoppable.frozen():
        # Begun before anybody knows: it hangs on a pooled connection, whose patience is half a minute.
        hanging = asyncio.create_task(service.refused("GET", f"/v1/incidents/{uuid4()}", 503, role="operator"))
        opened = await service.sos()
        assert opened["degraded"] is True
        async with asyncio.timeout(3):
            await hanging
    await is_back(service, within_s=40)


async def test_a_service_that_stops_does_not_wait_for_it(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        with stoppable.frozen():
            # It hangs, and nobody knows of an outage yet. Cancelled, it would wait for the server, five seconds twice.
            hanging = asyncio.create_task(service.refused("GET", f"/v1/incidents/{uuid4()}", 503, role="operator"))
            async with service.client() as client:
                # Wherever that stands by now: it is asked before this one is answered.
                await client.get("/health/live")
            async with asyncio.timeout(5):
                await service.service.stop()
            await hanging
