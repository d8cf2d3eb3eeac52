"""Consoles of both workers are told everything once and in order, and what they are told is how things stand."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest

from dispatch.engine import ledger
from dispatch.engine.showing import Showing, record_shown
from dispatch.realtime.mailboxes import OPERATORS
from dispatch.rescue.vocabulary import IncidentId
from tests.fresh_fetch import verified
from tests.people import WULIN, Message, SocketClient, beside, until
from tests.sharing.conftest import Workers, sharing_of


def _lines_told(console: SocketClient, incident_id: str) -> list[Message]:
    told = [message for message in console.all("incident") if message["incident_id"] == incident_id]
    return [line for message in told for line in message["timeline"]]


async def test_consoles_of_both_workers_are_told_everything_once_and_in_order(workers: Workers) -> None:
    dice = random.Random(11)
    async with contextlib.AsyncExitStack() as stack:
        consoles = [
            await stack.enter_async_context(worker.socket("operator", f"console {number}"))
            for number, worker in enumerate(workers.each)
        ]
        for number in range(8):
            place = beside(WULIN, north_m=60 + 30 * number)
            await stack.enter_async_context(workers.each[number % 2].on_duty(f"r{number}", place))
        opened = await asyncio.gather(*(workers.sos(beside(WULIN, north_m=3000 * number)) for number in range(6)))
        orders: list[tuple[str, Any]] = [
            ("ambulance", {"eta_s": 300}),
            ("ambulance", {"eta_s": 500}),
            ("cpr", {"in_progress": True}),
            ("cpr", {"in_progress": False}),
            ("widen", None),
        ]

        async def order() -> None:
            each = dice.choice(opened)
            verb, body = dice.choice(orders)
            path = f"/v1/incidents/{each['incident_id']}/{verb}"
            async with dice.choice(workers.each).client("operator") as client:
                answer = await client.post(path, json=body)
            assert answer.status_code in {200, 409}, answer.text

        for _ in range(6):
            await asyncio.gather(*(order() for _ in range(10)))
        await asyncio.gather(
            *(workers.call("POST", f"/v1/incidents/{each['incident_id']}/close", role="operator") for each in opened)
        )
        for console in consoles:
            for _ in opened:
                await console.next("incident", where=lambda m: m["state"] == "closed")
        for console in consoles:
            numbers = [message["seq"] for message in console.heard if "seq" in message and message["type"] != "welcome"]
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            for each in opened:
                timeline = (await workers.incident(each["incident_id"]))["timeline"]
                assert _lines_told(console, each["incident_id"]) == timeline
        assert consoles[0].all("incident") == consoles[1].all("incident")


async def test_state_and_messages_equal_a_fresh_fetch_over_two_workers(workers: Workers) -> None:
    names = [f"r{number}" for number in range(5)]
    async with contextlib.AsyncExitStack() as stack:
        people = {
            name: await stack.enter_async_context(
                workers.each[number % 2].on_duty(name, beside(WULIN, north_m=100 + 40 * number))
            )
            for number, name in enumerate(names)
        }
        await _all_are_known(workers, len(names))
        opened = await workers.each[0].sos()
        async with verified(workers, caller=opened["incident_id"], responders=names) as watchers:
            alerts = {name: await person.next("alert") for name, person in people.items()}
            await people["r0"].answer(alerts["r0"], "accept")
            await people["r0"].next("assignment")
            await people["r1"].answer(alerts["r1"], "decline")
            await watchers.hang_up()
            await people["r2"].answer(alerts["r2"], "accept")
            await people["r2"].next("assignment")
            await people["r0"].progress(alerts["r0"], "en_route")
            path = f"/v1/incidents/{opened['incident_id']}"
            await workers.call("POST", f"{path}/ambulance", role="operator", json={"eta_s": 400})
            await workers.time_passes(seconds=21)
            await workers.call("POST", f"{path}/close", role="operator")
            await people["r0"].next("stand_down")


async def _all_are_known(workers: Workers, count: int) -> None:
    async def known() -> bool:
        return all(worker.service.roster.on_duty_count == count for worker in workers.each)

    await until(known)


async def test_each_console_counts_whoever_is_connected_to_either_worker(workers: Workers) -> None:
    one, other = workers.each
    async with (
        one.on_duty("r1", WULIN),
        other.on_duty("r2", WULIN),
        one.socket("operator", "ann") as ann,
        other.socket("operator", "ben") as ben,
    ):
        for console in (ann, ben):
            picture = await console.next("picture", where=lambda m: m["counts"]["connected"] == 2)
            assert picture["counts"]["apart"] is False


async def test_a_worker_that_knows_less_than_consoles_were_told_does_not_undo_it(workers: Workers) -> None:
    one, other = workers.each
    incident_id = (await one.sos())["incident_id"]
    async with one.socket("operator", "ann") as console:
        await other.incident(incident_id)
        with patch.object(sharing_of(other).link, "on_news", lambda _data: None):
            closed = await one.call("POST", f"/v1/incidents/{incident_id}/close", role="operator")
            await console.next("incident", where=lambda m: m["version"] == closed["version"])
            feed = other.service.engine.feed
            # It still knows the incident as it was opened, and has it to tell anew, as after going two ways.
            feed.show_anew(IncidentId(incident_id))
            await feed.flush()
            anew = await console.next("incident", where=lambda m: "anew" in m)
    assert (anew["version"], anew["state"]) == (closed["version"], "closed")
    assert [each["number"] for each in anew["timeline"]] == list(range(1, closed["version"] + 1))


async def test_nobody_is_told_with_a_number_what_the_rows_do_not_have(workers: Workers) -> None:
    """Counted as told, it would keep what becomes of the incident instead from being told."""
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    await one.service.engine.feed.flush()
    database, live = one.service.database, one.service.engine.live.place_for(incident_id)
    known = live.present.version
    for version, is_told in ((known + 1, False), (known, True)):
        showing = Showing(incident_id, known, version, "{}")
        sent = await record_shown(database, [showing], recipient=OPERATORS, now=one.clock.now(), keep=100)
        assert (incident_id in sent) == is_told
    async with database.statement() as connection:
        assert await ledger.shown_versions(connection, [incident_id]) == {incident_id: known}


@contextlib.asynccontextmanager
async def _told_of_one(workers: Workers) -> AsyncIterator[tuple[SocketClient, IncidentId]]:
    """A console of the first worker, which has told it of an incident of its own."""
    one, _ = workers.each
    incident_id = IncidentId((await one.sos())["incident_id"])
    async with one.socket("operator", "ann") as console:
        await one.service.engine.feed.flush()
        await console.settled()
        yield console, incident_id


async def test_what_another_worker_may_not_have_written_waits_and_is_told_without_a_number_in_the_end(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatch.engine.operator_feed._PAUSE_AFTER_FAILURE_S", 0.05)
    engine = workers.each[0].service.engine
    async with _told_of_one(workers) as (console, incident_id):
        live = engine.live.place_for(incident_id)
        # Its worker has died, and the rows do not have it, whoever looks.
        monkeypatch.setattr(engine.others, "freshen", AsyncMock())
        monkeypatch.setattr(sharing_of(workers.each[0]).following, "_read_again", AsyncMock(return_value=0))
        live.is_unsure = True
        engine.feed.show_anew(incident_id)
        await engine.feed.flush()
        await console.settled()
        assert [each for each in console.all("incident") if "anew" in each] == []
        anew = await console.next("incident", where=lambda m: "anew" in m)
        assert "seq" not in anew
        live.is_unsure = False
        engine.feed.show_untold()
        engine.feed.show_again(incident_id)
        assert "seq" in await console.next("incident", where=lambda m: "anew" in m)


async def test_what_is_decided_here_and_cannot_be_written_is_told_without_a_number(workers: Workers) -> None:
    engine = workers.each[0].service.engine
    async with _told_of_one(workers) as (console, incident_id):

        async def is_told() -> bool:
            # What writes down what is unwritten finds nothing in it, and may settle that at any time.
            engine.recording.unwritten[incident_id] = []
            engine.feed.show_again(incident_id)
            return any("seq" not in each for each in console.all("incident"))

        await until(is_told)
        told = await console.next("incident", where=lambda m: "seq" not in m)
        assert told["incident_id"] == incident_id
        engine.recording.unwritten.pop(incident_id, None)
