"""First-aiders in a hurry: they answer within a second or two, go, arrive, give up, or say nothing at all."""

import asyncio
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from loadtests.crowd import CrowdMember
from tests.faults.asking import NoAnswerError, ask
from tests.faults.correspondent import Correspondent, Network
from tests.faults.phone import FINISHED, Phone

Message = dict[str, Any]

# What a service says to answers that come late, twice or from the wrong person. Anything else is a fault of its own.
EXPECTED_ERRORS: Final = frozenset(
    {
        "unknown_alert",
        "engaged_elsewhere",
        "alert_ended",
        "already_accepted",
        "stage_out_of_order",
        "wrong_role",
        "incident_ended",
        # What slow readers have themselves told, to be told much.
        "unknown_type",
    }
)

# Of a hundred alerts so many are accepted, declined, answered when it is too late; the rest is silence.
_ACCEPT, _DECLINE, _LATE = 0.40, 0.30, 0.08
_GIVE_UP = 0.15
# People compressed in time: seconds here are about minutes there.
_THINKS_S: Final = (0.05, 1.0)
_LATE_S: Final = (2.2, 3.5)
_STAGE_S: Final = (0.2, 1.2)
# Whoever hears that a stage is out of turn says everything again, but not for ever.
_SAY_AGAIN: Final = 3


