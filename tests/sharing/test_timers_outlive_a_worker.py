"""What one worker began another goes on with when that worker is gone."""

import contextlib
from pathlib import Path

import pytest

from dispatch.engine.recording import Recording
from dispatch.sharing.colleagues import Colleagues
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of


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


async def test_who_leaves_when_the_worker_runs_no_more_is_told_of_in_its_last_word(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is taken for dead because of silence.
    monkeypatch.setattr(Colleagues, "forget_silent", lambda _: [])
    empty_tables(postgis_url)
    goes, stays = (settings_for_tests(tmp_path / name, redis_url=redis_server.url) for name in ("goes", "stays"))
    async with run_in_process(stays, postgis_url, clock) as other:
        async with run_in_process(goes, postgis_url, clock) as one:
            service, hub = one.service, one.service.hub
            hub.on_arrival("responder:r1")

            async def is_counted() -> bool:
                return sharing_of(other).has("responder:r1")

            await until(is_counted)
            drain = service.due_times.drain

            async def drain_and_lose() -> None:
                # What tells of it otherwise has ended by now.
                hub.on_leaving("responder:r1")
                await drain()

            monkeypatch.setattr(service.due_times, "drain", drain_and_lose)

        async def is_not() -> bool:
            return not sharing_of(other).has("responder:r1")

        await until(is_not)


def _worker(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, folder: Path
) -> contextlib.AbstractAsyncContextManager[ServiceInProcess]:
    return run_in_process(settings_for_tests(folder, redis_url=redis_server.url), postgis_url, clock)


def _noted_when_closed(recording: Recording, noted: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    close = recording.close

    def close_and_note() -> None:
        noted.append("the journal")
        close()

    monkeypatch.setattr(recording, "close", close_and_note)


async def test_a_last_word_that_goes_wrong_keeps_nothing_from_being_closed(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    async def fails() -> None:
        said.append("the last word")
        raise RuntimeError("the handler is closed")

    empty_tables(postgis_url)
    async with _worker(postgis_url, redis_server, clock, tmp_path / "stays") as stays:
        async with _worker(postgis_url, redis_server, clock, tmp_path / "goes") as one:
            service, sharing = one.service, sharing_of(one)
            await Workers([one, stays]).know_each_other()
            _noted_when_closed(service.recording, said, monkeypatch)
            monkeypatch.setattr(sharing._news, "flush", fails)
        assert said[-2:] == ["the last word", "the journal"]


async def test_a_redis_that_hangs_keeps_no_worker_from_ending(
    postgis_url: str, redis_server: RedisServer, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    empty_tables(postgis_url)
    async with _worker(postgis_url, redis_server, clock, tmp_path / "stays") as stays:
        async with _worker(postgis_url, redis_server, clock, tmp_path / "goes") as one:
            service = one.service
            await Workers([one, stays]).know_each_other()
            _noted_when_closed(service.recording, closed, monkeypatch)
            drain = service.due_times.drain

            async def drain_and_hang() -> None:
                service.hub.on_leaving("responder:r1")
                stack.enter_context(redis_server.frozen())
                await drain()

            monkeypatch.setattr(service.due_times, "drain", drain_and_hang)
            stack = contextlib.ExitStack()
        stack.close()
    assert closed == ["the journal"]
