"""The 120 centre in the storm: a console that follows, and operators who bring incidents to their end."""

import asyncio
from random import Random
from typing import Any, Final

from tests.faults.asking import NoAnswerError, ask
from tests.faults.callers import Callers, Sos
from tests.faults.correspondent import Correspondent, Network

Message = dict[str, Any]

# An incident lives so long, so that first-aiders become free again; seconds here are about minutes there.
_LIVES_S: Final = (1.0, 6.0)
_TRY_AGAIN_S: Final = 0.2


class Desk:
    """One console and the operators at it. `ended` names the incidents that the service has confirmed as ended."""

    def __init__(self, token: str, network: Network, callers: Callers, rng: Random) -> None:
        self.token = token
        self.shown: dict[str, tuple[int, str]] = {}
        self.refused: list[str] = []
        self.open: set[str] = set()
        self.ended: set[str] = set()
        # While set, incidents end at once instead of taking their time.
        self.hurry = asyncio.Event()
        self._network = network
        self._callers = callers
        self._rng = rng
        self._ending: set[asyncio.Task[None]] = set()
        self.console = Correspondent("operators", token, network, hear=self._hear)

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

    def _hear(self, message: Message) -> None:
        if message["type"] == "incident":
            version, _ = self.shown.get(message["incident_id"], (0, ""))
            if message["version"] >= version:
                self.shown[message["incident_id"]] = (message["version"], message["state"])

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
        while True:
            try:
                answer = await ask(self._network.port, "POST", path, body, token=token)
            except NoAnswerError:
                await asyncio.sleep(_TRY_AGAIN_S)
                continue
            if answer.is_success or answer.status == 409:
                return
            self.refused.append(f"POST {path}: {answer.status} {answer.body}")
            if answer.status < 500:
                return
            await asyncio.sleep(_TRY_AGAIN_S)
