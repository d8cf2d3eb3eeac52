"""Rows that nobody here can read (a later version's, or spoilt by hand) hold nobody else up."""

import contextlib
from datetime import datetime

import pytest

from dispatch.engine.due_rows import Due
from dispatch.metrics import DUE_OVERDUE
from tests.people import WULIN, ServiceInProcess, beside
from tests.stoppable_database import StoppableDatabase, is_back, is_known_to_be_away, unnoticed

HERE = beside(WULIN, north_m=100)
FAR = beside(WULIN, north_m=5000)


@pytest.mark.parametrize(("path", "value"), [("{1,data}", "null"), ("{1,kind}", '"teleported"')])
async def test_what_is_spoilt_keeps_no_other_from_being_taken_in(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, path: str, value: str
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        spoilt = await service.sos()
        alert = await r1.next("alert")
        await stoppable.stops()
        await is_known_to_be_away(service)
        await r1.answer(alert, "decline")
        await r1.settled()
        whole = await service.sos(FAR)
        with unnoticed():
            await stoppable.comes_back()
            stoppable.sql(
                "update incident_events set events = jsonb_set(events::jsonb, %s::text[], %s::jsonb)"
                " where incident_id = %s and number = 1",
                path,
                value,
                spoilt["incident_id"],
            )
        # The spoilt one stays unwritten.
        with contextlib.suppress(TimeoutError):
            await is_back(service, within_s=4)
        assert stoppable.sql("select state from incidents where id = %s", whole["incident_id"]) == [("open",)]


async def test_the_alarm_of_the_audit_does_not_depend_on_who_is_bound(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service

    async def nothing_is_due(_now: datetime) -> list[Due]:
        return []

    async with service.on_duty("r1", HERE) as r1:
        opened = await service.sos()
        await r1.next("alert")
        # Whoever took the row meanwhile would put it off, and there were nothing to sound an alarm for.
        monkeypatch.setattr(service.service.due_times, "_due", nothing_is_due)
        # A later version's word, amid a rolling upgrade.
        stoppable.sql("update alerts set state = 'hesitating' where incident_id = %s", opened["incident_id"])
        stoppable.sql(
            "update due_times set due_at = '2020-01-01', tries = 5 where incident_id = %s", opened["incident_id"]
        )
        DUE_OVERDUE.set(0)
        with contextlib.suppress(ValueError):
            await service.service.due_times.audit()
        assert DUE_OVERDUE._value.get() > 0
