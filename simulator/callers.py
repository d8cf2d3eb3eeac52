"""The people who tap: an SOS where somebody collapses, followed on the caller's socket until it is over."""

import asyncio
import time
from random import Random
from typing import Any, Final
from uuid import UUID

from geo.place import Place
from simulator.hangzhou import CENTRE
from simulator.journal import OVER, Journal
from simulator.movement import offset, scatter
from simulator.pace import Pace
from simulator.people import accuracy_m, happens, moved, some_landmark
from simulator.service import RefusedError, Service, UnreachableError
from simulator.stream import Message, Stream, StreamRefusedError

# What an incident of the city begins its note with, so that a later run knows which to tidy away.
NOTE_PREFIX: Final = "simulated · 模拟"

_KINDS: Final = {"cardiac_arrest": 0.78, "unconscious": 0.14, "choking": 0.05, "drowning": 0.03}
_FALSE_ALARM: Final = 0.03
_CPR_BY_CALLER: Final = 0.45


class Caller:
    """Somebody who taps SOS and follows what comes of it."""

    def __init__(
        self,
        service: Service,
        *,
        pace: Pace,
        rng: Random,
        journal: Journal,
        drill: bool,
        centre: Place = CENTRE,
    ) -> None:
        self._service = service
        self._pace = pace
        self._rng = rng
        self._journal = journal
        self._token = ""
        self._incident_id = ""
        self._over = asyncio.Event()
        self._site, self._body = sos(rng, drill=drill, centre=centre)

    async def call_and_follow(self) -> str | None:
        """Tap, follow until the incident is over, and answer how it ended; None when the SOS was refused."""
        tapped_at = time.monotonic()
        try:
            _, taken = await self._service.call("POST", "/v1/sos", body=self._body)
        except (RefusedError, UnreachableError) as error:
            self._journal.say(f"SOS at {self._site} was not taken: {error}")
            return None
        self._incident_id, self._token = str(taken["incident_id"]), str(taken["token"])
        self._journal.tapped(self._incident_id, self._site, tapped_at=tapped_at, alerted=int(taken["alerted"]))
        stream = Stream(
            self._service.stream_url,
            fetch_token=self._own_token,
            on_message=self._on_message,
            on_welcome=self._on_welcome,
        )
        following = [asyncio.create_task(stream.run()), asyncio.create_task(self._act())]
        over = asyncio.create_task(self._over.wait())
        try:
            # The stream ends by itself only when the service refuses it: then nothing is left to follow.
            await asyncio.wait([over, following[0]], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*following, over):
                task.cancel()
            results = await asyncio.gather(*following, over, return_exceptions=True)
        for result in results:
            if isinstance(result, StreamRefusedError):
                self._journal.note(self._incident_id, f"the caller can no longer follow: {result}")
            elif isinstance(result, Exception):
                raise result
        return self._journal.rescues[self._incident_id].ended

    async def _own_token(self) -> str:
        return self._token

    async def _on_welcome(self, welcome: Message) -> None:
        if welcome["resumed"]:
            return
        try:
            _, incident = await self._service.call("GET", f"/v1/incidents/{self._incident_id}", token=self._token)
        except (RefusedError, UnreachableError):
            return
        self._look_at(incident)

    def _on_message(self, message: Message) -> None:
        if message["type"] == "incident":
            self._look_at(message)

    def _look_at(self, incident: dict[str, Any]) -> None:
        self._journal.seen(incident)
        if incident["state"] in OVER:
            self._over.set()

    async def _act(self) -> None:
        """Start CPR when told how to, or find out that it was nothing."""
        if happens(_FALSE_ALARM, self._rng):
            await self._pace.sleep(self._rng.uniform(15, 45))
            await self._service.command(self._incident_id, "cancel", {"reason": "false_alarm"}, token=self._token)
        elif happens(_CPR_BY_CALLER, self._rng):
            await self._pace.sleep(self._rng.uniform(40, 120))
            if await self._service.command(self._incident_id, "cpr", {"in_progress": True}, token=self._token):
                self._journal.note(self._incident_id, "the caller does CPR")


def sos(rng: Random, *, drill: bool, centre: Place = CENTRE) -> tuple[str, dict[str, Any]]:
    """Answer where somebody collapses and the body of the SOS: the phone's place is off by what it admits to.

    The site is drawn by the density of people; the request id is random within `rng`.
    """
    quarter, landmark = some_landmark(rng)
    patient = scatter(moved(landmark.place, centre), quarter.spread_m * 0.5, rng)
    accuracy = accuracy_m(rng)
    # An accuracy is the radius that holds the truth two times in three: 0.66 of it in each direction.
    fix = offset(patient, north_m=rng.gauss(0, accuracy * 0.66), east_m=rng.gauss(0, accuracy * 0.66))
    body: dict[str, Any] = {
        "request_id": str(UUID(int=rng.getrandbits(128), version=4)),
        "location": {
            "latitude": round(fix.latitude, 6),
            "longitude": round(fix.longitude, 6),
            "accuracy_m": accuracy,
            "datum": "wgs84",
        },
        "kind": rng.choices(list(_KINDS), list(_KINDS.values()))[0],
        "note": f"{NOTE_PREFIX} · {landmark.name} {landmark.name_zh}",
        "drill": drill,
    }
    if happens(0.5, rng):
        body["floor"] = rng.randint(1, 18)
    return landmark.name, body
