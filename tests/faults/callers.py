"""People who tap SOS: they try again until they are answered, and some watch who comes."""

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from uuid import UUID

from geo.place import Place
from loadtests.crowd import around
from tests.faults.asking import NoAnswerError, ask
from tests.faults.correspondent import Correspondent, Network

Message = dict[str, Any]

_PATIENCE_S: Final = 60.0
_ONE_TRY_S: Final = 12.0
_TRY_AGAIN_S: Final = (0.1, 0.6)
# So many tap twice in a hurry, so many keep the page open.
_IMPATIENT, _FOLLOWING = 0.08, 0.15


@dataclass(slots=True)
class Sos:
    """One tap: what was asked, and every answer it got. `tapped_at`, `answered_at`: seconds of the loop's clock."""

    request_id: str
    place: Place
    tapped_at: float
    answered_at: float | None = None
    # Status, incident id, how many were alerted: of each success.
    receipts: list[tuple[int, str, int]] = field(default_factory=list)
    degraded: bool = False
    tries: int = 0
    refused: list[str] = field(default_factory=list)
    given_up: bool = False
    # Tapped while workers could not agree, as what they share was away: each that was asked may have opened one.
    may_be_two: bool = False
    token: str = ""

    @property
    def incident_id(self) -> str | None:
        """The incident that it was told of."""
        return self.receipts[0][1] if self.receipts else None


class Follower:
    """A caller who keeps the page open: the newest version of the incident that it was told of."""

    def __init__(self, incident_id: str, token: str, network: Network) -> None:
        self.incident_id = incident_id
        self.version = 0
        self.state = ""
        self.socket = Correspondent(f"caller:{incident_id}", token, network, hear=self._hear)

    def _hear(self, message: Message) -> None:
        if message["type"] == "incident" and (message["version"] >= self.version or message.get("anew")):
            self.version, self.state = message["version"], message["state"]


class Callers:
    """Everybody who taps. `answered` gets each SOS once it has its receipt."""

    def __init__(self, network: Network, rng: Random, *, centre: Place, within_m: float) -> None:
        self.taken: dict[str, Sos] = {}
        self.waiting: set[asyncio.Task[None]] = set()
        self.answered: asyncio.Queue[Sos] = asyncio.Queue()
        self.followers: dict[str, tuple[Follower, asyncio.Task[None]]] = {}
        self._network = network
        self._rng = rng
        self._centre = centre
        self._within_m = within_m

    def tap(self) -> None:
        """One more emergency, somewhere in the city."""
        request_id = str(UUID(int=self._rng.getrandbits(128), version=4))
        sos = Sos(request_id, around(self._centre, self._within_m, self._rng), asyncio.get_running_loop().time())
        self.taken[request_id] = sos
        times = 2 if self._rng.random() < _IMPATIENT else 1
        for _ in range(times):
            task = asyncio.ensure_future(self._call(sos))
            self.waiting.add(task)
            task.add_done_callback(self.waiting.discard)

    async def _call(self, sos: Sos) -> None:
        loop = asyncio.get_running_loop()
        body = {
            "request_id": sos.request_id,
            "location": {"latitude": sos.place.latitude, "longitude": sos.place.longitude, "accuracy_m": 15.0},
        }
        balancer = self._network.balancer
        door = balancer.next()
        while loop.time() - sos.tapped_at < _PATIENCE_S:
            sos.tries += 1
            sos.may_be_two |= self._network.is_apart and balancer.has_several
            try:
                answer = await ask(door, "POST", "/v1/sos", body, within_s=_ONE_TRY_S)
            except NoAnswerError:
                # The same request id, at another worker where there is one.
                door = balancer.other_than(door)
                await asyncio.sleep(self._rng.uniform(*_TRY_AGAIN_S))
                continue
            if answer.is_success:
                self._receipt(sos, answer.status, answer.body)
                return
            sos.refused.append(f"{answer.status} {answer.body}")
            door = balancer.other_than(door)
            await asyncio.sleep(self._rng.uniform(*_TRY_AGAIN_S))
        sos.given_up = not sos.receipts

    def _receipt(self, sos: Sos, status: int, receipt: Message) -> None:
        is_first = not sos.receipts
        sos.receipts.append((status, receipt["incident_id"], receipt["alerted"]))
        # What was under way when they could no longer, too.
        sos.may_be_two |= self._network.is_apart and self._network.balancer.has_several
        if not is_first:
            return
        sos.answered_at = asyncio.get_running_loop().time()
        sos.degraded = bool(receipt.get("degraded", False))
        sos.token = receipt["token"]
        self.answered.put_nowait(sos)
        if self._rng.random() < _FOLLOWING:
            follower = Follower(receipt["incident_id"], sos.token, self._network)
            self.followers[follower.incident_id] = (follower, asyncio.ensure_future(follower.socket.stay()))

    async def let_go(self, incident_id: str) -> Follower | None:
        """The incident is over: its page is closed."""
        follower, task = self.followers.pop(incident_id, (None, None))
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return follower

    async def close(self) -> None:
        """Nobody taps or watches any longer."""
        tasks = [*self.waiting, *(task for _, task in self.followers.values())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
