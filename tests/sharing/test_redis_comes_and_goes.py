"""Redis stopped, flushed, hanging, or cut off from one worker: nobody waits, nothing is lost, all heals by itself."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dispatch.rescue.vocabulary import ResponderId
from dispatch.sharing.sharing import Sharing
from tests.conftest import empty_tables
from tests.people import (
    WULIN,
    MovableClock,
    ServiceInProcess,
    SocketClient,
    beside,
    run_in_process,
    settings_for_tests,
    until,
)
from tests.redis_server import RedisServer, Wire
from tests.sharing.conftest import Workers, sharing_of

Two = tuple[ServiceInProcess, ServiceInProcess]


async def _all_apart(workers: Workers, *, apart: bool) -> None:
    async def is_so() -> bool:
        return all(sharing_of(each).is_away == apart for each in workers.each)

    await until(is_so)


async def _place_is_known(worker: ServiceInProcess, responder_id: str, within_s: float = 10) -> None:
    async def known() -> bool:
        responder = worker.service.roster.get(ResponderId(responder_id))
        return responder is not None and responder.on_duty and responder.fix is not None

    await until(known, within_s=within_s)


async def _answers_and_ends(asked: ServiceInProcess, told: ServiceInProcess, phone: SocketClient) -> None:
    """The whole of a small rescue, asked of one worker and told at the other."""
    opened = await asked.sos()
    await phone.answer(await phone.next("alert"), "accept")
    await phone.next("assignment")

    async def has_accepted() -> bool:
        states = [await worker.alert_states(opened["incident_id"]) for worker in (asked, told)]
        return all("accepted" in each.values() for each in states)

    await until(has_accepted)
    await asked.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await phone.next("stand_down")


async def test_with_redis_stopped_an_alert_reaches_the_other_workers_socket_through_the_rows(
    workers: Workers, redis_server: RedisServer
) -> None:
    one, other = workers.each
    async with other.on_duty("r1", beside(WULIN, north_m=100)) as phone, one.socket("operator", "ann") as console:
        await _place_is_known(one, "r1")
        redis_server.stops()
        await _all_apart(workers, apart=True)
        await console.next("picture", where=lambda m: bool(m["counts"].get("apart")))
        began_s = time.monotonic()
        opened = await one.sos()
        assert opened["alerted"] == 1
        assert time.monotonic() - began_s < 1.0
        alert = await phone.next("alert")
        assert time.monotonic() - began_s < 1.5
        await phone.answer(alert, "accept")
        await phone.next("assignment")
        await console.next("incident", where=lambda m: m["state"] == "responding")
        redis_server.runs()
        await _all_apart(workers, apart=False)
        await workers.know_each_other()
        await console.next("picture", where=lambda m: m["counts"].get("apart") is False)
        await one.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await phone.next("stand_down")


async def test_what_happened_while_redis_was_away_is_known_when_it_is_back(
    workers: Workers, redis_server: RedisServer
) -> None:
    one, other = workers.each
    async with contextlib.AsyncExitStack() as stack:
        await one.add_responder("r1")
        await _is_entered(other, "r1")
        redis_server.stops()
        await _all_apart(workers, apart=True)
        phone = await stack.enter_async_context(other.on_duty("r2", beside(WULIN, north_m=100)))
        tablet = await stack.enter_async_context(one.socket("responder", "r2"))
        await one.call("PATCH", "/v1/responders/r1", role="admin", json={"name": "王芳"})
        opened = await one.sos(beside(WULIN, north_m=30_000))
        redis_server.runs()
        await _all_apart(workers, apart=False)
        await workers.know_each_other()
        await _place_is_known(one, "r2")

        async def heals() -> bool:
            renamed = other.service.roster.name_of(ResponderId("r1")) == "王芳"
            follows = other.service.engine.live.get(opened["incident_id"]) is not None
            return renamed and follows and other.service.hub.elsewhere.has("responder:r2")

        await until(heals)
        await _answers_and_ends(one, other, phone)
        await tablet.next("stand_down")


async def _is_entered(worker: ServiceInProcess, responder_id: str) -> None:
    async def is_entered() -> bool:
        return worker.service.roster.get(ResponderId(responder_id)) is not None

    await until(is_entered)


async def test_who_joins_a_flushed_redis_knows_where_everybody_is(
    workers: Workers, redis_server: RedisServer, postgis_url: str, clock: MovableClock, tmp_path: Path
) -> None:
    one, _ = workers.each
    async with one.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        with redis_server.client() as client:
            client.flushall()
        await one.service.responders.save_moved()
        settings = settings_for_tests(tmp_path / "third", redis_url=redis_server.url)
        async with run_in_process(settings, postgis_url, clock) as third:
            assert (await third.sos())["alerted"] == 1
            await phone.next("alert")


async def test_a_redis_that_hangs_is_noticed_and_an_sos_does_not_wait_for_it(
    workers: Workers, redis_server: RedisServer
) -> None:
    one, other = workers.each
    async with other.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        await _place_is_known(one, "r1")
        with redis_server.frozen():
            began_s = time.monotonic()
            opened = await one.sos()
            assert time.monotonic() - began_s < 1.0
            alert = await phone.next("alert")
            assert time.monotonic() - began_s < 4.5
            await _all_apart(workers, apart=True)
            assert time.monotonic() - began_s < 4.5
            began_s = time.monotonic()
            await phone.answer(alert, "accept")
            await phone.next("assignment")
            await one.sos(beside(WULIN, north_m=30_000))
            assert time.monotonic() - began_s < 2.0
        await _all_apart(workers, apart=False)
        await workers.know_each_other()
        await one.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await phone.next("stand_down")


@pytest.fixture
async def wire(redis_server: RedisServer) -> AsyncIterator[Wire]:
    """One worker's line to Redis."""
    async with Wire(redis_server.port).laid() as wire:
        yield wire


