"""One wave's phones are connected to both workers: what they acknowledge is noted by the one that decides."""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest

from dispatch.engine.engine import Engine
from dispatch.realtime import mailboxes
from dispatch.rescue.commands import ConfirmReceipt
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.sharing import handing_over
from tests.people import WULIN, ServiceInProcess, beside, until
from tests.redis_server import RedisServer
from tests.sharing.conftest import Workers, sharing_of


@contextlib.asynccontextmanager
async def _a_wave(workers: Workers) -> AsyncIterator[set[str]]:
    """Two first-aiders at each worker, who acknowledge at once."""
    names = {f"r{number}" for number in range(4)}
    async with contextlib.AsyncExitStack() as stack:
        for number, name in enumerate(sorted(names)):
            worker = workers.each[number % 2]
            await stack.enter_async_context(worker.on_duty(name, beside(WULIN, north_m=100 + 20 * number)))

        async def all_are_known() -> bool:
            return all(worker.service.roster.on_duty_count == len(names) for worker in workers.each)

        await until(all_are_known)
        yield names


async def _all_received(worker: ServiceInProcess, incident_id: str) -> bool:
    states = await worker.alert_states(incident_id)
    return set(states.values()) == {"received"}


def _noted_by(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which worker carries out each receipt that is noted from now on."""
    engines = [worker.service.engine for worker in workers.each]
    noted: list[int] = []
    carried_out = Engine.command

    async def command(self: Engine, incident_id: Any, what: Any, *, by: str) -> Any:
        if isinstance(what, ConfirmReceipt):
            noted.append(engines.index(self))
        return await carried_out(self, incident_id, what, by=by)

    monkeypatch.setattr(Engine, "command", command)
    return noted


@pytest.fixture
def _never_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is noted within the test was noted as it was told."""
    monkeypatch.setattr(handing_over, "_NOTED_WITHIN_S", 600.0)


@pytest.mark.usefixtures("_never_looks_again")
@pytest.mark.parametrize("opener", [0, 1])
async def test_the_worker_that_decides_notes_what_phones_at_both_acknowledge(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, opener: int
) -> None:
    noted = _noted_by(workers, monkeypatch)
    async with _a_wave(workers) as names:
        opened = await workers.each[opener].sos()
        await _both_know(workers, opened["incident_id"])
        assert set(await workers.alert_states(opened["incident_id"])) == names
    assert set(noted) == {opener}


async def _both_know(workers: Workers, incident_id: str) -> None:
    for worker in workers.each:
        await until(partial(_all_received, worker, incident_id))


def _deaf_for_receipts(worker: ServiceInProcess, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have a worker hear of receipts and note none; the incidents it heard of."""
    heard: list[str] = []
    monkeypatch.setattr(worker.service.acknowledgements, "receive", lambda incident_id, _: heard.append(incident_id))
    return heard


async def test_what_the_other_did_not_note_is_noted_all_the_same(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "_NOTED_WITHIN_S", 0.2)
    noted = _noted_by(workers, monkeypatch)
    heard = _deaf_for_receipts(workers.each[0], monkeypatch)
    async with _a_wave(workers):
        opened = await workers.each[0].sos()
        await _both_know(workers, opened["incident_id"])
    assert set(noted) == {0, 1}
    assert set(heard) == {opened["incident_id"]}


@pytest.mark.usefixtures("_never_looks_again")
async def test_a_worker_that_ends_notes_what_the_other_is_not_known_to_have(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = _noted_by(workers, monkeypatch)
    one, other = workers.each
    heard = _deaf_for_receipts(one, monkeypatch)
    async with _a_wave(workers):
        opened = await one.sos()

        async def is_told() -> bool:
            # Each phone's by itself, perhaps.
            states = (await one.alert_states(opened["incident_id"])).values()
            return sorted(states) == ["offered", "offered", "received", "received"] and len(heard) > 0

        await until(is_told)
        assert 1 not in noted
        sharing_of(other).take_back()
        await other.service.acknowledgements.flush()
        await _both_know(workers, opened["incident_id"])
    assert set(noted) == {0, 1}


@pytest.mark.usefixtures("_never_looks_again")
async def test_what_has_been_noted_or_is_over_is_not_said_again(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = workers.each
    noted = _noted_by(workers, monkeypatch)
    async with _a_wave(workers):
        opened = await one.sos()
        await _both_know(workers, opened["incident_id"])
        sharing_of(other).take_back()
        await other.service.acknowledgements.flush()
        assert 1 not in noted
        await workers.call("POST", f"/v1/incidents/{opened['incident_id']}/close", role="operator")

        async def is_over() -> bool:
            return bool((await other.incident(opened["incident_id"]))["state"] == "closed")

        await until(is_over)
        other.service.acknowledgements.receive(IncidentId(opened["incident_id"]), [AlertId("of nobody")])
        await other.service.acknowledgements.flush()
    assert set(noted) == {0}


@pytest.mark.usefixtures("_never_looks_again")
async def test_without_redis_each_worker_notes_its_own(
    workers: Workers, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = _noted_by(workers, monkeypatch)
    async with _a_wave(workers):
        redis_server.stops()

        async def is_away() -> bool:
            return all(sharing_of(worker).is_away for worker in workers.each)

        await until(is_away)
        opened = await workers.each[0].sos()
        await _both_know(workers, opened["incident_id"])
    assert set(noted) == {0, 1}


async def test_what_was_told_is_noted_though_what_is_acknowledged_here_cannot_be_read(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = workers.each[0]
    async with _a_wave(workers):
        opened = await one.sos()
        await _both_know(workers, opened["incident_id"])
    noted = _noted_by(workers, monkeypatch)

    async def fails(*_: object) -> None:
        raise OSError("the line was cut")

    acknowledgements = one.service.acknowledgements
    with monkeypatch.context() as patched:
        patched.setattr(mailboxes, "acknowledge", fails)
        acknowledgements.note("responder:r0", 999)
        acknowledgements.receive(IncidentId(opened["incident_id"]), [AlertId("another")])
        with pytest.raises(OSError, match="cut"):
            await acknowledgements.flush()
    assert noted == [0]
