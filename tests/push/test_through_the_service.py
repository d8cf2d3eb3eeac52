"""Whoever said yes and put the phone away hears what becomes of it: the whole service, a push service that decrypts."""

import asyncio
import json
from pathlib import Path

from tests.conftest import empty_tables
from tests.people import WULIN, Message, MovableClock, ServiceInProcess, SocketClient, beside, run_in_process, until
from tests.push.conftest import heard_by
from tests.push.phones import gone, hooked, jobs, pushed, settings_with_a_hook, subscribed
from tests.push.receiving import Listener

NEAR = beside(WULIN, north_m=60)


async def _alerted(service: ServiceInProcess, client: SocketClient) -> tuple[str, Message]:
    incident_id = str((await service.sos(floor=3, caller={"phone": "13911112222"}))["incident_id"])
    return incident_id, await client.next("alert")


async def _accepted(service: ServiceInProcess, client: SocketClient) -> tuple[str, Message]:
    incident_id, alert = await _alerted(service, client)
    await client.answer(alert, "accept")
    await client.next("assignment")
    # Its acknowledgement is there as well.
    await client.settled()
    await service.service.acknowledgements.flush()
    return incident_id, alert


async def _close(service: ServiceInProcess, incident_id: str) -> None:
    await service.call("POST", f"/v1/incidents/{incident_id}/close", role="operator", json={})


