"""What settling makes of reports, edits and silence: the record, events, orders, what is looked at again and when."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import event, text

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.record import Access, Aed, Readiness
from dispatch.aeds.settling import rows
from dispatch.aeds.settling.kept import Kept
from geo.place import Place
from tests.aeds.conftest import Registry

ADMIN = Identity(Role.ADMIN, "tests")
LAKE = Place(30.25, 120.15)


def said(kind: str, **fields: Any) -> ReportIn:
    return ReportIn.model_validate({"kind": kind, **fields})


async def hung(registry: Registry, **values: Any) -> Aed:
    given: dict[str, Any] = {"name": "断桥", "place": LAKE, "access": Access.PUBLIC, "opening_hours": "24/7"}
    return await registry.service.create(given | values, ADMIN)


async def asked(registry: Registry, question: str, **parameters: Any) -> list[Any]:
    async with registry.database.statement() as connection:
        return [tuple(row) for row in await connection.execute(text(question), parameters)]


async def events(registry: Registry, aed: Aed) -> list[tuple[str, str, dict[str, Any]]]:
    return await asked(registry, "select kind, by, data from aed_events where aed_id = :id order by id", id=aed.id)


async def kept(registry: Registry, ids: Iterable[UUID]) -> dict[UUID, Kept]:
    async with registry.database.statement() as connection:
        return await rows.kept_of(connection, list(ids))


async def open_orders(registry: Registry) -> list[tuple[str, int]]:
    return await asked(registry, "select cause, urgency from work_orders where closed_at is null order by cause")


async def test_every_change_of_state_is_an_event_with_its_cause(registry: Registry) -> None:
    aed = await hung(registry)
    device = Identity(Role.DEVICE, str(aed.id))
    await registry.service.report(aed.id, said("heartbeat"), device)
    await registry.service.report(aed.id, said("heartbeat"), device)
    fault = await registry.service.report(aed.id, said("fault", code="e9"), device)
    await registry.service.change(aed.id, {"phone": "120"}, ADMIN)
    await registry.service.remove(aed.id, ADMIN)
    told = await events(registry, aed)
    assert [(kind, by) for kind, by, _ in told] == [
        ("registered", "admin:tests"),
        ("readiness", "admin:tests"),
        ("changed", f"device:{aed.id}"),
        ("readiness", f"device:{aed.id}"),
        ("readiness", f"device:{aed.id}"),
        ("changed", "admin:tests"),
        ("removed", "admin:tests"),
    ]
    assert told[2][2]["fields"] == {"is_connected": [None, True]}
    assert told[4][2] == {
        "occasion": "report",
        "from": "ready",
        "to": "out_of_service",
        "reasons": ["fault_e9"],
        "reasons_before": [],
        "report_id": str(fault.report.id),
        "report_kind": "fault",
    }
    assert told[5][2] == {"occasion": "edit", "fields": {"phone": [None, "120"]}}


async def test_an_event_is_of_the_time_that_its_report_tells(registry: Registry) -> None:
    aed = await hung(registry)
    at = registry.clock.now() - timedelta(hours=5)
    await registry.service.report(aed.id, said("fault", at=at), ADMIN)
    (found,) = await asked(registry, "select at, recorded_at from aed_events where data ->> 'to' = 'out_of_service'")
    assert found == (at, registry.clock.now())


async def test_a_fault_opens_one_order_and_an_inspection_closes_it(registry: Registry) -> None:
    aed = await hung(registry)
    for code in ("e1", "e2"):
        registry.clock.move(minutes=1)
        await registry.service.report(aed.id, said("fault", code=code), ADMIN)
    assert await open_orders(registry) == [("fault", 2)]
    registry.clock.move(minutes=1)
    await registry.service.report(aed.id, said("inspection", outcome="ok"), ADMIN)
    assert await open_orders(registry) == []
    assert await asked(registry, "select closed_by from work_orders") == [("evidence",)]
    registry.clock.move(minutes=1)
    await registry.service.report(aed.id, said("used"), ADMIN)
    await registry.service.remove(aed.id, ADMIN)
    assert await asked(registry, "select closed_by from work_orders order by closed_at, closed_by") == [
        ("evidence",),
        ("removed",),
    ]


async def test_dates_are_those_seen_last_field_by_field(registry: Registry) -> None:
    aed = await hung(registry)
    now = registry.clock.now()
    newer = said("inspection", outcome="ok", pads_expire_on="2029-01-31", at=now - timedelta(days=1))
    older = said(
        "inspection",
        outcome="ok",
        pads_expire_on="2027-01-31",
        battery_expires_on="2030-05-31",
        at=now - timedelta(days=9),
    )
    await registry.service.report(aed.id, newer, ADMIN)
    after = (await registry.service.report(aed.id, older, ADMIN)).aed
    assert (after.pads_expire_on, after.battery_expires_on) == (date(2029, 1, 31), date(2030, 5, 31))
    by_hand = await registry.service.change(aed.id, {"battery_expires_on": date(2031, 1, 31)}, ADMIN)
    assert by_hand.battery_expires_on == date(2031, 1, 31)
    late = said("inspection", outcome="ok", battery_expires_on="2026-12-31", at=now - timedelta(hours=1))
    assert (await registry.service.report(aed.id, late, ADMIN)).aed.battery_expires_on == date(2031, 1, 31)


async def test_a_mobile_device_is_where_it_was_last_and_makes_no_noise(registry: Registry) -> None:
    taxi = await hung(registry, is_mobile=True, carried_by="zhang")
    device = Identity(Role.DEVICE, str(taxi.id))
    registry.clock.move(hours=1)
    now = registry.clock.now()
    there = said("location", location={"latitude": 30.31, "longitude": 120.21}, at=now - timedelta(minutes=1))
    older = said("location", location={"latitude": 30.41, "longitude": 120.31}, at=now - timedelta(minutes=9))
    await registry.service.report(taxi.id, there, device)
    after = (await registry.service.report(taxi.id, older, device)).aed
    assert (after.place, after.fix_at) == (Place(30.31, 120.21), now - timedelta(minutes=1))
    assert (await registry.service.one(taxi.id)).place == after.place
    await registry.directory.load(registry.database)
    assert registry.directory.get(taxi.id) == after
    assert [kind for kind, _, data in await events(registry, taxi) if "place" in str(data.get("fields"))] == []


async def test_a_fixed_device_that_says_it_is_elsewhere_has_moved(registry: Registry) -> None:
    aed = await hung(registry)
    registry.clock.move(minutes=1)
    away = said("location", location={"latitude": 30.26, "longitude": 120.15})
    after = (await registry.service.report(aed.id, away, Identity(Role.DEVICE, str(aed.id)))).aed
    assert (after.readiness_reasons, after.place) == (("moved",), LAKE)
    # Entered there by hand, that is where it belongs, and what it said before counts no more.
    registry.clock.move(minutes=1)
    entered = await registry.service.change(aed.id, {"place": Place(30.27, 120.15)}, ADMIN)
    assert "moved" not in entered.readiness_reasons


async def test_when_it_is_looked_at_again_follows_from_the_record_too(registry: Registry) -> None:
    aed = await hung(registry)
    await registry.service.change(aed.id, {"pads_expire_on": date(2026, 6, 20)}, ADMIN)
    (found,) = await asked(registry, "select look_again_at from aed_health")
    # Midnight of Hangzhou after the last good day.
    assert found[0].isoformat() == "2026-06-20T16:00:00+00:00"
    await registry.service.remove(aed.id, ADMIN)
    assert await asked(registry, "select look_again_at from aed_health") == [(None,)]


async def test_what_an_older_version_left_is_concluded_from_its_reports(registry: Registry) -> None:
    good, bad = await hung(registry), await hung(registry)
    await registry.service.report(good.id, said("inspection", outcome="ok", pads_expire_on="2029-01-31"), ADMIN)
    for percent in (80, 15):
        registry.clock.move(minutes=1)
        await registry.service.report(bad.id, said("heartbeat", battery_percent=percent), ADMIN)
    await registry.service.report(bad.id, said("heartbeat"), ADMIN)
    for is_open in (True, False, True):
        registry.clock.move(minutes=1)
        await registry.service.report(bad.id, said("door", open=is_open), ADMIN)
    before = await kept(registry, [good.id, bad.id])
    async with registry.database.transaction() as connection:
        await connection.execute(text("delete from aed_health"))
        await connection.execute(text("update aeds set readiness = 'unverified', belief = null"))
    await registry.directory.load(registry.database)
    assert await registry.service.due.adopt() == 2
    assert await registry.service.due.adopt() == 0
    after = await kept(registry, [good.id, bad.id])
    assert {each: after[each].latest for each in after} == {each: before[each].latest for each in before}
    assert (await registry.service.one(good.id)).readiness is Readiness.READY
    assert (await registry.service.one(bad.id)).readiness_reasons == ("battery_low",)
    assert (await registry.service.one(bad.id)).belief is not None


async def test_what_an_older_version_takes_meanwhile_is_not_forgotten(registry: Registry) -> None:
    aed = await hung(registry)
    device = Identity(Role.DEVICE, str(aed.id))
    await registry.service.report(aed.id, said("heartbeat"), device)
    registry.clock.move(minutes=1)
    async with registry.database.transaction() as connection:
        now = {"id": aed.id, "now": registry.clock.now()}
        await connection.execute(
            text(
                "insert into aed_reports (id, aed_id, kind, at, received_at, reported_by, data)"
                " values (gen_random_uuid(), :id, 'fault', :now, :now, 'admin:x', '{\"code\": \"e7\"}')"
            ),
            now,
        )
        await connection.execute(
            text("update aeds set readiness = 'out_of_service', updated_at = :now where id = :id"), now
        )
    registry.clock.move(minutes=1)
    after = (await registry.service.report(aed.id, said("heartbeat"), device)).aed
    assert (after.readiness, after.readiness_reasons) == (Readiness.OUT_OF_SERVICE, ("fault_e7",))
    assert await open_orders(registry) == [("fault", 2)]


async def test_settling_many_costs_no_more_statements_than_settling_few(registry: Registry) -> None:
    counts = []
    for number in (2, 100):
        aeds = [await hung(registry) for _ in range(number)]
        reports = [{"aed_id": str(each.id), "kind": "heartbeat"} for each in aeds]
        before = await asked(registry, "select count(*) from aed_reports")
        seen: list[str] = []
        engine = registry.database._engine.sync_engine

        def note(_c: Any, _cursor: Any, statement: str, *_more: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        await registry.service.reports.batch(reports, ADMIN)
        event.remove(engine, "before_cursor_execute", note)
        assert await asked(registry, "select count(*) from aed_reports") == [(before[0][0] + number,)]
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 9
