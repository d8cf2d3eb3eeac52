"""What one worker asks another to do, and what comes of it: told among the news, answered the same way."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import structlog

from dispatch.encoding import to_json_text

log = structlog.get_logger()

# Whether whoever is at it still lives is looked at so often.
_LOOK_EVERY_S: Final = 0.25
# And so many looks later it is asked again: an answer may be lost on its way.
_ASKED_AGAIN_AFTER: Final = 4
# So many answers are kept, for those to whom they did not come.
_REMEMBERED: Final = 2_000
_BEGUN: Final = {"begun": True}


@dataclass(frozen=True, slots=True)
class Errand:
    """What another worker, `to`, is to do, in JSON; or, with `answers`, what came of one that it had asked for."""

    to: str
    number: int
    said: str
    answers: bool = False


@dataclass(frozen=True, slots=True)
class Waits:
    """How long is waited for another worker to begin, and then, as long as it lives, for what comes of it."""

    begun_within_s: float
    done_within_s: float


@dataclass(slots=True, eq=False)
class _Asked:
    begun: asyncio.Event
    outcome: "asyncio.Future[Mapping[str, Any]]"


class Errands:
    """Asks other workers, and answers them.

    `carry_out` is told what another asks for and returns what comes of it, as plain data; it raises nothing. `lives`
    answers whether a worker is still heard.
    """

    def __init__(
        self,
        carry_out: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
        tell: Callable[[Errand], None],
        lives: Callable[[str], bool],
    ) -> None:
        self._carry_out = carry_out
        self._tell = tell
        self._lives = lives
        self._numbers = count(1)
        self._asked: dict[tuple[str, int], _Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        # What came of those that were carried out here; None as long as that is not known.
        self._carried_out: OrderedDict[tuple[str, int], str | None] = OrderedDict()

    async def ask(self, worker: str, said: Mapping[str, Any], waits: Waits) -> Mapping[str, Any] | None:
        """What came of it there; None when that worker did not begin in time, died, or took too long."""
        number = next(self._numbers)
        asked = _Asked(asyncio.Event(), asyncio.get_running_loop().create_future())
        self._asked[worker, number] = asked
        errand = Errand(worker, number, to_json_text(said))
        self._tell(errand)
        try:
            async with asyncio.timeout(waits.begun_within_s):
                await asked.begun.wait()
            async with asyncio.timeout(waits.done_within_s):
                return await self._outcome(errand, asked)
        except TimeoutError:
            log.warning("another worker did not answer in time", worker=worker, has_begun=asked.begun.is_set())
            return None
        finally:
            del self._asked[worker, number]

    async def _outcome(self, errand: Errand, asked: _Asked) -> Mapping[str, Any]:
        looks = count(1)
        while self._lives(errand.to):
            done, _ = await asyncio.wait([asked.outcome], timeout=_LOOK_EVERY_S)
            if done:
                return asked.outcome.result()
            if next(looks) % _ASKED_AGAIN_AFTER == 0:
                self._tell(errand)
        raise TimeoutError

    def hear(self, errand: Errand, said: Mapping[str, Any], *, sender: str) -> None:
        """An errand for this worker, `said` as it was read. One that comes again is carried out once."""
        if errand.answers:
            self._hear_answer(self._asked.get((sender, errand.number)), said)
            return
        known = self._carried_out.get((sender, errand.number))
        self._tell(Errand(sender, errand.number, known or to_json_text(_BEGUN), answers=True))
        if (sender, errand.number) in self._carried_out:
            return
        self._carried_out[sender, errand.number] = None
        if len(self._carried_out) > _REMEMBERED:
            self._carried_out.popitem(last=False)
        task = asyncio.ensure_future(self._run(errand, said, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @staticmethod
    def _hear_answer(asked: _Asked | None, said: Mapping[str, Any]) -> None:
        if asked is None:
            return
        asked.begun.set()
        if said != _BEGUN and not asked.outcome.done():
            asked.outcome.set_result(said)

    async def _run(self, errand: Errand, said: Mapping[str, Any], sender: str) -> None:
        outcome = to_json_text(await self._carry_out(said))
        self._carried_out[sender, errand.number] = outcome
        self._tell(Errand(sender, errand.number, outcome, answers=True))