async def test_whoever_accepted_and_put_the_phone_away_hears_that_it_is_over(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as client:
        device = await subscribed(service, "r1", push_service)
        incident_id, alert = await _accepted(service, client)
    await gone(service, "r1")
    await _close(service, incident_id)
    message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("stand_down", alert["alert_id"])
    assert message["stand_down"]["reason"] == "incident_closed"
    assert message["title"] == "解除：无需前往"
    assert (await hooked(gateway))["type"] == "responder.stand_down"


async def test_whoever_is_on_the_way_to_a_lost_aed_hears_of_the_next_one(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    first = await service.add_aed(beside(WULIN, north_m=420, east_m=-300), name="南门")
    async with service.on_duty("helper", NEAR, mode="run"):
        async with service.on_duty("runner", beside(WULIN, north_m=450, east_m=-330), mode="run") as runner:
            device = await subscribed(service, "runner", push_service)
            _, alert = await _accepted(service, runner)
            assert alert["aed"]["id"] == first
        await gone(service, "runner")
        second = await service.add_aed(beside(WULIN, north_m=400, east_m=-280), name="北门")
        await service.call("POST", f"/v1/aeds/{first}/reports", role="admin", json={"kind": "fault", "code": "battery"})
        message = await pushed(device, push_service)
        assert (message["type"], message["alert_id"]) == ("assignment", alert["alert_id"])
        assert message["assignment"]["aed"]["id"] == second
        assert message["title"] == "任务变更"
        assert "北门" in message["text"]
        told = (await heard_by(gateway)).body.decode()
        assert "北门" in told
        for said in (json.dumps(message["assignment"]), told):
            assert "13911112222" not in said
            assert "floor" not in json.loads(said).get("data", {}).get("assignment", json.loads(said))
            assert str(WULIN.latitude) not in said


async def test_an_assignment_that_the_session_does_not_acknowledge_is_pushed(
    service: ServiceInProcess, push_service: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as client:
        device = await subscribed(service, "r1", push_service)
        _, alert = await _alerted(service, client)
        await client.settled()
        await service.service.acknowledgements.flush()
        client.acknowledges = False
        await client.answer(alert, "accept")
        await client.next("assignment")
        await service.time_passes(seconds=10)
        message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("assignment", alert["alert_id"])
    assert (message["title"], message["assignment"]["changed"]) == ("任务已确认", False)
    # All that the contract names, and nothing of the place or the caller.
    assert message["assignment"].keys() == {
        *("type", "alert_id", "incident_id", "role", "state", "kind", "drill", "eta_s", "changed"),
    }


async def test_with_an_open_session_that_acknowledges_nothing_is_pushed(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as client:
        await subscribed(service, "r1", push_service)
        incident_id, _ = await _accepted(service, client)
        await _close(service, incident_id)
        await client.next("stand_down")
        await client.settled()
        await service.service.acknowledgements.flush()
        await service.time_passes(seconds=11)

        async def nothing_waits() -> bool:
            return await jobs(service) == []

        await until(nothing_waits)
    assert push_service.heard == gateway.heard == []


async def test_a_session_that_does_not_acknowledge_is_not_relied_on(
    service: ServiceInProcess, push_service: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as client:
        device = await subscribed(service, "r1", push_service)
        incident_id, _ = await _accepted(service, client)
        client.acknowledges = False
        await _close(service, incident_id)
        await client.next("stand_down")
        assert push_service.heard == []
        await service.time_passes(seconds=10)
        assert (await pushed(device, push_service))["type"] == "stand_down"


async def test_a_service_that_is_started_anew_meanwhile_forgets_nobody(
    postgis_url: str, clock: MovableClock, tmp_path: Path, push_service: Listener, gateway: Listener
) -> None:
    empty_tables(postgis_url)
    async with (
        run_in_process(settings_with_a_hook(tmp_path, gateway), postgis_url, clock) as service,
        service.on_duty("r1", NEAR) as client,
    ):
        device = await subscribed(service, "r1", push_service)
        incident_id, _ = await _accepted(service, client)
        client.acknowledges = False
        await _close(service, incident_id)
        await client.next("stand_down")
    assert push_service.heard == []
    clock.move(seconds=10)
    async with run_in_process(settings_with_a_hook(tmp_path, gateway), postgis_url, clock):
        assert (await pushed(device, push_service))["type"] == "stand_down"


async def test_that_another_one_is_coming_wakes_nobody(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as first, service.on_duty("r2", beside(WULIN, north_m=90)) as second:
        await subscribed(service, "r1", push_service)
        _, alert = await _alerted(service, first)
        other = await second.next("alert")

        async def nothing_waits() -> bool:
            return await jobs(service) == []

        await first.answer(alert, "accept")
        await first.next("assignment")
        await first.settled()
        await service.service.acknowledgements.flush()
        await first.__aexit__()
        await gone(service, "r1")
        await service.time_passes(seconds=1)
        await second.answer(other, "accept")
        await second.next("assignment")
        await second.settled()
        await service.service.acknowledgements.flush()
        await service.time_passes(seconds=11)
        await until(nothing_waits)
    assert push_service.heard == gateway.heard == []


async def test_a_phone_called_by_push_hears_that_it_need_not_come(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR):
        device = await subscribed(service, "r1", push_service)
    await gone(service, "r1")
    incident_id = str((await service.sos())["incident_id"])
    assert (await pushed(device, push_service))["type"] == "alert"
    assert (await hooked(gateway))["type"] == "responder.alert"
    await service.call("POST", f"/v1/incidents/{incident_id}/cancel", role="operator", json={"reason": "false_alarm"})
    message = await pushed(device, push_service)
    assert (message["type"], message["stand_down"]["reason"]) == ("stand_down", "false_alarm")
    assert (await hooked(gateway))["type"] == "responder.stand_down"


async def test_silence_is_told_its_end_when_nobody_waits_for_a_late_yes(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR):
        device = await subscribed(service, "r1", push_service)
    await gone(service, "r1")
    await service.sos()
    alert = await pushed(device, push_service)
    assert alert["type"] == "alert"
    await service.time_passes(seconds=21)
    await asyncio.sleep(0.3)
    assert len(push_service.heard) == 1, "a phone that was slow to wake may still say yes"
    await service.time_passes(seconds=120)
    message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("stand_down", alert["alert_id"])
    assert [json.loads(each.body)["type"] for each in gateway.heard] == ["responder.alert"], "no SMS for that"


async def test_whoever_stands_still_with_a_silent_phone_is_asked_by_push(
    service: ServiceInProcess, push_service: Listener
) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=400)) as client:
        device = await subscribed(service, "r1", push_service)
        await _accepted(service, client)
        # A page that sends where it is and hears nothing.
        client.acknowledges = False
        for _ in range(12):
            await service.time_passes(seconds=30)
            place = beside(WULIN, north_m=400)
            await client.say(type="position", latitude=place.latitude, longitude=place.longitude, accuracy_m=10)
            await client.settled()
            if client.all("nudge"):
                break
        nudge = await client.next("nudge")
        await service.time_passes(seconds=10)
        message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("nudge", nudge["alert_id"])
    assert message["nudge"]["role"] == "cpr"
    assert message["title"] == "您出发了吗？"
