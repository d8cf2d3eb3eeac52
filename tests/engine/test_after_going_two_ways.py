"""An incident went two ways: afterwards nobody is engaged twice, and nobody is bound by what is over."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dispatch.rescue.vocabulary import ResponderId
from dispatch.storage.availability import probe
from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase, is_back

HERE = beside(WULIN, north_m=100)
NEAR = beside(WULIN, north_m=400)
Two = tuple[ServiceInProcess, ServiceInProcess, dict[str, bool]]


@pytest.fixture
async def two(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Two]:
    """Two services, the first of which can be cut off from the database."""
    cut: dict[str, bool] = {"off": False}
    async with run_in_process(settings_for_tests(tmp_path / "one"), stoppable.url, clock) as one:
        await one.add_responder("r1")
        async with run_in_process(settings_for_tests(tmp_path / "other"), stoppable.url, clock) as other:

            async def probe_unless_cut_off(database: Database) -> None:
                if database is one.service.database and cut["off"]:
                    raise psycopg.OperationalError("cut off")
                await probe(database)

            # The other one does not act upon due times here.
            monkeypatch.setattr("dispatch.engine.taking_in.probe", probe_unless_cut_off)
            yield one, other, cut


def _cut_off(service: ServiceInProcess, cut: dict[str, bool]) -> None:
    cut["off"] = True
    assert service.service.recording.note_failure(psycopg.OperationalError("cut off"))


async def _here(phone: Any) -> None:
    await phone.say(type="duty", on_duty=True)
    await phone.say(type="position", latitude=HERE.latitude, longitude=HERE.longitude, accuracy_m=10)
    await phone.settled()


async def test_who_was_stood_down_by_the_other_service_can_be_asked_again(two: Two) -> None:
    one, other, cut = two
    async with one.socket("responder", "r1") as r1:
        await _here(r1)
        first = await one.sos()
        alert = await r1.next("alert")
        await r1.answer(alert, "accept")
        await r1.next("assignment")
        await r1.settled()
        await one.service.acknowledgements.flush()
        _cut_off(one, cut)
        one.clock.move(seconds=1)
        await r1.progress(alert, "en_route")
        await r1.settled()
        # At the other centre the same incident is closed.
        await other.call("POST", f"/v1/incidents/{first['incident_id']}/close", role="operator")
        cut["off"] = False
        await is_back(one)
        await r1.next("stand_down", where=lambda m: m["alert_id"] == alert["alert_id"])
        assert (await one.incident(first["incident_id"]))["state"] == "closed"
        assert one.service.roster.engagement_of(ResponderId("r1")) is None
        assert (await one.sos(NEAR))["alerted"] == 1


async def test_nobody_is_engaged_twice_after_it(two: Two, stoppable: StoppableDatabase) -> None:
    one, other, cut = two
    async with one.socket("responder", "r1") as phone:
        await _here(phone)
        first = await one.sos()
        alert = await phone.next("alert")
        await phone.settled()
        await one.service.acknowledgements.flush()
        ((before,),) = stoppable.sql("select version from incidents")
        _cut_off(one, cut)
        one.clock.move(seconds=1)
        # r1's tablet is connected to the other service: they say yes there, and are on their way.
        async with other.socket("responder", "r1") as tablet:
            await tablet.answer(alert, "accept")
            await tablet.next("assignment")
            await tablet.progress(alert, "en_route")
            await tablet.settled()
            # The first has heard nothing, lets the offer run out, and asks r1 for another emergency.
            one.clock.move(seconds=21)
            await one.service.due_times.act()
            assert await one.alert_states(first["incident_id"]) == {"r1": "expired"}
            second = await one.sos(NEAR)
            await phone.next("alert", where=lambda m: m["incident_id"] == second["incident_id"])
            versions = (
                before,
                stoppable.sql("select version from incidents where id = %s", first["incident_id"]),
                (await one.incident(first["incident_id"]))["version"],
            )
            cut["off"] = False
            await is_back(one)
        active = [
            (each["incident_id"], alert["state"])
            for each in (await one.incident(first["incident_id"]), await one.incident(second["incident_id"]))
            for alert in each["alerts"]
            if alert["state"] in {"offered", "received", "accepted", "en_route", "on_scene"}
        ]
        rows = stoppable.sql("select incident_id::text, state, active from alerts order by offered_at")
        assert len(active) == 1, f"{active} {rows} {versions}"


async def test_consoles_throw_away_what_they_were_told_of_it(two: Two) -> None:
    one, other, cut = two
    async with one.socket("operator", "ann") as console:
        incident_id = (await one.sos())["incident_id"]
        await console.next("incident", where=lambda m: m["incident_id"] == incident_id)
        _cut_off(one, cut)
        versions: list[int] = []
        for is_in_progress in (True, False, True):
            one.clock.move(seconds=1)
            body = {"in_progress": is_in_progress}
            told = await one.call("POST", f"/v1/incidents/{incident_id}/cpr", role="operator", json=body)
            versions.append(told["version"])
            await console.next("incident", where=lambda m: m["version"] == versions[-1])
        closed = await other.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
        assert closed["version"] < versions[-1]
        cut["off"] = False
        await is_back(one)
        anew = await console.next("incident", where=lambda m: "anew" in m)
    assert (anew["version"], anew["state"]) == (closed["version"], "closed")
    assert [each["number"] for each in anew["timeline"]] == list(range(1, closed["version"] + 1))


async def test_a_caller_is_told_that_what_they_hold_of_it_is_to_be_thrown_away(two: Two) -> None:
    """Told up to a higher version of the way that was given up, their page would take nothing else any more."""
    one, other, cut = two
    incident_id = (await one.sos())["incident_id"]
    async with one.socket("caller", incident_id) as caller:
        _cut_off(one, cut)
        told: list[dict[str, Any]] = []
        for is_in_progress in (True, False, True):
            one.clock.move(seconds=1)
            body = {"in_progress": is_in_progress}
            await one.call("POST", f"/v1/incidents/{incident_id}/cpr", role="operator", json=body)
            told.append(await caller.next("incident"))
        assert all("anew" not in each for each in told)
        closed = await other.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
        assert closed["version"] < told[-1]["version"]
        cut["off"] = False
        await is_back(one)
        anew = await caller.next("incident", where=lambda m: "anew" in m)
    assert (anew["version"], anew["state"]) == (closed["version"], "closed")
    assert [each["kind"] for each in anew["timeline"]] == ["opened", "closed"]
