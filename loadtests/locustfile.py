"""Locust users for every role; `python -m loadtests` brings a service and a scenario, and starts them.

Locust's own table is a by-product: what is judged is worked out from the moments that every process notes, counted
from when something was due.
"""

from typing import Any

from locust import LoadTestShape, events
from locust.env import Environment

from loadtests.loopback import NotLoopbackError, require_loopback
from loadtests.users.caller import Caller
from loadtests.users.device import Device
from loadtests.users.office import Office
from loadtests.users.operator import Operator
from loadtests.users.responder import Responder
from loadtests.users.stage import SCENARIO, SHAPE, now_s
from loadtests.users.visitor import Visitor

__all__ = ["Caller", "Device", "Office", "Operator", "Responder", "Visitor"]

_SPAWN_PER_S = 200


@events.init.add_listener  # type: ignore[untyped-decorator] # Locust's own, without annotations
def _stay_on_this_machine(environment: Environment, **_: Any) -> None:
    """Refuse any host that is not loopback, before the first user is made."""
    try:
        require_loopback(environment.host or "")
    except NotLoopbackError as error:
        raise SystemExit(str(error)) from error


class UntilItIsOver(LoadTestShape):
    """Everybody is there from the start; what they do when is the scenario's, and so is the end."""

    def tick(self) -> tuple[int, float] | None:
        """Answer how many users there have to be; None when all is over."""
        return None if now_s() > SHAPE.ends_s else (SCENARIO.users, _SPAWN_PER_S)
