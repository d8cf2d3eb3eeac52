"""A whole city at once: people, devices, callers and an operator against a running service."""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from geo.place import Place
from simulator.cabinets import Registry, equip
from simulator.callers import Caller
from simulator.custody import Custody
from simulator.desk import Desk
from simulator.first_aiders import FirstAider
from simulator.hangzhou import CENTRE
from simulator.journal import Journal
from simulator.pace import Pace
from simulator.people import ACCEPTANCE, populate, visitor
from simulator.service import RefusedError, Service, UnreachableError
from simulator.stream import StreamRefusedError

# Handshakes at once: a crowd that arrives together would only wait in the service's backlog.
_HANDSHAKES: Final = 24
_READY_SHARE: Final = 0.95
_READY_WITHIN_S: Final = 60.0
_PEOPLE_PER_INCIDENT: Final = 50
_GOODBYE_S: Final = 5.0
_EXPECTED: Final = (UnreachableError, RefusedError, StreamRefusedError)


@dataclass(frozen=True, slots=True)
class CityOptions:
    """What the city is like and when it ends; without `minutes` and `rescues` it goes on until stopped.

    `sos_every_s` is the mean time between taps on the wall clock; `speed` makes people live faster than it.
    `visitor` is the id of a first-aider who is made but not played: somebody at the responder's page does that.
    """

    url: str
    admin_token: str
    responders: int = 300
    aeds: int = 250
    sos_every_s: float = 20.0
    seed: int = 1
    minutes: float | None = None
    rescues: int | None = None
    speed: float = 1.0
    centre: Place = CENTRE
    acceptance: tuple[float, float] = ACCEPTANCE
    visitor: str | None = None
    real: bool = False


class CityStoppedError(Exception):
    """The city could not go on; the message says why."""


async def run_city(
    options: CityOptions, *, stop: asyncio.Event | None = None, out: Callable[[str], None] = print
) -> Journal:
    """Bring the city to life until it is over by its options or `stop` is set, and answer what happened.

    Raises CityStoppedError when the service cannot be reached or refuses what the city needs.
    """
    journal = Journal(speed=options.speed, out=out)
    service = Service(options.url, options.admin_token)
    city = _City(options, service, journal)
    try:
        await city.run(stop or asyncio.Event())
    except (UnreachableError, RefusedError) as error:
        raise CityStoppedError(str(error)) from error
    except ExceptionGroup as group:
        reasons = {str(error) for error in _leaves(group)}
        if group.split(_EXPECTED)[1] is not None:
            raise
        raise CityStoppedError("; ".join(sorted(reasons))) from group
    finally:
        for line in journal.summary():
            out(line)
        await service.close()
    return journal


