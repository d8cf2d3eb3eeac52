"""What one worker has another carry out: of an incident that both know and no database keeps them from both deciding.

While PostgreSQL is away, whoever decided last in an incident goes on deciding in it, as long as it is heard: two that
decide side by side tell people two different things, and only one of them can be written down afterwards.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import structlog

from dispatch.encoding import to_json_text
from dispatch.engine.command_codec import command_from_json, command_to_json
from dispatch.problems import NotFound
from dispatch.rescue.commands import Command, Moved, Refused
from dispatch.rescue.vocabulary import AlertId, IncidentId

log = structlog.get_logger()

# One that has not answered by then may be dying: what was asked is carried out here, and saying it twice is harmless.
# Longer than it takes to find out that the database does not answer.
_ANSWERED_WITHIN_S: Final = 2.5


@dataclass(frozen=True, slots=True)
class Errand:
    """A command for another worker, `to`; or, with `answers`, what came of one that it had asked for.

    `said` is JSON: a command with `incident_id` and `by`, or its outcome.
    """

    to: str
    number: int
    said: str
    answers: bool = False


class Errands:
    """Asks other workers, and answers them. `carry_out` is how a command is carried out here."""

    def __init__(
        self,
        carry_out: Callable[[IncidentId, Command, str], Awaitable[object]],
        tell: Callable[[Errand], None],
    ) -> None:
        self._carry_out = carry_out
        self._tell = tell
        self._numbers = count(1)
        self._asked: dict[tuple[str, int], asyncio.Future[Mapping[str, Any]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, worker: str, incident_id: IncidentId, command: Command, by: str) -> bool:
        """Have another worker carry a command out; False when it could not, or did not answer in time.

        Raises `Refused` as it did.
        """
        number = next(self._numbers)
        asked: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._asked[worker, number] = asked
        said = {"incident_id": incident_id, "by": by, **command_to_json(command)}
        self._tell(Errand(worker, number, to_json_text(said)))
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                outcome = await asked
        except TimeoutError:
            log.warning("another worker did not answer in time", worker=worker, incident_id=incident_id)
            return False
        finally:
            del self._asked[worker, number]
        match outcome:
            case {"code": code, "detail": detail}:
                raise Refused(code, detail)
            case {"moved_to": incident, "alert_id": alert_id}:
                raise Moved(IncidentId(incident), AlertId(alert_id))
        return bool(outcome.get("done"))

    def hear(self, errand: Errand, said: Mapping[str, Any], *, sender: str) -> None:
        """An errand for this worker, `said` as it was read."""
        if errand.answers:
            asked = self._asked.get((sender, errand.number))
            if asked is not None and not asked.done():
                asked.set_result(said)
            return
        task = asyncio.ensure_future(self._run(errand, said, sender))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, errand: Errand, said: Mapping[str, Any], sender: str) -> None:
        outcome = to_json_text(await self._outcome(said))
        self._tell(Errand(sender, errand.number, outcome, answers=True))

    async def _outcome(self, said: Mapping[str, Any]) -> dict[str, Any]:
        try:
            command = command_from_json({name: said[name] for name in said.keys() - {"incident_id", "by"}})
            await self._carry_out(IncidentId(said["incident_id"]), command, said["by"])
        except Moved as moved:
            return {"moved_to": moved.incident_id, "alert_id": moved.alert_id}
        except Refused as refused:
            return {"code": refused.code, "detail": refused.detail}
        except NotFound:
            return {"done": False}
        except Exception:
            # Whoever asked tries it, and says what is wrong to whoever asked there.
            log.exception("not carried out for another worker")
            return {"done": False}
        return {"done": True}
