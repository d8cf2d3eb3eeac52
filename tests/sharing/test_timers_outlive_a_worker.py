"""What one worker began another goes on with when that worker is gone."""

from pathlib import Path

from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer


async def test_the_time_to_answer_of_an_alert_ends_though_its_worker_is_gone(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path
) -> None:
    empty_tables(postgis_url)
    goes, stays = (settings_for_tests(tmp_path / name, redis_url=redis_server.url) for name in ("goes", "stays"))
    async with run_in_process(stays, postgis_url, clock) as other:
        async with run_in_process(goes, postgis_url, clock) as one:
            near, far = beside(WULIN, north_m=100), beside(WULIN, north_m=2500)
            async with one.on_duty("r1", near), other.on_duty("r2", far):

                async def knows_both() -> bool:
                    return one.service.roster.on_duty_count == 2

                await until(knows_both)
                opened = await one.sos()
        assert (await other.alert_states(opened["incident_id"]))["r1"] in {"offered", "received"}
        await other.time_passes(seconds=21)
        assert (await other.alert_states(opened["incident_id"]))["r1"] == "expired"


async def test_who_was_connected_to_a_worker_that_went_is_counted_no_longer_at_once(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path
) -> None:
    empty_tables(postgis_url)
    goes, stays = (settings_for_tests(tmp_path / name, redis_url=redis_server.url) for name in ("goes", "stays"))
    async with run_in_process(stays, postgis_url, clock) as other:
        async with run_in_process(goes, postgis_url, clock) as one, one.on_duty("r1", WULIN):

            async def is_counted() -> bool:
                return other.service.hub.is_connected("responder:r1")

            await until(is_counted)

        async def is_not() -> bool:
            return not other.service.hub.is_connected("responder:r1")

        # Long before silence would tell.
        await until(is_not, within_s=2)
