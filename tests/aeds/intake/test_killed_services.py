"""`kill -9` in the middle of a stream of reports: what was answered is there, nothing is there twice."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.aeds.intake.broker import Device, running_broker
from tests.people import LiveService
from tests.serving_processes import serving, worker_of


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dispatch-killed-") as made:
        Path(made).chmod(0o755)
        yield Path(made) / "data"


def registered(live: LiveService, number: int) -> list[str]:
    bodies = [
        {"name": f"{each}", "location": {"latitude": 30.25, "longitude": 120.15 + each / 1000}}
        for each in range(number)
    ]
    return [live.admin.post("/v1/aeds", json=body).raise_for_status().json()["id"] for body in bodies]


def kept_reports(folder: Path) -> list[str]:
    (pid_file,) = folder.glob("*/postmaster.pid")
    port, socket_folder = pid_file.read_text().splitlines()[3:5]
    with psycopg.connect(host=socket_folder, port=int(port), user="dispatch", dbname="dispatch") as connection:
        return [str(row[0]) for row in connection.execute("select id from aed_reports")]


def until(is_so: Callable[[], bool], within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.05)


def is_ready(live: LiveService) -> bool:
    try:
        return live.admin.get("/health/ready").is_success
    except httpx.HTTPError:
        return False


@pytest.mark.timeout(300)
def test_every_answered_report_is_there_and_none_twice(folder: Path) -> None:
    with serving(folder) as live:
        aeds = registered(live, 40)
        sent: list[str] = []
        answered: list[str] = []
        done = threading.Event()

        def stream() -> None:
            with live.client("device", "gateway:maker") as gateway:
                while not done.is_set():
                    reports: list[dict[str, Any]] = [
                        {"aed_id": aed_id, "kind": "door", "open": True, "report_id": str(uuid4())} for aed_id in aeds
                    ]
                    sent.extend(each["report_id"] for each in reports)
                    # What is not answered is sent again as it was, as a gateway does.
                    while not done.is_set():
                        try:
                            answer = gateway.post("/v1/aeds/reports", json={"reports": reports})
                        except httpx.HTTPError:
                            time.sleep(0.05)
                            continue
                        if answer.status_code == 200:
                            results = answer.json()["results"]
                            assert {each["status"] for each in results} <= {"taken", "repeated"}
                            answered.extend(each["report_id"] for each in results)
                            break

        streams = [threading.Thread(target=stream) for _ in range(3)]
        for each in streams:
            each.start()
        for _ in range(3):
            wanted = len(answered) + 200

            def so_many(wanted: int = wanted) -> bool:
                return len(answered) >= wanted

            until(so_many)
            os.kill(worker_of(live), signal.SIGKILL)
            until(lambda: is_ready(live))
        done.set()
        for each in streams:
            each.join()
        kept = kept_reports(folder)
        assert len(kept) == len(set(kept))
        assert set(answered) <= set(kept) <= set(sent)
        assert len(answered) > 600
        states = {live.admin.get(f"/v1/aeds/{aed_id}").json()["readiness"] for aed_id in aeds}
        assert states == {"unverified"}


@pytest.mark.timeout(300)
def test_a_killed_service_hears_from_the_broker_what_it_missed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("paho.mqtt.client", reason="the extra `mqtt` is not installed")
    with tempfile.TemporaryDirectory(prefix="dispatch-mqtt-") as made, running_broker(Path(made)) as broker:
        monkeypatch.setenv("DISPATCH_MQTT_URL", broker.url)
        monkeypatch.setenv("DISPATCH_MQTT_TOPIC", "zj")
        with serving(folder) as live:
            aeds = registered(live, 5)
            device, sent = Device(broker), []
            token = live.token("device", "gateway:maker")
            for number in range(60):
                report = {"kind": "door", "open": bool(number % 2), "report_id": str(uuid4())}
                device.publish(f"zj/aeds/{aeds[number % 5]}/reports", report, token)
                sent.append(report["report_id"])
                if number == 20:
                    until(lambda: len(kept_reports(folder)) >= 10)
                if number in {25, 45}:
                    os.kill(worker_of(live), signal.SIGKILL)
                    until(lambda: is_ready(live))
            until(lambda: set(kept_reports(folder)) == set(sent))
            device.leave()
