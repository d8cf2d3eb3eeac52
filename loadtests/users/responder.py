"""First-aiders' phones: on duty, moving, acknowledging, answering some alerts, telling the stages of what they do."""

import time
from random import Random
from typing import Final

import gevent
from locust import User, task

from loadtests.crowd import CrowdMember
from loadtests.moments import Arrival
from loadtests.socket_client import Message
from loadtests.users.listening import Listener
from loadtests.users.moving import join_movers, leave_movers
from loadtests.users.stage import RENDEZVOUS, SCENARIO, SHAPE, begin_ns, call, note, ready

# 17 to 35 % say yes, as services of this kind report; some never answer.
_ACCEPTS: Final = 0.25
_DECLINES: Final = 0.45
_THINKS_S: Final = (0.1, 1.0)
_S: Final = 1e9


class Responder(User):
    """One phone. Those who arrive during the load connect and come on duty when their time comes."""

    fixed_count = len(SCENARIO.members)

    def on_start(self) -> None:
        """Find out who this is; connect, unless it is too early."""
        number = RENDEZVOUS.claim("responder")
        self._member: CrowdMember = SCENARIO.members[number]
        self._rng = Random(self._member.id)
        self._accepted_ns: dict[str, int] = {}
        self._on_duty_ns = 0
        self._listener: Listener | None = None
        self._arrives_s = SHAPE.duties_s()[number - SHAPE.early] if number >= SHAPE.early else None
        if self._arrives_s is None:
            self._come_on_duty(None)
        ready()

    def on_stop(self) -> None:
        """Go off duty, so that nothing alerts a phone that has gone, and hang up."""
        if self._listener is not None:
            leave_movers(self._listener)
            self._listener.send({"type": "duty", "on_duty": False})
            self._listener.close()

    @task
    def be_there(self) -> None:
        """Come when it is time; everything else happens by itself."""
        began_ns = begin_ns()
        if self._arrives_s is not None and self._listener is None:
            due_ns = began_ns + round(self._arrives_s * _S)
            gevent.sleep(max(0.0, (due_ns - time.monotonic_ns()) / _S))
            self._come_on_duty(due_ns)
        gevent.sleep(SHAPE.ends_s + 60)

    def _come_on_duty(self, due_ns: int | None) -> None:
        member = self._member
        self._on_duty_ns = due_ns or time.monotonic_ns()
        listener = Listener(str(self.host), member.token, f"responder:{member.id}", self._on_message, due_ns)
        self._listener = listener
        listener.send({"type": "duty", "on_duty": True})
        place = member.place
        listener.send({"type": "position", "latitude": place.latitude, "longitude": place.longitude})
        join_movers(listener, member)

    def _on_message(self, message: Message, arrived_ns: int) -> None:
        match message["type"]:
            case "alert":
                note(Arrival(message["incident_id"], self._member.id, arrived_ns))
                self._decide(message["alert_id"])
            case "duty" if self._on_duty_ns and message["on_duty"]:
                call("duty to on duty", self._on_duty_ns, self._on_duty_ns)
                self._on_duty_ns = 0
            case "assignment":
                accepted_ns = self._accepted_ns.pop(message["alert_id"], None)
                if accepted_ns is not None:
                    call("accept to assignment", accepted_ns, accepted_ns)
                    gevent.spawn_later(0.2, self._progress, message["alert_id"], "en_route")
                    gevent.spawn_later(0.6, self._progress, message["alert_id"], "on_scene")

    def _decide(self, alert_id: str) -> None:
        drawn = self._rng.random()
        if drawn < _ACCEPTS + _DECLINES:
            answer = "accept" if drawn < _ACCEPTS else "decline"
            gevent.spawn_later(self._rng.uniform(*_THINKS_S), self._answer, alert_id, answer)

    def _answer(self, alert_id: str, answer: str) -> None:
        if answer == "accept":
            self._accepted_ns[alert_id] = time.monotonic_ns()
        self._send({"type": "answer", "alert_id": alert_id, "answer": answer})

    def _progress(self, alert_id: str, stage: str) -> None:
        self._send({"type": "progress", "alert_id": alert_id, "stage": stage})

    def _send(self, message: Message) -> None:
        if self._listener is not None:
            self._listener.send(message)
