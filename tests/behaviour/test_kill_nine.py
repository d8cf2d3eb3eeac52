"""Killed with SIGKILL after the 201 and before any acknowledgement, the service delivers the alert when it is back."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.people import WULIN, SocketClient, beside
from tests.serving_processes import serving


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that two services use one after the other."""
    with tempfile.TemporaryDirectory(prefix="dispatch-killed-") as folder:
        yield Path(folder)


async def test_the_alert_survives(folder: Path) -> None:
    with serving(folder) as live:
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
    with serving(folder) as live:
        # The token made before still opens the door, the repeated tap opens nothing new, the alert comes.
        assert live.admin.post("/v1/sos", json=body).json() == opened.json()
        async with SocketClient(live.url, live.token("responder", "r1")) as client:
            alert = await client.next("alert")
            assert alert["incident_id"] == opened.json()["incident_id"]
            await client.answer(alert, "accept")
            assert (await client.next("assignment"))["alert_id"] == alert["alert_id"]
        seen = live.admin.get(f"/v1/incidents/{alert['incident_id']}").json()
        assert seen["state"] == "responding"
