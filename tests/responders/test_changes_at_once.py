"""Profile, duty and position changed in the same moment: nothing is lost, in memory or in the database."""

import asyncio
from pathlib import Path
from typing import Any

from dispatch.storage.database import Database
from tests.people import MovableClock, ServiceInProcess, run_in_process, settings_for_tests


async def _all_at_once(service: ServiceInProcess) -> None:
    async def mine(method: str, path: str, body: dict[str, Any]) -> None:
        await service.call(method, path, role="responder", subject="r1", json=body)

    async with service.socket("responder", "r1") as r1:
        await asyncio.gather(
            mine("PATCH", "/v1/responders/r1", {"phone": "119"}),
            mine("PUT", "/v1/responders/me/duty", {"on_duty": True}),
            mine("PATCH", "/v1/responders/r1", {"language": "en"}),
            service.call("PATCH", "/v1/responders/r1", role="admin", json={"name": "王大明"}),
            r1.say(type="position", latitude=30.0, longitude=120.0),
            r1.settled(),
        )


async def test_they_are_all_there_now_and_after_a_restart(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as service:
        await service.add_responder("r1")
        for _ in range(3):
            await _all_at_once(service)
        now = await service.call("GET", "/v1/responders/r1", role="admin")
    assert (now["phone"], now["on_duty"], now["language"], now["name"]) == ("119", True, "en", "王大明")
    assert now["location"]["latitude"] == 30.0
    async with run_in_process(settings, postgis_url, clock) as service:
        assert await service.call("GET", "/v1/responders/r1", role="admin") == now


async def test_flicking_the_duty_switch_ends_as_it_was_left(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as service:
        await service.add_responder("r1")
        async with service.socket("responder", "r1") as r1:
            for on_duty in (True, False, True, False, True):
                await r1.say(type="duty", on_duty=on_duty)
            await r1.settled()
            assert [m["on_duty"] for m in r1.all("duty")] == [False, True, False, True, False, True]
    async with run_in_process(settings, postgis_url, clock) as service:
        assert (await service.call("GET", "/v1/responders/r1", role="admin"))["on_duty"] is True
