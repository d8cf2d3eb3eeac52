"""State plus messages equals a fresh fetch, for caller, responders and console, whatever happens."""

import contextlib
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.fresh_fetch import as_compared, differences, verified
from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

People = Mapping[str, SocketClient]


@contextlib.asynccontextmanager
async def _people(service: ServiceInProcess, count: int) -> AsyncIterator[People]:
    """So many first-aiders, each a little further away, and an AED in the middle of them."""
    await service.add_aed(beside(WULIN, north_m=-120), name="地铁站")
    async with contextlib.AsyncExitStack() as stack:
        people = {}
        for number in range(count):
            place = beside(WULIN, north_m=80 + 60 * number, east_m=30)
            name = f"r{number}"
            people[name] = await stack.enter_async_context(service.on_duty(name, place))
        yield people


async def _alerted(people: People, opened: Message) -> dict[str, Message]:
    """The first alert of each who got one."""
    alerts: dict[str, Message] = {}
    while len(alerts) < opened["alerted"]:
        for name, client in people.items():
            await client.settled()
            for alert in client.all("alert"):
                alerts.setdefault(name, alert)
    return alerts


def _of_role(alerts: Mapping[str, Message], role: str) -> str:
    return min((name for name in alerts if alerts[name]["role"] == role), key=lambda name: alerts[name]["eta_s"])


async def test_from_the_tap_to_the_alerts(service: ServiceInProcess) -> None:
    async with _people(service, 4) as people:
        async with verified(service, responders=list(people)):
            opened = await service.sos(floor=3, note="二单元", caller={"phone": "13912345678"})
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            pass


async def test_yes_no_and_no_answer(service: ServiceInProcess) -> None:
    async with _people(service, 6) as people:
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            first, *others = alerts
            await people[first].answer(alerts[first], "accept")
            await people[first].next("assignment")
            for name in others[:1]:
                await people[name].answer(alerts[name], "decline")
                await people[name].settled()
            await service.time_passes(seconds=21)


async def test_two_who_come_see_how_far_the_other_is(service: ServiceInProcess) -> None:
    async with _people(service, 6) as people:
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        helper, runner = _of_role(alerts, "cpr"), _of_role(alerts, "aed")
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            for name in (helper, runner):
                await people[name].answer(alerts[name], "accept")
                await people[name].next("assignment")
            await people[helper].progress(alerts[helper], "en_route")
            await people[helper].progress(alerts[helper], "on_scene")
            await people[helper].settled()
        async with verified(service, caller=opened["incident_id"], responders=[helper, runner]):
            await people[runner].progress(alerts[runner], "en_route")
            await people[runner].progress(alerts[runner], "aed_collected")
            await people[runner].settled()
        async with verified(service, caller=opened["incident_id"], responders=[helper, runner]):
            await people[helper].progress(alerts[helper], "done")
            await people[helper].settled()


