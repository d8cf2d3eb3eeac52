"""A real Valhalla for the tests, as set-up has brought it: street tiles built from a map, and the server over them."""

import contextlib
import gzip
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from geo.place import Place
from loadtests.loopback import free_port

REPOSITORY = Path(__file__).parents[1]
WHEEL = REPOSITORY / "build/valhalla/valhalla"
SHARED_DATA = Path(os.environ.get("SHARED_DATA", REPOSITORY.parent / "shared" / "data"))

NO_WHEEL = "PyPI has Valhalla's programs for Linux with glibc on x86_64 and aarch64 only"

TWO_BANKS = REPOSITORY / "tests/data/two_banks.osm"
KREMS = SHARED_DATA / "roads/krems.osm.gz"


def has_wheel() -> bool:
    """Whether set-up can bring Valhalla to this machine."""
    return (
        platform.system() == "Linux"
        and platform.machine() in {"x86_64", "aarch64"}
        and platform.libc_ver()[0] == "glibc"
    )


def on_the_banks(east_m: float, north_m: float) -> Place:
    """A place on the map of two banks, by the metres that the map is drawn in."""
    return Place(30.3 + north_m / 111_195, 120.1 + east_m / (111_195 * 0.8637))


@dataclass
class ValhallaServer:
    """A running Valhalla: its address, and the process."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it as a crash would, in the middle of whatever it does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextlib.contextmanager
def valhalla_for(osm: Path, *, port: int | None = None) -> Iterator[ValhallaServer]:
    """A Valhalla that knows the streets of one OpenStreetMap file (.osm or .osm.gz); skips where there is none."""
    if not has_wheel():
        pytest.skip(NO_WHEEL)
    if not osm.exists():
        pytest.skip(f"{osm.name} is not here")
    assert WHEEL.exists(), "the street-routing engine is missing: make setup"
    # Paths of unix sockets may not be long, so not in the test's own folder.
    with tempfile.TemporaryDirectory(prefix="valhalla-") as name:
        folder = Path(name)
        port = port or free_port()
        config = _configuration(folder, port)
        _build_tiles(osm, folder, config)
        with (folder / "service.log").open("wb") as log:
            process = subprocess.Popen([WHEEL / "bin/valhalla_service", config, "2"], stdout=log, stderr=log)
        server = ValhallaServer(port, process)
        try:
            _wait_until_it_answers(server, folder / "service.log")
            yield server
        finally:
            server.kill()


def _configuration(folder: Path, port: int) -> Path:
    services = {f"--{part}-service-proxy": f"ipc://{folder}/{part}" for part in ("loki", "thor", "odin", "meili")}
    options = {
        **services,
        "--mjolnir-tile-dir": f"{folder}/tiles",
        "--httpd-service-listen": f"tcp://127.0.0.1:{port}",
        "--httpd-service-loopback": f"ipc://{folder}/loopback",
        "--httpd-service-interrupt": f"ipc://{folder}/interrupt",
        # An island is a place without a way, not a fault of the question.
        "--loki-use-connectivity": "false",
    }
    told = subprocess.run(
        [sys.executable, WHEEL / "valhalla_build_config.py", *(part for option in options.items() for part in option)],
        capture_output=True,
        check=True,
    )
    config = folder / "valhalla.json"
    config.write_bytes(told.stdout)
    return config


def _build_tiles(osm: Path, folder: Path, config: Path) -> None:
    plain = folder / "map.osm"
    with gzip.open(osm) if osm.suffix == ".gz" else osm.open("rb") as source, plain.open("wb") as target:
        shutil.copyfileobj(source, target)
    built = subprocess.run(
        [WHEEL / "bin/valhalla_build_tiles", "-c", config, plain], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout[-2000:] + built.stderr[-2000:]


def _wait_until_it_answers(server: ValhallaServer, log: Path) -> None:
    give_up_at = time.monotonic() + 20
    while time.monotonic() < give_up_at:
        assert server.process.poll() is None, log.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/status", trust_env=False).is_success:
                return
        time.sleep(0.02)
    pytest.fail(f"Valhalla did not answer in time: {log.read_text()}")