class FirstAider:
    """One first-aider with one phone."""

    def __init__(self, member: CrowdMember, network: Network, rng: Random) -> None:
        self.id = member.id
        self.token = member.token
        self.phone = Phone()
        self.errors: list[str] = []
        # The incidents whose alerts have come to this phone.
        self.called_to: set[str] = set()
        self._place = member.place
        self._network = network
        self._rng = rng
        # What was last said about which alert, said again on a new connection: nobody knows whether it was heard.
        self._words: list[Message] = []
        self._said_again = 0
        self._heard = 0
        self._reading: set[asyncio.Task[None]] = set()
        self.socket = Correspondent(f"responder:{member.id}", member.token, network, hear=self._hear, begun=self._begun)

    # --- what comes in ---

    def _begun(self, welcome: Message, must_reload: bool) -> None:
        self.phone.remember("welcome" + " degraded" * bool(welcome.get("degraded")) + " resumed" * welcome["resumed"])
        self.socket.say({"type": "duty", "on_duty": True})
        self.say_where()
        if must_reload:
            self._start(self._read_afresh())
        self._say_everything_again()

    def _hear(self, message: Message) -> None:
        now = datetime.now(UTC)
        if "alert_id" in message:
            self._heard += 1
            self.phone.remember(f"{message['type']} {message.get('seq', 'unnumbered')} of {message['alert_id']}")
        match message["type"]:
            case "alert":
                self.called_to.add(message["incident_id"])
                if self.phone.alert(message, now):
                    self._consider(message)
            case "assignment":
                if self.phone.assignment(message, now):
                    self._set_out(message)
            case "stand_down":
                self.phone.stand_down(message, now)
            case "nudge":
                self._say_about(message["alert_id"], {"type": "progress", "stage": "en_route"})
            case "error":
                self._refused(message)
            case _:
                pass

    def _refused(self, message: Message) -> None:
        if message["code"] == "database_away" and self._network.is_apart:
            # This worker does not know of the incident; the other one does, or will have written it down.
            self._later((0.3, 0.8), self._say_everything_again)
            return
        if message["code"] not in EXPECTED_ERRORS:
            self.errors.append(
                f"{self.socket.name} heard {message['code']}: {message['detail'][:200]} of {message.get('of')}"
            )
        if message.get("of") == "answer":
            self.phone.not_taken(datetime.now(UTC))
        if message["code"] == "stage_out_of_order" and self._said_again < _SAY_AGAIN:
            self._said_again += 1
            self._later((0.2, 0.5), self._say_everything_again)

    # --- what its owner does ---

    def _consider(self, alert: Message) -> None:
        alert_id, chance = alert["alert_id"], self._rng.random()
        if chance < _ACCEPT:
            self._later(_THINKS_S, self._accept, alert_id)
        elif chance < _ACCEPT + _DECLINE:
            self._later(_THINKS_S, self._decline, alert_id)
        elif chance < _ACCEPT + _DECLINE + _LATE:
            self._later(_LATE_S, self._accept_late, alert_id)

    def _accept(self, alert_id: str) -> None:
        offer = self.phone.present_offer(datetime.now(UTC))
        if offer is not None and offer["alert_id"] == alert_id:
            self.phone.yes()
            self._say_about(alert_id, {"type": "answer", "answer": "accept"})

    def _decline(self, alert_id: str) -> None:
        offer = self.phone.present_offer(datetime.now(UTC))
        if offer is not None and offer["alert_id"] == alert_id:
            self.phone.no(alert_id, datetime.now(UTC))
            self._say_about(alert_id, {"type": "answer", "answer": "decline"})

    def _accept_late(self, alert_id: str) -> None:
        if self.phone.shows(datetime.now(UTC)) == (None, None):
            self._say_about(alert_id, {"type": "answer", "answer": "accept"})

    def _set_out(self, assignment: Message) -> None:
        stages = ["en_route", *(["aed_collected"] if assignment["role"] == "aed" else []), "on_scene", "done"]
        if self._rng.random() < _GIVE_UP:
            stages = [*stages[: self._rng.randrange(3)], "gave_up"]
        self._later(_STAGE_S, self._go_on, assignment["alert_id"], stages)

    def _go_on(self, alert_id: str, stages: list[str]) -> None:
        assigned = self.phone.assigned
        if assigned is None or assigned["alert_id"] != alert_id:
            return
        stage, *rest = stages
        if stage == "aed_collected" and assigned["role"] != "aed":
            # Sent without an AED after all.
            self._go_on(alert_id, rest)
            return
        if stage in FINISHED:
            self.phone.finish(alert_id, datetime.now(UTC))
        self._say_about(alert_id, {"type": "progress", "stage": stage})
        if rest:
            self._later(_STAGE_S, self._go_on, alert_id, rest)

    def say_where(self) -> None:
        """Tell the service where this phone is."""
        self.socket.say(
            {
                "type": "position",
                "latitude": self._place.latitude + self._rng.uniform(-0.0002, 0.0002),
                "longitude": self._place.longitude + self._rng.uniform(-0.0002, 0.0002),
                "accuracy_m": 10.0,
            }
        )

    def talk_nonsense(self, alert_ids: list[str]) -> None:
        """Answer an old alert again, or somebody else's."""
        alert_id = self._rng.choice(alert_ids)
        said = self._rng.choice(
            (
                {"type": "answer", "answer": "accept"},
                {"type": "answer", "answer": "decline"},
                {"type": "progress", "stage": "on_scene"},
                {"type": "progress", "stage": "en_route"},
            )
        )
        if alert_id in self.phone.alerts and said.get("answer") != "accept":
            # Nobody turns back, or arrives, by mistake on an alert of their own: that would be no nonsense.
            return
        self.socket.say({**said, "alert_id": alert_id})

    # --- how ---

    def _say_about(self, alert_id: str, said: Message) -> None:
        if self._words and self._words[0]["alert_id"] != alert_id:
            self._words.clear()
            self._said_again = 0
        self.phone.remember(f"says {said.get('answer') or said.get('stage')} of {alert_id}")
        self._words.append({**said, "alert_id": alert_id})
        self.socket.say(self._words[-1])

    def _say_everything_again(self) -> None:
        for each in self._words:
            self.socket.say(each)

    def _later(self, between_s: tuple[float, float], act: Any, *what: Any) -> None:
        asyncio.get_running_loop().call_later(self._rng.uniform(*between_s), act, *what)

    async def _read_afresh(self) -> None:
        heard = self._heard
        try:
            answer = await ask(self.socket.door, "GET", "/v1/responders/me", token=self.token)
        except NoAnswerError:
            return
        if heard != self._heard:
            # It crossed with a message, and may be older than what that said.
            await self._read_afresh()
        elif answer.is_success:
            shown = [(answer.body[what] or {}).get("alert_id") for what in ("alert", "assignment")]
            self.phone.remember(f"read afresh {shown}")
            self.phone.read_afresh(answer.body, datetime.now(UTC))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)
