"""Two emergencies side by side: responders are shared out, nobody is in both."""

import asyncio
import contextlib

from tests.people import WULIN, ServiceInProcess, SocketClient, beside

PEOPLE = 30
# Out of the reach of whoever is near the first.
FAR = beside(WULIN, north_m=9000)


async def _people(service: ServiceInProcess, stack: contextlib.AsyncExitStack) -> list[SocketClient]:
    places = [beside(WULIN, north_m=20 * number, east_m=50) for number in range(PEOPLE)]
    return [
        await stack.enter_async_context(service.on_duty(f"r{number:02}", place)) for number, place in enumerate(places)
    ]


async def _asked(service: ServiceInProcess, incident_id: str) -> list[str]:
    return [each["responder_id"] for each in (await service.incident(incident_id))["alerts"]]


async def _state_of(service: ServiceInProcess, alert_id: str, incident_id: str) -> str:
    alerts = (await service.incident(incident_id))["alerts"]
    return next(str(each["state"]) for each in alerts if each["alert_id"] == alert_id)


async def test_nobody_is_asked_for_two_at_once(service: ServiceInProcess) -> None:
    async with contextlib.AsyncExitStack() as stack:
        people = await _people(service, stack)
        first = await service.sos()
        second = await service.sos(beside(WULIN, north_m=100))
        # Each gets as many as are worth it, of those who are left.
        assert min(first["alerted"], second["alerted"]) >= 10
        assert first["alerted"] + second["alerted"] == PEOPLE
        asked = [*await _asked(service, first["incident_id"]), *await _asked(service, second["incident_id"])]
        assert len(asked) == len(set(asked)) == PEOPLE
        await asyncio.gather(*(client.next("alert") for client in people))


async def test_nor_when_both_are_tapped_in_the_same_moment(service: ServiceInProcess) -> None:
    async with contextlib.AsyncExitStack() as stack:
        people = await _people(service, stack)
        taps = [service.sos(beside(WULIN, north_m=100 * number)) for number in range(6)]
        opened = await asyncio.gather(*taps)
        asked = [name for each in opened for name in await _asked(service, each["incident_id"])]
        assert len(asked) == len(set(asked)) == PEOPLE == sum(each["alerted"] for each in opened)
        await asyncio.gather(*(client.settled() for client in people))
        assert all(len(client.all("alert")) == 1 for client in people)


async def test_who_is_let_go_by_one_replaces_a_no_in_the_other(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(WULIN, north_m=200)) as r2,
    ):
        first = await service.sos()
        await r1.next("alert")
        await r2.next("alert")
        second = await service.sos(beside(WULIN, north_m=150))
        assert second["alerted"] == 0
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/cancel", role="operator")
        await r1.next("stand_down")
        await service.call("POST", f"/v1/incidents/{second['incident_id']}/widen", role="operator")
        for client in (r1, r2):
            assert (await client.next("alert"))["incident_id"] == second["incident_id"]


async def test_two_taps_for_the_same_emergency_are_shown_as_likely_duplicates(service: ServiceInProcess) -> None:
    first = await service.sos()
    service.clock.move(seconds=60)
    second = await service.sos(beside(WULIN, east_m=30))
    elsewhere = await service.sos(beside(WULIN, east_m=120))
    async with service.socket("operator", "ann") as console:
        picture = await console.next("picture", where=lambda m: m["full"])
    shown = {each["incident_id"]: each["likely_duplicates"] for each in picture["incidents"]}
    assert shown == {
        first["incident_id"]: [second["incident_id"]],
        second["incident_id"]: [first["incident_id"]],
        elsewhere["incident_id"]: [],
    }
    service.clock.move(seconds=121)
    too_late = await service.sos(WULIN)
    # Four minutes after the first one, but two after the second.
    assert (await service.incident(too_late["incident_id"]))["likely_duplicates"] == [second["incident_id"]]


async def test_due_times_of_two_incidents_do_not_wait_for_each_other(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        first = await r1.next("alert")
        service.clock.move(seconds=10)
        async with service.on_duty("r2", beside(FAR, north_m=100)) as r2:
            second = await service.sos(FAR)
            alert = await r2.next("alert")
            await service.time_passes(seconds=10)
            # The first's 20 s are over, the second's are not: 10 s of those have passed.
            assert await _state_of(service, first["alert_id"], opened["incident_id"]) == "expired"
            assert await _state_of(service, alert["alert_id"], second["incident_id"]) in {"offered", "received"}
            await service.time_passes(seconds=10)
            assert await _state_of(service, alert["alert_id"], second["incident_id"]) == "expired"
