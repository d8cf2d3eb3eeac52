"""Nobody to alert: the caller knows at once, and whoever comes near, on duty or free is asked as soon as they do."""

import contextlib

from tests.people import WULIN, ServiceInProcess, beside


async def test_the_caller_is_told_at_once_and_again_when_somebody_is_found(service: ServiceInProcess) -> None:
    await service.add_aed(beside(WULIN, north_m=80), opening_hours="24/7", access="public")
    opened = await service.sos()
    assert (opened["alerted"], opened["nobody_reached"]) == (0, True)
    async with (
        service.socket("caller", opened["incident_id"]) as caller,
        service.socket("operator", "ann") as console,
        service.on_duty("r1", beside(WULIN, north_m=400)) as r1,
    ):
        # Coming on duty is enough: no need to wait for the next look.
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]
        assert (await caller.next("incident"))["nobody_reached"] is False
        shown = await console.next("incident", where=lambda m: not m["nobody_reached"])
        assert shown["incident_id"] == opened["incident_id"]


async def test_the_last_no_tells_the_caller_that_nobody_is_left(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        assert opened["nobody_reached"] is False
        async with service.socket("caller", opened["incident_id"]) as caller:
            await r1.answer(await r1.next("alert"), "decline")
            assert (await caller.next("incident", where=lambda m: m["nobody_reached"]))["state"] == "alerting"


async def test_whoever_walks_into_reach_is_asked(service: ServiceInProcess) -> None:
    far, near = beside(WULIN, north_m=5000), beside(WULIN, north_m=900)
    async with service.on_duty("r1", far) as r1:
        opened = await service.sos()
        assert opened["alerted"] == 0
        await r1.say(type="position", latitude=near.latitude, longitude=near.longitude)
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_whoever_becomes_free_is_asked_for_those_who_have_nobody(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        first = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        second = await service.sos(beside(WULIN, north_m=700))
        assert second["nobody_reached"] is True
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
        assert (await r1.next("alert", where=lambda m: m["incident_id"] == second["incident_id"]))["role"] == "cpr"


async def test_somebody_who_cannot_be_reached_is_not_counted_on(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)), service.socket("operator", "ann") as console:
        pass
    service.clock.move(minutes=3)
    opened = await service.sos()
    assert (opened["alerted"], opened["nobody_reached"]) == (0, True)
    async with service.socket("operator", "ann") as console:
        (dot,) = (await console.next("picture", where=lambda m: m["full"]))["responders"]
        assert dot["state"] == "unreachable"
    # The phone is there again.
    async with service.socket("responder", "r1") as r1:
        assert (await r1.next("alert"))["incident_id"] == opened["incident_id"]


async def test_whoever_comes_near_is_asked_too_while_one_alone_has_not_answered(service: ServiceInProcess) -> None:
    opened = await service.sos()
    async with service.on_duty("r1", beside(WULIN, north_m=400)) as r1:
        await r1.next("alert")
        async with service.on_duty("r2", beside(WULIN, north_m=300)) as r2:
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
    assert (await service.incident(opened["incident_id"]))["state"] == "alerting"


async def test_while_all_who_were_asked_are_cut_off_whoever_is_there_is_asked_too(service: ServiceInProcess) -> None:
    ways = [beside(WULIN, north_m=40 * number, east_m=30) for number in range(1, 11)]
    async with contextlib.AsyncExitStack() as stack:
        for number, place in enumerate(ways):
            await stack.enter_async_context(service.on_duty(f"r{number}", place))
    # All lines are lost in one moment; nobody is back when the SOS is tapped.
    opened = await service.sos()
    assert opened["alerted"] == len(ways)
    async with service.on_duty("here", beside(WULIN, north_m=500)) as here:
        assert (await here.next("alert"))["incident_id"] == opened["incident_id"]
    async with service.socket("responder", "r3") as back:
        assert (await back.next("alert"))["incident_id"] == opened["incident_id"]


async def test_whoever_is_there_is_asked_when_all_who_were_asked_are_lost(service: ServiceInProcess) -> None:
    """Their lines may be lost in the moment of the SOS, and whoever stays where they are says nothing new."""
    async with service.on_duty("there", beside(WULIN, north_m=900)) as there:
        async with contextlib.AsyncExitStack() as stack:
            for number in range(20):
                place = beside(WULIN, north_m=20 + number)
                phone = await stack.enter_async_context(service.on_duty(f"r{number}", place))
                phone.acknowledges = False
            await service.service.lookout.look()
            opened = await service.sos()
            asked = await service.alert_states(opened["incident_id"])
            assert len(asked) > 10
            assert "there" not in asked, "nobody is needed beside so many"
        assert (await there.next("alert"))["incident_id"] == opened["incident_id"]


async def test_where_somebody_comes_already_nobody_is_woken_for_walking_by(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=60)) as r1:
        opened = await service.sos()
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        async with service.on_duty("r2", beside(WULIN, north_m=900)) as r2:
            await r2.settled()
            await service.service.lookout.look()
            assert r2.all("alert") == []
    assert (await service.incident(opened["incident_id"]))["state"] == "responding"
