"""An incident that cannot be read or decided keeps nobody else from being served."""

from pathlib import Path

import psycopg

from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until


def _spoil(url: str, incident_id: str) -> None:
    """Make the incident's second event one that this version does not know."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "update incident_events set events = jsonb_set(events::jsonb, '{1,kind}', '\"teleported\"')"
            " where incident_id = %s and number = 1",
            [incident_id],
        )


async def test_other_deadlines_are_kept(service: ServiceInProcess, postgis_url: str) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
    ):
        bad = await service.sos()
        await r1.next("alert")
        # Too far to be wanted by the first: who comes on duty near it is asked at once.
        async with service.on_duty("r2", beside(WULIN, north_m=20_100)) as r2:
            good = await service.sos(beside(WULIN, north_m=20_000))
            alert = await r2.next("alert")
            assert alert["incident_id"] == good["incident_id"]
            _spoil(postgis_url, bad["incident_id"])
            live = service.service.engine.live
            for known in list(live.loaded()):
                live.drop(known.incident_id)
            await service.time_passes(seconds=30)
            await service.time_passes(seconds=1)

            async def has_expired() -> bool:
                return list((await service.alert_states(good["incident_id"])).values()) == ["expired"]

            # The service may have taken it by itself a moment before.
            await until(has_expired)


async def test_the_service_starts_and_serves(
    postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    del database
    async with run_in_process(settings_for_tests(tmp_path), postgis_url, clock) as service:
        bad, good = await service.sos(), await service.sos()
    _spoil(postgis_url, bad["incident_id"])
    async with run_in_process(settings_for_tests(tmp_path), postgis_url, clock) as service:
        assert (await service.incident(good["incident_id"]))["state"] == "open"
        assert (await service.sos())["state"] == "open"
        async with service.socket("operator", "ann") as console:
            assert len((await console.next("picture"))["incidents"]) == 2
            await service.call("POST", f"/v1/incidents/{good['incident_id']}/close", role="operator")
            await console.next("incident", where=lambda m: m["incident_id"] == good["incident_id"] and m["closed_at"])
