"""Two calls that were made one while the database was away are one afterwards, or two: never one and a half."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dispatch.encoding import to_json
from dispatch.engine.decision_codec import decisions_from_json
from dispatch.engine.journal import unclaimed
from dispatch.engine.journal_frames import FRAME_BYTES, HEAD_BYTES, frame, read_frame
from dispatch.rescue.events import Joined, Merged
from tests.people import WULIN, MovableClock, ServiceInProcess, SocketClient, beside, run_in_process, settings_for_tests
from tests.stoppable_database import StoppableDatabase, is_back, unnoticed

HERE = beside(WULIN, north_m=100)
NEAR = beside(WULIN, north_m=30)


async def _merge(service: ServiceInProcess, duplicate: str, into: str) -> None:
    await service.call("POST", f"/v1/incidents/{duplicate}/merge", role="operator", json={"into": into})


async def _is_coming(service: ServiceInProcess, r1: SocketClient) -> str:
    """An incident that r1 has said yes to, everything written down; its id."""
    opened = await service.sos()
    await r1.answer(await r1.next("alert"), "accept")
    await r1.next("assignment")
    await r1.settled()
    await service.service.acknowledgements.flush()
    return str(opened["incident_id"])


def _another_worker_sets_cpr(database: StoppableDatabase, incident_id: str, *more: Any) -> None:
    """Append an event past the service, and those in `more`, as another worker would have."""
    ((version,),) = database.sql("select version from incidents where id = %s", incident_id)
    happened = [{"kind": "cpr_changed", "by": "operator:another", "data": {"in_progress": True}}, *more]
    database.sql(
        "insert into incident_events (incident_id, number, at, events) values (%s, %s, now(), %s)",
        incident_id,
        version + 1,
        json.dumps(happened),
    )
    database.sql("update incidents set version = %s where id = %s", version + len(happened), incident_id)


async def _are_one(service: ServiceInProcess, first: str, second: str) -> None:
    """The first goes on in the second, both say so, and r1 comes to the second, one time."""
    duplicate, into = await service.incident(first), await service.incident(second)
    assert (duplicate["state"], duplicate["merged_into"]) == ("cancelled", second)
    assert into["merged"] == [first]
    assert [kind for kind in await service.timeline_kinds(second) if kind == "joined"] == ["joined"]
    assert [(each["responder_id"], each["state"]) for each in into["alerts"]] == [("r1", "en_route")]


@dataclass
class Torn:
    """A data folder whose journal ends in a merger, and where in the file that stands."""

    folder: Path
    journal: Path
    first: str
    second: str
    number: int
    start: int
    end: int

    def cut(self, until: int) -> None:
        """Leave of the journal what a write leaves that was torn there: room was taken beforehand."""
        self.put(until, bytes(self.end - until))

    def put(self, at: int, what: bytes) -> None:
        """Write over the journal."""
        with self.journal.open("r+b") as file:
            file.seek(at)
            file.write(what)


async def _torn(database: StoppableDatabase, clock: MovableClock, folder: Path) -> Torn:
    async with (
        run_in_process(settings_for_tests(folder), database.url, clock) as service,
        service.on_duty("r1", HERE) as r1,
    ):
        first = await _is_coming(service, r1)
        await database.stops()
        second = (await service.sos(NEAR))["incident_id"]
        await _merge(service, first, second)
        # Before anything else is written behind it.
        (journal,) = (folder / "journal").glob("*.journal")
        kept = shutil.copy(journal, folder / "kept")
    journal.unlink()
    journal = Path(shutil.move(kept, journal))
    number, start, end = _last_record(journal)
    return Torn(folder, journal, first, second, number, start, end)


def _last_record(journal: Path) -> tuple[int, int, int]:
    """The number of a journal's last record, where its frame starts, and where it ends."""
    number, start, end = 0, HEAD_BYTES, HEAD_BYTES
    with journal.open("rb") as file:
        while (payload := read_frame(file.fileno(), number + 1, end)) is not None:
            number, start, end = number + 1, end, end + FRAME_BYTES + len(payload)
    return number, start, end


