"""`dispatch serve` killed with SIGKILL again and again while centres are told: nothing is lost or out of order."""

import json
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.people import LiveService, until
from tests.push.receiving import Answer, Listener
from tests.serving_processes import serving


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder that services use one after the other; they may post to this machine."""
    monkeypatch.setenv("DISPATCH_PUSH_ALLOW_PRIVATE", "true")
    with tempfile.TemporaryDirectory(prefix="dispatch-centres-") as folder:
        yield Path(folder)


def open_case(live: LiveService, number: int) -> str:
    location = {"latitude": 30.2 + number / 1000, "longitude": 120.15}
    case = {"request_id": str(uuid4()), "case_number": f"2026-{number}", "location": location, "centre": "hz120"}
    opened = live.admin.post("/v1/incidents", json=case)
    assert opened.status_code == 201
    return str(opened.json()["incident_id"])


def end(live: LiveService, incident_id: str) -> None:
    live.admin.post(f"/v1/incidents/{incident_id}/cpr", json={"in_progress": True}).raise_for_status()
    live.admin.post(f"/v1/incidents/{incident_id}/close").raise_for_status()


async def test_everything_is_told_whenever_it_was_killed(folder: Path, receiver: Listener) -> None:
    receiver.default = Answer(204, hang_s=0.02)
    opened: list[str] = []
    with serving(folder) as live:
        made = {"url": f"{receiver.origin}/hook", "drills": "with", "centre": "hz120"}
        live.admin.post("/v1/centres/webhooks", json=made).raise_for_status()
        opened += [open_case(live, number) for number in range(8)]
        # Committed, and nobody told yet; some perhaps on their way.
        os.kill(live.pid, signal.SIGKILL)
    with serving(folder) as live:
        opened += [open_case(live, number) for number in range(8, 16)]
        for incident_id in opened[:8]:
            end(live, incident_id)
        os.kill(live.pid, signal.SIGKILL)
    with serving(folder) as live:
        for incident_id in opened[8:]:
            end(live, incident_id)

        async def is_told() -> bool:
            (stands,) = live.admin.get("/v1/centres/webhooks").json()["webhooks"]
            return len(told()) == 3 * len(opened) and stands["behind"] == 0

        def told() -> dict[str, dict[str, Any]]:
            return {each["id"]: each for each in (json.loads(heard.body) for heard in receiver.heard)}

        # A lease of the one that was killed runs on for a while.
        await until(is_told, within_s=60)
        feed = live.admin.get("/v1/centres/events", params={"limit": 500}).json()
    assert [each["id"] for each in feed["events"]] == [
        each["id"] for each in sorted(told().values(), key=lambda each: int(each["cursor"]))
    ]
    for incident_id in opened:
        first_heard = [each["type"] for each in told().values() if each["incident_id"] == incident_id]
        assert first_heard == ["incident.opened", "incident.cpr_changed", "incident.closed"]
    # What was under way when it was killed came twice at the most, under the same id.
    assert len(receiver.heard) <= len(told()) + 2 * 64
