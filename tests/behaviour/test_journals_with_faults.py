"""Journals that do not fit the rows: what people said is said again, and nothing keeps the service from serving."""

import asyncio
from pathlib import Path
from typing import Any

import psycopg
import pytest

from dispatch.engine.journal import JournalFailed
from dispatch.storage.availability import probe
from dispatch.storage.database import Database
from tests.people import WULIN, MovableClock, ServiceInProcess, beside, run_in_process, settings_for_tests, until
from tests.stoppable_database import StoppableDatabase

FAR = beside(WULIN, north_m=9000)
HERE = beside(WULIN, north_m=100)


async def _set_cpr(service: ServiceInProcess, incident_id: str, *, in_progress: bool) -> None:
    path = f"/v1/incidents/{incident_id}/cpr"
    await service.call("POST", path, role="operator", json={"in_progress": in_progress})


def _cpr(times: int) -> list[Any]:
    return [
        {"kind": "cpr_changed", "by": "operator:another", "data": {"in_progress": each % 2 == 0}}
        for each in range(times)
    ]


async def test_one_incident_with_a_hole_keeps_the_others_of_its_journal_from_nothing(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        await stoppable.stops()
        spoilt = await service.sos()
        with monkeypatch.context() as full_disk:

            def fails(_records: object) -> None:
                raise JournalFailed("no space")

            full_disk.setattr(service.service.recording, "_append", fails)
            await _set_cpr(service, spoilt["incident_id"], in_progress=True)
        await _set_cpr(service, spoilt["incident_id"], in_progress=False)
        whole = await service.sos(FAR)
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        assert (await service.incident(whole["incident_id"]))["state"] == "open"
        # As far as it follows without a gap.
        assert (await service.timeline_kinds(spoilt["incident_id"]))[:2] == ["opened", "planned"]
        assert (await service.sos(FAR))["state"] == "open"


async def test_what_was_said_in_an_incident_that_went_two_ways_is_said_again(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with (
        run_in_process(settings, stoppable.url, clock) as service,
        service.on_duty("r1", HERE) as r1,
    ):
        opened = await service.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await service.service.acknowledgements.flush()
        ((version,),) = stoppable.sql("select version from incidents")
        await stoppable.stops()
        clock.move(seconds=1)
        await r1.answer(alert, "accept")
        await r1.next("assignment")
    await stoppable.comes_back()
    stoppable.another_worker_writes(opened["incident_id"], version + 1, _cpr(1))
    async with run_in_process(settings, stoppable.url, clock) as service:
        incident = await service.incident(opened["incident_id"])
    assert incident["state"] == "responding"
    assert [(line["kind"], line["by"]) for line in incident["timeline"]][version:] == [
        ("cpr_changed", "operator:another"),
        ("accepted", "responder:r1"),
    ]


async def test_a_journal_of_an_incident_that_another_worker_has_spoilt_keeps_nobody_from_being_served(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        spoilt = await service.sos()
        await stoppable.stops()
        for number in range(3):
            clock.move(seconds=1)
            await _set_cpr(service, spoilt["incident_id"], in_progress=number % 2 == 0)
        whole = await service.sos(FAR)
    await stoppable.comes_back()
    # An ending without what belongs to one.
    ended = [{"kind": "closed", "by": "operator:another", "data": {}}]
    stoppable.another_worker_writes(spoilt["incident_id"], 3, ended)
    async with run_in_process(settings, stoppable.url, clock) as service:
        assert (await service.incident(whole["incident_id"]))["state"] == "open"
        assert (await service.sos(FAR))["degraded"] is False


async def test_a_yes_to_an_alert_that_the_rows_do_not_know_keeps_nobody_from_being_served(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service:
        opened = await service.sos()
        await service.add_responder("r1")
        async with service.socket("responder", "r1") as r1:
            await r1.say(type="duty", on_duty=True)
            await r1.settled()
            await stoppable.stops()
            await _set_cpr(service, opened["incident_id"], in_progress=True)
            clock.move(seconds=1)
            await r1.say(type="position", latitude=WULIN.latitude, longitude=WULIN.longitude, accuracy_m=10)
            alert = await r1.next("alert", within_s=15)
            clock.move(seconds=1)
            await r1.answer(alert, "accept")
            await r1.next("assignment")
            accepted = (await service.timeline_kinds(opened["incident_id"])).index("accepted") + 1
            whole = await service.sos(FAR)
    await stoppable.comes_back()
    stoppable.another_worker_writes(opened["incident_id"], 3, _cpr(accepted - 3))
    async with run_in_process(settings, stoppable.url, clock) as service:
        # That yes cannot be kept: the truth does not know what it was a yes to.
        kinds = await service.timeline_kinds(opened["incident_id"])
        assert kinds[: accepted - 1] == ["opened", "planned", *["cpr_changed"] * (accepted - 3)]
        assert (await service.incident(whole["incident_id"]))["state"] == "open"
        assert (await service.sos(FAR))["degraded"] is False


async def test_what_is_said_again_survives_the_database_going_in_the_middle(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_settings, other_settings = settings_for_tests(tmp_path / "one"), settings_for_tests(tmp_path / "other")
    async with (
        run_in_process(one_settings, stoppable.url, clock) as one,
        one.on_duty("r1", HERE) as r1,
    ):
        opened = await one.sos()
        alert = await r1.next("alert")
        await r1.settled()
        await one.service.acknowledgements.flush()
        await one.service.responders.save_moved()
        async with run_in_process(other_settings, stoppable.url, clock) as other:
            is_cut_off = asyncio.Event()
            is_cut_off.set()
            carry_out_again = one.service.engine.carry_out_again
            broken: list[int] = []

            async def probe_unless_cut_off(database: Database) -> None:
                if database is one.service.database and is_cut_off.is_set():
                    raise psycopg.OperationalError("cut off")
                await probe(database)

            async def breaks_once(*said: Any) -> None:
                if not broken:
                    broken.append(1)
                    raise psycopg.OperationalError("gone again")
                await carry_out_again(*said)

            monkeypatch.setattr("dispatch.engine.taking_in.probe", probe_unless_cut_off)
            monkeypatch.setattr(one.service.engine, "carry_out_again", breaks_once)
            assert one.service.recording.note_failure(psycopg.OperationalError("cut off"))
            await r1.answer(alert, "accept")
            await r1.next("assignment")
            await _set_cpr(other, opened["incident_id"], in_progress=True)
            is_cut_off.clear()

            async def is_said() -> bool:
                return bool(broken) and not one.service.recording.unwritten and not one.service.availability.is_away

            await until(is_said)
            assert (await one.incident(opened["incident_id"]))["state"] == "responding"
    assert stoppable.sql("select state from incidents") == [("responding",)]
