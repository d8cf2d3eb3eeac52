"""The whole way of one SOS, seen from outside: HTTP and raw sockets, sixty first-aiders around."""

import asyncio
import contextlib
from uuid import uuid4

import pytest

from tests.people import WULIN, Message, ServiceInProcess, SocketClient, beside

AROUND = 60


@contextlib.asynccontextmanager
async def _sixty_around(service: ServiceInProcess):  # type: ignore[no-untyped-def]
    async with contextlib.AsyncExitStack() as stack:
        people: dict[str, SocketClient] = {}
        for number in range(AROUND):
            place = beside(WULIN, north_m=60 + 15 * number, east_m=(number % 7 - 3) * 40)
            client = await stack.enter_async_context(service.on_duty(f"r{number:02}", place))
            people[f"r{number:02}"] = client
        yield people


async def _alerted(people: dict[str, SocketClient], expected: int) -> dict[str, Message]:
    """The alerts, once as many have come as the SOS was said to send."""

    async def first_alert(name: str, client: SocketClient) -> tuple[str, Message]:
        return name, await client.next("alert", within_s=15)

    waiting = [asyncio.create_task(first_alert(*each)) for each in people.items()]
    alerts: dict[str, Message] = {}
    for done in asyncio.as_completed(waiting):
        name, alert = await done
        alerts[name] = alert
        if len(alerts) == expected:
            break
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return alerts


async def test_from_the_tap_to_the_close(service: ServiceInProcess) -> None:
    aed_id = await service.add_aed(beside(WULIN, north_m=-150), name="武林广场地铁站", place_detail="B口")
    async with _sixty_around(service) as people, service.socket("operator", "ann") as console:
        opened = await service.sos(floor=3, note="二单元", caller={"phone": "13912345678"})
        assert opened["alerted"] == 20
        assert [aed["id"] for aed in opened["nearest_aeds"]] == [aed_id]
        incident_id = opened["incident_id"]
        alerts = await _alerted(people, 20)

        async with service.socket("caller", incident_id) as caller:
            _an_alert_gives_no_more_than_needed_to_answer(alerts)
            soonest = sorted(alerts, key=lambda name: alerts[name]["eta_s"])
            by_role = {role: [name for name in soonest if alerts[name]["role"] == role] for role in ("cpr", "aed")}
            assert by_role["cpr"]
            assert by_role["aed"]
            helper, runner = by_role["cpr"][0], by_role["aed"][0]
            assert alerts[runner]["aed"]["id"] == aed_id

            await people[helper].answer(alerts[helper], "accept")
            to_patient = await people[helper].next("assignment")
            assert to_patient["location"]["latitude"] == pytest.approx(WULIN.latitude, abs=1e-6)
            assert to_patient["floor"] == 3
            assert to_patient["note"] == "二单元"
            assert to_patient["caller"] == {"phone": "13912345678"}
            assert "aed" not in to_patient
            seen = await caller.next("incident", where=lambda m: m["responders"])
            assert [each["role"] for each in seen["responders"]] == ["cpr"]

            await people[runner].answer(alerts[runner], "accept")
            via_aed = await people[runner].next("assignment")
            assert via_aed["aed"]["name"] == "武林广场地铁站"
            assert [other["role"] for other in via_aed["others"]] == ["cpr"]

            # Whoever could not be there sooner than these two is stood down at once.
            later = max(alerts[helper]["eta_s"], alerts[runner]["eta_s"])
            for name in [each for each in alerts if alerts[each]["eta_s"] > later]:
                assert (await people[name].next("stand_down"))["reason"] == "enough_accepted"

            for name, stages in (
                (helper, ["en_route", "on_scene"]),
                (runner, ["en_route", "aed_collected", "on_scene"]),
            ):
                for stage in stages:
                    await people[name].progress(alerts[name], stage)
            await caller.next("incident", where=lambda m: [e["state"] for e in m["responders"]] == ["on_scene"] * 2)
            # And now everybody else.
            for name in alerts.keys() - {helper, runner}:
                stood_down = people[name].all("stand_down") or [await people[name].next("stand_down")]
                assert [each["reason"] for each in stood_down] == ["enough_accepted"]

            await people[runner].progress(alerts[runner], "done")
            await service.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
            assert (await people[helper].next("stand_down"))["reason"] == "incident_closed"
            assert (await caller.next("incident", where=lambda m: m["state"] == "closed"))["closed_at"]
            await console.next("incident", where=lambda m: m["state"] == "closed")

        await asyncio.gather(*(client.settled() for client in people.values()))
        for client in [*people.values(), console, caller]:
            numbers = [m["seq"] for m in client.heard if "seq" in m and m["type"] != "welcome"]
            assert numbers == list(range(client.welcome["seq"] + 1, client.welcome["seq"] + 1 + len(numbers)))

        await _the_timeline_tells_the_same_story(service, incident_id, console, helper, runner)


