"""A real Mosquitto on loopback for the time of a test, and devices that publish to it."""

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

PROGRAM = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

CONFIG = """
listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {folder}/
max_queued_messages 0
"""


class Broker:
    """Started and stopped on one port; what it has to keep it keeps on disk."""

    def __init__(self, folder: Path) -> None:
        if PROGRAM is None:
            pytest.skip("Mosquitto is not installed (Debian: apt-get install mosquitto)")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"mqtt://127.0.0.1:{self.port}"
        folder.chmod(0o777)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(CONFIG.format(port=self.port, folder=folder))
        self._config.chmod(0o644)
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        assert PROGRAM is not None
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([PROGRAM, "-c", str(self._config)], stdout=log, stderr=log)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError(f"Mosquitto does not listen: {self._log.read_text()}")

    def stop(self) -> None:
        """Stop; what it keeps is on disk."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None


class Device:
    """Publishes and hears answers, as a cabinet does. Blocking, with a thread of the library's own."""

    def __init__(self, broker: Broker) -> None:
        from paho.mqtt.client import Client, MQTTv5  # noqa: PLC0415 - an extra
        from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415 - an extra

        self.answers: list[dict[str, Any]] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"device-{uuid4()}", protocol=MQTTv5)
        self._client.on_message = lambda _c, _d, message: self.answers.append(json.loads(message.payload))
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def publish(
        self, topic: str, payload: object, token: str | None, *, answer_to: str | None = None, qos: int = 1
    ) -> None:
        """Publish and wait until the broker has it."""
        from paho.mqtt.packettypes import PacketTypes  # noqa: PLC0415 - an extra
        from paho.mqtt.properties import Properties  # noqa: PLC0415 - an extra

        # Without types, as the library has it.
        made: Any = Properties
        properties = made(PacketTypes.PUBLISH)
        if token is not None:
            properties.UserProperty = ("token", token)
        if answer_to is not None:
            properties.ResponseTopic = answer_to
            properties.CorrelationData = b"7"
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self._client.publish(topic, body, qos=qos, properties=properties).wait_for_publish(20)

    def listen(self, topic: str) -> None:
        """Hear what is published there."""
        self._client.subscribe(topic, qos=1)

    def leave(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop_stop()


@contextlib.contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """A broker for the time of the block."""
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
