"""Everybody at once: first-aiders, callers, the 120 centre, all playing their parts until told to be quiet."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from dispatch.access.tokens import Role
from loadtests.crowd import CENTRE, CrowdMember, Provisioner
from tests.faults.callers import Callers, Follower
from tests.faults.correspondent import Correspondent, Network
from tests.faults.desk import Desk
from tests.faults.doors import Balancer
from tests.faults.first_aiders import FirstAider
from tests.faults.service import ServiceUnderTest

# Everybody says where they are so often; the service closes who is silent for 75 s.
_SAY_WHERE_EVERY_S: Final = 10.0
_TICK_S: Final = 0.25
# How long the quiet after a storm may take to come.
_QUIET_WITHIN_S: Final = 45.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the storm is."""

    responders: int = 500
    aeds: int = 40
    within_m: float = 2500.0
    sos_per_s: float = 20.0


class StillBusyError(RuntimeError):
    """The quiet did not come; the message says who was not served."""


class Storm:
    """The people of one city. `blowing` while SOS are being tapped."""

    def __init__(
        self, services: Sequence[ServiceUnderTest], members: list[CrowdMember], shape: Shape, rng: Random
    ) -> None:
        balancer = Balancer([each.door for each in services], Random(f"balancer {rng.random()}"))
        self.network = Network(balancer, Random(rng.random()))
        self.first_aiders = {each.id: FirstAider(each, self.network, Random(rng.random())) for each in members}
        self.callers = Callers(self.network, Random(rng.random()), centre=CENTRE, within_m=shape.within_m)
        operator = services[0].token(Role.OPERATOR, "storm")
        self.desk = Desk(operator, self.network, self.callers, Random(rng.random()))
        self.operator_token = operator
        self.blowing = asyncio.Event()
        # Pages of incidents that have ended, with what the page showed last.
        self.closed_pages: list[Follower] = []
        self._shape = shape
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Everybody comes."""
        works = [each.socket.stay() for each in self.first_aiders.values()]
        works += [
            *(each.socket.stay() for each in self.desk.consoles),
            self.desk.work(),
            self._tap(),
            self._say_where(),
        ]
        self._tasks = [asyncio.ensure_future(work) for work in works]

    async def close(self) -> None:
        """Everybody leaves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.callers.close()

    def correspondents(self) -> list[Correspondent]:
        """All who are connected, or want to be."""
        followers = [follower.socket for follower, _ in self.callers.followers.values()]
        consoles = [each.socket for each in self.desk.consoles]
        return [*(each.socket for each in self.first_aiders.values()), *consoles, *followers]

    def everybody_ever(self) -> list[Correspondent]:
        """Those, and whoever has closed their page."""
        return [*self.correspondents(), *(each.socket for each in self.closed_pages)]

    async def everybody_connected(self) -> None:
        """Wait until all are welcomed. Raises `StillBusyError`."""
        await self._until(lambda: [each.name for each in self.correspondents() if not each.is_connected], "connected")

    async def calm(self, *, leave_open: int) -> None:
        """No more SOS: wait until every tap is answered, all but `leave_open` incidents are ended, all are connected.

        Raises `StillBusyError`.
        """
        self.blowing.clear()
        callers, desk = self.callers, self.desk
        # The desk knows of no more than its console was told.
        await self.everybody_connected()
        await self._until(lambda: [each for each in callers.waiting if not each.done()], "answered")
        desk.hurry.set()
        if self.network.is_apart:
            await desk.end_strays()
        await self._until(lambda: sorted(desk.open)[leave_open:], "brought to an end")
        desk.hurry.clear()
        await self.everybody_connected()

    async def close_pages(self) -> None:
        """Those who followed an incident that is over close their page."""
        for incident_id in self.desk.ended & self.callers.followers.keys():
            follower = await self.callers.let_go(incident_id)
            if follower is not None:
                self.closed_pages.append(follower)

    async def _until(self, still: Callable[[], Sequence[object]], what: str) -> None:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + _QUIET_WITHIN_S
        while left := still():
            if loop.time() > give_up_at:
                raise StillBusyError(f"after {_QUIET_WITHIN_S:.0f} s not {what}: {len(left)}, such as {left[:3]}")
            await asyncio.sleep(0.02)

    async def _tap(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self.blowing.wait()
            next_at = loop.time()
            while self.blowing.is_set():
                self.callers.tap()
                next_at += self.network.rng.expovariate(self._shape.sos_per_s)
                await asyncio.sleep(max(0.0, next_at - loop.time()))

    async def _say_where(self) -> None:
        people = list(self.first_aiders.values())
        at_once = max(1, round(len(people) * _TICK_S / _SAY_WHERE_EVERY_S))
        first = 0
        while True:
            await asyncio.sleep(_TICK_S)
            for each in people[first : first + at_once]:
                each.say_where()
            first = (first + at_once) % len(people)
            # Whoever only listens must say something too.
            listeners = [each.socket for each in self.desk.consoles]
            listeners += [each.socket for each, _ in self.callers.followers.values()]
            for listener in listeners:
                if self.network.rng.random() < _TICK_S / _SAY_WHERE_EVERY_S:
                    listener.say({"type": "ping"})


async def a_city(service: ServiceUnderTest, shape: Shape, seed: int) -> list[CrowdMember]:
    """Make first-aiders and AEDs through the contract, with tokens."""

    def provide() -> list[CrowdMember]:
        provisioner = Provisioner(service.url, service.token(Role.ADMIN, "storm"))
        try:
            provisioner.aeds(shape.aeds, within_m=shape.within_m, seed=seed)
            return provisioner.responders(shape.responders, within_m=shape.within_m, seed=seed)
        finally:
            provisioner.close()

    return await asyncio.to_thread(provide)


@contextlib.asynccontextmanager
async def storm_over(services: Sequence[ServiceUnderTest], shape: Shape, seed: int) -> AsyncIterator[Storm]:
    """A city with everybody connected, until the block is left. The services, workers of one, must be running."""
    storm = Storm(services, await a_city(services[0], shape, seed), shape, Random(f"storm {seed}"))
    storm.begin()
    try:
        await storm.everybody_connected()
        yield storm
    finally:
        await storm.close()
