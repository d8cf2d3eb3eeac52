"""Locust users for every role; `python -m loadtests` brings a service and starts them.

In the table, besides the HTTP calls: `SOS to alert` is from the sending of an SOS to an alert of its first
wave on a responder's socket; `accept to assignment` and `end to stand-down` are from a command to what the
service sends for it.
"""

import itertools
import time
import uuid
import zlib
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any, Final

import gevent
from gevent.event import Event
from gevent.pool import Pool
from locust import FastHttpUser, User, between, constant, constant_throughput, events, task
from locust.env import Environment
from websocket import WebSocketException

from loadtests.alert_clock import AlertClock
from loadtests.crowd import CENTRE, NOTE, CrowdMember, around
from loadtests.loopback import NotLoopbackError, require_loopback
from loadtests.scenario import Scenario, scenario_from_environment
from loadtests.socket_client import Message, SocketClient, StreamEndedError
from simulator.people import happens

SCENARIO: Final[Scenario] = scenario_from_environment()

_CALLERS_WITHIN_M: Final = 1_500.0
_ACCEPTS: Final = 0.25
_DECLINES: Final = 0.45
_FOLLOWED_AT_ONCE: Final = 20
_FOLLOWS_FOR_S: Final = 15.0
_WATCHED: Final = [119.9, 30.1, 120.4, 30.4]
_INCIDENT_S: Final = (1.5, 2.5)
_OVER: Final = ("closed", "cancelled")
_REPORT_EVERY_S: Final = (4.0, 8.0)

_members = iter(SCENARIO.members)
_operators = itertools.cycle(enumerate(SCENARIO.operator_tokens))
_ended_at: dict[str, float] = {}


def _fire(name: str, milliseconds: float, error: Exception | None = None) -> None:
    events.request.fire(  # type: ignore[no-untyped-call] # Locust's own, without annotations
        request_type="WS",
        name=name,
        response_time=milliseconds,
        response_length=0,
        exception=error,
        context={},
    )


_alerts = AlertClock(lambda milliseconds: _fire("SOS to alert", milliseconds))


@events.init.add_listener  # type: ignore[untyped-decorator] # Locust's own, without annotations
def _stay_on_this_machine(environment: Environment, **_: Any) -> None:
    """Refuse any host that is not loopback, before the first user is made."""
    try:
        require_loopback(environment.host or "")
    except NotLoopbackError as error:
        raise SystemExit(str(error)) from error


class _Listener:
    """A stream read by a greenlet of its own, its opening and its unwanted end told to Locust."""

    def __init__(self, host: str, token: str, on_message: Callable[[Message, float], None]) -> None:
        started_at = time.perf_counter()
        self._client = SocketClient(host, token, on_message)
        _fire("hello to welcome", (time.perf_counter() - started_at) * 1000)
        self._reading = gevent.spawn(self._listen)

    def send(self, message: Message) -> None:
        """Send one message; a stream that has ended is told by its reader."""
        with suppress(OSError, WebSocketException):
            self._client.send(message)

    def wait(self) -> None:
        """Wait until the stream has ended."""
        self._reading.join()

    def close(self) -> None:
        """Hang up."""
        self._client.close()
        self._reading.kill(block=False)

    def _listen(self) -> None:
        try:
            self._client.listen()
        except StreamEndedError as error:
            _fire("stream", 0, error)


class Caller(FastHttpUser):
    """Taps SOS over HTTP and follows each incident on its own socket until it is over."""

    fixed_count = SCENARIO.callers
    wait_time = constant_throughput(SCENARIO.sos_per_s / SCENARIO.callers)

    def on_start(self) -> None:
        """Get ready to follow many incidents at once, but not any number."""
        self._rng = Random(uuid.uuid4().int)
        self._following = Pool(_FOLLOWED_AT_ONCE)

    def on_stop(self) -> None:
        """Hang up."""
        self._following.kill()

    @task
    def tap(self) -> None:
        """Send one SOS."""
        place = around(CENTRE, _CALLERS_WITHIN_M, self._rng)
        body = {
            "request_id": str(uuid.uuid4()),
            "location": {"latitude": place.latitude, "longitude": place.longitude, "accuracy_m": 15.0},
            "kind": "cardiac_arrest",
            "note": NOTE,
            "drill": True,
        }
        sent_at = time.perf_counter()
        with self.rest("POST", "/v1/sos", json=body) as response:
            taken: dict[str, Any] | None = response.js
        if not taken or "incident_id" not in taken:
            return
        _alerts.sent(taken["incident_id"], sent_at=sent_at, alerted=int(taken["alerted"]))
        if self._following.free_count() > 0:
            self._following.spawn(self._follow, taken["token"])

    def _follow(self, token: str) -> None:
        over = Event()

        def look(message: Message, _arrived_at: float) -> None:
            if message["type"] == "incident" and message["state"] in _OVER:
                over.set()

        listener = _Listener(str(self.host), token, look)
        try:
            over.wait(timeout=_FOLLOWS_FOR_S)
        finally:
            listener.close()


