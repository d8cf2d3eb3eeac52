"""One worker asks another to do something, and hears what came of it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson

from dispatch.sharing.errands import Errand, Errands, Waits

SAID = {"incident_id": "i1", "command": "Close"}
_SOON = Waits(begun_within_s=0.05, done_within_s=0.05)
_LONG = Waits(begun_within_s=2, done_within_s=2)


class Pair:
    """Two workers that hear each other; `other` does what it is told to, when it may."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, Any]] = []
        self.may_end = asyncio.Event()
        self.may_end.set()
        self.living = {"one", "other"}
        self.is_deaf = False
        self.one = Errands(self._carry_out, self._to_other, self.living.__contains__)
        self.other = Errands(self._carry_out, self._to_one, self.living.__contains__)

    async def _carry_out(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        self.told.append(said)
        await self.may_end.wait()
        return {"done": True}

    def _to_other(self, errand: Errand) -> None:
        if not self.is_deaf:
            self.other.hear(errand, orjson.loads(errand.said), sender="one")

    def _to_one(self, errand: Errand) -> None:
        self.one.hear(errand, orjson.loads(errand.said), sender="other")

    async def ask(self, waits: Waits = _LONG) -> Mapping[str, Any] | None:
        async with asyncio.timeout(5):
            return await self.one.ask("other", SAID, waits)


async def test_what_came_of_it_is_told() -> None:
    pair = Pair()
    assert await pair.ask() == {"done": True}
    assert pair.told == [SAID]


async def test_who_does_not_begin_is_not_waited_for() -> None:
    pair = Pair()
    pair.is_deaf = True
    assert await pair.ask(_SOON) is None


async def test_who_has_begun_is_waited_for_longer() -> None:
    pair = Pair()
    pair.may_end.clear()
    asked = asyncio.ensure_future(pair.ask(Waits(begun_within_s=0.05, done_within_s=5)))
    # Longer than it may take to begin.
    done, _ = await asyncio.wait([asked], timeout=0.2)
    assert not done
    pair.may_end.set()
    assert await asked == {"done": True}


async def test_but_not_for_ever() -> None:
    pair = Pair()
    pair.may_end.clear()
    assert await pair.ask(Waits(begun_within_s=1, done_within_s=0.05)) is None


async def test_nor_when_it_has_died_over_it() -> None:
    pair = Pair()
    pair.may_end.clear()
    asked = asyncio.ensure_future(pair.ask())
    await asyncio.sleep(0)
    pair.living.discard("other")
    assert await asked is None


async def test_an_answer_to_another_question_is_none() -> None:
    pair = Pair()
    pair.one.hear(Errand("one", 7, "{}", answers=True), {"done": True}, sender="other")
    assert await pair.ask() == {"done": True}


async def test_an_answer_that_is_lost_is_given_again_and_nothing_is_done_twice() -> None:
    pair = Pair()
    answers = pair.one.hear
    lost: list[Errand] = []

    def loses_the_outcome(errand: Errand, said: Mapping[str, Any], *, sender: str) -> None:
        if said == {"done": True} and not lost:
            lost.append(errand)
        else:
            answers(errand, said, sender=sender)

    pair.one.hear = loses_the_outcome  # type: ignore[method-assign] # on its way between the two
    assert await pair.ask() == {"done": True}
    assert len(lost) == 1
    assert pair.told == [SAID]


async def test_who_is_asked_again_while_still_at_it_says_so_and_goes_on() -> None:
    pair = Pair()
    pair.may_end.clear()
    hears, is_asked_again = pair.other.hear, asyncio.Event()

    def notes(errand: Errand, said: Mapping[str, Any], *, sender: str) -> None:
        hears(errand, said, sender=sender)
        if pair.told:
            is_asked_again.set()

    pair.other.hear = notes  # type: ignore[method-assign] # on its way between the two
    asked = asyncio.ensure_future(pair.ask(Waits(begun_within_s=1, done_within_s=4)))
    async with asyncio.timeout(5):
        await is_asked_again.wait()
    assert not asked.done()
    pair.may_end.set()
    assert await asked == {"done": True}
    assert pair.told == [SAID]
