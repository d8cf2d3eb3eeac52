"""Where more is asked for than can be done at once, what matters most goes first."""

import asyncio
from types import SimpleNamespace

import pytest

from dispatch.engine import turns
from dispatch.engine.turns import Turns
from dispatch.rescue.commands import Accept, Close, Command, ConfirmReceipt, Progress
from dispatch.rescue.vocabulary import AlertId, AlertState, ResponderId
from dispatch.shared_work import SharedWork

_RECEIPT = ConfirmReceipt((AlertId("a1"),))
_YES = Accept(AlertId("a2"), ResponderId("r2"))
_STAGE = Progress(AlertId("a3"), ResponderId("r3"), AlertState.EN_ROUTE)
_GIVES_UP = Progress(AlertId("a4"), ResponderId("r4"), AlertState.GAVE_UP)
_END = Close()


class Crowd:
    """Commands that come one after the other while one is being carried out."""

    def __init__(self, at_once: int = 1) -> None:
        self.turns = Turns(at_once)
        self.done: list[Command] = []
        self.may_end = asyncio.Event()

    async def carry_out(self, command: Command) -> None:
        async with self.turns.turn_of(command):
            await self.may_end.wait()
            self.done.append(command)

    async def come(self, *commands: Command) -> list[asyncio.Task[None]]:
        tasks = [asyncio.ensure_future(self.carry_out(each)) for each in commands]
        await asyncio.sleep(0)
        return tasks


async def test_a_yes_goes_before_what_is_only_written_down() -> None:
    crowd = Crowd()
    tasks = await crowd.come(_END, _RECEIPT, _STAGE, _END, _YES, _GIVES_UP)
    assert len(crowd.turns) == 5
    crowd.may_end.set()
    await asyncio.gather(*tasks)
    assert crowd.done == [_END, _YES, _GIVES_UP, _STAGE, _END, _RECEIPT]
    assert len(crowd.turns) == 0


async def test_no_more_are_under_way_than_may_be() -> None:
    crowd = Crowd(at_once=3)
    tasks = await crowd.come(*[_END] * 8)
    assert len(crowd.turns) == 5
    crowd.may_end.set()
    await asyncio.gather(*tasks)
    assert len(crowd.done) == 8


async def test_who_waits_no_longer_takes_nobodys_turn() -> None:
    crowd = Crowd()
    first, second, third = await crowd.come(_END, _RECEIPT, _STAGE)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert len(crowd.turns) == 1
    crowd.may_end.set()
    await asyncio.gather(first, third)
    assert crowd.done == [_END, _STAGE]


async def test_a_turn_that_is_given_in_the_moment_of_giving_up_goes_to_the_next() -> None:
    crowd = Crowd()
    crowd.may_end.set()
    async with crowd.turns.turn_of(_END):
        second, third = await crowd.come(_RECEIPT, _STAGE)
    # It has been given its turn, and has not run yet.
    second.cancel()
    async with asyncio.timeout(2):
        await asyncio.gather(second, third, return_exceptions=True)
    assert crowd.done == [_STAGE]


async def test_a_fault_gives_the_turn_back() -> None:
    crowd = Crowd()

    async def fail() -> None:
        async with crowd.turns.turn_of(_END):
            raise ValueError("it cannot be done")

    crowd.may_end.set()
    with pytest.raises(ValueError, match="cannot be done"):
        await fail()
    async with asyncio.timeout(2):
        await crowd.carry_out(_RECEIPT)


@pytest.fixture
def _held_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_HELD_S", 60.0)


@pytest.mark.usefixtures("_held_for_long")
async def test_nothing_begins_while_an_sos_is_under_way() -> None:
    crowd = Crowd(at_once=2)
    crowd.may_end.set()
    with crowd.turns.sos():
        tasks = await crowd.come(_RECEIPT, _END, _YES)
        await _some_turns()
        assert crowd.done == []
    await asyncio.gather(*tasks)
    assert crowd.done[0] == _YES
    assert len(crowd.done) == 3
    # Nor does the end of one that is over hold anything.
    await asyncio.gather(*await crowd.come(_STAGE, _END, _END))


@pytest.mark.usefixtures("_held_for_long")
async def test_what_was_under_way_as_an_sos_came_goes_on_and_gives_its_turn_back() -> None:
    crowd = Crowd()
    first, second = await crowd.come(_END, _STAGE)
    with crowd.turns.sos():
        crowd.may_end.set()
        await first
        await _some_turns()
        assert crowd.done == [_END]
    await second
    assert crowd.done == [_END, _STAGE]


@pytest.mark.usefixtures("_held_for_long")
async def test_many_sos_at_once_hold_until_the_last_is_through() -> None:
    crowd = Crowd()
    crowd.may_end.set()
    with crowd.turns.sos():
        with crowd.turns.sos():
            tasks = await crowd.come(_END)
        await _some_turns()
        assert crowd.done == []
    await asyncio.gather(*tasks)


@pytest.mark.usefixtures("_held_for_long")
async def test_who_waits_for_an_sos_hears_of_it_before_anything_begins() -> None:
    crowd = Crowd()
    crowd.may_end.set()

    async def take() -> None:
        with crowd.turns.sos():
            await _some_turns()

    work = SharedWork(take())
    await asyncio.sleep(0)
    tasks = await crowd.come(_END)
    await work.result()
    assert crowd.done == []
    await asyncio.gather(*tasks)


async def test_an_sos_that_takes_long_holds_nothing_for_longer_than_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_HELD_S", 0.01)
    crowd = Crowd(at_once=2)
    crowd.may_end.set()
    with crowd.turns.sos():
        async with asyncio.timeout(5):
            await asyncio.gather(*await crowd.come(_END, _STAGE, _YES))


@pytest.mark.usefixtures("_held_for_long")
async def test_of_sos_one_after_the_other_only_every_second_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(turns, "time", SimpleNamespace(monotonic=lambda: now_s))
    crowd = Crowd()
    crowd.may_end.set()
    with crowd.turns.sos():
        now_s += 0.04
    await _some_turns()
    now_s += 0.039
    with crowd.turns.sos():
        await asyncio.gather(*await crowd.come(_END, _STAGE))
    now_s += 0.002
    with crowd.turns.sos():
        tasks = await crowd.come(_END)
        await _some_turns()
        assert not tasks[0].done()
    await asyncio.gather(*tasks)


@pytest.mark.usefixtures("_held_for_long")
async def test_what_nobody_waits_for_goes_on_when_the_sos_is_through() -> None:
    crowd = Crowd()
    await crowd.turns.give_way()
    with crowd.turns.sos():
        with crowd.turns.sos():
            giving_way = asyncio.ensure_future(crowd.turns.give_way())
            await _some_turns()
        await _some_turns()
        assert not giving_way.done()
    await giving_way


@pytest.mark.usefixtures("_held_for_long")
async def test_who_waits_for_an_sos_hears_of_it_before_what_gave_way_goes_on() -> None:
    crowd = Crowd()
    went_on: list[str] = []

    async def take() -> None:
        with crowd.turns.sos():
            await _some_turns()

    async def give_way() -> None:
        await crowd.turns.give_way()
        went_on.append("what gave way")

    work = SharedWork(take())
    await asyncio.sleep(0)
    giving_way = asyncio.ensure_future(give_way())
    await work.result()
    assert went_on == []
    await giving_way


async def test_who_gives_way_does_so_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_HELD_S", 0.01)
    crowd = Crowd()
    with crowd.turns.sos():
        async with asyncio.timeout(5):
            await crowd.turns.give_way()


async def _some_turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