def _an_alert_gives_no_more_than_needed_to_answer(alerts: dict[str, Message]) -> None:
    for alert in alerts.values():
        assert {"alert_id", "incident_id", "role", "respond_by", "distance_m", "eta_s", "area"} <= alert.keys()
        assert not {"location", "floor", "note", "caller", "others"} & alert.keys()
        assert alert["distance_m"] % 50 == 0


async def _the_timeline_tells_the_same_story(
    service: ServiceInProcess, incident_id: str, console: SocketClient, helper: str, runner: str
) -> None:
    incident = await service.call("GET", f"/v1/incidents/{incident_id}", role="operator")
    assert incident["state"] == "closed"
    timeline = incident["timeline"]
    assert [line["number"] for line in timeline] == list(range(1, len(timeline) + 1))
    kinds = [line["kind"] for line in timeline]
    assert kinds[:2] == ["opened", "planned"]
    assert kinds.count("offered") == 20
    assert kinds.count("received") == 20
    assert kinds.count("withdrawn") == 18
    assert kinds[-1] == "closed"
    by = [(line["by"], line["data"].get("stage")) for line in timeline if line["kind"] == "stage_reached"]
    assert [stage for who, stage in by if who == f"responder:{helper}"] == ["en_route", "on_scene"]
    assert [stage for who, stage in by if who == f"responder:{runner}"] == [
        "en_route",
        "aed_collected",
        "on_scene",
        "done",
    ]
    # What the console was told piece by piece is the same list.
    told = [line for message in console.all("incident") for line in message["timeline"]]
    assert told == timeline


async def test_a_reconnect_brings_what_was_missed_and_nothing_twice(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as client:
        first = await service.sos()
        await client.next("alert")
        await service.call("POST", f"/v1/incidents/{first['incident_id']}/cancel", role="operator")
        await client.next("stand_down")
        await client.settled()
        resume = client.resume_point
    second = await service.sos()
    await service.call("POST", f"/v1/incidents/{second['incident_id']}/cancel", role="operator")
    async with service.socket("responder", "r1", resume=resume) as client:
        assert client.welcome["resumed"] is True
        missed = [await client.next("alert"), await client.next("stand_down")]
        assert [message["incident_id"] for message in missed] == [second["incident_id"]] * 2
        assert [message["seq"] for message in missed] == [resume["seq"] + 1, resume["seq"] + 2]
        third = await service.sos()
        live = await client.next("alert")
        assert (live["incident_id"], live["seq"]) == (third["incident_id"], resume["seq"] + 3)
        await client.settled()
        assert len(client.all("alert")) == 2
        assert len(client.all("stand_down")) == 1


async def test_a_resume_of_another_epoch_is_told_so_and_given_what_is_unacknowledged(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=100)):
        pass
    opened = await service.sos()
    async with service.socket("responder", "r1", resume={"epoch": "of old", "seq": 7}) as client:
        assert client.welcome["resumed"] is False
        assert (await client.next("alert"))["incident_id"] == opened["incident_id"]


async def test_a_repeated_request_id_opens_nothing_new(service: ServiceInProcess) -> None:
    request_id = str(uuid4())
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as client, service.client() as phone:
        body = {"request_id": request_id, "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}}
        answers = await asyncio.gather(*(phone.post("/v1/sos", json=body) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
        assert len({answer.text for answer in answers}) == 1
        await client.next("alert")
        await client.settled()
        assert len(client.all("alert")) == 1
    listed = await service.call("GET", "/v1/incidents?status=all", role="operator")
    assert len(listed["incidents"]) == 1


async def test_a_repeated_request_id_gets_the_same_answer_from_a_restarted_service(service: ServiceInProcess) -> None:
    request_id = str(uuid4())
    first = await service.sos(request_id=request_id)
    service.service.sos._taken.clear()  # what a restart forgets
    async with service.client() as phone:
        body = {"request_id": request_id, "location": {"latitude": 0, "longitude": 0}}
        again = await phone.post("/v1/sos", json=body)
    assert again.status_code == 200
    assert again.json() == first
