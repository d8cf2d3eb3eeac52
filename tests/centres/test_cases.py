"""A case of a 120 centre is one incident, whoever tells it and however often; its ambulance and its duplicates."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.centres.conftest import a_case, feed, open_case
from tests.people import (
    WULIN,
    Message,
    MovableClock,
    ServiceInProcess,
    beside,
    run_in_process,
    settings_for_tests,
    until,
)
from tests.stoppable_database import StoppableDatabase

CASES = "/v1/centres/hz120/cases"


async def put_ambulance(service: ServiceInProcess, number: str = "2026-000123", **said: object) -> Message:
    stands: Message = await service.call(
        "PUT", f"{CASES}/{number}/ambulance", role="centre", subject="hz120", json=said
    )
    return stands


async def test_a_case_alerts_as_an_sos_does(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        opened = await open_case(service, floor=3, kind="cardiac_arrest", caller={"phone": "13912345678"})
        alert = await phone.next("alert")
    assert alert["incident_id"] == opened["incident_id"]
    assert opened["alerted"] == 1
    assert opened["centre"] == "hz120"
    assert opened["case_number"] == "2026-000123"
    assert "token" not in opened
    seen = await service.incident(opened["incident_id"])
    assert (seen["centre"], seen["case_number"]) == ("hz120", "2026-000123")
    assert seen["timeline"][0]["by"] == "centre:hz120"
    assert seen["timeline"][0]["data"]["case_number"] == "2026-000123"


async def test_the_same_case_twice_is_the_first_incident(service: ServiceInProcess) -> None:
    first = await open_case(service)
    async with service.client("centre", "hz120") as client:
        again = await client.post("/v1/incidents", json=a_case())
    assert again.status_code == 200
    assert again.json() == first


async def test_one_number_at_two_centres_is_two_cases(service: ServiceInProcess) -> None:
    first = await open_case(service, centre="hz120")
    other = await open_case(service, centre="nb120")
    assert first["incident_id"] != other["incident_id"]
    # Each hears that there is another beside it.
    assert other["likely_duplicates"] == [first["incident_id"]]


async def test_a_request_that_comes_again_under_another_number_is_the_first_case(service: ServiceInProcess) -> None:
    request_id = str(uuid4())
    first = await open_case(service, "2026-1", request_id=request_id)
    again = await open_case(service, "2026-2", request_id=request_id)
    assert again == first
    problem = await service.refused("GET", f"{CASES}/2026-2", 404, role="centre", subject="hz120")
    assert "2026-2" in problem["detail"]


@pytest.fixture
async def two(
    postgis_url: str, service: ServiceInProcess, tmp_path: Path
) -> AsyncIterator[tuple[ServiceInProcess, ServiceInProcess]]:
    """Two services over one database."""
    settings = settings_for_tests(tmp_path, push_allow_private=True)
    async with run_in_process(settings, postgis_url, service.clock) as second:
        yield service, second


async def test_a_case_told_to_two_workers_at_once_many_times_is_one_incident(
    two: tuple[ServiceInProcess, ServiceInProcess],
) -> None:
    opened = await asyncio.gather(*(open_case(each) for each in two * 8))
    assert len({each["incident_id"] for each in opened}) == 1
    listed = await two[0].call("GET", "/v1/incidents?status=all", role="operator")
    assert len(listed["incidents"]) == 1


async def test_one_request_under_two_numbers_at_once_is_one_incident(
    two: tuple[ServiceInProcess, ServiceInProcess],
) -> None:
    request_id = str(uuid4())
    numbers = ("2026-1", "2026-2")
    opened = await asyncio.gather(
        *(open_case(each, number, request_id=request_id) for each in two * 3 for number in numbers)
    )
    assert len({each["incident_id"] for each in opened}) == 1
    assert len({each["case_number"] for each in opened}) == 1


async def test_a_case_beside_somebodys_sos_says_so_and_becomes_part_of_it(service: ServiceInProcess) -> None:
    sos = await service.sos()
    opened = await open_case(service, centre="hz120", location={"latitude": 30.27415, "longitude": 120.1551})
    assert opened["likely_duplicates"] == [sos["incident_id"]]
    merged = await service.call(
        "POST",
        f"{CASES}/2026-000123/merge",
        role="centre",
        subject="hz120",
        json={"into": sos["incident_id"]},
    )
    assert merged["incident_id"] == sos["incident_id"]
    assert merged["opened_as"] == opened["incident_id"]
    # The incident that goes on has the case's number from then on.
    stands = await put_ambulance(service, eta_s=300)
    assert stands["incident_id"] == sos["incident_id"]
    told = (await feed(service))["events"]
    joined = next(each for each in told if each["type"] == "incident.joined")
    assert (joined["incident_id"], joined["case_number"]) == (sos["incident_id"], "2026-000123")
    assert told[-1]["type"] == "ambulance.updated"
    assert (told[-1]["incident_id"], told[-1]["case_number"]) == (sos["incident_id"], "2026-000123")


async def give(service: ServiceInProcess, number: str, incident_id: str) -> Message:
    stands: Message = await service.call(
        "PUT", f"{CASES}/{number}", role="centre", subject="hz120", json={"incident_id": incident_id}
    )
    return stands


async def test_a_case_that_is_made_for_somebodys_sos_asks_nobody_twice(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=80)):
        sos = await service.sos()
        stands = await give(service, "2026-7", sos["incident_id"])
        assert (stands["incident_id"], stands["opened_as"]) == (sos["incident_id"], sos["incident_id"])
        assert (await give(service, "2026-7", sos["incident_id"]))["version"] == stands["version"]
        # Its system tells the case as one of its own all the same: it is this incident.
        opened = await open_case(service, "2026-7")
        assert opened["incident_id"] == sos["incident_id"]
        assert opened["alerted"] == 1
        assert (await put_ambulance(service, "2026-7", eta_s=60))["incident_id"] == sos["incident_id"]
    seen = await service.incident(sos["incident_id"])
    assert (seen["centre"], seen["case_number"]) == ("hz120", "2026-7")
    told = (await feed(service))["events"]
    assert [(each["type"], each["case_number"]) for each in told] == [
        ("incident.opened", None),
        ("incident.case_given", "2026-7"),
        ("ambulance.updated", "2026-7"),
    ]
    # From now on it is that centre's, and no other one's.
    await service.refused("GET", f"/v1/incidents/{sos['incident_id']}/cap", 404, role="centre", subject="nb120")
    async with service.client("caller", sos["incident_id"]) as caller:
        kinds = [line["kind"] for line in (await caller.get(f"/v1/incidents/{sos['incident_id']}")).json()["timeline"]]
    assert "case_given" not in kinds


async def test_one_case_is_given_to_one_incident_and_one_incident_has_one_case(service: ServiceInProcess) -> None:
    near, far = await service.sos(), await service.sos(beside(WULIN, north_m=3000))
    opened = await open_case(service, "2026-1", location={"latitude": 30.4, "longitude": 120.3})
    await give(service, "2026-7", near["incident_id"])
    for number, incident, code in (
        ("2026-7", far["incident_id"], "case_exists"),
        ("2026-8", near["incident_id"], "has_case"),
        ("2026-1", far["incident_id"], "case_exists"),
    ):
        problem = await service.refused(
            "PUT", f"{CASES}/{number}", 409, role="centre", subject="hz120", json={"incident_id": incident}
        )
        assert problem["code"] == code
    # What was refused has left nothing behind.
    await service.refused("GET", f"{CASES}/2026-8", 404, role="centre", subject="hz120")
    assert (await give(service, "2026-1", opened["incident_id"]))["incident_id"] == opened["incident_id"]


async def test_one_case_given_to_two_incidents_at_once_is_one_of_them(
    two: tuple[ServiceInProcess, ServiceInProcess],
) -> None:
    incidents = [await two[0].sos(), await two[0].sos(beside(WULIN, north_m=3000))]
    async with two[0].client("centre", "hz120") as first, two[1].client("centre", "hz120") as second:
        answers = await asyncio.gather(
            *(
                client.put(f"{CASES}/2026-7", json={"incident_id": each["incident_id"]})
                for client in (first, second)
                for each in incidents
            )
        )
    assert sorted(each.status_code for each in answers) == [200, 200, 409, 409]
    stands = await two[0].call("GET", f"{CASES}/2026-7", role="centre", subject="hz120")
    seen = [await two[0].incident(each["incident_id"]) for each in incidents]
    assert [each["incident_id"] for each in seen if each["case_number"] == "2026-7"] == [stands["incident_id"]]


async def test_the_ambulance_of_a_case_is_known_from_its_opening(
    service: ServiceInProcess, clock: MovableClock
) -> None:
    opened = await open_case(service, ambulance={"eta_s": 480, "unit": "3号车"})
    seen = await service.incident(opened["incident_id"])
    assert seen["ambulance"]["eta_s"] == 480
    assert seen["ambulance"]["unit"] == "3号车"
    at = clock.now() - timedelta(seconds=60)
    other = await open_case(service, "2026-9", ambulance={"eta_s": 480, "at": at.isoformat()})
    assert (await service.incident(other["incident_id"]))["ambulance"]["eta_s"] == 420


async def test_word_of_the_ambulance_that_comes_late_is_let_be(service: ServiceInProcess, clock: MovableClock) -> None:
    opened = await open_case(service)
    clock.move(seconds=30)
    newer, older = clock.now().isoformat(), (clock.now() - timedelta(seconds=20)).isoformat()
    first = await put_ambulance(service, eta_s=300, at=newer)
    late = await put_ambulance(service, eta_s=900, at=older)
    assert late["incident"]["ambulance"] == first["incident"]["ambulance"]
    assert late["version"] == first["version"]
    # The same word again is no news either.
    assert (await put_ambulance(service, eta_s=300, at=newer))["version"] == first["version"]
    clock.move(seconds=10)
    there = await put_ambulance(service, arrived=True)
    assert there["incident"]["state"] == "on_scene"
    after = await put_ambulance(service, eta_s=60, at=clock.now().isoformat())
    assert after["version"] == there["version"]
    kinds = await service.timeline_kinds(opened["incident_id"])
    assert kinds.count("ambulance_expected") == 1


async def test_a_centre_tells_of_the_ambulance_for_somebodys_sos(service: ServiceInProcess) -> None:
    sos = await service.sos()
    path = f"/v1/centres/hz120/incidents/{sos['incident_id']}/ambulance"
    told = await service.call("PUT", path, role="centre", subject="hz120", json={"eta_s": 240, "unit": "5"})
    assert told["incident"]["ambulance"]["unit"] == "5"
    assert (await service.incident(sos["incident_id"]))["ambulance"]["eta_s"] == 240


async def test_an_ambulance_for_an_incident_that_is_over_is_refused(service: ServiceInProcess) -> None:
    opened = await open_case(service)
    await service.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
    problem = await service.refused(
        "PUT", f"{CASES}/2026-000123/ambulance", 409, role="centre", subject="hz120", json={"eta_s": 60}
    )
    assert problem["code"] == "incident_ended"


async def test_how_a_case_stands_names_nobody(service: ServiceInProcess) -> None:
    async with service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        await open_case(service, collapsed_at="2026-06-17T03:58:00Z", opened_at="2026-06-17T11:59:00+08:00")
        alert = await phone.next("alert")
        await phone.answer(alert, "accept")
        await phone.settled()
        stands = await service.call("GET", f"{CASES}/2026-000123", role="centre", subject="hz120")
    (responder,) = stands["responders"]
    assert (responder["responder_id"], responder["state"]) == ("r1", "accepted")
    assert "救护员" not in str(stands)
    assert "13800000000" not in str(stands)
    assert stands["incident"]["called_at"] == "2026-06-17T03:59:00Z"
    assert stands["incident"]["collapsed_at"] == "2026-06-17T03:58:00Z"
    assert stands["incident"]["responders"] == {"alerted": 1, "coming": 1, "on_scene": 0}


async def test_a_case_is_taken_while_the_database_is_away(
    away_service: ServiceInProcess, stoppable: StoppableDatabase
) -> None:
    async with away_service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        await stoppable.stops()
        opened = await open_case(away_service)
        assert opened["degraded"]
        assert (await phone.next("alert"))["incident_id"] == opened["incident_id"]
        again = await open_case(away_service)
        assert again["incident_id"] == opened["incident_id"]
        stands = await put_ambulance(away_service, eta_s=300)
        assert stands["incident"]["ambulance"]["arrives_at"] is not None
        await stoppable.comes_back()

        async def is_written() -> bool:
            running = away_service.service
            return not (running.availability.is_away or running.recording.unwritten)

        await until(is_written, within_s=20)
    told = (await feed(away_service))["events"]
    assert [each["type"] for each in told] == ["incident.opened", "ambulance.updated"]
    assert {each["incident_id"] for each in told} == {opened["incident_id"]}
    # Another tells the case once more, to a service that does not remember it.
    away_service.service.centres.cases._incidents.clear()
    away_service.service.sos._taken.clear()
    assert (await open_case(away_service))["incident_id"] == opened["incident_id"]


async def test_a_case_is_taken_in_seconds_while_the_database_stands_still(
    away_service: ServiceInProcess, stoppable: StoppableDatabase
) -> None:
    async with away_service.on_duty("r1", beside(WULIN, north_m=80)) as phone:
        # What a case needs is prepared, as it is in a service that runs.
        await open_case(away_service, "2026-0", location={"latitude": 29.0, "longitude": 120.0})
        with stoppable.frozen():
            async with asyncio.timeout(8):
                opened = await open_case(away_service)
                alert = await phone.next("alert")
            assert alert["incident_id"] == opened["incident_id"]
            assert opened["degraded"]
            async with asyncio.timeout(2):
                assert (await open_case(away_service))["incident_id"] == opened["incident_id"]
