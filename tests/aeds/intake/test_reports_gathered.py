"""Group commit: reports of many are settled together, each answered for itself, and bounded while they wait."""

import asyncio
from typing import Any

import httpx
import pytest

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.intake import gathering
from dispatch.aeds.record import Readiness
from dispatch.aeds.settling import one_device, settling
from dispatch.problems import Problem
from dispatch.storage.availability import is_contention
from tests.aeds.conftest import Registry
from tests.aeds.settling.test_settling import ADMIN, hung, said
from tests.aeds.test_aed_endpoints import Headers, made


async def test_reports_of_the_same_moment_share_one_transaction(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    aeds = [await hung(registry) for _ in range(20)]
    groups: list[int] = []
    settle = settling.Settling.settle

    async def counted(self: settling.Settling, connection: Any, aed_ids: Any, **more: Any) -> Any:
        groups.append(len(more["reports"]))
        return await settle(self, connection, aed_ids, **more)

    monkeypatch.setattr(settling.Settling, "settle", counted)
    devices = [Identity(Role.DEVICE, str(each.id)) for each in aeds]
    taken = await asyncio.gather(
        *(registry.service.report(each.id, said("heartbeat"), who) for each, who in zip(aeds, devices, strict=True))
    )
    assert {each.aed.readiness for each in taken} == {Readiness.READY}
    assert sum(groups) == 20
    assert len(groups) <= 3


async def test_one_that_cannot_be_written_keeps_no_other_out(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    aeds = [await hung(registry) for _ in range(5)]
    settled = one_device.settled

    def fails_for_one(held: Any, *more: Any) -> Any:
        if held.aed.id == aeds[2].id:
            raise ZeroDivisionError("of this device's making")
        return settled(held, *more)

    monkeypatch.setattr(settling, "settled", fails_for_one)
    results = await registry.service.reports.batch([{"aed_id": str(each.id), "kind": "fault"} for each in aeds], ADMIN)
    assert [each.status for each in results] == ["taken", "taken", "refused", "taken", "taken"]
    problem = results[2].problem
    assert problem is not None
    assert (problem.code, problem.status) == ("internal", 500)


async def test_more_than_can_be_settled_soon_is_refused_and_faults_are_not(
    client: httpx.AsyncClient, token: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    aed = await made(client, token)
    monkeypatch.setattr(gathering, "MOST_WAITING", 2)
    path, device = f"/v1/aeds/{aed['id']}/reports", token("device", aed["id"])
    full = await client.post(f"{path}/batch", json={"reports": [{"kind": "heartbeat"}] * 3}, headers=device)
    assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (503, "reports_queue_full", "2")
    faults = await client.post(f"{path}/batch", json={"reports": [{"kind": "fault"}] * 3}, headers=device)
    assert faults.json()["taken"] == 3


async def test_whoever_goes_away_takes_nothing_with_them(registry: Registry) -> None:
    aed = await hung(registry)
    asking = asyncio.create_task(registry.service.report(aed.id, said("fault"), ADMIN))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    after = await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    assert after.aed.readiness in {Readiness.READY, Readiness.OUT_OF_SERVICE}
    await registry.service.reports.gathering.drain()
    assert len(registry.service.reports.gathering) == 0


async def test_a_device_that_somebody_holds_keeps_no_other_waiting(registry: Registry) -> None:
    held, *others = [await hung(registry) for _ in range(6)]
    async with registry.database.transaction() as connection:
        await connection.exec_driver_sql(f"select from aeds where id = '{held.id}' for update")
        takings = [
            asyncio.create_task(registry.service.report(each.id, said("fault"), ADMIN)) for each in (held, *others)
        ]
        async with asyncio.timeout(20):
            taken = await asyncio.gather(*takings[1:])
        assert {each.aed.readiness for each in taken} == {Readiness.OUT_OF_SERVICE}
        (refused,) = await asyncio.gather(takings[0], return_exceptions=True)
        assert isinstance(refused, Exception)
        assert is_contention(refused)


async def test_however_many_devices_somebody_holds_all_others_wait_no_longer(registry: Registry) -> None:
    held = [await hung(registry) for _ in range(8)]
    other = await hung(registry)
    asking = [held[0], other, *held[1:]]
    loop = asyncio.get_running_loop()
    async with registry.database.transaction() as connection:
        # As an import does, for as long as it takes.
        await connection.exec_driver_sql("select from aeds where id <> %s for update", (other.id,))
        takings = [asyncio.create_task(registry.service.report(each.id, said("fault"), ADMIN)) for each in asking]
        began = loop.time()
        answers = await asyncio.gather(*takings, return_exceptions=True)
        # Halved again and again, each half waiting for itself, they took a second for every part.
        assert loop.time() - began < 5
    assert [isinstance(each, Exception) for each in answers] == [each is not other for each in asking]
    assert (await registry.service.one(other.id)).readiness is Readiness.OUT_OF_SERVICE
    assert (await registry.service.report(held[0].id, said("fault"), ADMIN)).aed.readiness is Readiness.OUT_OF_SERVICE


async def test_one_that_cannot_be_written_keeps_no_other_out_while_somebody_holds_a_third(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, bad, *others = [await hung(registry) for _ in range(5)]
    settled = one_device.settled

    def fails_for_one(about: Any, *more: Any) -> Any:
        if about.aed.id == bad.id:
            raise ZeroDivisionError("of this device's making")
        return settled(about, *more)

    monkeypatch.setattr(settling, "settled", fails_for_one)
    async with registry.database.transaction() as connection:
        await connection.exec_driver_sql(f"select from aeds where id = '{held.id}' for update")
        answers = await asyncio.gather(
            *(registry.service.report(each.id, said("fault"), ADMIN) for each in (held, bad, *others)),
            return_exceptions=True,
        )
    assert isinstance(answers[0], Exception)
    assert is_contention(answers[0])
    assert isinstance(answers[1], Problem)
    assert answers[1].code == "internal"
    states = [(await registry.service.one(each.id)).readiness for each in others]
    assert states == [Readiness.OUT_OF_SERVICE] * 3
