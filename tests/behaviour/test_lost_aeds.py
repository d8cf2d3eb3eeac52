"""An AED that is missing, locked or broken: its runner is re-routed at once, and the registry knows."""

import pytest
from sqlalchemy import text

from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside


async def _runner_sent_for(service: ServiceInProcess, runner: SocketClient) -> Message:
    await service.sos()
    alert = await runner.next("alert")
    assert alert["role"] == "aed"
    await runner.answer(alert, "accept")
    await runner.next("assignment")
    return alert


@pytest.mark.parametrize("problem", ["missing", "locked", "broken"])
async def test_a_runner_before_an_empty_cabinet_is_sent_on_and_the_registry_told(
    service: ServiceInProcess, problem: str
) -> None:
    first = await service.add_aed(beside(WULIN, north_m=420, east_m=-300), name="南门")
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", beside(WULIN, north_m=450, east_m=-330), mode="run") as runner,
    ):
        alert = await _runner_sent_for(service, runner)
        second = await service.add_aed(beside(WULIN, north_m=400, east_m=-280), name="北门")
        await runner.say(type="aed_problem", alert_id=alert["alert_id"], problem=problem)
        again = await runner.next("assignment", where=lambda m: m.get("aed", {}).get("id") == second)
        assert (again["alert_id"], again["role"]) == (alert["alert_id"], "aed")
        await runner.settled()
        await service.service.registry_links.carry()
    aed = await service.call("GET", f"/v1/aeds/{first}")
    assert aed["usable_now"] is False
    async with service.service.database.statement() as connection:
        rows = (
            await connection.execute(text("select kind, reported_by, data ->> 'code' as code from aed_reports"))
        ).all()
    assert [(row.kind, row.reported_by, row.code) for row in rows] == [("fault", "responder:runner", problem)]


async def test_without_another_aed_the_runner_goes_to_the_patient(service: ServiceInProcess) -> None:
    await service.add_aed(beside(WULIN, north_m=420, east_m=-300))
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", beside(WULIN, north_m=450, east_m=-330), mode="run") as runner,
    ):
        alert = await _runner_sent_for(service, runner)
        await runner.say(type="aed_problem", alert_id=alert["alert_id"], problem="locked")
        again = await runner.next("assignment", where=lambda m: m["role"] == "cpr")
        assert "aed" not in again
        # They got in after all: what they carry is believed.
        await runner.progress(alert, "aed_collected")
        back = await runner.next("assignment", where=lambda m: m["state"] == "aed_collected")
        assert back["role"] == "aed"


async def test_a_fault_report_during_an_incident_re_routes_its_runner(service: ServiceInProcess) -> None:
    first = await service.add_aed(beside(WULIN, north_m=420, east_m=-300))
    async with (
        service.on_duty("helper", beside(WULIN, north_m=60), mode="run"),
        service.on_duty("runner", beside(WULIN, north_m=450, east_m=-330), mode="run") as runner,
    ):
        await _runner_sent_for(service, runner)
        await service.call("POST", f"/v1/aeds/{first}/reports", role="admin", json={"kind": "fault", "code": "battery"})
        assert (await runner.next("assignment", where=lambda m: m["role"] == "cpr"))["state"] == "accepted"


async def test_whoever_is_not_sent_for_an_aed_cannot_report_one(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        await service.sos()
        alert = await r1.next("alert")
        await r1.say(type="aed_problem", alert_id=alert["alert_id"], problem="missing")
        assert (await r1.next("error"))["code"] == "no_aed"
        await r1.say(type="aed_problem", alert_id=alert["alert_id"], problem="haunted")
        refusal = await r1.next("error")
        assert (refusal["code"], refusal["field"]) == ("invalid", "problem")
