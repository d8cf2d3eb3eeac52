"""The service stops in the middle of an incident and begins again over the same database: everything goes on."""

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from dispatch.engine.operator_feed import OperatorFeed
from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests

Start = Callable[[], AbstractAsyncContextManager[ServiceInProcess]]
NEARBY = beside(WULIN, north_m=100)


@pytest.fixture
def start(postgis_url: str, database: Database, clock: MovableClock, tmp_path: Path) -> Start:
    """Starts the service, each time as a new one over the same database and data folder."""
    del database

    @contextlib.asynccontextmanager
    async def started() -> AsyncIterator[ServiceInProcess]:
        async with run_in_process(settings_for_tests(tmp_path), postgis_url, clock) as service:
            yield service

    return started


async def test_what_was_accepted_before_is_finished_after(start: Start) -> None:
    async with start() as before, before.socket("operator", "ann") as console, before.on_duty("r1", NEARBY) as r1:
        opened = await before.sos(floor=3)
        alert = await r1.next("alert")
        await console.next("incident", where=lambda m: any(line["kind"] == "received" for line in m["timeline"]))
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await r1.progress(alert, "en_route")
        await r1.settled()
        incident = await before.incident(opened["incident_id"])
        resume = r1.resume_point
    async with start() as after:
        assert await after.incident(opened["incident_id"]) == incident
        async with after.socket("responder", "r1", resume=resume) as r1:
            assert r1.welcome["resumed"] is True
            me = await after.call("GET", "/v1/responders/me", role="responder", subject="r1")
            assert me["on_duty"] is True
            assert me["assignment"]["alert_id"] == alert["alert_id"]
            assert me["assignment"]["state"] == "en_route"
            await r1.progress(alert, "on_scene")
            await r1.settled()
            await after.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")
            assert (await r1.next("stand_down"))["reason"] == "incident_closed"
            assert r1.all("alert") == []


async def test_an_alert_that_was_not_acknowledged_is_delivered_after(start: Start) -> None:
    async with start() as before:
        async with before.on_duty("r1", NEARBY):
            pass
        opened = await before.sos()
        assert opened["alerted"] == 1
    async with start() as after, after.socket("responder", "r1") as r1:
        alert = await r1.next("alert")
        assert alert["incident_id"] == opened["incident_id"]
        await r1.answer(alert, "accept")
        assert (await r1.next("assignment"))["location"]["latitude"] == pytest.approx(WULIN.latitude)


async def test_who_is_bound_before_is_asked_for_nothing_else_after(start: Start) -> None:
    async with start() as before, before.on_duty("r1", NEARBY) as r1, before.on_duty("r2", NEARBY) as r2:
        await before.sos()
        await r1.next("alert")
        await r2.answer(await r2.next("alert"), "accept")
        await r2.next("assignment")
    async with start() as after:
        assert (await after.sos(beside(WULIN, north_m=700)))["alerted"] == 0


async def test_silence_that_ran_out_while_the_service_was_away_is_replaced_at_the_start(start: Start) -> None:
    async with (
        start() as before,
        before.on_duty("r1", NEARBY) as r1,
    ):
        opened = await before.sos()
        await r1.next("alert")
        async with before.on_duty("r2", beside(WULIN, north_m=200)):
            pass
        before.clock.move(seconds=19)
    before.clock.move(seconds=120)
    async with start() as after, after.socket("responder", "r2") as r2:
        await after.time_passes(seconds=0)
        assert (await r2.next("alert"))["incident_id"] == opened["incident_id"]
        states = {
            each["responder_id"]: each["state"] for each in (await after.incident(opened["incident_id"]))["alerts"]
        }
        assert states["r1"] == "expired"


async def test_what_the_consoles_were_not_told_they_are_told_after(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as before, before.socket("operator", "ann") as console:
        told = await before.sos()
        await console.next("incident")
        resume = {"epoch": console.welcome["epoch"], "seq": console.last_seq}
        with monkeypatch.context() as stopped_short:
            stopped_short.setattr(OperatorFeed, "show", lambda *_arguments: None)
            untold = await before.sos(beside(WULIN, north_m=500))
            await before.call("POST", f"/v1/incidents/{told['incident_id']}/close", role="operator")
    async with start() as after, after.socket("operator", "ann", resume=resume) as console:
        news = {}
        for _ in range(2):
            message = await console.next("incident")
            news[message["incident_id"]] = message
        assert news[untold["incident_id"]]["timeline"][0]["kind"] == "opened"
        assert [line["kind"] for line in news[told["incident_id"]]["timeline"]] == ["closed"]
        picture = await console.next("picture")
        assert [each["incident_id"] for each in picture["incidents"]] == [untold["incident_id"]]


async def test_positions_and_profiles_are_there_again(start: Start) -> None:
    async with start() as before, before.on_duty("r1", NEARBY, mode="bike"):
        profile = await before.call("GET", "/v1/responders/r1", role="operator")
    async with start() as after:
        again = await after.call("GET", "/v1/responders/r1", role="operator")
        assert again["location"]["latitude"] == pytest.approx(profile["location"]["latitude"])
        assert {**again, "location": None} == {**profile, "location": None}
        assert (await after.sos())["alerted"] == 1


async def test_an_sos_repeated_after_the_restart_is_answered_as_before(start: Start) -> None:
    request_id = "d2b2a1c0-54a5-4a8e-9b06-3b3ad5a9b0f7"
    async with start() as before:
        first = await before.sos(request_id=request_id)
    async with start() as after:
        assert await after.sos(request_id=request_id) == first
        assert len((await after.call("GET", "/v1/incidents?status=all", role="operator"))["incidents"]) == 1


async def test_likely_duplicates_are_still_known(start: Start) -> None:
    async with start() as before:
        first = await before.sos()
    async with start() as after:
        second = await after.sos()
        assert (await after.incident(second["incident_id"]))["likely_duplicates"] == [first["incident_id"]]
