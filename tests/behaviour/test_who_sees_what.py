"""The caller sees its own incident and little of the others; the operator sees all; others see nothing."""

from uuid import uuid4

import pytest

from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

OPERATOR_SEES = {
    "incident_id", "version", "state", "kind", "drill", "opened_at", "closed_at", "end_reason", "location", "floor",
    "note", "caller", "cpr_in_progress", "ambulance", "likely_duplicates", "alerts", "timeline",
    "nobody_reached", "merged_into", "merged", "centre", "case_number", "called_at", "collapsed_at",
}  # fmt: skip


async def _one_accepts(service: ServiceInProcess, r1: SocketClient) -> Message:
    opened = await service.sos(floor=3, note="二单元", caller={"phone": "13912345678"})
    await r1.answer(await r1.next("alert"), "accept")
    await r1.next("assignment")
    return opened


async def test_the_operator_sees_everything(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await _one_accepts(service, r1)
        seen = await service.incident(opened["incident_id"])
    assert seen.keys() == OPERATOR_SEES
    assert (seen["floor"], seen["note"], seen["caller"]) == (3, "二单元", {"phone": "13912345678"})
    (alert,) = seen["alerts"]
    assert alert.keys() == {
        "alert_id", "responder_id", "responder_name", "role", "aed", "state", "wave", "offered_at", "respond_by",
        "answered_at", "eta_s", "arrives_at", "distance_m", "reason", "end_reason", "stages",
        "not_received_at", "urged_at", "doubted_at",
    }  # fmt: skip
    assert alert["responder_name"] == "救护员 r1"
    assert alert["stages"]["accepted"] == alert["answered_at"]
    assert all(line.keys() == {"number", "at", "kind", "by", "data"} for line in seen["timeline"])


async def test_another_callers_incident_is_forbidden(service: ServiceInProcess) -> None:
    mine, theirs = await service.sos(), await service.sos()
    me = {"role": "caller", "subject": mine["incident_id"]}
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/cancel", None),
        ("POST", "/cpr", {"in_progress": True}),
    ):
        problem = await service.refused(method, f"/v1/incidents/{theirs['incident_id']}{path}", 403, json=body, **me)
        assert problem["code"] == "forbidden"
    assert (await service.incident(theirs["incident_id"]))["state"] == "open"


@pytest.mark.parametrize("call", ["close", "widen", "ambulance"])
async def test_a_caller_does_not_do_the_operators_work(service: ServiceInProcess, call: str) -> None:
    mine = await service.sos()
    body = {"arrived": True} if call == "ambulance" else {}
    path = f"/v1/incidents/{mine['incident_id']}/{call}"
    await service.refused("POST", path, 403, role="caller", subject=mine["incident_id"], json=body)


@pytest.mark.parametrize("role", ["responder", "custodian", "device"])
async def test_other_roles_see_no_incidents(service: ServiceInProcess, role: str) -> None:
    opened = await service.sos()
    await service.refused("GET", f"/v1/incidents/{opened['incident_id']}", 403, role=role)
    await service.refused("GET", "/v1/incidents", 403, role=role)


async def test_the_list_is_for_operators_newest_first_and_by_state(service: ServiceInProcess) -> None:
    opened = []
    for _ in range(3):
        opened.append((await service.sos())["incident_id"])
        service.clock.move(seconds=1)
    await service.call("POST", f"/v1/incidents/{opened[0]}/close", role="operator")
    await service.call("POST", f"/v1/incidents/{opened[1]}/cancel", role="admin")

    async def listed(query: str) -> list[str]:
        answer = await service.call("GET", f"/v1/incidents{query}", role="operator")
        assert all(each["timeline"] == [] for each in answer["incidents"])
        return [each["incident_id"] for each in answer["incidents"]]

    assert await listed("") == [opened[2]]
    assert await listed("?status=open") == [opened[2]]
    assert await listed("?status=closed") == [opened[0]]
    assert await listed("?status=cancelled") == [opened[1]]
    assert await listed("?status=all") == opened[::-1]
    assert await listed("?status=all&limit=2") == opened[:0:-1]
    assert await listed("?status=alerting") == []
    await service.refused("GET", "/v1/incidents", 403, role="caller", subject=opened[0])


async def test_an_unknown_incident_is_not_found(service: ServiceInProcess) -> None:
    unknown = str(uuid4())
    problem = await service.refused("GET", f"/v1/incidents/{unknown}", 404, role="operator")
    assert problem["code"] == "not_found"
    await service.refused("POST", f"/v1/incidents/{unknown}/close", 404, role="operator")
    await service.refused("GET", f"/v1/incidents/{unknown}", 404, role="caller", subject=unknown)


async def test_before_a_yes_a_responder_knows_only_about_where(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=333)) as r1:
        await service.sos(floor=3, note="二单元", caller={"phone": "13912345678"})
        alert = await r1.next("alert")
        me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
        assert _same_but_for_number_and_times(me["alert"], alert)
        assert me["assignment"] is None
        assert alert["distance_m"] == 350
        # Half a kilometre of uncertainty, and not centred on the patient.
        assert alert["area"]["radius_m"] > 100
        assert (alert["area"]["latitude"], alert["area"]["longitude"]) != (WULIN.latitude, WULIN.longitude)
        assert "13912345678" not in str(me["alert"])
        await r1.answer(alert, "accept")
        assignment = await r1.next("assignment")
        me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
        assert me["alert"] is None
        assert _same_but_for_number_and_times(me["assignment"], assignment)


def _same_but_for_number_and_times(shown: Message, sent: Message) -> bool:
    # "Z" and "+00:00" are the same time zone in two spellings.
    apart = {"seq", "opened_at", "respond_by"}
    return shown.keys() == sent.keys() - {"seq"} and all(shown[name] == sent[name] for name in shown.keys() - apart)


async def test_after_the_end_a_responder_is_on_nothing(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await _one_accepts(service, r1)
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await r1.next("stand_down")
        me = await service.call("GET", "/v1/responders/me", role="responder", subject="r1")
    assert (me["alert"], me["assignment"]) == (None, None)


async def test_a_drill_is_marked_on_everything(service: ServiceInProcess) -> None:
    async with service.socket("operator", "ann") as console, service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos(drill=True)
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
        await r1.next("stand_down")
        await console.next("incident", where=lambda m: m["state"] == "closed")
    marked = [opened, *r1.all("alert"), *r1.all("assignment"), *r1.all("stand_down"), *console.all("incident")]
    assert len(marked) >= 5
    assert all(each["drill"] is True for each in marked)
