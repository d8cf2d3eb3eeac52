"""The operator at the 120 centre who handles the city's own incidents, from ambulance to close."""

import asyncio
from math import log
from random import Random
from typing import Any, Final

from simulator.callers import NOTE_PREFIX
from simulator.journal import OVER, Journal, duration
from simulator.pace import Pace
from simulator.service import RefusedError, Service, UnreachableError
from simulator.stream import Message, Stream

# Ambulance: median 9:30 from the call, rarely under 5 or over 18 minutes, in seconds of the city.
_ETA_MEDIAN_S: Final = 570.0
_ETA_SIGMA: Final = 0.28
_ETA_BOUNDS_S: Final = (300.0, 1_080.0)

# Nobody coming by then: search further.
_WIDEN_AFTER_S: Final = 75.0


class Desk:
    """Watches every incident, touches only those that a simulated caller opened."""

    def __init__(
        self, service: Service, *, pace: Pace, rng: Random, journal: Journal, name: str = "sim-operator"
    ) -> None:
        self._service = service
        self._pace = pace
        self._rng = rng
        self._journal = journal
        self._name = name
        self._token = ""
        self._state: dict[str, Message] = {}
        self._handling: dict[str, asyncio.Task[None]] = {}
        self._stream = Stream(
            service.stream_url,
            fetch_token=self._fetch_token,
            on_message=self._on_message,
            on_welcome=self._on_welcome,
        )

    async def work(self) -> None:
        """Work until cancelled."""
        try:
            await self._stream.run()
        finally:
            for task in self._handling.values():
                task.cancel()

    async def tidy(self) -> int:
        """Cancel what an earlier run of the city left open, and answer how many those were."""
        left = [each for each in await self._service.open_incidents() if is_simulated(each)]
        for incident in left:
            await self._service.command(incident["incident_id"], "cancel", {"reason": "operator"})
        return len(left)

    async def _fetch_token(self) -> str:
        self._token = await self._service.token("operator", self._name)
        return self._token

    async def _on_welcome(self, welcome: Message) -> None:
        if welcome["resumed"]:
            return
        try:
            incidents = await self._service.open_incidents()
        except (RefusedError, UnreachableError):
            return
        for incident in incidents:
            self._look_at(incident)

    def _on_message(self, message: Message) -> None:
        if message["type"] == "incident":
            self._look_at(message)
        elif message["type"] == "error":
            self._journal.error(message)

    def _look_at(self, incident: Message) -> None:
        if not is_simulated(incident):
            return
        incident_id = incident["incident_id"]
        self._state[incident_id] = incident
        if incident["state"] in OVER:
            self._state.pop(incident_id)
            task = self._handling.pop(incident_id, None)
            if task is not None:
                task.cancel()
        elif incident_id not in self._handling:
            self._handling[incident_id] = asyncio.create_task(self._handle(incident_id))

    async def _handle(self, incident_id: str) -> None:
        try:
            await self._see_through(incident_id)
        except (RefusedError, UnreachableError) as error:
            self._journal.note(incident_id, f"the operator could not go on: {error}")

    async def _see_through(self, incident_id: str) -> None:
        eta_s = round(ambulance_eta_s(self._rng))
        answering_s = self._rng.uniform(10, 35)
        await self._pace.sleep(answering_s)
        if not await self._command(incident_id, "ambulance", {"eta_s": eta_s}):
            return
        self._journal.note(incident_id, f"ambulance in {duration(eta_s)}")
        await self._pace.sleep(_WIDEN_AFTER_S - answering_s)
        if not self._anybody_coming(incident_id):
            if not await self._command(incident_id, "widen", {}):
                return
            self._journal.note(incident_id, "nobody has accepted yet, search widened")
        await self._pace.sleep(eta_s - (_WIDEN_AFTER_S - answering_s))
        if not await self._command(incident_id, "ambulance", {"arrived": True}):
            return
        self._journal.note(incident_id, "ambulance on scene")
        await self._pace.sleep(self._rng.uniform(30, 90))
        await self._command(incident_id, "close", {"note": "handed over to the ambulance"})

    async def _command(self, incident_id: str, verb: str, body: dict[str, Any]) -> bool:
        return await self._service.command(incident_id, verb, body, token=self._token) is not None

    def _anybody_coming(self, incident_id: str) -> bool:
        return self._state.get(incident_id, {}).get("state") in ("responding", "on_scene")


def is_simulated(incident: Message) -> bool:
    """Answer whether a simulated caller opened this incident."""
    return str(incident.get("note") or "").startswith(NOTE_PREFIX)


def ambulance_eta_s(rng: Random) -> float:
    """Answer how long the ambulance takes, in seconds of the city."""
    low, high = _ETA_BOUNDS_S
    return min(max(rng.lognormvariate(log(_ETA_MEDIAN_S), _ETA_SIGMA), low), high)
