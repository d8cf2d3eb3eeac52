"""Killed with SIGKILL after the 201 and before any acknowledgement, the service delivers the alert when it is back."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from dispatch.access.tokens import Role
from tests.people import WULIN, LiveService, SocketClient, beside


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[LiveService]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatch", "serve", "--port", "0", "--data-dir", str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "DISPATCH_LOG_LEVEL": "warning"},
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        live = LiveService(line.removeprefix("listening on ").strip(), folder, process.pid)
        with live.client(Role.ADMIN, "tests") as live.admin:
            yield live
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that two services use one after the other."""
    with tempfile.TemporaryDirectory(prefix="dispatch-killed-") as folder:
        yield Path(folder)


async def test_the_alert_survives(folder: Path) -> None:
    with _serving(folder) as live:
        certificate = {"number": "ZJ-1", "expires_on": "2099-12-31"}
        live.admin.post(
            "/v1/responders", json={"id": "r1", "name": "王", "certificate": certificate}
        ).raise_for_status()
        place = beside(WULIN, north_m=100)
        client = SocketClient(live.url, live.token("responder", "r1"), acknowledges=False)
        async with client:
            await client.say(type="duty", on_duty=True)
            await client.say(type="position", latitude=place.latitude, longitude=place.longitude)
            await client.settled()
            body = {
                "request_id": str(uuid4()),
                "location": {"latitude": WULIN.latitude, "longitude": WULIN.longitude},
            }
            opened = live.admin.post("/v1/sos", json=body)
            os.kill(live.pid, signal.SIGKILL)
            assert (opened.status_code, opened.json()["alerted"]) == (201, 1)
            await client.closed()
    with _serving(folder) as live:
        # The token made before still opens the door, the repeated tap opens nothing new, the alert comes.
        assert live.admin.post("/v1/sos", json=body).json() == opened.json()
        async with SocketClient(live.url, live.token("responder", "r1")) as client:
            alert = await client.next("alert")
            assert alert["incident_id"] == opened.json()["incident_id"]
            await client.answer(alert, "accept")
            assert (await client.next("assignment"))["alert_id"] == alert["alert_id"]
        seen = live.admin.get(f"/v1/incidents/{alert['incident_id']}").json()
        assert seen["state"] == "responding"
