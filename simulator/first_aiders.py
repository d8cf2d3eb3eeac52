"""A first-aider's life: errands, duty, an alert, a yes or a no, and the way to the patient."""

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, Final

from geo.distance import distance_m
from geo.place import Place
from simulator.journal import Journal
from simulator.movement import SPEED_M_S, STROLL_M_S, Traveller, scatter
from simulator.pace import Pace
from simulator.people import Resident, accuracy_m, decision, duty_spell_s, happens, thinking_s, turnout_s
from simulator.service import RefusedError, Service, UnreachableError
from simulator.stream import Message, Stream

# How often a phone reports where it is, in seconds of the wall clock: seldom in the pocket, often on the way.
_IN_POCKET_S: Final = 8.0
_ON_THE_WAY_S: Final = 2.0
_MOST_CITY_S_PER_STEP: Final = 20.0

# Taking the AED out of its cabinet, in seconds of the city.
_COLLECT_S: Final = (20.0, 60.0)
# Nobody relieved them: after this long at the patient's side they say that they are done.
_PATIENCE_ON_SCENE_S: Final = 1_500.0
# A few turn back: a locked gate, a child at hand, the wrong side of the canal.
_GIVES_UP: Final = 0.02

# Whoever has arrived sets out on the next errand at one look at the pocket in seven, on foot when it is near.
_SETS_OUT: Final = 0.15
_STROLL_M: Final = 2_000.0


