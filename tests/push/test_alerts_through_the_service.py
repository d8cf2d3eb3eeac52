"""An SOS wakes phones that sleep: from the tap to the push service and back, through the whole service."""

from pathlib import Path

import pytest

from dispatch.clock import SystemClock
from tests.conftest import empty_tables
from tests.people import WULIN, Message, MovableClock, ServiceInProcess, beside, run_in_process, until
from tests.push.conftest import heard_by
from tests.push.phones import (
    HOOK_SECRET,
    give_receipt,
    gone,
    have_been_tried,
    hooked,
    jobs,
    pushed,
    settings_with_a_hook,
    subscribed,
)
from tests.push.receiving import Answer, Device, Listener, checked_hook

NEAR = beside(WULIN, north_m=60)

# What the contract names, and nothing else.
_PUSHED = {"type", "title", "text", "language", "receipt", "useful_until"}
_OFFERED = {
    *("type", "alert_id", "incident_id", "role", "kind", "drill", "opened_at"),
    *("respond_by", "distance_m", "eta_s", "reason", "area"),
}
_LETTER = {
    *("id", "channel", "kind", "responder_id", "responder_name", "service", "incident_id", "alert_id", "test_id"),
    *("created_at", "useful_until", "died_at", "attempts", "error"),
}


async def _asleep(service: ServiceInProcess, push_service: Listener, responder_id: str = "r1") -> Device:
    """The phone of somebody who came on duty nearby and put it away."""
    async with service.on_duty(responder_id, NEAR):
        device = await subscribed(service, responder_id, push_service)
    await gone(service, responder_id)
    return device


async def _alert_of(service: ServiceInProcess, incident_id: str) -> Message:
    """The only alert of an incident."""
    (alert,) = (await service.incident(incident_id))["alerts"]
    found: Message = alert
    return found


async def _lines(service: ServiceInProcess, incident_id: str, kind: str) -> list[Message]:
    """What the timeline tells of that kind."""
    return [line for line in (await service.incident(incident_id))["timeline"] if line["kind"] == kind]


async def _cancel(service: ServiceInProcess, incident_id: str) -> None:
    await service.call("POST", f"/v1/incidents/{incident_id}/cancel", role="operator", json={})


async def test_a_sleeping_phone_is_woken_and_its_receipt_is_the_alerts_acknowledgement(
    service: ServiceInProcess, push_service: Listener
) -> None:
    device = await _asleep(service, push_service)
    incident_id = (await service.sos())["incident_id"]
    message = await pushed(device, push_service)
    alert = await _alert_of(service, incident_id)
    assert (message["type"], message["alert_id"]) == ("alert", alert["alert_id"])
    assert alert["state"] == "offered", "that a push service took it says nothing about the phone"
    assert message.keys() == _PUSHED | {"alert_id", "alert"}
    assert message["alert"].keys() == _OFFERED
    service.clock.move(seconds=3)
    await give_receipt(service, message["receipt"])
    alert = await _alert_of(service, incident_id)
    (received,) = await _lines(service, incident_id, "received")
    assert (received["by"], received["data"]) == ("responder:r1", {"alert_id": alert["alert_id"]})
    assert (alert["state"], alert["stages"]["received"]) == ("received", received["at"])
    await give_receipt(service, message["receipt"])
    await service.time_passes(seconds=10)
    assert len(await _lines(service, incident_id, "received")) == 1
    assert await _lines(service, incident_id, "not_received") == [], "no other way has to be tried"
    assert len(push_service.heard) == 1


async def test_the_gateway_is_called_and_its_receipt_is_an_acknowledgement_too(
    service: ServiceInProcess, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR):
        pass
    await gone(service, "r1")
    incident_id = (await service.sos())["incident_id"]
    # Signed by true time, though the service's own clock stands elsewhere.
    told = checked_hook(await heard_by(gateway), HOOK_SECRET, SystemClock(), within_s=5)
    assert (told["type"], told["data"]["phone"]) == ("responder.alert", "13800000000")
    assert told.keys() == {"type", "timestamp", "data"}
    assert told["data"].keys() == _PUSHED - {"type"} | {"responder_id", "phone", "alert_id", "alert"}
    assert told["data"]["alert"].keys() == _OFFERED
    await give_receipt(service, told["data"]["receipt"])
    assert (await _alert_of(service, incident_id))["state"] == "received"


