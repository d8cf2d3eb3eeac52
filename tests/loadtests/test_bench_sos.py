import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from geo.place import Place
from loadtests.bench_sides import BareSide, BenchError
from loadtests.bench_sos import report, table, take_turns
from loadtests.crowd import CrowdMember
from loadtests.figures import figures
from loadtests.loopback import free_port
from loadtests.processes import ServerFailedError, running


class Recorded:
    """A side that takes a set time and writes down when it was asked."""

    def __init__(self, name: str, took_ms: float, diary: list[str]) -> None:
        self._name = name
        self._took_ms = took_ms
        self._diary = diary

    async def measure(self, alerts: int) -> float:
        self._diary.append(f"{self._name}{alerts}")
        return self._took_ms


async def test_the_two_servers_take_turns_and_take_turns_at_going_first() -> None:
    diary: list[str] = []
    service_ms, bare_ms = await take_turns(
        Recorded("S", 4.0, diary), Recorded("B", 2.0, diary), rounds=3, alerts=20, settle_s=0
    )
    assert diary == ["S20", "B20", "B20", "S20", "S20", "B20"]
    assert (service_ms, bare_ms) == ([4.0] * 3, [2.0] * 3)


def test_the_report_has_what_others_read_from_it() -> None:
    written = report(figures([2.0, 4.0]), figures([1.0, 2.0]), rounds=2)
    assert written["ratio_p50"] == 2
    assert written["ratio_p99"] == 2
    assert written["service_ms"]["p50"] == 3
    assert written["bare_ms"]["p50"] == 1.5
    assert (written["rounds"], written["responders"], written["alerts"]) == (2, 60, 20)
    assert written["machine"]["cores"] >= 1
    printed = table(written)
    assert "20 alerts, 60 responders" in printed
    assert "3.00 ms" in printed


@pytest.fixture
def bare_url(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "loadtests.bare_server", "--port", str(port)]
    with running(command, ready_url=f"{url}/health/ready", log=tmp_path / "bare.log", env={}):
        yield url
    # The block is left, so the server must be gone.
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/health/ready", trust_env=False)


async def test_the_cheap_client_counts_every_alert_of_the_bare_server(bare_url: str) -> None:
    members = [CrowdMember(f"r{number}", "", Place(0, 0)) for number in range(5)]
    text = '{"type":"alert","respond_by":"2026-03-01T00:00:00Z","reason":{"zh":"离患者最近"}}'
    side = BareSide(bare_url)
    try:
        await side.connect(members, [(each.id, text) for each in members[:3]])
        for _ in range(5):
            assert 0 < await side.measure(3) < 5_000
        with pytest.raises(BenchError, match="3 alerts"):
            await side.measure(2)
    finally:
        side.close()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database here')"]
    started = running(command, ready_url="http://127.0.0.1:9/", log=tmp_path / "log", env={})
    with pytest.raises(ServerFailedError, match="no database here"), started:
        pytest.fail("it never got ready")
