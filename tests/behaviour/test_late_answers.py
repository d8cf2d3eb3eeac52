"""An answer that comes after its time: taken when it helps, answered when it does not."""

from tests.people import WULIN, ServiceInProcess, beside


async def test_a_late_yes_is_taken_while_nobody_else_has_come(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await service.time_passes(seconds=30)
        await r1.answer(alert, "accept")
        assignment = await r1.next("assignment")
        assert assignment["alert_id"] == alert["alert_id"]
        incident = await service.incident(opened["incident_id"])
    assert incident["state"] == "responding"
    accepted = [line["data"] for line in incident["timeline"] if line["kind"] == "accepted"]
    assert accepted == [{"alert_id": alert["alert_id"], "late": True}]


async def test_a_late_yes_after_the_close_is_answered_with_the_reason(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await service.time_passes(seconds=30)
        assert (await r1.next("stand_down"))["reason"] == "expired"
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await r1.answer(alert, "accept")
        answer = await r1.next("stand_down")
        assert answer["reason"] == "incident_closed"
        assert answer["text"].keys() == {"en", "zh"}
        # Answered once: a stubborn thumb is told that it is over.
        await r1.answer(alert, "accept")
        refusal = await r1.next("error")
        assert (refusal["code"], refusal["of"]) == ("alert_ended", "answer")


async def test_a_late_yes_of_somebody_asked_elsewhere_by_now_is_told_so(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        await service.sos()
        first = await r1.next("alert")
        await service.time_passes(seconds=30)
        await service.sos(beside(WULIN, north_m=800))
        second = await r1.next("alert")
        await r1.answer(first, "accept")
        refusal = await r1.next("error")
        assert (refusal["code"], refusal["of"]) == ("engaged_elsewhere", "answer")
        await r1.answer(second, "accept")
        assert (await r1.next("assignment"))["alert_id"] == second["alert_id"]
        # Nor while they are at it.
        await r1.answer(first, "accept")
        assert (await r1.next("error"))["code"] == "engaged_elsewhere"


async def test_saying_the_same_twice_changes_nothing(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        for _ in range(3):
            await r1.answer(alert, "accept")
        await r1.next("assignment")
        for _ in range(3):
            await r1.progress(alert, "en_route")
        await r1.settled()
        # One for the yes, one for the stage: what another of their devices has to know.
        assert [each["state"] for each in r1.all("assignment")] == ["accepted", "en_route"]
        assert r1.all("error") == []
        kinds = [line["kind"] for line in (await service.incident(opened["incident_id"]))["timeline"]]
    assert kinds.count("accepted") == kinds.count("stage_reached") == 1
