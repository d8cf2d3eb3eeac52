"""Callers: SOS over HTTP at times fixed beforehand, each followed on its own socket until it is over."""

import time
from random import Random
from typing import Any, Final

import gevent
from gevent.event import Event
from gevent.pool import Pool
from locust import User, task

from loadtests.crowd import CENTRE, around
from loadtests.moments import Tap
from loadtests.shapes import share
from loadtests.socket_client import Message
from loadtests.tapping import sos_body
from loadtests.users.http_lines import HttpLines
from loadtests.users.listening import Listener
from loadtests.users.stage import RENDEZVOUS, SHAPE, call, fire, note, on_schedule, ready
from loadtests.wire import request_bytes

_CREATED: Final = 201
_FOLLOWED_AT_ONCE: Final = 30
_FOLLOWS_FOR_S: Final = 15.0
_OVER: Final = ("closed", "cancelled")
# As calls to an emergency number go: some callers press already, some find that it was nothing.
_PRESSES: Final = 0.3
_FALSE_ALARM: Final = 0.08
_MS: Final = 1e6


class Caller(User):
    """Everybody whose turn it is among the callers: each SOS is another person's."""

    fixed_count = SHAPE.callers

    def on_start(self) -> None:
        """Learn which of the SOS are this user's."""
        self._number = RENDEZVOUS.claim("caller")
        self._rng = Random(f"{SHAPE.name} caller {self._number}")
        self._lines = HttpLines(str(self.host))
        self._following = Pool(_FOLLOWED_AT_ONCE)
        ready()

    def on_stop(self) -> None:
        """Hang up."""
        self._following.kill()

    @task
    def tap_all(self) -> None:
        """Tap each at its time."""
        on_schedule(share(SHAPE.taps_s(), self._number, SHAPE.callers), self._tap)
        gevent.sleep(SHAPE.ends_s + 60)

    def _tap(self, due_ns: int) -> None:
        request = request_bytes("POST", "/v1/sos", sos_body(around(CENTRE, SHAPE.callers_within_m, self._rng)))
        answer = self._lines.send_bytes(request)
        answered_ns = time.monotonic_ns()
        if answer.status != _CREATED:
            note(Tap(due_ns, answer.sent_ns, answered_ns, answer.status, "", 0))
            fire("/v1/sos", 0, RuntimeError(f"an SOS was answered with {answer.status}"))
            return
        taken: dict[str, Any] = answer.json()
        incident_id, alerted = taken["incident_id"], int(taken["alerted"])
        note(Tap(due_ns, answer.sent_ns, answered_ns, answer.status, incident_id, alerted))
        fire("/v1/sos", (answered_ns - answer.sent_ns) / _MS)
        if self._following.free_count() > 0:
            self._following.spawn(self._follow, incident_id, taken["token"])

    def _follow(self, incident_id: str, token: str) -> None:
        over = Event()

        def look(message: Message, _arrived_ns: int) -> None:
            if message["type"] == "incident" and message["state"] in _OVER:
                over.set()

        listener = Listener(str(self.host), token, f"caller:{incident_id}", look)
        try:
            drawn = self._rng.random()
            if drawn < _PRESSES:
                self._say(incident_id, "cpr", {"in_progress": True}, token)
            elif drawn < _PRESSES + _FALSE_ALARM:
                gevent.sleep(self._rng.uniform(0.5, 1.5))
                self._say(incident_id, "cancel", {"reason": "false_alarm"}, token)
            over.wait(timeout=_FOLLOWS_FOR_S)
        finally:
            listener.close()

    def _say(self, incident_id: str, verb: str, body: dict[str, Any], token: str) -> None:
        due_ns = time.monotonic_ns()
        answer = self._lines.send("POST", f"/v1/incidents/{incident_id}/{verb}", body, token=token)
        # It may have ended a moment before.
        call(f"/v1/incidents/ID/{verb}", due_ns, answer.sent_ns, is_ok=answer.status in (200, 409))
