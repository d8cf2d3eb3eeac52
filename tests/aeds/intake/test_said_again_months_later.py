"""A report that is said again changes nothing, though the table is split by time and months have passed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from dispatch.access.tokens import Identity, Role
from dispatch.aeds.intake.schemas import ReportIn
from dispatch.aeds.record import Access
from dispatch.problems import Conflict
from geo.place import Place
from tests.aeds.conftest import Registry

ADMIN = Identity(Role.ADMIN, "tests")


def said(kind: str, **fields: object) -> ReportIn:
    return ReportIn.model_validate({"kind": kind, **fields})


async def device(registry: Registry) -> tuple[object, Identity]:
    given = {"name": "断桥", "place": Place(30.25, 120.15), "access": Access.PUBLIC}
    aed = await registry.service.create(given, ADMIN)
    return aed.id, Identity(Role.DEVICE, str(aed.id))


async def count(registry: Registry) -> int:
    async with registry.database.statement() as connection:
        return int((await connection.execute(text("select count(*) from aed_reports"))).scalar_one())


async def test_the_same_words_are_known_again_in_another_year(registry: Registry) -> None:
    aed_id, by = await device(registry)
    at = registry.clock.now() - timedelta(hours=1)
    with_id = said("self_test", at=at, report_id=uuid4(), outcome="ok")
    without = said("heartbeat", at=at, battery_percent=80)
    for report in (with_id, without):
        assert not (await registry.service.report(aed_id, report, by)).repeated  # type: ignore[arg-type]
    for _ in range(4):
        registry.clock.move(days=100)
        for report in (with_id, without):
            assert (await registry.service.report(aed_id, report, by)).repeated  # type: ignore[arg-type]
    assert await count(registry) == 2


async def test_one_that_does_not_say_when_it_was_is_known_by_its_id_for_two_months(registry: Registry) -> None:
    aed_id, by = await device(registry)
    report = said("heartbeat", report_id=uuid4(), battery_percent=80)
    first = await registry.service.report(aed_id, report, by)  # type: ignore[arg-type]
    registry.clock.move(days=40)
    again = await registry.service.report(aed_id, report, by)  # type: ignore[arg-type]
    assert (first.repeated, again.repeated) == (False, True)
    assert await count(registry) == 1


async def test_an_id_that_was_used_for_something_else_is_refused_in_another_month_too(registry: Registry) -> None:
    aed_id, by = await device(registry)
    report_id = uuid4()
    await registry.service.report(aed_id, said("heartbeat", report_id=report_id), by)  # type: ignore[arg-type]
    registry.clock.move(days=33)
    with pytest.raises(Conflict):
        await registry.service.report(
            aed_id,  # type: ignore[arg-type]
            said("fault", report_id=report_id, at=registry.clock.now(), code="e9"),
            by,
        )
    assert await count(registry) == 1
