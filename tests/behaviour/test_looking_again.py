"""While somebody is lacking and nobody is left to wait for, the neighbourhood is looked at again and again."""

from tests.people import WULIN, ServiceInProcess, beside

FAR = beside(WULIN, north_m=9000)
NEAR = beside(WULIN, north_m=100)


async def test_who_comes_near_after_the_sos_is_alerted(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", FAR) as r1:
        opened = await service.sos()
        assert (opened["alerted"], opened["state"]) == (0, "open")
        await service.time_passes(seconds=20)
        await r1.say(type="position", latitude=NEAR.latitude, longitude=NEAR.longitude)
        await r1.settled()
        await service.time_passes(seconds=20)
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_looking_in_vain_leaves_no_trace_and_goes_on(service: ServiceInProcess) -> None:
    opened = await service.sos()
    for _ in range(5):
        await service.time_passes(seconds=20)
    incident = await service.call("GET", f"/v1/incidents/{opened['incident_id']}", role="operator")
    assert [line["kind"] for line in incident["timeline"]] == ["opened", "planned"]
    async with service.on_duty("r1", NEAR) as r1:
        await service.time_passes(seconds=20)
        await r1.next("alert")


async def test_after_everybody_has_said_no_a_newcomer_is_asked(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", NEAR) as r1:
        opened = await service.sos()
        await r1.answer(await r1.next("alert"), "decline")
        await r1.settled()
        async with service.on_duty("r2", NEAR) as r2:
            await service.time_passes(seconds=20)
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
            await r1.settled()
            assert len(r1.all("alert")) == 1


async def test_nobody_is_looked_for_once_it_is_over(service: ServiceInProcess) -> None:
    opened = await service.sos()
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
    async with service.on_duty("r1", NEAR) as r1:
        await service.time_passes(seconds=20)
        assert await service.service.due_times.act() == 0
        await service.time_passes(seconds=20)
        await r1.settled()
        assert r1.all("alert") == []