@pytest.fixture
async def two(
    postgis_url: str, redis_server: RedisServer, wire: Wire, clock: MovableClock, tmp_path: Path
) -> AsyncIterator[Two]:
    """Two workers, of which the second reaches Redis over the wire."""
    empty_tables(postgis_url)
    near = settings_for_tests(tmp_path / "near", redis_url=redis_server.url)
    far = settings_for_tests(tmp_path / "far", redis_url=f"redis://127.0.0.1:{wire.port}/0")
    async with run_in_process(near, postgis_url, clock) as one, run_in_process(far, postgis_url, clock) as other:
        await _hear(one, other, count=1)
        yield one, other


async def _hear(*workers: ServiceInProcess, count: int) -> None:
    async def so_many() -> bool:
        return all(len(sharing_of(each).colleagues) == count for each in workers)

    await until(so_many)


async def test_a_worker_cut_off_from_redis_goes_on_with_the_others_through_the_rows(two: Two, wire: Wire) -> None:
    one, other = two
    async with (
        one.on_duty("r1", beside(WULIN, north_m=100)) as phone,
        other.on_duty("r2", beside(WULIN, north_m=200)) as far_phone,
    ):
        for worker in two:
            await _place_is_known(worker, "r1")
            await _place_is_known(worker, "r2")
        wire.cut()
        began_s = time.monotonic()
        opened = await other.sos()
        assert opened["alerted"] == 2
        assert time.monotonic() - began_s < 1.0
        alerts = [await client.next("alert") for client in (phone, far_phone)]
        assert time.monotonic() - began_s < 4.5

        async def is_noticed() -> bool:
            return sharing_of(other).is_away and len(sharing_of(one).colleagues) == 0

        await until(is_noticed)
        assert not sharing_of(one).is_away
        await phone.answer(alerts[0], "accept")
        await phone.next("assignment")
        await far_phone.answer(alerts[1], "accept")
        await far_phone.next("assignment")
        wire.mended()
        await _hear(one, other, count=1)
        for worker in two:
            states = await worker.alert_states(opened["incident_id"])
            assert states == {"r1": "accepted", "r2": "accepted"}
        await one.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        for client in (phone, far_phone):
            await client.next("stand_down")


async def test_a_worker_that_hangs_is_not_counted_on_and_is_again_when_it_is_back(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = workers.each
    async with other.on_duty("r1", beside(WULIN, north_m=100)):
        await _place_is_known(one, "r1")

        async def is_counted() -> bool:
            return one.service.hub.is_connected("responder:r1")

        await until(is_counted)
        hangs = asyncio.Event()

        async def said_to_nobody(_link: object, _data: bytes) -> bool:
            await hangs.wait()
            return False

        with monkeypatch.context() as patch:
            # Both are in this process: what the others see of a worker that hangs is that it says nothing.
            patch.setattr(sharing_of(other).link, "publish", said_to_nobody.__get__(sharing_of(other).link))

            async def is_not() -> bool:
                return not one.service.hub.is_connected("responder:r1")

            await until(is_not)
            assert one.service.hub.count("responder:") == 0
        hangs.set()
        await until(is_counted)


async def test_news_of_somebody_elses_service_at_the_same_redis_are_none(
    workers: Workers, redis_server: RedisServer, tmp_path: Path, postgis_url: str, clock: MovableClock
) -> None:
    settings = settings_for_tests(tmp_path / "rehearsal", redis_url=redis_server.url)
    settings.secret = SecretStr("another secret, of a rehearsal at the same Redis")
    async with run_in_process(settings, postgis_url, clock):
        one: Sharing = sharing_of(workers.each[0])
        with redis_server.client() as client:
            client.publish("dispatch:{news-00}", b"no envelope at all")
        for each in workers.each:
            await each.sos()
        await workers.know_each_other()
        assert len(one.colleagues) == 1
