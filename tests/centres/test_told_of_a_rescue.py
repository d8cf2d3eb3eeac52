"""A centre's own system is told of a rescue from the call to its end: signed, in order, and each event once."""

from dispatch.clock import SystemClock
from tests.centres.conftest import feed, has_all, open_case, webhook
from tests.people import WULIN, ServiceInProcess, beside
from tests.push.receiving import Listener, checked_hook


async def test_a_rescue_is_told_from_the_call_to_its_end(service: ServiceInProcess, receiver: Listener) -> None:
    made = await webhook(service, receiver, centre="hz120")
    aed_id = await service.add_aed(beside(WULIN, north_m=120))
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as runner:
        opened = await open_case(service, caller={"phone": "13912345678"}, ambulance={"eta_s": 600, "unit": "浙A-120"})
        alert = await runner.next("alert")
        await runner.answer(alert, "accept")
        await runner.next("assignment")
        is_runner = alert["role"] == "aed"
        if is_runner:
            await runner.progress(alert, "aed_collected")
        await runner.progress(alert, "on_scene")
        await runner.settled()
    case = "/v1/centres/hz120/cases/2026-000123"
    await service.call("PUT", f"{case}/ambulance", role="centre", subject="hz120", json={"arrived": True})
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    await has_all(service, made)

    told = [checked_hook(each, made["secret"], SystemClock(), within_s=60) for each in receiver.heard]
    kinds = [each["type"] for each in told]
    assert kinds == [
        "incident.opened",
        "ambulance.updated",
        "responder.accepted",
        *(["aed.collected"] if is_runner else []),
        "responder.on_scene",
        "ambulance.updated",
        "responder.stood_down",
        "incident.closed",
    ]
    assert [each["cursor"] for each in told] == sorted(each["cursor"] for each in told)
    assert len({each["id"] for each in told}) == len(told)
    for heard, each in zip(receiver.heard, told, strict=True):
        assert heard.headers["webhook-id"] == each["id"]
        assert heard.headers["content-type"] == "application/json"
        assert each["incident_id"] == opened["incident_id"]
        assert (each["centre"], each["case_number"], each["drill"]) == ("hz120", "2026-000123", False)
    first = told[0]["data"]["incident"]
    assert first["location"] == {"latitude": 30.2741, "longitude": 120.1551, "datum": "wgs84", "accuracy_m": None}
    assert first["caller"] == {"phone": "13912345678"}
    assert told[1]["data"]["ambulance"]["unit"] == "浙A-120"
    accepted = told[2]["data"]["responder"]
    assert accepted["responder_id"] == "r1"
    if is_runner:
        assert accepted["aed"]["id"] == aed_id
    assert told[-1]["data"]["incident"]["state"] == "closed"
    # Neither a name nor a number of anybody who helps.
    everything = b"".join(each.body for each in receiver.heard).decode()
    assert "救护员 r1" not in everything
    assert "13800000000" not in everything

    asked = await feed(service, role="centre", subject="hz120")
    assert asked["events"] == told
    assert asked["next"] == told[-1]["cursor"]
    assert not asked["more"]
