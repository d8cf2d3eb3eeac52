"""Telling centres stands in nobody's way: an SOS is one statement as ever, and waits for no follower or receiver."""

import asyncio
import json
from typing import Any

import pytest

from dispatch.centres import feed_rows, following
from dispatch.centres.following import Followed
from dispatch.engine import statements, turns
from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared
from tests.centres.conftest import feed, has_all, open_case, webhook
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.push.receiving import Answer, Listener


async def test_an_sos_is_one_statement_that_knows_of_no_centre(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    run: list[str] = []
    ran = Database.run

    async def noted(self: Database, statement: Prepared, parameters: Any) -> Any:
        run.append(statement.name.decode())
        return await ran(self, statement, parameters)

    monkeypatch.setattr(Database, "run", noted)
    async with service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        run.clear()
        await service.sos()
        written = [each for each in run if each.startswith(("open", "continue"))]
        assert written == ["open"]
        await phone.next("alert")
    for each in (statements.OPEN, statements.OPEN_AND_CALL, statements.CONTINUE, statements.CONTINUE_AND_CALL):
        assert b"centre" not in each.sql
        assert b"fed_version" not in each.sql


async def test_an_emergency_goes_on_while_a_follower_hangs_in_the_middle(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs, goes_on = asyncio.Event(), asyncio.Event()
    add = feed_rows.add

    async def slowly(*said: Any) -> int:
        # Everything is written and held, and nothing is committed.
        end = await add(*said)
        hangs.set()
        await goes_on.wait()
        return end

    async with service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        with monkeypatch.context() as patched:
            patched.setattr(following, "_UNAWAITED_GATHER_S", 0.1)
            patched.setattr(feed_rows, "add", slowly)
            opened = await service.sos()
            async with asyncio.timeout(5):
                await hangs.wait()
                # This very incident goes on, and others open.
                alert = await phone.next("alert")
                await phone.answer(alert, "accept")
                await phone.next("assignment")
                await service.sos(beside(WULIN, north_m=5000))
        goes_on.set()
    told = (await feed(service))["events"]
    assert [each["type"] for each in told if each["incident_id"] == opened["incident_id"]] == [
        "incident.opened",
        "responder.accepted",
    ]


async def test_a_hundred_cases_are_all_told_in_order_while_a_receiver_hangs(
    service: ServiceInProcess, receiver: Listener
) -> None:
    receiver.answer_for = lambda each: Answer(204, hang_s=30) if each.path == "/hangs" else None
    await webhook(service, receiver, "/hangs")
    made = await webhook(service, receiver, "/told")
    places = [{"latitude": 29.0 + number / 50, "longitude": 120.0} for number in range(100)]
    opened = await asyncio.gather(
        *(open_case(service, f"2026-{number}", location=place) for number, place in enumerate(places))
    )
    await has_all(service, made)
    assert len({each["incident_id"] for each in opened}) == 100
    assert sum(each.path == "/told" for each in receiver.heard) == 100
    # Eight side by side, and then no more until one of those is answered.
    assert sum(each.path == "/hangs" for each in receiver.heard) <= 8


async def test_what_nobody_has_awaited_is_there_for_the_first_who_asks(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _is_awaited_by_none(service, monkeypatch)
    opened = await service.sos()
    assert [each["incident_id"] for each in await _asked_for(service)] == [opened["incident_id"]]
    # Who has asked once asks again, and waits for nothing that is put off.
    other = await service.sos(beside(WULIN, north_m=2_000))

    async def is_told() -> bool:
        return bool((await _asked_for(service))[-1]["incident_id"] == other["incident_id"])

    await until(is_told)


async def test_the_first_webhook_is_told_at_once(
    service: ServiceInProcess, receiver: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _is_awaited_by_none(service, monkeypatch)
    await webhook(service, receiver)
    opened = await service.sos()

    async def is_told() -> bool:
        return any(json.loads(each.body)["incident_id"] == opened["incident_id"] for each in receiver.heard)

    await until(is_told)


async def test_the_feed_is_made_when_the_sos_under_way_is_through(
    service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _is_awaited_by_none(service, monkeypatch)
    await service.sos()
    monkeypatch.setattr(turns, "_HELD_S", 600.0)
    monkeypatch.setattr(following, "_PATIENT_S", 600.0)
    with service.service.engine.turns.sos():
        followed = asyncio.create_task(service.service.centres.follower.follow())
        done, _ = await asyncio.wait([followed], timeout=0.5)
        assert not done
    assert await followed is Followed.ALL


async def _is_awaited_by_none(service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody awaits the feed, and what nobody awaits is put off for long."""

    async def is_known() -> bool:
        return service.service.centres.deliveries.active == 0

    # Until they are counted there may be webhooks.
    await until(is_known)
    monkeypatch.setattr(following, "_UNAWAITED_GATHER_S", 60.0)


async def _asked_for(service: ServiceInProcess) -> list[Any]:
    told = await service.call("GET", "/v1/centres/events", role="operator", subject="ann")
    return list(told["events"])
