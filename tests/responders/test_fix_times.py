"""When a position was so: now, a little ago, too long ago, or in the future."""

from pathlib import Path

import pytest

from dispatch.storage.database import Database
from tests.people import MovableClock, ServiceInProcess, run_in_process, settings_for_tests


async def test_an_older_fix_does_not_replace_a_newer_one(service: ServiceInProcess) -> None:
    await service.add_responder("r1")
    async with service.socket("responder", "r1") as r1:
        await r1.say(type="position", latitude=30.0, longitude=120.0, at="2026-06-17T03:59:00Z")
        await r1.say(type="position", latitude=31.0, longitude=121.0, at="2026-06-17T03:58:00Z")
        await r1.settled()
        assert r1.all("error") == []
    profile = await service.call("GET", "/v1/responders/r1", role="admin")
    assert (profile["location"]["latitude"], profile["fix_at"]) == (30.0, "2026-06-17T03:59:00Z")


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"]
)
async def test_no_time_that_is_sent_keeps_the_service_from_starting_again(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path, at: str
) -> None:
    del database
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, postgis_url, clock) as service:
        await service.add_responder("r1")
        async with service.socket("responder", "r1") as r1:
            await r1.say(type="position", latitude=30.0, longitude=120.0, at=at)
            await r1.settled()
            assert [each["field"] for each in r1.all("error")] in ([], ["at"])
    async with run_in_process(settings, postgis_url, clock) as service:
        assert (await service.call("GET", "/v1/responders/r1", role="admin"))["id"] == "r1"
