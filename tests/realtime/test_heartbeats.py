"""Both ends can tell a living line from a dead one; a session lasts no longer than the right to have it."""

import asyncio
from datetime import timedelta
from pathlib import Path

from dispatch.clock import SystemClock
from dispatch.realtime.care import SocketCare
from dispatch.realtime.close_codes import CloseCode
from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, run_in_process, settings_for_tests


async def test_who_only_tells_positions_hears_from_the_service_all_the_same(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path, heartbeat_s=0.1), postgis_url, clock) as service:
        await service.add_responder("r1")
        async with service.socket("responder", "r1") as phone:

            async def walk() -> None:
                while True:
                    await phone.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude)
                    await asyncio.sleep(0.05)

            walking = asyncio.create_task(walk())
            for _ in range(3):
                assert "seq" not in await phone.next("beat", within_s=5)
            walking.cancel()


async def test_a_session_ends_when_its_token_does(service: ServiceInProcess) -> None:
    later = MovableClock(SystemClock().now())
    care = SocketCare(service.service.hub, service.service.database, 25.0, clock=later)
    async with service.socket("operator", "ann") as console:
        await care.look()
        await console.settled()
        later.move(seconds=timedelta(hours=1).total_seconds() + 1)
        await care.look()
        assert await console.closed() == CloseCode.BAD_TOKEN
