"""The device did not acknowledge, and the database was away when the other channels were due."""

from tests.people import WULIN, ServiceInProcess, beside, until
from tests.stoppable_database import StoppableDatabase, is_back

HERE = beside(WULIN, north_m=100)


async def test_the_other_channels_are_tried_when_it_is_back(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        now = service.clock.now()
        stoppable.sql(
            "insert into push_subscriptions (id, responder_id, endpoint, service, p256dh, auth, created_at, proven_at)"
            " values (gen_random_uuid(), 'r1', 'https://push.invalid/x', 'https://push.invalid', 'k', 'a', %s, %s)",
            now,
            now,
        )
        await service.service.push.channels.refresh("r1")
        # A phone whose line is dead, though nobody knows yet.
        r1.acknowledges = False
        opened = await service.sos()
        await r1.next("alert")
        await stoppable.stops()

        async def is_noticed() -> bool:
            return service.service.availability.is_away

        await until(is_noticed)
        service.clock.move(seconds=11)
        for _ in range(3):
            await service.service.due_times.act()
        kinds = await service.timeline_kinds(opened["incident_id"])
        await stoppable.comes_back()
        await is_back(service)
        assert "not_received" in await service.timeline_kinds(opened["incident_id"]), kinds
        assert await service.alert_states(opened["incident_id"]) == {"r1": "offered"}
        assert stoppable.sql("select kind from push_jobs where kind = 'alert'"), "the phone is never rung"
