"""Operators: each watches the city, reads the list now and then, and ends its share of the incidents."""

import time
import zlib
from random import Random
from typing import Any, Final

import gevent
from locust import User, task

from loadtests.crowd import NOTE
from loadtests.socket_client import Message
from loadtests.users.http_lines import HttpLines
from loadtests.users.listening import Listener
from loadtests.users.stage import RENDEZVOUS, SCENARIO, SHAPE, call, ready

_WATCHED: Final = [119.4, 29.7, 120.9, 30.8]
_LOOKS_EVERY_S: Final = 5.0
_AMBULANCE: Final = 0.5
_ENDED: Final = ("closed", "cancelled")
_OK: Final = 200
# Ended a moment before, by its caller for one.
_CONFLICT: Final = 409
# Every dot that moved, every second: only eyes need them, and all other users would wait while it is parsed.
_UNREAD: Final = frozenset({"picture"})


class Operator(User):
    """One console."""

    fixed_count = len(SCENARIO.operator_tokens)

    def on_start(self) -> None:
        """Connect and look at the whole city."""
        self._number = RENDEZVOUS.claim("operator")
        self._token = SCENARIO.operator_tokens[self._number]
        self._rng = Random(self._number)
        self._lines = HttpLines(str(self.host))
        self._taken: set[str] = set()
        self._listener = Listener(
            str(self.host), self._token, f"operators {self._number}", self._on_message, unread=_UNREAD
        )
        self._listener.send({"type": "watch", "bbox": _WATCHED, "zoom": 12})
        ready()

    def on_stop(self) -> None:
        """Hang up."""
        self._listener.close()

    @task
    def look_up_the_list(self) -> None:
        """Read the list of open incidents."""
        gevent.sleep(_LOOKS_EVERY_S)
        due_ns = time.monotonic_ns()
        answer = self._lines.send("GET", "/v1/incidents?status=open&limit=50", token=self._token)
        call("/v1/incidents", due_ns, answer.sent_ns, is_ok=answer.status == _OK)

    def _on_message(self, message: Message, _arrived_ns: int) -> None:
        if message["type"] != "incident" or message["state"] in _ENDED or message.get("note", NOTE) != NOTE:
            return
        incident_id = message["incident_id"]
        mine = zlib.crc32(incident_id.encode()) % len(SCENARIO.operator_tokens) == self._number
        if mine and incident_id not in self._taken:
            self._taken.add(incident_id)
            after_s = self._rng.uniform(*SHAPE.incident_s)
            gevent.spawn_later(after_s, self._end, incident_id)
            if self._rng.random() < _AMBULANCE:
                gevent.spawn_later(after_s / 2, self._order, incident_id, "ambulance", {"eta_s": 480})

    def _end(self, incident_id: str) -> None:
        if self._rng.random() < 0.5:  # noqa: PLR2004 - half of them
            self._order(incident_id, "close", {})
        else:
            self._order(incident_id, "cancel", {"reason": "operator"})

    def _order(self, incident_id: str, verb: str, body: dict[str, Any]) -> None:
        due_ns = time.monotonic_ns()
        answer = self._lines.send("POST", f"/v1/incidents/{incident_id}/{verb}", body, token=self._token)
        call(f"/v1/incidents/ID/{verb}", due_ns, answer.sent_ns, is_ok=answer.status in (_OK, _CONFLICT))
