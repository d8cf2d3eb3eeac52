"""A worker that is told nothing: what the others did it finds in the rows, and decides nothing on old knowledge."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from unittest.mock import patch

import pytest

from dispatch.clock import SteadyClock
from dispatch.rescue.vocabulary import ResponderId
from tests.conftest import empty_tables
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of


@pytest.fixture
def deaf(workers: Workers) -> Iterator[ServiceInProcess]:
    """The second worker, told nothing from now on though its line is there."""
    other = workers.each[1]
    with patch.object(sharing_of(other).link, "on_news", lambda _data: None):
        yield other


async def _is_known(worker: ServiceInProcess) -> None:
    async def known() -> bool:
        return worker.service.roster.on_duty_count == 1

    await until(known)


async def test_what_is_said_at_a_worker_that_knows_too_little_is_not_refused(workers: Workers) -> None:
    one, other = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone, other.socket("responder", "r1") as tablet:
        await _is_known(other)
        opened = await one.sos()
        alert = await tablet.next("alert")
        with patch.object(sharing_of(other).link, "on_news", lambda _data: None):
            await phone.answer(alert, "accept")
            await phone.next("assignment")
            # It thinks that nobody has said yes yet.
            await tablet.progress(alert, "en_route")
            await tablet.settled()
            assert tablet.all("error") == []
        kinds = await one.timeline_kinds(opened["incident_id"])
        assert kinds.count("stage_reached") == 1


async def test_what_nobody_told_is_found(workers: Workers, deaf: ServiceInProcess) -> None:
    one = workers.each[0]
    async with deaf.socket("operator", "ann") as console, one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        opened = await one.sos()
        # By the rows alone, of a line that seems to be well.
        await console.next("incident", within_s=8)
        await phone.answer(await phone.next("alert"), "accept")
        await phone.next("assignment")

        async def follows() -> bool:
            live = deaf.service.engine.live.get(opened["incident_id"])
            return live is not None and live.incident is not None and bool(live.incident.engaged())

        await until(follows)
        assert deaf.service.roster.engagement_of(ResponderId("r1")) is not None
        await one.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")

        async def is_free() -> bool:
            return deaf.service.roster.engagement_of(ResponderId("r1")) is None

        await until(is_free)


async def test_what_a_worker_died_before_telling_operators_another_tells(workers: Workers) -> None:
    one, other = workers.each
    async with other.socket("operator", "ann") as console:
        with patch.object(one.service.engine.feed, "show", lambda _incident_id: None):
            opened = await one.sos()
            await console.next("incident", where=lambda m: m["incident_id"] == opened["incident_id"], within_s=12)
        timeline = (await other.incident(opened["incident_id"]))["timeline"]
        told = [line for message in console.all("incident") for line in message["timeline"]]
        assert told == timeline


async def test_a_profile_whose_news_got_lost_is_told_again(workers: Workers) -> None:
    one, other = workers.each
    await one.add_responder("r1")

    async def is_entered() -> bool:
        return other.service.roster.get(ResponderId("r1")) is not None

    await until(is_entered)

    async def to_nobody(_data: bytes) -> bool:
        return False

    with patch.object(sharing_of(one).link, "publish", to_nobody):
        await one.call("PATCH", "/v1/responders/r1", role="admin", json={"name": "王芳"})
        await sharing_of(one)._news.flush()

    async def is_renamed() -> bool:
        return other.service.roster.name_of(ResponderId("r1")) == "王芳"

    await until(is_renamed)


async def test_what_is_decided_on_what_was_found_is_not_dated_before_it(
    postgis_url: str, redis_server: RedisServer, tmp_path: Path
) -> None:
    empty_tables(postgis_url)
    behind = SteadyClock(wall_ns=lambda: time.time_ns() - 2_000_000_000)
    async with contextlib.AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(
                run_in_process(
                    settings_for_tests(tmp_path / name, redis_url=redis_server.url),
                    postgis_url,
                    # Nobody moves it.
                    cast("MovableClock", clock),
                )
            )
            for name, clock in (("one", SteadyClock()), ("behind", behind))
        ]
        await Workers([one, other]).know_each_other()
        with patch.object(sharing_of(other).link, "on_news", lambda _data: None):
            opened = await one.sos()
            # A deaf worker looks into the rows when it is asked.
            await other.incident(opened["incident_id"])
            await other.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        lines = (await other.incident(opened["incident_id"]))["timeline"]
        assert lines[-1]["kind"] == "closed"
        assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
