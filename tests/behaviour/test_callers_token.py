"""The token of the SOS lets the caller follow and cancel its own incident, and nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.people import WULIN, Message, MovableClock, ServiceInProcess, SocketClient, beside

CALLER_SEES = {
    "incident_id", "version", "state", "kind", "drill", "opened_at", "closed_at", "end_reason", "location",
    "cpr_in_progress", "ambulance", "alerted", "responders", "timeline",
    "nobody_reached", "merged_into", "merged",
}  # fmt: skip


@pytest.fixture
def clock() -> MovableClock:
    """Begins at the real now: tokens go by the real time."""
    return MovableClock(datetime.now(UTC))


def _phone(service: ServiceInProcess, opened: Message) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=service.url, headers={"Authorization": f"Bearer {opened['token']}"})


async def test_the_caller_cancels_with_the_token_of_the_sos(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        async with _phone(service, opened) as phone:
            answer = await phone.post(f"/v1/incidents/{opened['incident_id']}/cancel")
            assert answer.status_code == 200
            seen = answer.json()
            assert (seen["state"], seen["end_reason"]) == ("cancelled", "caller_cancelled")
            assert seen.keys() == CALLER_SEES
            stand_down = await r1.next("stand_down")
            assert (stand_down["alert_id"], stand_down["reason"]) == (alert["alert_id"], "incident_cancelled")
            again = await phone.post(f"/v1/incidents/{opened['incident_id']}/cancel")
            assert (again.status_code, again.json()["version"]) == (200, seen["version"])


async def test_the_caller_sees_who_comes_by_first_character_and_no_more(service: ServiceInProcess) -> None:
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.on_duty("r2", beside(WULIN, north_m=200)),
    ):
        opened = await service.sos(caller={"phone": "13912345678"})
        await r1.answer(await r1.next("alert"), "accept")
        await r1.next("assignment")
        async with _phone(service, opened) as phone:
            answer = await phone.get(f"/v1/incidents/{opened['incident_id']}")
    seen = answer.json()
    assert seen.keys() == CALLER_SEES
    assert seen["alerted"] == 2
    (coming,) = seen["responders"]
    assert coming.keys() == {
        "alert_id", "role", "state", "name", "eta_s", "arrives_at", "distance_m", "aed_name", "location"
    }  # fmt: skip
    assert coming["name"] == "救*"
    assert not any(line.get("data") for line in seen["timeline"])
    assert "r1" not in answer.text
    assert "13800000000" not in answer.text


async def test_the_socket_takes_the_token_of_the_sos_as_well(service: ServiceInProcess) -> None:
    opened = await service.sos()
    async with SocketClient(service.url, opened["token"]) as caller:
        assert (caller.welcome["role"], caller.welcome["subject"]) == ("caller", opened["incident_id"])
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        assert (await caller.next("incident"))["state"] == "closed"


async def test_it_opens_no_other_doors(service: ServiceInProcess) -> None:
    opened, other = await service.sos(), await service.sos()
    async with _phone(service, opened) as phone:
        for method, path in (
            ("GET", f"/v1/incidents/{other['incident_id']}"),
            ("POST", f"/v1/incidents/{other['incident_id']}/cancel"),
            ("POST", f"/v1/incidents/{opened['incident_id']}/close"),
            ("GET", "/v1/incidents"),
            ("GET", "/v1/responders/me"),
            ("GET", "/v1/responders/r1"),
        ):
            assert (await phone.request(method, path)).status_code == 403, path


async def test_it_is_good_for_a_day(service: ServiceInProcess, clock: MovableClock) -> None:
    yesterday = await service.sos()
    clock.move(hours=2)
    lately = await service.sos()
    clock.move(hours=23)
    async with _phone(service, yesterday) as phone:
        answer = await phone.get(f"/v1/incidents/{yesterday['incident_id']}")
        assert answer.status_code == 401
        assert "expired" in answer.json()["detail"]
    async with _phone(service, lately) as phone:
        assert (await phone.get(f"/v1/incidents/{lately['incident_id']}")).status_code == 200


async def test_a_repeated_tap_gets_the_same_token(service: ServiceInProcess, clock: MovableClock) -> None:
    request_id = str(uuid4())
    first = await service.sos(request_id=request_id)
    clock.move(seconds=timedelta(minutes=1).total_seconds())
    assert await service.sos(request_id=request_id) == first
