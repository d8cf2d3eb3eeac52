"""The worker or its database is killed with SIGKILL, and the service goes on by itself."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.people import WULIN, LiveService, SocketClient, beside, until
from tests.serving_processes import serving, worker_of

NEARBY = beside(WULIN, north_m=100)

# A second, on a machine that does nothing else: there the code is read in 2.4 s, and a worker takes over in 0.5 s.
_TAKEOVER_SHARE = 0.4


@pytest.fixture(scope="module")
def live() -> Iterator[LiveService]:
    with tempfile.TemporaryDirectory(prefix="dispatch-dies-") as folder, serving(Path(folder)) as live:
        certificate = {"number": "ZJ-1", "expires_on": "2099-12-31"}
        for name in ("r1", "r2", "r3"):
            who = {"id": name, "name": "王", "certificate": certificate}
            live.admin.post("/v1/responders", json=who).raise_for_status()
        yield live


def _tap(live: LiveService, north_m: float = 0.0) -> dict[str, Any]:
    place = beside(WULIN, north_m=north_m)
    location = {"latitude": place.latitude, "longitude": place.longitude}
    body = {"request_id": str(uuid4()), "location": location}
    give_up_at = time.monotonic() + 20
    while True:
        try:
            answer = live.admin.post("/v1/sos", json=body)
        except httpx.TransportError:
            # As a phone does whose connection breaks: the same tap again.
            assert time.monotonic() < give_up_at
            continue
        answer.raise_for_status()
        return dict(answer.json())


async def _on_duty(client: SocketClient) -> None:
    await client.say(type="duty", on_duty=True)
    await client.say(type="position", latitude=NEARBY.latitude, longitude=NEARBY.longitude)
    await client.settled()


async def test_another_worker_takes_over_and_the_alert_comes(live: LiveService) -> None:
    before = worker_of(live)
    client = SocketClient(live.url, live.token("responder", "r1"), acknowledges=False)
    async with client:
        await _on_duty(client)
        opened = _tap(live)
        assert opened["alerted"] == 1
        os.kill(before, signal.SIGKILL)
        await client.closed()
    async with SocketClient(live.url, live.token("responder", "r1")) as client:
        alert = await client.next("alert")
        assert alert["incident_id"] == opened["incident_id"]
        await client.answer(alert, "accept")
        await client.next("assignment")
    assert worker_of(live) != before
    assert "dispatch_worker_starts_total 2.0" in live.admin.get("/metrics").text
    live.admin.post(f"/v1/incidents/{opened['incident_id']}/close").raise_for_status()


def test_an_sos_tapped_while_nobody_serves_is_answered_by_the_next_worker_within_a_second(live: LiveService) -> None:
    shares: list[float] = []
    # What else the machine does only ever makes it look slower: the best of three tells.
    while len(shares) < 3 and min(shares, default=1.0) > _TAKEOVER_SHARE:
        worker = worker_of(live)
        began_s = time.monotonic()
        # Beside it, on the same machine at the same moment, what a start from nothing does before it does anything.
        with subprocess.Popen([sys.executable, "-c", "import dispatch.app, dispatch.serving"]) as reading:
            os.kill(worker, signal.SIGKILL)
            assert _tap(live, north_m=5000)["nobody_reached"] is True
            took_s = time.monotonic() - began_s
            assert reading.wait() == 0
            shares.append(took_s / (time.monotonic() - began_s))
    assert min(shares) <= _TAKEOVER_SHARE, shares


async def test_a_killed_database_is_started_again_and_an_sos_alerted_meanwhile(live: LiveService) -> None:
    postmaster = int((live.data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    async with SocketClient(live.url, live.token("responder", "r2")) as client:
        await _on_duty(client)
        os.kill(postmaster, signal.SIGKILL)
        opened = _tap(live)
        alert = await client.next("alert", where=lambda m: m["incident_id"] == opened["incident_id"])
        await client.answer(alert, "accept")
        # With a number: the database is back, and knows.
        await client.next("assignment", where=lambda m: "seq" in m, within_s=30)
    seen = live.admin.get(f"/v1/incidents/{opened['incident_id']}").json()
    assert seen["state"] == "responding"

    # It calls itself whole only when everything is taken in.
    async def is_whole() -> bool:
        return bool(live.admin.get("/health/ready").json()["status"] == "ready")

    await until(is_whole)


def test_killing_the_first_process_ends_its_worker_too() -> None:
    with tempfile.TemporaryDirectory(prefix="dispatch-orphan-") as folder, serving(Path(folder)) as live:
        worker = worker_of(live)
        os.kill(live.pid, signal.SIGKILL)
        give_up_at = time.monotonic() + 10
        while Path(f"/proc/{worker}/cmdline").exists() and Path(f"/proc/{worker}/cmdline").read_bytes():
            assert time.monotonic() < give_up_at, "two services would stand side by side"
        with serving(Path(folder)) as again:
            assert again.admin.get("/health/ready").status_code == 200
