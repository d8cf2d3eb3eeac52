"""PostgreSQL is stopped in the middle: SOS are answered, alerts go out, and afterwards nothing is missing."""

import asyncio
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dispatch.service import Service
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase, is_back


async def test_an_sos_is_alerted_answered_and_kept(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with (
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
        service.socket("operator", "ann") as console,
    ):
        await stoppable.stops()
        opened = await service.sos()
        assert opened["degraded"] is True
        assert opened["alerted"] == 1
        alert = await r1.next("alert")
        assert "seq" not in alert
        assert (await console.next("service"))["degraded"] is True
        await console.next("incident", where=lambda m: m["incident_id"] == opened["incident_id"])
        await r1.answer(alert, "accept")
        assignment = await r1.next("assignment")
        assert (assignment["alert_id"], "seq" in assignment) == (alert["alert_id"], False)
        during = await service.incident(opened["incident_id"])
        assert during["state"] == "responding"
        await stoppable.comes_back()
        await is_back(service)
        assert (await console.next("service", where=lambda m: not m["degraded"]))["degraded"] is False
        # How things stand, with a number, once.
        again = await r1.next("assignment", where=lambda m: "seq" in m)
        assert again["alert_id"] == alert["alert_id"]
        await r1.progress(alert, "on_scene")
        await r1.settled()
        after = await service.incident(opened["incident_id"])
    numbers = [line["number"] for line in after["timeline"]]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [line["kind"] for line in after["timeline"]][: len(during["timeline"])] == [
        line["kind"] for line in during["timeline"]
    ]
    assert after["state"] == "on_scene"


async def test_what_was_decided_meanwhile_is_in_the_rows_afterwards(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        before = await service.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        await stoppable.stops()
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        opened = await service.sos(beside(WULIN, north_m=900))
        await stoppable.comes_back()
        await is_back(service)
    with psycopg.connect(stoppable.url.replace("+psycopg", "")) as connection:
        states: dict[str, str] = dict(connection.execute("select id::text, state from incidents").fetchall())
        alerts = connection.execute("select state, active from alerts").fetchall()
    assert states == {before["incident_id"]: "responding", opened["incident_id"]: "open"}
    assert alerts == [("accepted", True)]


async def test_deadlines_are_kept_while_it_is_away(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", beside(WULIN, north_m=100)) as r1:
        opened = await service.sos()
        await r1.next("alert")
        await stoppable.stops()
        async with service.socket("responder", "r1"):
            await service.time_passes(seconds=21)
            # The row cannot be claimed: memory knows when it is due.
            await service.time_passes(seconds=1)
            states = [each["state"] for each in (await service.incident(opened["incident_id"]))["alerts"]]
        await stoppable.comes_back()
        await is_back(service)
    assert states == ["expired"]


async def test_a_repeated_request_id_opens_one_incident_whether_it_is_there_or_not(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    await stoppable.stops()
    body = {"request_id": str(uuid4()), "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude}}
    first = await service.call("POST", "/v1/sos", json=body)
    second = await service.call("POST", "/v1/sos", json=body)
    await stoppable.comes_back()
    await is_back(service)
    third = await service.call("POST", "/v1/sos", json=body)
    assert first["incident_id"] == second["incident_id"] == third["incident_id"]


async def test_a_killed_service_takes_its_journal_in_at_the_next_start(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    async with (
        run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service,
        service.on_duty("r1", beside(WULIN, north_m=100)) as r1,
    ):
        await stoppable.stops()
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        incident = await service.incident(opened["incident_id"])
        assert incident["state"] == "responding"
        assert not list((tmp_path / "journal").glob("*.cut"))
        async with service.socket("responder", "r1") as r1:
            assert (await r1.next("assignment"))["alert_id"] == alert["alert_id"]


async def test_a_worker_that_starts_while_it_is_away_waits_for_it(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stoppable.stops()
    failed = asyncio.Semaphore(0)
    fill_memory = Service._fill_memory

    async def noting_failures(self: Service) -> None:
        try:
            await fill_memory(self)
        except BaseException:
            failed.release()
            raise

    monkeypatch.setattr(Service, "_fill_memory", noting_failures)

    async def comes_back_later() -> None:
        # Not at the first try, nor at the second.
        for _ in range(2):
            await failed.acquire()
        await stoppable.comes_back()

    coming = asyncio.create_task(comes_back_later())
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        await coming
        assert (await service.sos())["degraded"] is False
