"""An AED that leaves its cabinet near an emergency is that emergency's: on its timeline, in the AED's own history."""

from typing import Any

from sqlalchemy import text

from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

CABINET = beside(WULIN, north_m=420, east_m=-300)
BESIDE_IT = beside(WULIN, north_m=430, east_m=-310)


async def _sent_for_it(service: ServiceInProcess, runner: SocketClient) -> tuple[Message, str]:
    opened = await service.sos()
    alert = await runner.next("alert")
    assert alert["role"] == "aed"
    await runner.answer(alert, "accept")
    await runner.next("assignment")
    return alert, opened["incident_id"]


async def _reports(service: ServiceInProcess, aed_id: str, **said: Any) -> Message:
    answer: Message = await service.call("POST", f"/v1/aeds/{aed_id}/reports", role="device", subject=aed_id, json=said)
    await service.service.registry_links.carry()
    return answer


async def _links(service: ServiceInProcess, aed_id: str) -> list[tuple[str, str | None]]:
    async with service.service.database.statement() as connection:
        question = text("select data from aed_events where aed_id = cast(:id as uuid) and kind = 'linked' order by id")
        rows = (await connection.execute(question, {"id": aed_id})).all()
    return [(row.data["incident_id"], row.data["responder_id"]) for row in rows]


async def test_the_cabinet_that_a_runner_opens_says_so_for_them(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(CABINET)
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", BESIDE_IT, mode="run") as runner,
    ):
        _, incident_id = await _sent_for_it(service, runner)
        await _reports(service, aed_id, kind="used")
        has_it = await runner.next("assignment", where=lambda m: m["state"] == "aed_collected")
        assert has_it["aed"]["id"] == aed_id
        await service.service.registry_links.carry()
        kinds = await service.timeline_kinds(incident_id)
        assert kinds.count("aed_taken") == 1
        assert "aed_lost" not in kinds
    assert await _links(service, aed_id) == [(incident_id, "runner")]


async def test_an_aed_that_somebody_else_took_is_on_the_timeline_and_its_runner_goes_on_without(
    service: ServiceInProcess,
) -> None:
    aed_id = await service.add_aed(CABINET)
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", beside(CABINET, north_m=400), mode="bike") as runner,
    ):
        _, incident_id = await _sent_for_it(service, runner)
        await _reports(service, aed_id, kind="used")
        sent_on = await runner.next("assignment", where=lambda m: m["role"] == "cpr")
        assert sent_on["state"] == "accepted"
        await service.service.registry_links.carry()
        kinds = await service.timeline_kinds(incident_id)
        assert kinds.count("aed_taken") == kinds.count("aed_lost") == 1
    assert await _links(service, aed_id) == [(incident_id, None)]


async def test_a_runner_who_taps_tells_the_registry_that_it_is_in_use(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(CABINET)
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", BESIDE_IT, mode="run") as runner,
    ):
        alert, incident_id = await _sent_for_it(service, runner)
        await runner.progress(alert, "aed_collected")
        await runner.next("assignment", where=lambda m: m["state"] == "aed_collected")
        for _ in range(2):
            await service.service.registry_links.carry()
        aed = await service.call("GET", f"/v1/aeds/{aed_id}")
        assert (aed["readiness"], aed["usable_now"]) == ("in_use", False)
        states = await service.alert_states(incident_id)
        assert states["runner"] == "aed_collected"
        assert "aed_lost" not in await service.timeline_kinds(incident_id)
    assert await _links(service, aed_id) == [(incident_id, "runner")]


async def test_in_a_drill_the_device_stays_what_it_is(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(CABINET)
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", BESIDE_IT, mode="run") as runner,
    ):
        await service.sos(drill=True)
        alert = await runner.next("alert")
        await runner.answer(alert, "accept")
        await runner.progress(alert, "aed_collected")
        await runner.settled()
        await service.service.registry_links.carry()
        assert (await service.call("GET", f"/v1/aeds/{aed_id}"))["readiness"] != "in_use"


async def test_a_door_far_from_every_emergency_is_only_a_door(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(beside(WULIN, north_m=5000))
    async with service.on_duty("helper", beside(WULIN, north_m=60)):
        opened = await service.sos()
        await _reports(service, aed_id, kind="door", open=True)
        assert "aed_taken" not in await service.timeline_kinds(opened["incident_id"])
    assert await _links(service, aed_id) == []


async def test_a_first_aider_with_an_aed_in_the_car_is_asked_to_bring_it(service: ServiceInProcess) -> None:
    here = beside(WULIN, north_m=300)
    aed_id = await service.add_aed(here, name="巡逻车", is_mobile=True, carried_by="driver")
    async with (
        service.on_duty("driver", here, mode="car") as driver,
        service.on_duty("helper", beside(WULIN, north_m=60)) as helper,
    ):
        opened = await service.sos()
        assert opened["nearest_aeds"] == [], "nobody else can fetch it"
        alert = await driver.next("alert")
        assert (alert["role"], alert["aed"]["id"], alert["aed"]["carried"]) == ("aed", aed_id, True)
        assert (await helper.next("alert"))["role"] == "cpr"
