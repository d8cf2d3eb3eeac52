"""The 120 centre in the storm: consoles that follow, and operators who bring incidents to their end."""

import asyncio
from random import Random
from typing import Any, Final

from dispatch.rescue.vocabulary import IncidentState
from tests.faults.asking import Answer, NoAnswerError, ask
from tests.faults.callers import Callers, Sos
from tests.faults.correspondent import Correspondent, Network
from tests.faults.doors import Door

Message = dict[str, Any]

# An incident lives so long, so that first-aiders become free again; seconds here are about minutes there.
_LIVES_S: Final = (1.0, 6.0)
_TRY_AGAIN_S: Final = 0.2
# While the database is away a worker knows of no incident that is in another's journal; nobody may wait longer for it.
_KNOWN_EVERYWHERE_S: Final = 30.0
_NOT_KNOWN_HERE: Final = frozenset({404, 503})
_ENDED: Final = frozenset(each.value for each in IncidentState.ended_states())


class Console:
    """One console, at one door for good: the version and state of each incident as it was last told."""

    def __init__(self, name: str, token: str, network: Network, door: Door) -> None:
        self.shown: dict[str, tuple[int, str]] = {}
        self.socket = Correspondent(name, token, network, hear=self._hear, bound_to=door)

    def _hear(self, message: Message) -> None:
        if message["type"] == "incident":
            version, _ = self.shown.get(message["incident_id"], (0, ""))
            if message["version"] >= version or message.get("anew"):
                self.shown[message["incident_id"]] = (message["version"], message["state"])


class Desk:
    """A console at every door, and operators. `ended` names the incidents that the service has confirmed as ended."""

    def __init__(self, token: str, network: Network, callers: Callers, rng: Random) -> None:
        self.token = token
        self.refused: list[str] = []
        self.open: set[str] = set()
        self.ended: set[str] = set()
        # While set, incidents end at once instead of taking their time.
        self.hurry = asyncio.Event()
        self._network = network
        self._callers = callers
        self._rng = rng
        self._ending: set[asyncio.Task[None]] = set()
        doors = network.balancer.doors
        names = ["operators", *(f"operators at door {number}" for number in range(2, len(doors) + 1))]
        self.consoles = [Console(name, token, network, door) for name, door in zip(names, doors, strict=True)]
        # How often somebody had to ask another worker.
        self.sent_elsewhere = 0

    async def work(self) -> None:
        """Take every answered SOS and see it through, until cancelled."""
        try:
            while True:
                sos = await self._callers.answered.get()
                self.open.add(str(sos.incident_id))
                task = asyncio.ensure_future(self._see_through(sos))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
        finally:
            for task in list(self._ending):
                task.cancel()
            await asyncio.gather(*self._ending, return_exceptions=True)

    async def end_strays(self) -> int:
        """End what consoles show to go on and nobody at the desk was told of: a tap that opened two."""
        shown = {incident_id: state for each in self.consoles for incident_id, (_, state) in each.shown.items()}
        strays = [each for each, state in shown.items() if state not in _ENDED and each not in self.open | self.ended]
        for incident_id in strays:
            await self._until_done(f"/v1/incidents/{incident_id}/close", {"note": "a second one"}, self.token)
            self.ended.add(incident_id)
        return len(strays)

    async def _see_through(self, sos: Sos) -> None:
        incident_id = str(sos.incident_id)
        try:
            async with asyncio.timeout(self._rng.uniform(*_LIVES_S)):
                await self.hurry.wait()
        except TimeoutError:
            pass
        path = f"/v1/incidents/{incident_id}"
        match self._rng.randrange(4):
            case 0:
                await self._until_done(f"{path}/ambulance", {"eta_s": 300}, self.token)
                await self._until_done(f"{path}/ambulance", {"arrived": True}, self.token)
                await self._until_done(f"{path}/close", {}, self.token)
            case 1:
                await self._until_done(f"{path}/cancel", {"reason": "false_alarm"}, sos.token)
            case 2:
                await self._until_done(f"{path}/cpr", {"in_progress": True}, sos.token)
                await self._until_done(f"{path}/cancel", {"reason": "operator"}, self.token)
            case _:
                await self._until_done(f"{path}/close", {"note": "over"}, self.token)
        self.open.discard(incident_id)
        self.ended.add(incident_id)

    async def _until_done(self, path: str, body: Message, token: str) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _KNOWN_EVERYWHERE_S
        # A run may end, once its incidents have, before whoever was cut off has caught up.
        was_apart = False
        while True:
            was_apart |= self._network.is_apart
            try:
                answer = await ask(self._network.balancer.next(), "POST", path, body, token=token)
            except NoAnswerError:
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            if answer.is_success or answer.status == 409:
                return
            was_apart |= self._network.is_apart
            if self._may_be_elsewhere(answer, is_apart=was_apart) and loop.time() < give_up_at:
                self.sent_elsewhere += 1
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            self.refused.append(f"POST {path}: {answer.status} {answer.body}")
            if answer.status < 500:
                return
            await asyncio.sleep(_TRY_AGAIN_S)

    def _may_be_elsewhere(self, answer: Answer, *, is_apart: bool) -> bool:
        return self._network.balancer.has_several and is_apart and answer.status in _NOT_KNOWN_HERE
