"""Every open incident is looked at in time, whatever became of its due row and of whoever should have looked."""

import contextlib
from datetime import datetime
from pathlib import Path

import pytest

from dispatch.engine.due_rows import Due
from dispatch.engine.due_times import DueTimes
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.stoppable_database import StoppableDatabase, unnoticed

FAR = beside(WULIN, north_m=9000)


async def test_an_incident_that_cannot_be_taken_in_keeps_its_deadlines(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    # A failover that lost the last commit and the due rows: what is journaled does not join on.
    service = away_service
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(WULIN, north_m=150)) as r2,
    ):
        opened = await service.sos()
        alert, _ = await r1.next("alert"), await r2.next("alert")
        await r1.settled()
        await r2.settled()
        await service.service.acknowledgements.flush()
        path = f"/v1/incidents/{opened['incident_id']}/cpr"
        await service.call("POST", path, role="operator", json={"in_progress": True})
        await stoppable.stops()
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        with unnoticed():
            await stoppable.comes_back()
            stoppable.lose_last_commit_of(opened["incident_id"])
            stoppable.sql("delete from due_times")

        async def is_there() -> bool:
            return not service.service.availability.is_away

        await until(is_there)
        await service.time_passes(seconds=25)
        await service.time_passes(seconds=25)
        states = await service.alert_states(opened["incident_id"])
    assert states == {"r1": "accepted", "r2": "expired"}


async def test_an_open_incident_without_a_due_row_is_looked_at(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    # As the previous version left one whose team was whole.
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        async with service.on_duty("r1", beside(WULIN, north_m=1500)) as r1:
            opened = await service.sos()
            await r1.answer(await r1.next("alert"), "accept")
            await r1.next("assignment")
            await r1.settled()
        await service.service.responders.save_moved()
    stoppable.sql("delete from due_times")
    async with run_in_process(settings, stoppable.url, clock) as service:
        await service.service.due_times.audit()
        # By this audit, or by the service's own at the same moment.
        assert set(stoppable.sql("select incident_id::text from due_times")) == {(opened["incident_id"],)}
        for _ in range(20):
            await service.time_passes(seconds=30)
        # Who said yes and does not move is asked whether they are on their way.
        assert "urged" in await service.timeline_kinds(opened["incident_id"])


async def test_one_locked_incident_does_not_make_others_late(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than any test takes: nobody comes to an end behind the lock, however busy the machine is.
    monkeypatch.setattr("dispatch.service._DECISION_WITHIN_S", 60.0)
    looks: list[set[str]] = []
    find_due = DueTimes._due

    async def noting(self: DueTimes, now: datetime) -> list[Due]:
        due = await find_due(self, now)
        looks.append({each.incident_id for each in due})
        return due

    monkeypatch.setattr(DueTimes, "_due", noting)
    async with (
        run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service,
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(FAR, north_m=100)) as r2,
    ):
        held = await service.sos()
        await r1.next("alert")
        clock.move(seconds=2)
        other = await service.sos(FAR)
        await r2.next("alert")

        async def both_have_it() -> bool:
            states = [await service.alert_states(each["incident_id"]) for each in (held, other)]
            return states == [{"r1": "received"}, {"r2": "received"}]

        await until(both_have_it)
        with stoppable.locked("select from incidents where id = %s for update", held["incident_id"]):
            # The first's is due before the second's, and waits for the lock.
            clock.move(seconds=18.5)
            await until(stoppable.is_waited_for)
            clock.move(seconds=2)
            looked = len(looks)

            async def is_expired() -> bool:
                return await service.alert_states(other["incident_id"]) == {"r2": "expired"}

            await until(is_expired)
            assert await stoppable.is_waited_for(), "the first is waiting still"
        # By the first look that began after it was due; one may have been under way.
        assert any(other["incident_id"] in found for found in looks[looked : looked + 2])


async def test_a_worker_that_knows_less_does_not_put_off_the_next_look(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as one, contextlib.AsyncExitStack() as stack:
        team = [
            await stack.enter_async_context(one.on_duty(f"r{each}", beside(WULIN, north_m=100 + 10 * each)))
            for each in range(4)
        ]
        opened = await one.sos()
        alerts = [await each.next("alert") for each in team]
        for person, alert in zip(team, alerts, strict=True):
            await person.answer(alert, "accept")
            await person.settled()
            await person.progress(alert, "on_scene")
            await person.settled()
        await one.service.acknowledgements.flush()
        await one.service.responders.save_moved()
        async with run_in_process(settings, stoppable.url, clock) as other:
            # To this one everybody is on the scene, and there is little to look at.
            await other.incident(opened["incident_id"])
            clock.move(seconds=30)
            await stack.enter_async_context(one.on_duty("x1", beside(WULIN, north_m=120)))
            for person, alert in zip(team, alerts, strict=True):
                await person.progress(alert, "gave_up")
                await person.settled()

            async def waits_for_answers() -> bool:
                return stoppable.sql("select kind from due_times") == [("respond_by",)]

            # Once devices have said that they have their alerts.
            await until(waits_for_answers)
            due = stoppable.sql("select kind, due_at from due_times")
            await other.service.engine.let_time_pass(opened["incident_id"])
            assert stoppable.sql("select kind, due_at from due_times") == due
            await one.time_passes(seconds=21)
            assert (await one.alert_states(opened["incident_id"]))["x1"] == "expired"
