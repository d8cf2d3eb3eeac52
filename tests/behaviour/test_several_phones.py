"""One person with two devices: both ring, the first answer counts."""

from tests.people import WULIN, ServiceInProcess, beside


async def test_both_get_the_alert_and_the_first_answer_counts(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as phone, service.socket("responder", "r1") as watch:
        opened = await service.sos()
        on_phone, on_watch = await phone.next("alert"), await watch.next("alert")
        assert on_phone == on_watch
        await watch.answer(on_watch, "accept")
        assert await phone.next("assignment") == await watch.next("assignment")
        await phone.answer(on_phone, "decline")
        assert (await phone.next("error"))["code"] == "already_accepted"
        await watch.settled()
        assert watch.all("error") == []
        incident = await service.incident(opened["incident_id"])
    assert [each["state"] for each in incident["alerts"]] == ["accepted"]


async def test_one_device_leaving_leaves_the_other_connected(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as phone:
        async with service.socket("responder", "r1"):
            pass
        opened = await service.sos()
        assert (await phone.next("alert"))["incident_id"] == opened["incident_id"]


async def test_two_consoles_are_told_the_same(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as ann, service.socket("admin", "ben") as ben:
        opened = await service.sos()
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        for console in (ann, ben):
            await console.next("incident", where=lambda m: m["state"] == "closed")
        assert ann.all("incident") == ben.all("incident")
