"""An SOS is answered and alerted, whatever the database does in that very moment."""

import asyncio

import pytest

from dispatch.rescue.vocabulary import ResponderId
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.stoppable_database import StoppableDatabase, is_back, is_known_to_be_away, unnoticed

FAR = beside(WULIN, north_m=9000)
HERE = beside(WULIN, north_m=100)


async def test_a_table_is_locked(stoppable: StoppableDatabase, away_service: ServiceInProcess) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        with stoppable.locked("lock table incidents in access exclusive mode"):
            opened = await service.sos()
            assert opened["alerted"] == 1
            alert = await r1.next("alert")
        assert alert["incident_id"] == opened["incident_id"]
        await is_back(service)
    assert stoppable.sql("select id::text, state from incidents") == [(opened["incident_id"], "alerting")]


async def test_the_database_goes_while_a_clash_is_looked_into(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        await service.sos()
        alert = await r1.next("alert")
        # Another worker would have bound r1; here this one forgets that it did. The next opening clashes.
        service.service.roster.release(ResponderId("r1"), alert["alert_id"])
        answered_before = service.service.sos._answered_before

        async def gone(request_id: str) -> object:
            await stoppable.stops()
            return await answered_before(request_id)

        monkeypatch.setattr(service.service.sos, "_answered_before", gone)
        second = await service.sos()
        monkeypatch.undo()
        await stoppable.comes_back()
        await is_back(service)
    assert (await service.incident(second["incident_id"]))["incident_id"] == second["incident_id"]


async def test_the_rows_hold_whom_memory_knows_to_be_free(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    # A failover lost the commit that closed an incident: in the rows its responder is bound for good.
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        await r1.settled()

        async def is_acknowledged() -> bool:
            return "received" in await service.timeline_kinds(first["incident_id"])

        # What is being written down just now would be missing in the version that is put back below.
        await until(is_acknowledged)
        ((state, version),) = stoppable.sql("select state, version from incidents")
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
        await r1.next("stand_down")
        await stoppable.stops()
        await service.sos(FAR)
        with unnoticed():
            await stoppable.comes_back()
            stoppable.lose_last_commit_of(first["incident_id"])
            stoppable.sql(
                "update incidents set state = %s, version = %s, closed_at = null where id = %s",
                state,
                version,
                first["incident_id"],
            )
            stoppable.sql("update alerts set active = true, state = 'accepted'")
        await is_back(service)
        second = await service.sos()
        assert second["alerted"] == 1
        await r1.next("alert", where=lambda m: m["incident_id"] == second["incident_id"])
    assert stoppable.sql("select state from incidents where id = %s", first["incident_id"]) == [("closed",)]


async def test_nobody_counts_as_alerted_whom_only_a_push_would_reach(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    # Pushes wait in the database: known to be away, it reaches nobody.
    service = away_service
    async with service.on_duty("r1", HERE):
        pass
    await service.service.responders.save_moved()
    now = service.clock.now()
    stoppable.sql(
        "insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at, proven_at)"
        " values (gen_random_uuid(), 'r1', 'https://push.invalid/x', 'https://push.invalid', 'k', 'a', %s, %s)",
        now,
        now,
    )
    await service.service.push.channels.refresh("r1")
    service.clock.move(seconds=200)
    async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
        await stoppable.stops()
        await is_known_to_be_away(service)
        opened = await service.sos()
        assert opened["alerted"] == 1
        await r2.next("alert")
        assert list(await service.alert_states(opened["incident_id"])) == ["r2"]


async def test_who_goes_off_duty_while_their_alert_is_written_is_declined(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        with stoppable.locked("lock table incidents in exclusive mode"):
            tapped = asyncio.create_task(service.sos())
            await until(stoppable.is_waited_for)
            await r1.say(type="duty", on_duty=False)
            await r1.settled()
            assert r1.all("error") == []
        opened = await tapped

        # Going off duty is a no.
        async def is_declined() -> bool:
            return await service.alert_states(opened["incident_id"]) == {"r1": "declined"}

        await until(is_declined)
