"""Two services over one database: what one decides must not make the other lose an SOS or a first-aider."""

import contextlib
from pathlib import Path

from dispatch.rescue.vocabulary import ResponderId
from tests.people import WULIN, MovableClock, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase

HERE = beside(WULIN, north_m=100)
FAR = beside(WULIN, north_m=9000)


async def test_an_sos_is_taken_though_another_service_took_a_late_yes(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as one, one.on_duty("r1", HERE) as r1:
        first = await one.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await one.service.acknowledgements.flush()
        await one.service.responders.save_moved()
        await one.time_passes(seconds=21)
        assert await one.alert_states(first["incident_id"]) == {"r1": "expired"}
        async with run_in_process(settings, stoppable.url, clock) as other, other.socket("responder", "r1") as again:
            # r1 comes back to the other service (a rolling restart), and says yes a little late.
            await again.answer(alert, "accept")
            await again.next("assignment")
            # The next emergency is told to the first service.
            second = await one.sos(beside(WULIN, north_m=300))
            assert second["incident_id"]


async def test_who_is_free_again_by_another_service_can_be_asked_by_this_one(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with contextlib.AsyncExitStack() as old_process:
        old = await old_process.enter_async_context(run_in_process(settings, stoppable.url, clock))
        phone = await old_process.enter_async_context(old.on_duty("r1", HERE))
        first = await old.sos()
        await phone.answer(await phone.next("alert"), "accept")
        await phone.next("assignment")
        await phone.settled()
        await old.service.acknowledgements.flush()
        await old.service.responders.save_moved()
        # A rolling restart: the new one starts while the old one serves, which then goes.
        async with run_in_process(settings, stoppable.url, clock) as new:
            await old.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
            await old_process.aclose()
            async with new.socket("responder", "r1"):
                clock.move(seconds=30)
                await new.service.due_times.audit()
                await new.time_passes(seconds=30)
                assert (await new.incident(first["incident_id"]))["state"] == "closed"
                assert new.service.roster.engagement_of(ResponderId("r1")) is None
                second = await new.sos()
                assert second["alerted"] == 1


async def test_whom_a_clash_showed_to_be_bound_is_free_when_the_other_service_lets_go(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as one, one.on_duty("r1", HERE):
        await one.service.responders.save_moved()
        async with run_in_process(settings, stoppable.url, clock) as other:
            first = await one.sos()
            assert first["alerted"] == 1
            clash = await other.sos()
            assert clash["alerted"] == 0
            await one.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
            await other.call("POST", f"/v1/incidents/{clash['incident_id']}/close", role="operator")
            for _ in range(3):
                await other.service.due_times.audit()
                await other.time_passes(seconds=30)
            assert (await other.sos())["alerted"] == 1


async def test_a_merger_lets_go_of_whom_the_other_service_freed_meanwhile(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    r1 = ResponderId("r1")
    async with run_in_process(settings, stoppable.url, clock) as one, one.on_duty("r1", HERE) as phone:
        first, second = await one.sos(), await one.sos(beside(WULIN, north_m=20))
        async with run_in_process(settings, stoppable.url, clock) as other:
            engagement = other.service.roster.engagement_of(r1)
            assert engagement is not None
            assert engagement.incident_id == first["incident_id"]
            # Of this the other hears nothing: there is no Redis between them.
            await phone.answer(await phone.next("alert"), "decline")
            await phone.settled()
            path = f"/v1/incidents/{first['incident_id']}/merge"
            merged = await other.call("POST", path, role="operator", json={"into": second["incident_id"]})
            assert merged["merged"] == [first["incident_id"]]
            assert other.service.roster.engagement_of(r1) is None