class FirstAider:
    """One simulated first-aider and the phone in the pocket."""

    def __init__(
        self,
        resident: Resident,
        service: Service,
        *,
        pace: Pace,
        rng: Random,
        journal: Journal,
        gate: asyncio.Semaphore,
    ) -> None:
        self.resident = resident
        self._service = service
        self._pace = pace
        self._rng = rng
        self._journal = journal
        self._traveller = Traveller(scatter(rng.choice((resident.home, resident.work)), 150, rng))
        self._token = ""
        self._on_duty = rng.random() < resident.on_duty_share
        self._offer: str | None = None
        self._answering: asyncio.Task[None] | None = None
        self._assignment: Message | None = None
        self._rescue: asyncio.Task[None] | None = None
        self._last_stage: Message | None = None
        self.stream = Stream(
            service.stream_url,
            fetch_token=self._fetch_token,
            on_message=self._on_message,
            on_welcome=self._on_welcome,
            gate=gate,
        )

    @property
    def place(self) -> Place:
        """Where this person is."""
        return self._traveller.place

    @property
    def on_duty(self) -> bool:
        """Whether this person is willing to be alerted."""
        return self._on_duty

    @property
    def assignment(self) -> Message | None:
        """What this person is on the way for, if anything."""
        return self._assignment

    async def live(self) -> None:
        """Live until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.stream.run())
                group.create_task(self._daily_life())
                group.create_task(self._keep_duty())
        finally:
            self._drop_everything()

    async def leave(self) -> None:
        """Go off duty for good: the phone is about to be switched off."""
        self._drop_everything()
        self._on_duty = False
        await self._say_duty()

    async def _fetch_token(self) -> str:
        await self._service.ensure_responder(self.resident)
        self._token = await self._service.token("responder", self.resident.id)
        return self._token

    async def _on_welcome(self, welcome: Message) -> None:
        """Say how things stand here, and after a hello that could not resume read how they stand there."""
        if self._last_stage is not None:
            # It may have been lost with the connection; saying it twice changes nothing.
            await self.stream.try_send(self._last_stage)
        if welcome["resumed"]:
            return
        await self._say_duty()
        await self._say_position()
        try:
            _, me = await self._service.call("GET", "/v1/responders/me", token=self._token)
        except (RefusedError, UnreachableError):
            return
        assignment, alert = me.get("assignment"), me.get("alert")
        if assignment is not None:
            self._on_assignment(assignment)
        elif self._assignment is not None:
            self._stop()
        if alert is not None and alert["alert_id"] != self._offer:
            self._on_alert(alert)

    def _on_message(self, message: Message) -> None:
        handlers: dict[str, Callable[[Message], None]] = {
            "alert": self._on_alert,
            "assignment": self._on_assignment,
            "stand_down": self._on_stand_down,
            "error": self._journal.error,
        }
        handler = handlers.get(message["type"])
        if handler is not None:
            handler(message)

    def _on_alert(self, alert: Message) -> None:
        self._journal.alert_arrived(alert["incident_id"])
        if self._assignment is not None or alert["alert_id"] == self._offer:
            return
        self._cancel_answer()
        self._offer = alert["alert_id"]
        answer = decision(self.resident, self._rng)
        if answer is not None:
            self._answering = asyncio.create_task(self._answer(alert["alert_id"], answer))

    async def _answer(self, alert_id: str, answer: str) -> None:
        await self._pace.sleep(thinking_s(self._rng))
        await self.stream.send({"type": "answer", "alert_id": alert_id, "answer": answer})
        if answer == "decline" and self._offer == alert_id:
            self._offer = None

    def _on_assignment(self, assignment: Message) -> None:
        known = self._assignment
        self._assignment = assignment
        if known is not None and known["alert_id"] == assignment["alert_id"] and self._rescue is not None:
            # The same task again, perhaps with another AED: who has not picked one up yet takes the new way.
            if _aed_id(known) == _aed_id(assignment) or self._has_aed():
                return
            self._rescue.cancel()
            self._rescue = asyncio.create_task(self._carry_out(assignment, already_out=True))
            return
        self._stop()
        self._assignment = assignment
        self._offer = assignment["alert_id"]
        self._rescue = asyncio.create_task(self._carry_out(assignment))

    def _on_stand_down(self, order: Message) -> None:
        if self._assignment is not None and self._assignment["alert_id"] == order["alert_id"]:
            self._stop()
        elif self._offer == order["alert_id"]:
            self._cancel_answer()
            self._offer = None

    async def _carry_out(self, assignment: Message, *, already_out: bool = False) -> None:
        if not already_out:
            await self._pace.sleep(turnout_s(self._rng))
            await self._report(assignment, "en_route")
        if assignment.get("aed") is not None:
            await self._travel_to(_place(assignment["aed"]["location"]))
            await self._pace.sleep(self._rng.uniform(*_COLLECT_S))
            await self._report(assignment, "aed_collected")
        if happens(_GIVES_UP, self._rng):
            await self._report(assignment, "gave_up")
            self._finish()
            return
        await self._travel_to(_place(assignment["location"]))
        await self._report(assignment, "on_scene")
        await self._pace.sleep(_PATIENCE_ON_SCENE_S)
        await self._report(assignment, "done")
        self._finish()

    async def _report(self, assignment: Message, stage: str) -> None:
        self._last_stage = {"type": "progress", "alert_id": assignment["alert_id"], "stage": stage}
        await self.stream.send(self._last_stage)

    async def _travel_to(self, place: Place) -> None:
        self._traveller.go(place, speed_m_s=SPEED_M_S[self.resident.mode])
        step_s = min(_ON_THE_WAY_S, _MOST_CITY_S_PER_STEP / self._pace.speed)
        while not self._traveller.arrived:
            await asyncio.sleep(step_s)
            self._traveller.advance(self._pace.city_s(step_s))
            await self._say_position()

    async def _daily_life(self) -> None:
        """Errands around home and work while nobody needs help, and a position now and then."""
        await asyncio.sleep(self._rng.uniform(0, _IN_POCKET_S))
        while True:
            await asyncio.sleep(_IN_POCKET_S)
            if self._assignment is not None:
                continue
            if self._traveller.arrived and happens(_SETS_OUT, self._rng):
                somewhere = scatter(self._rng.choice((self.resident.home, self.resident.work)), 350, self._rng)
                # Nobody strolls across the whole city: far trips are made at a car's pace.
                far = distance_m(self.place, somewhere) > _STROLL_M
                self._traveller.go(somewhere, speed_m_s=SPEED_M_S["car"] if far else STROLL_M_S)
            self._traveller.advance(self._pace.city_s(_IN_POCKET_S))
            if self._on_duty:
                await self._say_position()

    async def _keep_duty(self) -> None:
        while True:
            await self._pace.sleep(duty_spell_s(self.resident, self._rng, on_duty=self._on_duty))
            if self._assignment is None:
                self._on_duty = not self._on_duty
                await self._say_duty()

    async def _say_duty(self) -> None:
        await self.stream.try_send({"type": "duty", "on_duty": self._on_duty, "mode": self.resident.mode})

    async def _say_position(self) -> None:
        place = self._traveller.place
        await self.stream.try_send(
            {
                "type": "position",
                "latitude": round(place.latitude, 6),
                "longitude": round(place.longitude, 6),
                "accuracy_m": accuracy_m(self._rng),
            }
        )

    def _has_aed(self) -> bool:
        return self._last_stage is not None and self._last_stage["stage"] in ("aed_collected", "on_scene")

    def _cancel_answer(self) -> None:
        if self._answering is not None:
            self._answering.cancel()
            self._answering = None

    def _stop(self) -> None:
        """Stop whatever is under way and walk back to ordinary life."""
        if self._rescue is not None:
            self._rescue.cancel()
        self._cancel_answer()
        self._finish()

    def _finish(self) -> None:
        self._rescue = None
        self._assignment = None
        self._last_stage = None
        self._offer = None
        self._traveller.go(scatter(self.resident.home, 100, self._rng), speed_m_s=STROLL_M_S)

    def _drop_everything(self) -> None:
        for task in (self._answering, self._rescue):
            if task is not None:
                task.cancel()


def _place(location: dict[str, Any]) -> Place:
    return Place(float(location["latitude"]), float(location["longitude"]))


def _aed_id(assignment: Message) -> str | None:
    aed = assignment.get("aed")
    return None if aed is None else str(aed["id"])