def _leaves(group: ExceptionGroup[Exception]) -> Iterator[Exception]:
    for error in group.exceptions:
        if isinstance(error, ExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


class _City:
    def __init__(self, options: CityOptions, service: Service, journal: Journal) -> None:
        self._options = options
        self._service = service
        self._journal = journal
        self._pace = Pace(options.speed)
        self._callers: set[asyncio.Task[str | None]] = set()
        # The city is the same for the same seed; what happens in it is not, or a second run would repeat
        # the request ids of the first.
        self._chance = Random(secrets.randbits(64))
        self._desk = Desk(service, pace=self._pace, rng=Random(self._chance.random()), journal=journal)
        self._custody = Custody(service, Random(self._chance.random()), today=datetime.now(UTC).date())
        self._registry = Registry(
            service,
            equip(options.aeds, seed=options.seed, centre=options.centre),
            self._custody,
            Random(self._chance.random()),
        )
        gate = asyncio.Semaphore(_HANDSHAKES)
        residents = populate(
            options.responders,
            seed=options.seed,
            today=datetime.now(UTC).date(),
            acceptance=options.acceptance,
            centre=options.centre,
        )
        self._people = [
            FirstAider(
                resident,
                service,
                pace=self._pace,
                rng=Random(self._chance.random()),
                journal=journal,
                gate=gate,
            )
            for resident in residents
        ]

    async def run(self, stop: asyncio.Event) -> None:
        options, journal = self._options, self._journal
        journal.say(f"waiting for {options.url}")
        await self._service.wait_until_ready()
        journal.say(
            "incidents of this city are marked as drills"
            if not options.real
            else "incidents of this city are NOT marked as drills (--real)"
        )
        if options.visitor is not None:
            await self._service.ensure_responder(visitor(options.visitor, today=datetime.now(UTC).date()))
        left = await self._desk.tidy()
        if left:
            journal.say(f"{left} incidents left open by an earlier run are cancelled")
        async with asyncio.TaskGroup() as group:
            living = [group.create_task(person.live()) for person in self._people]
            living.append(group.create_task(self._desk.work()))
            living.append(group.create_task(self._aeds()))
            living.append(group.create_task(self._custody.look_after_forever()))
            await self._let_it_happen(group, stop)
            await self._wind_down()
            for task in (*living, *self._callers):
                task.cancel()

    async def _let_it_happen(self, group: asyncio.TaskGroup, stop: asyncio.Event) -> None:
        """Let people tap until the city is over, with no more incidents at once than there are people for."""
        options = self._options
        stopping = asyncio.create_task(stop.wait())
        over_at = time.monotonic() + options.minutes * 60 if options.minutes is not None else None
        await self._gather_people(stopping)
        most_at_once = max(1, options.responders // _PEOPLE_PER_INCIDENT)
        next_tap_at = time.monotonic()
        try:
            while not self._is_over(stop, over_at):
                now = time.monotonic()
                if now >= next_tap_at:
                    next_tap_at = now + self._chance.expovariate(1 / options.sos_every_s)
                    if len(self._callers) < most_at_once:
                        self._tap(group)
                until = next_tap_at if over_at is None else min(next_tap_at, over_at)
                await asyncio.wait(
                    {stopping, *self._callers},
                    timeout=max(until - time.monotonic(), 0.01),
                    return_when=asyncio.FIRST_COMPLETED,
                )
        finally:
            stopping.cancel()

    def _is_over(self, stop: asyncio.Event, over_at: float | None) -> bool:
        wanted = self._options.rescues
        if wanted is not None and self._journal.finished >= wanted:
            return True
        return stop.is_set() or (over_at is not None and time.monotonic() >= over_at)

    def _tap(self, group: asyncio.TaskGroup) -> None:
        caller = Caller(
            self._service,
            pace=self._pace,
            rng=Random(self._chance.random()),
            journal=self._journal,
            drill=not self._options.real,
            centre=self._options.centre,
        )
        task = group.create_task(caller.call_and_follow())
        self._callers.add(task)
        task.add_done_callback(self._callers.discard)

    async def _gather_people(self, stopping: asyncio.Task[bool]) -> None:
        """Wait until nearly everybody is connected, so that the first alert finds more than a few."""
        started_at = time.monotonic()
        enough = round(len(self._people) * _READY_SHARE)
        while time.monotonic() - started_at < _READY_WITHIN_S and not stopping.done():
            if sum(person.stream.welcomes > 0 for person in self._people) >= enough:
                break
            await asyncio.wait({stopping}, timeout=0.1)
        here = [person for person in self._people if person.stream.welcomes]
        on_duty = sum(person.on_duty for person in here)
        self._journal.say(f"{len(here)} first-aiders connected, {on_duty} of them on duty")

    async def _wind_down(self) -> None:
        """Leave nothing behind that would alert a phone that nobody carries any more."""
        left = self._journal.going_on
        if left:
            self._journal.say(f"stopping: {len(left)} open incidents are cancelled")
        try:
            async with asyncio.timeout(_GOODBYE_S):
                for incident_id in left:
                    await self._service.command(incident_id, "cancel", {"reason": "operator"})
                await asyncio.gather(*(person.leave() for person in self._people))
        except (TimeoutError, UnreachableError, RefusedError):
            # The next run tidies up; a service that is gone must not keep us from ending.
            self._journal.say("the service did not take our goodbye")

    async def _aeds(self) -> None:
        await self._registry.hang()
        self._journal.say(f"{self._options.aeds} AEDs hang in the city")
        await self._registry.report_forever()