async def test_a_session_that_does_not_say_it_has_the_alert_is_called_after_ten_seconds(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    async with service.on_duty("r1", NEAR) as client:
        device = await subscribed(service, "r1", push_service)
        client.acknowledges = False
        incident_id = (await service.sos())["incident_id"]
        alert = await client.next("alert")
        await service.time_passes(seconds=9)
        assert await jobs(service) == []
        await service.time_passes(seconds=1)
        message = await pushed(device, push_service)
        assert (message["type"], message["alert_id"]) == ("alert", alert["alert_id"])
        assert (await hooked(gateway))["type"] == "responder.alert"
        assert len(await _lines(service, incident_id, "not_received")) == 1
        await give_receipt(service, message["receipt"])
        assert (await _alert_of(service, incident_id))["state"] == "received"


async def test_who_says_no_on_the_page_is_not_called_any_more(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    push_service.default = gateway.default = Answer(503)
    await _asleep(service, push_service)
    await service.sos()
    await until(lambda: have_been_tried(service))
    assert len(await jobs(service)) == 2
    async with service.socket("responder", "r1") as client:
        await client.answer(await client.next("alert"), "decline")
        await client.next("stand_down")

        async def nothing_waits() -> bool:
            return await jobs(service) == []

        await until(nothing_waits)


async def test_an_offer_that_has_not_left_is_withdrawn_with_its_alert(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    await _asleep(service, push_service)
    desk = service.service.push.desk
    desk._is_draining = True
    incident_id = (await service.sos())["incident_id"]
    assert await jobs(service) == [("alert", "web_push", "queued"), ("alert", "webhook", "queued")]
    await _cancel(service, incident_id)
    assert await jobs(service) == [], "who was never called is not told to stop either"
    desk._is_draining = False
    # The next thing that is said is about the next emergency.
    again = (await service.sos())["incident_id"]
    assert (await hooked(gateway))["data"]["alert"]["incident_id"] == again


async def test_an_offer_that_may_have_arrived_is_stood_down_and_not_tried_again(
    service: ServiceInProcess, push_service: Listener, gateway: Listener
) -> None:
    push_service.default = gateway.default = Answer(503)
    device = await _asleep(service, push_service)
    incident_id = (await service.sos())["incident_id"]
    assert (await pushed(device, push_service))["type"] == "alert"
    assert (await hooked(gateway))["type"] == "responder.alert"
    await until(lambda: have_been_tried(service))
    push_service.default = gateway.default = Answer(201)
    await _cancel(service, incident_id)
    message = await pushed(device, push_service)
    assert (message["type"], message["stand_down"]["reason"]) == ("stand_down", "incident_cancelled")
    assert (await hooked(gateway))["type"] == "responder.stand_down"
    await service.time_passes(seconds=60)

    async def only_that_is_left() -> bool:
        return await jobs(service) == [("stand_down", "web_push", "sent"), ("stand_down", "webhook", "sent")]

    await until(only_that_is_left)
    assert (len(push_service.heard), len(gateway.heard)) == (2, 2)


async def test_a_dead_letter_that_an_operator_retries_wakes_the_phone(
    service: ServiceInProcess, push_service: Listener
) -> None:
    push_service.default = Answer(403, body=b"key mismatch")
    device = await _asleep(service, push_service)
    incident_id = (await service.sos())["incident_id"]
    await heard_by(push_service)

    async def is_dead() -> bool:
        return ("alert", "web_push", "dead") in await jobs(service)

    await until(is_dead)
    (letter,) = (await service.call("GET", "/v1/dead-letters", role="operator"))["dead_letters"]
    alert = await _alert_of(service, incident_id)
    assert (letter["incident_id"], letter["alert_id"]) == (incident_id, alert["alert_id"])
    assert (letter["responder_name"], letter["error"]) == ("救护员 r1", "403 key mismatch")
    assert letter.keys() == _LETTER
    await service.service.due_times.audit()
    assert service.service.due_times.dead_letters == 1, "an alarm on every console"
    push_service.default = Answer(201)
    await service.call("POST", f"/v1/dead-letters/{letter['id']}/retry", role="operator")
    message = await pushed(device, push_service)
    assert (message["type"], message["alert_id"]) == ("alert", alert["alert_id"])
    await give_receipt(service, message["receipt"])
    assert (await _alert_of(service, incident_id))["state"] == "received"
    assert (await service.call("GET", "/v1/dead-letters", role="operator"))["dead_letters"] == []


async def test_a_dead_letter_of_an_alert_that_is_over_wakes_nobody(
    service: ServiceInProcess, push_service: Listener
) -> None:
    push_service.default = Answer(403)
    device = await _asleep(service, push_service)
    incident_id = (await service.sos())["incident_id"]
    assert (await pushed(device, push_service))["type"] == "alert"

    async def is_dead() -> bool:
        return ("alert", "web_push", "dead") in await jobs(service)

    await until(is_dead)
    push_service.default = Answer(201)
    (letter,) = (await service.call("GET", "/v1/dead-letters", role="operator"))["dead_letters"]
    await _cancel(service, incident_id)
    assert (await pushed(device, push_service))["type"] == "stand_down"
    refused = await service.refused("POST", f"/v1/dead-letters/{letter['id']}/retry", 409, role="operator")
    assert refused["code"] == "too_late"
    assert len(push_service.heard) == 2


async def test_a_dead_letter_of_an_alert_that_was_declined_on_the_socket_wakes_nobody(
    service: ServiceInProcess, push_service: Listener
) -> None:
    push_service.default = Answer(403)
    await _asleep(service, push_service)
    await service.sos()

    async def is_dead() -> bool:
        return ("alert", "web_push", "dead") in await jobs(service)

    await until(is_dead)
    (letter,) = (await service.call("GET", "/v1/dead-letters", role="operator"))["dead_letters"]
    async with service.socket("responder", "r1") as client:
        await client.answer(await client.next("alert"), "decline")
        await client.next("stand_down")
    refused = await service.refused("POST", f"/v1/dead-letters/{letter['id']}/retry", 409, role="operator")
    assert refused["code"] == "too_late"


async def test_what_a_service_has_queued_the_next_one_sends(
    postgis_url: str, clock: MovableClock, tmp_path: Path, push_service: Listener, gateway: Listener
) -> None:
    empty_tables(postgis_url)
    settings = settings_with_a_hook(tmp_path, gateway)
    async with run_in_process(settings, postgis_url, clock) as service:
        device = await _asleep(service, push_service)
        service.service.push.desk._is_draining = True
        incident_id = (await service.sos())["incident_id"]
    assert push_service.heard == []
    async with run_in_process(settings, postgis_url, clock) as service:
        message = await pushed(device, push_service)
        await give_receipt(service, message["receipt"])
        assert (await _alert_of(service, incident_id))["state"] == "received"


async def test_nobody_waits_for_the_desks_next_look(
    postgis_url: str,
    clock: MovableClock,
    tmp_path: Path,
    push_service: Listener,
    gateway: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty_tables(postgis_url)
    monkeypatch.setattr("dispatch.push.desk._LOOK_EVERY_S", 3600.0)
    async with run_in_process(settings_with_a_hook(tmp_path, gateway), postgis_url, clock) as service:
        device = await _asleep(service, push_service)

        async def is_at_work() -> bool:
            return service.service.push.desk._presence.desk_id is not None

        await until(is_at_work)
        await service.sos()
        assert (await pushed(device, push_service))["type"] == "alert"