async def test_cut_anywhere_it_is_in_the_journal_whole_or_not_at_all(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    torn = await _torn(stoppable, clock, tmp_path)
    # Of the room taken beforehand a little is enough: it is read through each time.
    os.truncate(torn.journal, torn.end + 4096)
    halves = []
    for until in range(torn.end, torn.start - 1, -1):
        torn.cut(until)
        (found,) = unclaimed(torn.journal.parent)
        kept = [each for _, record in found.records() for each in decisions_from_json(record)]
        found.let_go()
        happened = [event.what for each in kept for event in each.events]
        halves.append([sum(isinstance(what, half) for what in happened) for half in (Merged, Joined)])
    assert halves == [[1, 1], *[[0, 0]] * (torn.end - torn.start)]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
async def test_after_a_torn_write_there_are_two_incidents_or_one(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path, share: float
) -> None:
    torn = await _torn(stoppable, clock, tmp_path)
    torn.cut(torn.start + round(share * (torn.end - torn.start)))
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        first, second = await service.incident(torn.first), await service.incident(torn.second)
    coming = [each["state"] for each in first["alerts"]], [each["state"] for each in second["alerts"]]
    if share < 1.0:
        assert (first["merged_into"], second["merged"], coming) == (None, [], (["accepted"], []))
    else:
        assert (first["merged_into"], second["merged"]) == (torn.second, [torn.first])
        assert coming == (["stood_down"], ["accepted"])


async def test_it_is_written_in_one_transaction(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    await _torn(stoppable, clock, tmp_path)
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock):
        transactions = stoppable.sql(
            "select count(*), count(distinct xmin::text) from incident_events"
            " where events::text like '%%\"merged\"%%' or events::text like '%%\"joined\"%%'"
        )
    assert transactions == [(2, 1)]


async def test_half_of_it_in_the_journal_of_a_former_version_is_made_whole(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    torn = await _torn(stoppable, clock, tmp_path)
    (found,) = unclaimed(torn.journal.parent)
    *_, (_, record) = found.records()
    found.let_go()
    # Two records, as they were written then, and the second one is lost.
    alone = frame(torn.number, to_json(record["together"][0]))
    torn.put(torn.start, alone.ljust(torn.end - torn.start, b"\0"))
    await stoppable.comes_back()
    async with run_in_process(settings_for_tests(tmp_path), stoppable.url, clock) as service:
        first, second = await service.incident(torn.first), await service.incident(torn.second)
        assert (first["merged_into"], second["merged"]) == (torn.second, [torn.first])
        assert [(each["responder_id"], each["state"]) for each in second["alerts"]] == [("r1", "accepted")]
        assert not list((tmp_path / "journal").glob("*.cut"))


@pytest.mark.parametrize("forked", ["first", "second", "both"])
async def test_it_is_said_again_where_an_incident_went_two_ways(
    stoppable: StoppableDatabase, away_service: ServiceInProcess, forked: str
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await _is_coming(service, r1)
        second = (await service.sos(NEAR))["incident_id"]
        await stoppable.stops()
        await _merge(service, first, second)
        goes_on = await r1.next("assignment", where=lambda m: m["incident_id"] == second)
        await r1.progress(goes_on, "en_route")
        await r1.settled()
        with unnoticed():
            await stoppable.comes_back()
            for each in {"first": [first], "second": [second], "both": [first, second]}[forked]:
                _another_worker_sets_cpr(stoppable, each)
        await is_back(service)
        await _are_one(service, first, second)
        again = await r1.next("assignment", where=lambda m: m["incident_id"] == second and "seq" in m)
        assert again["alert_id"] == goes_on["alert_id"]
        # Memory knows no more and no less than the rows.
        await r1.progress(again, "on_scene")
        await r1.settled()
    assert (await service.incident(second))["state"] == "on_scene"
    assert stoppable.sql("select incident_id::text, state from alerts where active") == [(second, "on_scene")]


async def test_it_is_said_again_of_an_incident_that_only_the_journal_knows(
    stoppable: StoppableDatabase, clock: MovableClock, tmp_path: Path
) -> None:
    settings = settings_for_tests(tmp_path)
    async with run_in_process(settings, stoppable.url, clock) as service, service.on_duty("r1", HERE) as r1:
        first = await _is_coming(service, r1)
        await stoppable.stops()
        second = (await service.sos(NEAR))["incident_id"]
        await _merge(service, first, second)
        goes_on = await r1.next("assignment", where=lambda m: m["incident_id"] == second)
        await r1.progress(goes_on, "en_route")
        await r1.settled()
    await stoppable.comes_back()
    _another_worker_sets_cpr(stoppable, first)
    async with run_in_process(settings, stoppable.url, clock) as service:
        await _are_one(service, first, second)
        assert (await service.incident(second))["cpr_in_progress"] is True


async def test_where_it_can_no_longer_be_both_go_on_as_the_rows_say(
    stoppable: StoppableDatabase, away_service: ServiceInProcess
) -> None:
    service = away_service
    async with service.on_duty("r1", HERE) as r1:
        first = await _is_coming(service, r1)
        second = (await service.sos(NEAR))["incident_id"]
        await stoppable.stops()
        await _merge(service, first, second)
        there = await r1.next("assignment", where=lambda m: m["incident_id"] == second)
        with unnoticed():
            await stoppable.comes_back()
            closed = {"kind": "closed", "by": "operator:another", "data": {"note": None}}
            _another_worker_sets_cpr(stoppable, second, closed)
            stoppable.sql("update incidents set state = 'closed', closed_at = now() where id = %s", second)
        await is_back(service)
        # r1 comes to the first after all, and is told so.
        await r1.next("stand_down", where=lambda m: m["alert_id"] == there["alert_id"] and "seq" in m)
        await r1.next("assignment", where=lambda m: m["incident_id"] == first and "seq" in m)
        incident = await service.incident(first)
        assert (incident["state"], incident["merged_into"]) == ("responding", None)
        assert (await service.incident(second))["merged"] == []
    assert stoppable.sql("select incident_id::text, state from alerts where active") == [(first, "accepted")]
