"""A phone and a tablet of one person, two consoles of one centre: everybody is told, the first answer counts."""

import asyncio

from tests.fresh_fetch import verified
from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

HERE = beside(WULIN, north_m=100)


async def _rings_on(*devices: SocketClient) -> list[Message]:
    alerts = [await device.next("alert") for device in devices]
    assert len({alert["alert_id"] for alert in alerts}) == 1
    assert len({alert["seq"] for alert in alerts}) == 1
    return alerts


async def test_all_devices_ring_and_a_yes_on_one_is_an_assignment_on_all(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", HERE) as phone,
        service.socket("responder", "r1") as tablet,
        service.socket("responder", "r1") as watch,
    ):
        async with verified(service, responders=["r1"]):
            await service.sos()
            alert, *_ = await _rings_on(phone, tablet, watch)
            await tablet.answer(alert, "accept")
            assigned = [await device.next("assignment") for device in (phone, tablet, watch)]
        assert assigned[0] == assigned[1] == assigned[2]


async def test_a_no_on_one_device_makes_the_others_stop_ringing(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", HERE) as phone, service.socket("responder", "r1") as tablet:
        async with verified(service, responders=["r1"]):
            await service.sos()
            alert, _ = await _rings_on(phone, tablet)
            await phone.answer(alert, "decline")
            told = await tablet.next("stand_down")
        assert (told["alert_id"], told["reason"]) == (alert["alert_id"], "answered_elsewhere")
        assert told["text"]["zh"]
        # Later the tablet says yes to it: it has been answered, and stays so unless the plan still gains from it.
        await tablet.settled()
        assert tablet.all("error") == []


async def test_of_two_answers_at_the_same_instant_one_counts(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", HERE) as phone, service.socket("responder", "r1") as tablet:
        async with verified(service, responders=["r1"]):
            opened = await service.sos()
            alert, _ = await _rings_on(phone, tablet)
            await asyncio.gather(phone.answer(alert, "accept"), tablet.answer(alert, "accept"))
            await asyncio.gather(phone.settled(), tablet.settled())
        incident = await service.incident(opened["incident_id"])
        assert [each["state"] for each in incident["alerts"]] == ["accepted"]
        assert [line["kind"] for line in incident["timeline"]].count("accepted") == 1


async def test_a_device_that_comes_later_learns_what_the_person_is_on(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", HERE) as phone:
        await service.sos()
        (alert,) = await _rings_on(phone)
        await phone.answer(alert, "accept")
        assigned = await phone.next("assignment")
        await phone.settled()
        # The phone has acknowledged everything: the tablet, without a resume, reads its state.
        await service.service.acknowledgements.flush()
        async with service.socket("responder", "r1") as tablet:
            assert tablet.welcome["resumed"] is False
            me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
            assert me["assignment"]["alert_id"] == assigned["alert_id"]
            await service.time_passes(seconds=15)
            me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
            assert me["assignment"]["arrives_at"] == assigned["arrives_at"], "a page that comes later counts on"
            await phone.progress(alert, "en_route")
            assert (await tablet.next("assignment"))["state"] == "en_route"


async def test_each_device_resumes_where_it_was(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", HERE) as phone:
        phone.acknowledges = False
        async with service.socket("responder", "r1", acknowledges=False) as tablet:
            opened = await service.sos()
            await _rings_on(phone, tablet)
            behind = tablet.resume_point
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/cancel", role="operator")
        await phone.next("stand_down")
        async with service.socket("responder", "r1", resume=behind, acknowledges=False) as tablet:
            assert tablet.welcome["resumed"] is True
            assert (await tablet.next("stand_down"))["alert_id"]
            assert tablet.all("alert") == []


async def test_duty_said_on_one_device_shows_on_the_others(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", HERE) as phone, service.socket("responder", "r1") as tablet:
        await tablet.next("duty")
        await phone.say(type="duty", on_duty=False, mode="bike")
        told = await tablet.next("duty")
        assert (told["on_duty"], told["mode"]) == (False, "bike")


async def test_what_one_console_does_the_other_sees(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as ann, service.socket("operator", "ben") as ben:
        async with verified(service):
            opened = await service.sos()
            path = f"/v1/incidents/{opened['incident_id']}/ambulance"
            await service.call("POST", path, role="operator", subject="ann", json={"eta_s": 300})
            for console in (ann, ben):
                told = await console.next("incident", where=lambda m: m["ambulance"].get("arrives_at") is not None)
                assert told["incident_id"] == opened["incident_id"]
        assert ann.all("incident") == ben.all("incident")