async def test_who_gives_up_is_replaced(service: ServiceInProcess) -> None:
    async with _people(service, 3) as people:
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        name = next(iter(alerts))
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            await people[name].answer(alerts[name], "accept")
            await people[name].next("assignment")
            await people[name].progress(alerts[name], "en_route")
            await people[name].progress(alerts[name], "gave_up")
            await people[name].settled()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("ambulance", {"eta_s": 600}),
        ("ambulance", {"arrived": True}),
        ("cpr", {"in_progress": True}),
        ("widen", {}),
        ("cancel", {"reason": "false_alarm"}),
        ("close", {"note": "handed over"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
async def test_what_the_centre_says(service: ServiceInProcess, path: str, body: Message) -> None:
    async with _people(service, 4) as people:
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        name = next(iter(alerts))
        await people[name].answer(alerts[name], "accept")
        await people[name].next("assignment")
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            await service.call("POST", f"/v1/incidents/{opened['incident_id']}/{path}", role="operator", json=body)


async def test_somebody_comes_on_duty_and_somebody_leaves(service: ServiceInProcess) -> None:
    async with _people(service, 2) as people:
        opened = await service.sos()
        await _alerted(people, opened)
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            await people["r0"].say(type="duty", on_duty=False)
            await people["r0"].settled()
            await people["r1"].say(type="duty", on_duty=True, mode="bike")
            await people["r1"].settled()


async def test_two_calls_from_one_street(service: ServiceInProcess) -> None:
    async with _people(service, 4) as people:
        first = await service.sos()
        async with verified(service, caller=first["incident_id"], responders=list(people)):
            await service.sos(beside(WULIN, east_m=20))


async def test_one_call_becomes_part_of_the_other(service: ServiceInProcess) -> None:
    async with _people(service, 4) as people:
        first = await service.sos()
        second = await service.sos(beside(WULIN, east_m=20))
        for caller in (first, second):
            async with verified(service, caller=caller["incident_id"], responders=list(people)):
                if caller is first:
                    path = f"/v1/incidents/{second['incident_id']}/merge"
                    await service.call("POST", path, role="operator", json={"into": first["incident_id"]})
                else:
                    path = f"/v1/incidents/{first['incident_id']}/cpr"
                    await service.call("POST", path, role="operator", json={"in_progress": True})


async def test_a_runner_finds_the_cabinet_locked(service: ServiceInProcess) -> None:
    async with _people(service, 6) as people:
        await service.add_aed(beside(WULIN, north_m=200), name="图书馆")
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        runner = _of_role(alerts, "aed")
        await people[runner].answer(alerts[runner], "accept")
        assigned = await people[runner].next("assignment")
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            await people[runner].say(type="aed_problem", alert_id=assigned["alert_id"], problem="locked")
            await people[runner].settled()


async def test_who_said_yes_and_does_not_move(service: ServiceInProcess) -> None:
    async with _people(service, 4) as people:
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        name = next(iter(alerts))
        await people[name].answer(alerts[name], "accept")
        await people[name].next("assignment")
        async with verified(service, caller=opened["incident_id"], responders=list(people)):
            for _ in range(6):
                await service.time_passes(seconds=60)


async def test_a_whole_rescue_seen_through_a_lost_connection(service: ServiceInProcess) -> None:
    async with _people(service, 6) as people:
        # Phones that acknowledge would empty the mailboxes that the watchers resume from.
        for client in people.values():
            client.acknowledges = False
        opened = await service.sos()
        alerts = await _alerted(people, opened)
        helper, runner = _of_role(alerts, "cpr"), _of_role(alerts, "aed")
        incident = f"/v1/incidents/{opened['incident_id']}"
        async with verified(service, caller=opened["incident_id"], responders=list(people)) as watchers:
            await people[helper].answer(alerts[helper], "accept")
            await people[helper].next("assignment")
            await watchers.hang_up()
            await people[runner].answer(alerts[runner], "accept")
            await people[runner].next("assignment")
            await people[runner].progress(alerts[runner], "en_route")
            await people[runner].settled()
            await service.call("POST", f"{incident}/ambulance", role="operator", json={"eta_s": 600})
        async with verified(service, caller=opened["incident_id"], responders=list(people)) as watchers:
            await watchers.hang_up()
            await service.call("POST", f"{incident}/ambulance", role="operator", json={"arrived": True})
            await service.call("POST", f"{incident}/close", role="operator")


async def test_what_other_devices_have_acknowledged_is_read_afresh(service: ServiceInProcess) -> None:
    async with _people(service, 3) as people, verified(service, responders=list(people)) as watchers:
        await watchers.hang_up()
        opened = await service.sos()
        await _alerted(people, opened)
        await service.service.acknowledgements.flush()


def test_a_difference_is_told_where_it_is() -> None:
    known = {"state": "offered", "others": [{"name": "王"}], "gone": 1, "ambulance": {"eta_s": 5}}
    fetched = {"state": "accepted", "others": [{"name": "李"}], "floor": 3, "ambulance": {"eta_s": 4}, "note": None}
    assert list(differences(as_compared(known), as_compared(fetched))) == [
        "floor: never told; is 3",
        "gone: told 1; is not there",
        "others[0].name: told '王'; is '李'",
        "state: told 'offered'; is 'accepted'",
    ]