class Responder(User):
    """A first-aider's phone: reports its place, answers some alerts, tells the stages of what it accepts."""

    fixed_count = len(SCENARIO.members)
    wait_time = between(*_REPORT_EVERY_S)

    def on_start(self) -> None:
        """Connect, go on duty and say where."""
        self._member: CrowdMember = next(_members)
        self._rng = Random(self._member.id)
        self._accepted_at: dict[str, float] = {}
        self._listener = _Listener(str(self.host), self._member.token, self._on_message)
        self._listener.send({"type": "duty", "on_duty": True})
        self.report_place()

    def on_stop(self) -> None:
        """Go off duty, so that nothing alerts a phone that has gone, and hang up."""
        self._listener.send({"type": "duty", "on_duty": False})
        self._listener.close()

    @task
    def report_place(self) -> None:
        """Send a position a few metres from the last."""
        place = around(self._member.place, 20, self._rng)
        self._listener.send({"type": "position", "latitude": place.latitude, "longitude": place.longitude})

    def _on_message(self, message: Message, arrived_at: float) -> None:
        kind = message["type"]
        if kind == "alert":
            _alerts.arrived(message["incident_id"], arrived_at=arrived_at)
            self._decide(message["alert_id"])
        elif kind == "assignment":
            accepted_at = self._accepted_at.pop(message["alert_id"], None)
            if accepted_at is not None:
                _fire("accept to assignment", (arrived_at - accepted_at) * 1000)
                gevent.spawn_later(0.2, self._progress, message["alert_id"], "en_route")
                gevent.spawn_later(0.6, self._progress, message["alert_id"], "on_scene")
        elif kind == "stand_down" and message["incident_id"] in _ended_at:
            _fire("end to stand-down", (arrived_at - _ended_at[message["incident_id"]]) * 1000)

    def _decide(self, alert_id: str) -> None:
        drawn = self._rng.random()
        if drawn < _ACCEPTS + _DECLINES:
            answer = "accept" if drawn < _ACCEPTS else "decline"
            gevent.spawn_later(self._rng.uniform(0.1, 1.0), self._answer, alert_id, answer)

    def _answer(self, alert_id: str, answer: str) -> None:
        if answer == "accept":
            self._accepted_at[alert_id] = time.perf_counter()
        self._listener.send({"type": "answer", "alert_id": alert_id, "answer": answer})

    def _progress(self, alert_id: str, stage: str) -> None:
        self._listener.send({"type": "progress", "alert_id": alert_id, "stage": stage})


class Operator(FastHttpUser):
    """Watches the city and ends each of its share of the incidents after a short while."""

    fixed_count = len(SCENARIO.operator_tokens)
    wait_time = constant(5)

    def on_start(self) -> None:
        """Connect and look at the whole city."""
        self._number, self._token = next(_operators)
        self._rng = Random(self._number)
        self._taken: set[str] = set()
        self._listener = _Listener(str(self.host), self._token, self._on_message)
        self._listener.send({"type": "watch", "bbox": _WATCHED, "zoom": 12})

    def on_stop(self) -> None:
        """Hang up."""
        self._listener.close()

    @task
    def look_up_the_list(self) -> None:
        """Read the list of open incidents."""
        headers = {"Authorization": f"Bearer {self._token}"}
        with self.rest("GET", "/v1/incidents?status=open&limit=50", headers=headers):
            pass

    def _on_message(self, message: Message, _arrived_at: float) -> None:
        if message["type"] != "incident" or message["state"] in _OVER:
            return
        incident_id = message["incident_id"]
        mine = zlib.crc32(incident_id.encode()) % self.fixed_count == self._number
        if mine and incident_id not in self._taken:
            self._taken.add(incident_id)
            gevent.spawn_later(self._rng.uniform(*_INCIDENT_S), self._end, incident_id)

    def _end(self, incident_id: str) -> None:
        verb, body = ("close", {}) if happens(0.5, self._rng) else ("cancel", {"reason": "operator"})
        headers = {"Authorization": f"Bearer {self._token}"}
        _ended_at[incident_id] = time.perf_counter()
        path, name = f"/v1/incidents/{incident_id}/{verb}", f"/v1/incidents/ID/{verb}"
        with self.rest("POST", path, name=name, json=body, headers=headers):
            _alerts.over(incident_id)
