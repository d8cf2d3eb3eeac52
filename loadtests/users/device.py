"""AEDs that report: one by one as devices do, and in batches as a maker's gateway and a custodian's round do."""

import uuid
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

import gevent
from locust import User, task

from loadtests.users.http_lines import HttpLines
from loadtests.users.stage import SCENARIO, SHAPE, call, on_schedule, ready

_IN_BATCH: Final = 0.1
_BATCH: Final = 50
_CREATED, _OK = 201, 200


class Device(User):
    """All devices of the city; which one reports changes with every report."""

    fixed_count = 1 if SHAPE.reports_per_s else 0

    def on_start(self) -> None:
        """Be ready."""
        self._rng = Random("devices")
        self._lines = HttpLines(str(self.host))
        ready()

    @task
    def report_all(self) -> None:
        """Report at the times of the shape."""
        on_schedule(SHAPE.others_s("reports", SHAPE.reports_per_s), self._report)
        gevent.sleep(SHAPE.ends_s + 60)

    def _report(self, due_ns: int) -> None:
        if self._rng.random() < _IN_BATCH:
            reports = [{"aed_id": self._rng.choice(SCENARIO.devices).aed_id, **self._said()} for _ in range(_BATCH)]
            answer = self._lines.send("POST", "/v1/aeds/reports", {"reports": reports}, token=SCENARIO.admin_token)
            is_ok = answer.status == _OK and not answer.json()["refused"]
            call("/v1/aeds/reports", due_ns, answer.sent_ns, is_ok=is_ok)
            return
        device = self._rng.choice(SCENARIO.devices)
        answer = self._lines.send("POST", f"/v1/aeds/{device.aed_id}/reports", self._said(), token=device.token)
        call("/v1/aeds/ID/reports", due_ns, answer.sent_ns, is_ok=answer.status == _CREATED)

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = {"report_id": str(uuid.uuid4()), "at": datetime.now(UTC).isoformat()}
        if self._rng.random() < 0.8:  # noqa: PLR2004 - four in five only say that they are there
            return {**said, "kind": "heartbeat", "battery_percent": self._rng.randint(60, 100), "temperature_c": 21.5}
        return {**said, "kind": "self_test", "outcome": "ok", "battery_percent": 95, "pads_ok": True}
