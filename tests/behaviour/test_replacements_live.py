"""Declines, silence and people who leave, as phones and the console see it."""

from tests.people import WULIN, ServiceInProcess, beside


async def test_a_decline_is_replaced_at_once(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("near", beside(WULIN, north_m=100)) as near,
        service.on_duty("far", beside(WULIN, north_m=200)) as far,
    ):
        # Out of reach for the first wave of three kilometres; a cap of 20 asks both.
        await service.sos()
        first = await near.next("alert")
        await far.next("alert")
        async with service.on_duty("newcomer", beside(WULIN, north_m=300)) as newcomer:
            await near.answer(first, "decline")
            alert = await newcomer.next("alert")
            assert alert["incident_id"] == first["incident_id"]
            incident = await service.incident(first["incident_id"])
    states = {each["responder_id"]: (each["state"], each["wave"]) for each in incident["alerts"]}
    assert states["near"] == ("declined", 1)
    assert states["newcomer"][1] == 2


async def test_silence_is_replaced_after_twenty_seconds(service: ServiceInProcess) -> None:
    async with service.on_duty("silent", beside(WULIN, north_m=100)) as silent:
        opened = await service.sos()
        alert = await silent.next("alert")
        async with service.on_duty("newcomer", beside(WULIN, north_m=300)) as newcomer:
            await service.time_passes(seconds=19)
            await newcomer.settled()
            assert newcomer.all("alert") == []
            await service.time_passes(seconds=1)
            replacement = await newcomer.next("alert")
            assert replacement["incident_id"] == opened["incident_id"]
            incident = await service.incident(opened["incident_id"])
    silent_one = next(each for each in incident["alerts"] if each["alert_id"] == alert["alert_id"])
    assert silent_one["state"] == "expired"
    assert silent_one["answered_at"] is None


async def test_going_off_duty_with_an_unanswered_alert_is_a_no(service: ServiceInProcess) -> None:
    async with service.on_duty("leaver", beside(WULIN, north_m=100)) as leaver:
        await service.sos()
        alert = await leaver.next("alert")
        async with service.on_duty("newcomer", beside(WULIN, north_m=300)) as newcomer:
            await leaver.say(type="duty", on_duty=False)
            assert (await leaver.next("duty", where=lambda m: m["on_duty"] is False))["mode"] == "walk"
            assert (await newcomer.next("alert"))["incident_id"] == alert["incident_id"]
        line = (await service.incident(alert["incident_id"]))["timeline"]
    assert [each["by"] for each in line if each["kind"] == "declined"] == ["responder:leaver"]


async def test_going_off_duty_over_http_is_a_no_as_well(service: ServiceInProcess) -> None:
    async with service.on_duty("leaver", beside(WULIN, north_m=100)) as leaver:
        opened = await service.sos()
        await leaver.next("alert")
        off = {"json": {"on_duty": False}}
        me = await service.call("PUT", "/v1/responders/me/duty", role="responder", subject="leaver", **off)
        assert me["on_duty"] is False
        incident = await service.incident(opened["incident_id"])
    assert [each["state"] for each in incident["alerts"]] == ["declined"]


async def test_who_has_accepted_stays_on_it_though_off_duty(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await r1.say(type="duty", on_duty=False)
        await r1.settled()
        assert r1.all("stand_down") == []
        await r1.progress(alert, "on_scene")
        await r1.settled()
        incident = await service.incident(opened["incident_id"])
    assert [each["state"] for each in incident["alerts"]] == ["on_scene"]


async def test_who_gives_up_is_replaced(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        async with service.on_duty("r2", beside(WULIN, north_m=200)) as r2:
            await r1.progress(alert, "gave_up")
            assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]


async def test_nobody_is_asked_twice_for_one_incident(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(WULIN, north_m=200)) as r2,
    ):
        opened = await service.sos()
        await r1.answer(await r1.next("alert"), "decline")
        await service.time_passes(seconds=25)
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/widen", role="operator")
        await r1.settled()
        await r2.settled()
        assert len(r1.all("alert")) == len(r2.all("alert")) == 1
