"""One worker has another carry a command out, and hears what came of it."""

import asyncio

import orjson
import pytest

from dispatch.problems import NotFound
from dispatch.rescue.commands import Close, Command, Moved, Refused
from dispatch.rescue.vocabulary import AlertId, IncidentId
from dispatch.sharing.errands import Errand, Errands

INCIDENT = IncidentId("i1")


class Pair:
    """Two workers that hear each other; `other` does with a command what it is told to."""

    def __init__(self, outcome: Exception | None = None) -> None:
        self.outcome = outcome
        self.carried_out: list[tuple[str, Command, str]] = []
        self.one = Errands(self._carry_out, self._to_other)
        self.other = Errands(self._carry_out, self._to_one)

    async def _carry_out(self, incident_id: IncidentId, command: Command, by: str) -> None:
        self.carried_out.append((incident_id, command, by))
        if self.outcome is not None:
            raise self.outcome

    def _to_other(self, errand: Errand) -> None:
        self.other.hear(errand, orjson.loads(errand.said), sender="one")

    def _to_one(self, errand: Errand) -> None:
        self.one.hear(errand, orjson.loads(errand.said), sender="other")

    async def ask(self) -> bool:
        async with asyncio.timeout(2):
            return await self.one.ask("other", INCIDENT, Close("over"), "operator:o1")


async def test_what_another_has_done_is_done() -> None:
    pair = Pair()
    assert await pair.ask()
    assert pair.carried_out == [(INCIDENT, Close("over"), "operator:o1")]


async def test_a_refusal_there_is_a_refusal_here() -> None:
    with pytest.raises(Refused, match="too late") as refused:
        await Pair(Refused("incident_ended", "too late")).ask()
    assert refused.value.code == "incident_ended"


async def test_where_an_alert_goes_on_is_told() -> None:
    with pytest.raises(Moved) as moved:
        await Pair(Moved(IncidentId("i2"), AlertId("a2"))).ask()
    assert (moved.value.incident_id, moved.value.alert_id) == ("i2", "a2")


@pytest.mark.parametrize("outcome", [NotFound("no such incident"), RuntimeError("a fault")])
async def test_what_another_cannot_do_is_to_be_done_here(outcome: Exception) -> None:
    assert not await Pair(outcome).ask()


async def test_an_answer_to_another_question_is_none() -> None:
    pair = Pair()
    pair.one.hear(Errand("one", 7, "{}", answers=True), {"done": True}, sender="other")
    assert await pair.ask()
