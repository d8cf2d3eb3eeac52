"""Cancel, close, the ambulance: everybody is sent home with the right reason, and is free again."""

import pytest

from tests.people import WULIN, ServiceInProcess, beside


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"reason": "false_alarm"}, "false_alarm"),
        ({"reason": "duplicate"}, "duplicate"),
        ({"reason": "operator"}, "incident_cancelled"),
        ({}, "incident_cancelled"),
    ],
    ids=str,
)
async def test_an_operator_cancels_with_a_reason(service: ServiceInProcess, said: dict[str, str], told: str) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        await r1.next("alert")
        path = f"/v1/incidents/{opened['incident_id']}/cancel"
        seen = await service.call("POST", path, role="operator", subject="ann", json=said)
        assert seen["end_reason"] == said.get("reason", "operator")
        assert seen["timeline"][-1]["by"] == "operator:ann"
        assert (await r1.next("stand_down"))["reason"] == told


async def test_who_was_sent_home_can_be_asked_for_the_next_one_at_once(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        for ending in ("cancel", "close"):
            opened = await service.sos()
            assert opened["alerted"] == 1
            alert = await r1.next("alert")
            assert alert["incident_id"] == opened["incident_id"]
            await r1.answer(alert, "accept")
            await r1.next("assignment")
            await service.call("POST", f"/v1/incidents/{opened['incident_id']}/{ending}", role="operator")
            await r1.next("stand_down")


async def test_the_ambulance_is_announced_and_arrives(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        path = f"/v1/incidents/{opened['incident_id']}/ambulance"
        async with service.socket("caller", opened["incident_id"]) as caller:
            seen = await service.call("POST", path, role="operator", json={"eta_s": 480})
            assert seen["ambulance"] == {
                "eta_s": 480,
                "arrives_at": "2026-06-17T04:08:00Z",
                "arrived_at": None,
                "unit": None,
            }
            told = await caller.next("incident", where=lambda m: m["ambulance"]["eta_s"] is not None)
            assert told["ambulance"]["eta_s"] == 480
            await service.time_passes(seconds=300)
            assert (await service.incident(opened["incident_id"]))["ambulance"]["eta_s"] == 180
            seen = await service.call("POST", path, role="operator", json={"arrived": True})
            assert seen["ambulance"]["arrived_at"] == "2026-06-17T04:05:00Z"
            assert seen["closed_at"] is None
            assert (await r1.next("stand_down"))["reason"] == "ambulance_arrived"
            assert (await caller.next("incident", where=lambda m: m["ambulance"]["arrived_at"]))["responders"] == []


async def test_who_would_come_after_the_ambulance_is_not_asked(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        alert = await r1.next("alert")
        path = f"/v1/incidents/{opened['incident_id']}/ambulance"
        await service.call("POST", path, role="operator", json={"eta_s": 240})
        # 105 s to get going and 200 m * 1.3 / 1.4 m/s: 290 s on foot, 173 s by e-bike.
        async with (
            service.on_duty("walker", beside(WULIN, north_m=200)) as walker,
            service.on_duty("rider", beside(WULIN, north_m=200), mode="ebike") as rider,
        ):
            await r1.answer(alert, "decline")
            await rider.next("alert")
            await walker.settled()
            assert walker.all("alert") == []


async def test_what_has_ended_is_not_ended_otherwise(service: ServiceInProcess) -> None:
    opened = await service.sos()
    path = f"/v1/incidents/{opened['incident_id']}"
    first = await service.call("POST", f"{path}/close", role="operator", json={"note": "移交急救车"})
    again = await service.call("POST", f"{path}/close", role="operator")
    assert again["version"] == first["version"]
    for call, body in (
        ("cancel", {}),
        ("widen", {}),
        ("ambulance", {"eta_s": 60}),
        ("ambulance", {"arrived": True}),
        ("cpr", {"in_progress": True}),
    ):
        problem = await service.refused("POST", f"{path}/{call}", 409, role="operator", json=body)
        assert problem["code"] == "incident_ended"


async def test_widening_reaches_those_farther_away(service: ServiceInProcess) -> None:
    async with service.on_duty("far", beside(WULIN, north_m=4000), mode="car") as far:
        opened = await service.sos()
        assert opened["alerted"] == 0
        path = f"/v1/incidents/{opened['incident_id']}/widen"
        widened = await service.call("POST", path, role="operator", subject="ann")
        assert widened["state"] == "alerting"
        alert = await far.next("alert")
        assert alert["distance_m"] == 4000
        assert [line["by"] for line in widened["timeline"] if line["kind"] == "widened"] == ["operator:ann"]


async def test_cpr_by_somebody_on_the_spot_is_shown_to_all(service: ServiceInProcess) -> None:
    opened = await service.sos()
    incident_id = opened["incident_id"]
    async with service.socket("operator", "ann") as console, service.socket("caller", incident_id) as caller:
        path = f"/v1/incidents/{incident_id}/cpr"
        seen = await service.call("POST", path, role="caller", subject=incident_id, json={"in_progress": True})
        assert seen["cpr_in_progress"] is True
        assert (await caller.next("incident"))["cpr_in_progress"] is True
        assert (await console.next("incident", where=lambda m: m["cpr_in_progress"]))["timeline"][-1]["by"] == "caller"
