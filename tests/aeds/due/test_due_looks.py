"""What time alone changes is settled when it is due, by whoever comes first, and nothing else is looked at."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.directory import AedDirectory
from dispatch.aeds.due import rows
from dispatch.aeds.record import Readiness
from dispatch.aeds.service import AedService
from dispatch.aeds.settling.because import Because, Occasion
from dispatch.aeds.settling.settling import Settling
from tests.aeds.conftest import Registry
from tests.aeds.settling.test_settling import ADMIN, asked, events, hung, open_orders, said
from tests.people import until


async def test_pads_that_expire_are_found_out_at_midnight_where_they_hang(registry: Registry) -> None:
    aed = await hung(registry, pads_expire_on=date(2026, 6, 20))
    midnight = datetime(2026, 6, 20, 16, tzinfo=UTC)
    registry.clock.move(seconds=(midnight - registry.clock.now()).total_seconds() - 1)
    assert await registry.service.due.act() == 0
    registry.clock.move(seconds=1)
    assert await registry.service.due.act() == 1
    after = await registry.service.one(aed.id)
    assert (after.readiness, after.readiness_reasons) == (Readiness.OUT_OF_SERVICE, ("pads_expired",))
    assert registry.changes[-1] == [after]
    kind, by, data = (await events(registry, aed))[-1]
    assert (kind, by, data["occasion"], data["to"]) == ("readiness", "time", "time", "out_of_service")
    assert await registry.service.due.act() == 0


async def test_who_waited_for_a_device_takes_nothing_back_that_came_meanwhile(registry: Registry) -> None:
    aed = await hung(registry, pads_expire_on=date(2026, 6, 20))
    registry.clock.move(seconds=(datetime(2026, 6, 20, 16, tzinfo=UTC) - registry.clock.now()).total_seconds())
    before_midnight = registry.clock.now() - timedelta(seconds=1)
    assert await registry.service.due.act() == 1
    registry.clock.move(hours=1)
    ((number,),) = await asked(registry, "select count(*) from aed_events")
    # Begun before midnight, and kept waiting until the one above was done.
    async with registry.database.transaction() as connection:
        settlement = await registry.service.settling.settle(
            connection, [aed.id], now=before_midnight, why=Because.of(ADMIN, Occasion.EDIT)
        )
    assert settlement.standing[aed.id].readiness_reasons == ("pads_expired",)
    assert await registry.service.due.act() == 0
    assert await asked(registry, "select count(*) from aed_events") == [(number,)]


async def test_every_step_of_a_silence_comes_in_its_time(registry: Registry) -> None:
    aed = await hung(registry)
    await registry.service.report(aed.id, said("heartbeat"), Identity(Role.DEVICE, str(aed.id)))
    for _ in range(26 * 4):
        registry.clock.move(minutes=15)
        await registry.service.due.act()
    assert (await registry.service.one(aed.id)).readiness_reasons == ("heartbeat_overdue",)
    assert await open_orders(registry) == [("silent", 2)]
    await registry.service.report(aed.id, said("heartbeat"), Identity(Role.DEVICE, str(aed.id)))
    assert (await registry.service.one(aed.id)).readiness is Readiness.READY
    assert await open_orders(registry) == []


async def test_an_order_goes_up_when_nobody_sees_to_it(registry: Registry) -> None:
    aed = await hung(registry)
    await registry.service.report(aed.id, said("fault"), ADMIN)
    levels = set()
    for _ in range(15):
        registry.clock.move(days=1)
        await registry.service.due.act()
        levels |= {level for (level,) in await asked(registry, "select level from work_orders where cause = 'fault'")}
    assert levels == {"venue", "district", "city"}


async def test_two_services_share_what_is_due_and_settle_each_device_once(registry: Registry) -> None:
    for _ in range(30):
        await hung(registry, pads_expire_on=date(2026, 6, 17))
    other = AedService(registry.database, AedDirectory(), registry.clock, lambda _changed: None)
    registry.clock.move(days=1)
    numbers = await asyncio.gather(*(each.due.act() for each in (registry.service, other) for _ in range(3)))
    assert sum(numbers) == 30
    assert await asked(registry, "select count(*) from aed_events where data ->> 'to' = 'out_of_service'") == [(30,)]


@pytest.mark.parametrize(
    ("claim", "look"),
    [("_CLAIM_HEALTH", "act"), ("_CLAIM_ORDERS", "act"), ("_CLAIM_UNKNOWN", "adopt")],
    ids=("device", "order", "unknown"),
)
async def test_who_comes_to_a_device_late_leaves_it_to_whoever_settled_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, claim: str, look: str
) -> None:
    aed = await hung(registry, pads_expire_on=date(2026, 6, 17))
    async with registry.database.transaction() as connection:
        if claim == "_CLAIM_ORDERS":
            await registry.service.report(aed.id, said("fault"), ADMIN)
            await connection.execute(text("update aed_health set look_again_at = null"))
        if claim == "_CLAIM_UNKNOWN":
            await connection.execute(text("delete from aed_health"))
    registry.clock.move(days=8)
    other = AedService(registry.database, AedDirectory(), registry.clock, lambda _changed: None)
    settled: list[set[UUID]] = []
    settle = Settling.settle

    async def notes(self: Settling, connection: Any, aed_ids: Any, **more: Any) -> Any:
        settled.append(set(aed_ids))
        return await settle(self, connection, aed_ids, **more)

    monkeypatch.setattr(Settling, "settle", notes)
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(registry.database.transaction())
        await connection.execute(text("select pg_advisory_xact_lock(7)"))
        with monkeypatch.context() as patch:
            # It has begun to look, and comes to the device when the other has settled it.
            written = str(getattr(rows, claim)).replace(
                "where ", "where pg_advisory_xact_lock_shared(7) is not null and ", 1
            )
            patch.setattr(rows, claim, text(written))
            late = asyncio.create_task(getattr(other.due, look)())
            await until(partial(_somebody_waits, registry))
        assert await getattr(registry.service.due, look)() == 1
    assert await late == 0
    assert settled == [{aed.id}]


async def _somebody_waits(registry: Registry) -> bool:
    return bool(await asked(registry, "select 1 from pg_locks where locktype = 'advisory' and not granted"))


async def test_a_device_that_cannot_be_settled_keeps_no_other_waiting(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, *others = [await hung(registry, pads_expire_on=date(2026, 6, 17)) for _ in range(4)]
    settle = Settling.settle

    async def fails_for_one(self: Settling, connection: Any, aed_ids: Any, **more: Any) -> Any:
        if bad.id in set(aed_ids):
            raise ZeroDivisionError("of this device's making")
        return await settle(self, connection, aed_ids, **more)

    registry.clock.move(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(Settling, "settle", fails_for_one)
        assert await registry.service.due.act() == 4
        assert await registry.service.due.act() == 0
    states = [(await registry.service.one(each.id)).readiness for each in (bad, *others)]
    assert states == [Readiness.UNVERIFIED] + [Readiness.OUT_OF_SERVICE] * 3
    registry.clock.move(minutes=5)
    assert await registry.service.due.act() == 1
    assert (await registry.service.one(bad.id)).readiness is Readiness.OUT_OF_SERVICE


async def test_what_nobody_looks_at_is_an_alarm(registry: Registry) -> None:
    await hung(registry, pads_expire_on=date(2026, 6, 17))
    assert await registry.service.due.audit() == 0
    registry.clock.move(days=1)
    # The device, and the order that its pads have had for weeks, which is due too.
    assert await registry.service.due.audit() == 2
    await registry.service.due.act()
    assert await registry.service.due.audit() == 0


async def test_whoever_changes_a_policy_has_the_devices_looked_at(registry: Registry) -> None:
    owner, now = uuid4(), registry.clock.now()
    async with registry.database.transaction() as connection:
        await connection.execute(
            text(
                "insert into owners (id, level, name, created_at, updated_at)"
                " values (:id, 'venue', '少年宫', :now, :now)"
            ),
            {"id": owner, "now": now},
        )
    await hung(registry, owner_id=owner)
    await hung(registry, custodian="wang")
    await hung(registry)
    async with registry.database.transaction() as connection:
        assert await rows.look_again_at_owners(connection, [owner], now) == 1
        assert await rows.look_again_at_custodians(connection, ["wang"], now) == 1
    assert await registry.service.due.act() == 2
    async with registry.database.transaction() as connection:
        assert await rows.look_again_at_owners(connection, None, now) == 3
    assert await registry.service.due.act() == 3


async def test_a_look_that_somebody_asked_for_outlives_a_report_that_comes_before_it(registry: Registry) -> None:
    aed = await hung(registry)
    await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    # As who changes a policy does: in a second, when every process has heard of it.
    asked_for = registry.clock.now() + timedelta(seconds=1)
    async with registry.database.transaction() as connection:
        assert await rows.look_again_at_custodians(connection, ["nobody"], asked_for) == 0
        assert await rows.look_again_at_owners(connection, None, asked_for) == 1
    await registry.service.report(aed.id, said("heartbeat"), ADMIN)
    assert await registry.service.due.act() == 0
    registry.clock.move(seconds=1)
    assert await registry.service.due.act() == 1
    assert await registry.service.due.act() == 0


async def test_a_device_that_cannot_be_adopted_keeps_no_other_waiting(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    aeds = [await hung(registry) for _ in range(4)]
    bad = min(aeds, key=lambda aed: aed.id)
    async with registry.database.transaction() as connection:
        await connection.execute(text("delete from aed_health"))
    settle = Settling.settle

    async def fails_for_one(self: Settling, connection: Any, aed_ids: Any, **more: Any) -> Any:
        if bad.id in set(aed_ids):
            raise ZeroDivisionError("of this device's making")
        return await settle(self, connection, aed_ids, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Settling, "settle", fails_for_one)
        assert await registry.service.due.adopt() == 4
        assert await registry.service.due.adopt() == 0
    kept = {each for (each,) in await asked(registry, "select aed_id from aed_health")}
    assert kept == {each.id for each in aeds} - {bad.id}


async def test_a_device_that_somebody_holds_keeps_no_other_due_one_waiting(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, held, other = [await hung(registry, pads_expire_on=date(2026, 6, 17)) for _ in range(3)]
    registry.clock.move(days=1)
    settle = Settling.settle
    async with AsyncExitStack() as holding:

        async def fails_for_one(self: Settling, connection: Any, aed_ids: Any, **more: Any) -> Any:
            if bad.id in set(aed_ids):
                if len(set(aed_ids)) > 1:
                    raise ZeroDivisionError("of this device's making")
                # Somebody takes hold of another one while they are gone through one by one.
                holder = await holding.enter_async_context(registry.database.transaction())
                await holder.execute(text("select from aeds where id = :id for update"), {"id": held.id})
                raise ZeroDivisionError("of this device's making")
            return await settle(self, connection, aed_ids, **more)

        monkeypatch.setattr(Settling, "settle", fails_for_one)
        async with asyncio.timeout(20):
            assert await registry.service.due.act() == 3
        assert (await registry.service.one(other.id)).readiness is Readiness.OUT_OF_SERVICE
    monkeypatch.undo()
    assert await registry.service.due.act() == 1
    assert (await registry.service.one(held.id)).readiness is Readiness.OUT_OF_SERVICE


async def test_looking_is_one_question_to_an_index_however_many_devices_there_are(registry: Registry) -> None:
    await hung(registry)
    async with registry.database.transaction() as connection:
        await connection.execute(
            text(
                "insert into aeds (id, name, location, readiness_at, created_at, updated_at)"
                " select gen_random_uuid(), 'x', st_point(120, 30, 4326)::geography, :now, :now, :now"
                " from generate_series(1, 20000)"
            ),
            {"now": registry.clock.now()},
        )
        await connection.execute(
            text(
                "insert into aed_health (aed_id, evidence, look_again_at)"
                " select id, '{\"latest\": {}, \"sights\": {}}', :later + random() * interval '300 days' from aeds"
                " on conflict do nothing"
            ),
            {"later": registry.clock.now() + timedelta(days=1)},
        )
        await connection.execute(text("analyze aeds"))
        await connection.execute(text("analyze aed_health"))
        plan = await connection.execute(
            text(f"explain {rows._CLAIM_HEALTH.text}"), {"now": registry.clock.now(), "limit": 200}
        )
        lines = "\n".join(line for (line,) in plan)
    assert "ix_aed_health_look_again_at" in lines
    assert "Seq Scan" not in lines
