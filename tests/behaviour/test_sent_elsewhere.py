"""A runner on the way whose AED turns out to be of no use is given another one."""

from sqlalchemy import text

from tests.people import WULIN, ServiceInProcess, beside


async def test_a_runner_is_sent_to_another_aed_when_theirs_is_lost(service: ServiceInProcess) -> None:
    first = await service.add_aed(beside(WULIN, north_m=420, east_m=-300), name="南门")
    async with (
        service.on_duty("helper", beside(WULIN, north_m=120, east_m=60), mode="run") as helper,
        service.on_duty("runner", beside(WULIN, north_m=500, east_m=-380), mode="run") as runner,
    ):
        opened = await service.sos()
        to_fetch = await runner.next("alert")
        assert to_fetch["aed"]["id"] == first
        await runner.answer(to_fetch, "accept")
        assert (await runner.next("assignment"))["aed"]["id"] == first
        await helper.answer(await helper.next("alert"), "accept")
        # It will not switch on, says somebody; another cabinet stands a little farther.
        second = await service.add_aed(beside(WULIN, north_m=450, east_m=-400), name="北门")
        await service.call("POST", f"/v1/aeds/{first}/reports", role="admin", json={"kind": "fault", "code": "broken"})

        again = await runner.next("assignment", where=lambda m: m["aed"]["id"] == second)
        assert again["alert_id"] == to_fetch["alert_id"]
        assert again["role"] == "aed"
        me = await service.call("GET", "/v1/responders/me", role="responder", subject="runner")
        assert me["assignment"]["aed"]["id"] == second
        incident = await service.incident(opened["incident_id"])
    (alert,) = [each for each in incident["alerts"] if each["responder_id"] == "runner"]
    assert (alert["aed"]["id"], alert["state"]) == (second, "accepted")
    (line,) = [each for each in incident["timeline"] if each["kind"] == "reassigned"]
    assert line["data"]["aed_id"] == second
    assert "原定的AED无法使用" in line["data"]["reason_zh"]
    # The table that guards and tells of alerts says the same.
    async with service.service.database.statement() as connection:
        rows = await connection.execute(text("select role, aed_id from alerts where responder_id = 'runner'"))
        assert [(row.role, str(row.aed_id)) for row in rows] == [("aed", second)]


async def test_who_declines_is_replaced_and_the_rest_keep_their_tasks(service: ServiceInProcess) -> None:
    await service.add_aed(beside(WULIN, north_m=420, east_m=-300), name="南门")
    async with (
        service.on_duty("helper", beside(WULIN, north_m=120, east_m=60), mode="run") as helper,
        service.on_duty("runner", beside(WULIN, north_m=500, east_m=-380), mode="run") as runner,
    ):
        opened = await service.sos()
        await runner.answer(await runner.next("alert"), "accept")
        await runner.next("assignment")
        await helper.answer(await helper.next("alert"), "decline")
        await helper.settled()
        incident = await service.incident(opened["incident_id"])
    assert not [each for each in incident["timeline"] if each["kind"] == "reassigned"]
    assert [each["state"] for each in incident["alerts"] if each["responder_id"] == "runner"] == ["accepted"]
