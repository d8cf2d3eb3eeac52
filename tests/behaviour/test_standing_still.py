"""Somebody says yes and stays where they are: they are asked, and then somebody else is, beside them."""

from tests.people import WULIN, ServiceInProcess, beside


async def test_asked_doubted_replaced_and_believed_again(service: ServiceInProcess) -> None:
    home = beside(WULIN, north_m=300)
    async with service.on_duty("r1", home) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        for _ in range(7):
            service.clock.move(seconds=30)
            await r1.say(type="position", latitude=home.latitude, longitude=home.longitude)
            await r1.settled()
            await service.time_passes(seconds=0)
        nudge = await r1.next("nudge")
        assert nudge["alert_id"] == alert["alert_id"]
        assert nudge["text"].keys() == {"en", "zh"}
        me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
        assert me["assignment"]["nudged"]["reply_by"] == nudge["reply_by"]
        async with service.on_duty("r2", beside(WULIN, north_m=500)) as r2:
            await service.time_passes(seconds=25)
            await service.time_passes(seconds=10)
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
            (one,) = [
                each
                for each in (await service.incident(opened["incident_id"]))["alerts"]
                if each["responder_id"] == "r1"
            ]
            assert one["state"] == "accepted"
            assert one["doubted_at"] is not None
            # They come after all.
            await r1.progress(alert, "en_route")
            await r1.next("assignment", where=lambda m: m["state"] == "en_route")
            incident = await service.incident(opened["incident_id"])
    (one,) = [each for each in incident["alerts"] if each["responder_id"] == "r1"]
    assert (one["urged_at"], one["doubted_at"]) == (None, None)
    kinds = [line["kind"] for line in incident["timeline"]]
    assert [each for each in kinds if each in {"urged", "doubted", "believed"}] == ["urged", "doubted", "believed"]
