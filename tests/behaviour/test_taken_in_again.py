"""The database is back: what was decided meanwhile is written in the order in which people lived it, and they know."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from dispatch.engine import ledger
from dispatch.rescue.events import Event
from dispatch.rescue.vocabulary import IncidentId
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.stoppable_database import StoppableDatabase, is_back

HERE = beside(WULIN, north_m=100)


async def test_who_accepts_another_alert_during_the_outage_keeps_it(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    # The second incident was opened before r1 was let go of the first: taken in first, its yes would clash.
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        await stoppable.stops()
        second = await service.sos(beside(WULIN, north_m=500))
        assert second["nobody_reached"] is True
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
        await r1.next("stand_down")
        alert = await r1.next("alert", where=lambda m: m["incident_id"] == second["incident_id"])
        await r1.answer(alert, "accept")
        await r1.next("assignment", where=lambda m: m["incident_id"] == second["incident_id"])
        await stoppable.comes_back()
        await is_back(service)
        again = await r1.next("assignment", where=lambda m: m["incident_id"] == second["incident_id"] and "seq" in m)
        assert again["alert_id"] == alert["alert_id"]
        after = await service.incident(second["incident_id"])
    assert (after["state"], [each["state"] for each in after["alerts"]]) == ("responding", ["accepted"])
    assert stoppable.sql("select state, active from alerts where incident_id = %s", second["incident_id"]) == [
        ("accepted", True)
    ]


async def test_two_calls_made_one_during_the_outage_keep_who_is_coming_and_the_caller(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        async with service.socket("caller", first["incident_id"]) as caller:
            await stoppable.stops()
            second = await service.sos(beside(WULIN, north_m=30))
            path = f"/v1/incidents/{first['incident_id']}/merge"
            await service.call("POST", path, role="operator", json={"into": second["incident_id"]})
            during = await service.incident(second["incident_id"])
            await stoppable.comes_back()
            await is_back(service)
            after = await service.incident(second["incident_id"])
            assert during["state"] == after["state"] == "responding"
            assert [each["responder_id"] for each in after["alerts"] if each["state"] == "accepted"] == ["r1"]
            told = await caller.next("incident", where=lambda m: m.get("merged_into") is not None and "seq" in m)
            fresh = await service.call(
                "GET", f"/v1/incidents/{first['incident_id']}", role="caller", subject=first["incident_id"]
            )
    compared = ("state", "merged_into", "responders")
    assert {name: told[name] for name in compared} == {name: fresh[name] for name in compared}


async def test_a_team_mate_who_was_cut_off_learns_of_the_others(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
        async with service.on_duty("r1", HERE) as r1:
            await service.sos()
            first, second = await r1.next("alert"), await r2.next("alert")
            await r1.answer(first, "accept")
            await r1.next("assignment")
            await r1.settled()
            await service.service.acknowledgements.flush()
            resume = r1.resume_point
        await stoppable.stops()
        await r2.answer(second, "accept")
        await r2.next("assignment")
        await stoppable.comes_back()
        await is_back(service)
        async with service.socket("responder", "r1", resume=resume) as again:
            assert again.welcome["resumed"] is True
            told = await again.next("assignment", where=lambda m: bool(m["others"]))
            me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
    assert told["others"] == me["assignment"]["others"]


async def test_a_console_that_comes_back_hears_of_the_last_change_before_the_outage(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.socket("operator", "ann") as ann:
        resume = {"epoch": ann.welcome["epoch"], "seq": ann.welcome["seq"]}
    # Committed, and the database goes before the feed's next turn.
    async with service.service.engine.feed._flushing:
        opened = await service.sos()
        assert opened["degraded"] is False
        await stoppable.stops()
        assert service.service.recording.note_failure(psycopg.OperationalError("gone"))
    await stoppable.comes_back()
    await is_back(service)

    async def is_shown() -> bool:
        return stoppable.sql("select version = shown_version from incidents") == [(True,)]

    await until(is_shown)
    async with service.socket("operator", "ann", resume=resume) as ann:
        assert (await ann.next("incident"))["incident_id"] == opened["incident_id"]


async def test_a_journal_is_taken_in_though_the_connection_breaks_in_the_middle(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        await stoppable.stops()
        opened = await service.sos()
    await stoppable.comes_back()
    load_events = ledger.load_events
    broken: list[str] = []

    async def breaks_once(connection: AsyncConnection, incident_id: IncidentId) -> list[Event]:
        if not broken:
            broken.append(incident_id)
            await connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        return await load_events(connection, incident_id)

    monkeypatch.setattr(ledger, "load_events", breaks_once)
    async with run_in_process(settings, stoppable.url, clock) as service:
        assert broken == [opened["incident_id"]]
        assert (await service.incident(opened["incident_id"]))["state"] == "open"


async def test_phones_are_woken_for_alerts_taken_in_at_the_start(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with (
        run_in_process(settings, stoppable.url, clock) as service,
        service.on_duty("r1", HERE) as r1,
    ):
        stoppable.sql(
            "insert into push_subscriptions"
            " (id, responder_id, endpoint, service, p256dh, auth, created_at, proven_at)"
            " values (gen_random_uuid(), 'r1', 'https://push.invalid/x', 'https://push.invalid', 'k', 'a', %s, %s)",
            clock.now(),
            clock.now(),
        )
        await stoppable.stops()
        opened = await service.sos()
        await r1.next("alert")
    await stoppable.comes_back()
    async with run_in_process(settings, stoppable.url, clock) as service:
        assert stoppable.sql("select count(*) from push_jobs") == [(1,)]
        assert list(await service.alert_states(opened["incident_id"])) == ["r1"]
