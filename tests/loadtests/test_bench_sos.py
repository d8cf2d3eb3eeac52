import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from geo.place import Place
from loadtests import bench_sides
from loadtests.bench_amid import Amid
from loadtests.bench_replacing import Replaced
from loadtests.bench_sides import BareSide, BenchError
from loadtests.bench_sos import Crowded, Measured, report, table, take_turns
from loadtests.bench_storm import Step
from loadtests.crowd import CrowdMember
from loadtests.figures import figures
from loadtests.loopback import free_port
from loadtests.processes import ServerFailedError, running
from loadtests.sos_steps import StepTimes, read_steps, since


class Recorded:
    """A side that takes a set time and writes down when it was asked."""

    def __init__(self, name: str, took_ms: float, diary: list[str]) -> None:
        self._name = name
        self._took_ms = took_ms
        self._diary = diary

    async def measure(self) -> float:
        self._diary.append(self._name)
        return self._took_ms


async def test_the_two_servers_take_turns_and_take_turns_at_going_first() -> None:
    diary: list[str] = []
    service_ms, bare_ms = await take_turns(Recorded("S", 4.0, diary), Recorded("B", 2.0, diary), rounds=3, settle_s=0)
    assert diary == ["S", "B", "B", "S", "S", "B"]
    assert (service_ms, bare_ms) == ([4.0] * 3, [2.0] * 3)


def _steps(plan_ms: float) -> StepTimes:
    steps = {"survey": 0.5, "plan": plan_ms, "decide": 1.3, "render": 0.1, "commit": 1.5, "deliver": 0.5, "total": 4.0}
    return StepTimes(steps)


def test_the_report_has_what_others_read_from_it() -> None:
    measured = Measured([2.0, 4.0], [1.0, 2.0], _steps(plan_ms=1.0), alerts=19.5, sites=2)
    written = report(measured, figures([0.5, 0.7]), Crowded(100_000, [4.0, 6.0], _steps(plan_ms=0.75)))
    assert written["ratio_p50"] == 2
    assert written["ratio_p99"] == 2
    assert written["service_ms"]["p50"] == 3
    assert written["bare_ms"]["p50"] == 1.5
    assert written["commit_floor_ms"]["p50"] == 0.6
    assert (written["plan_ms"], written["commit_and_delivery_ms"], written["plan_share"]) == (1, 2, 0.5)
    assert written["matching_share"] == 0.25
    assert written["matching"]["responders"] == 100_000
    assert (written["rounds"], written["responders"], written["alerts"]) == (2, 120, 19.5)
    assert written["machine"]["cores"] >= 1
    assert "kib_per_socket" not in written
    printed = table(written)
    assert "19.5 alerts (mean), 120 responders" in printed
    assert "3.00 ms" in printed
    assert "matching (survey and plan) is 0.25" in printed


def test_what_was_measured_amid_the_crowd_stands_beside_it() -> None:
    quiet = Step(20.0, 20.0, 5.0, 10.0, 20.0, 0)
    amid = Amid(5_000, 6.0, 2_000.0, Replaced([4.0], [5.0], not_replaced=0), [quiet], takeover_s=2.0)
    measured = Measured([2.0, 4.0], [1.0, 2.0], _steps(plan_ms=1.0), alerts=19.5, sites=2)
    written = report(measured, figures([0.5, 0.7]), None, amid)
    assert {"ratio_p50", "decline_ratio", "takeover_ratio", "sos_per_s", "kib_per_socket"} <= written.keys()
    assert "5,000 more phones, 2,000 positions a second" in table(written)


def test_steps_are_means_of_what_happened_in_between() -> None:
    def metrics(seconds: float, count: int) -> str:
        lines = ["# TYPE dispatch_sos_step_seconds histogram"]
        for step in ("survey", "plan", "decide", "render", "commit", "deliver", "total"):
            lines.append(f'dispatch_sos_step_seconds_sum{{step="{step}"}} {seconds}')
            lines.append(f'dispatch_sos_step_seconds_count{{step="{step}"}} {count}')
        return "\n".join(lines) + "\n"

    before, after = read_steps(metrics(1.0, 100)), read_steps(metrics(1.5, 200))
    assert since(before, after).mean_ms["commit"] == pytest.approx(5.0)
    with pytest.raises(ValueError, match="no survey"):
        since(after, after)


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


async def test_the_cheap_client_counts_every_alert_of_the_bare_server(
    bare_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = [CrowdMember(f"r{number}", "", Place(0, 0)) for number in range(5)]
    text = '{"type":"alert","respond_by":"2026-03-01T00:00:00Z","reason":{"zh":"离患者最近"}}'
    side = BareSide(bare_url)
    try:
        await side.connect(members, [(each.id, text) for each in members[:3]])
        for _ in range(5):
            assert 0 < await side.measure() < 5_000
        await side.send_from_now_on([(each.id, text) for each in members])
        assert 0 < await side.measure() < 5_000
        await side.send_from_now_on([(members[0].id, '{"type":"nothing"}')])
        monkeypatch.setattr(bench_sides, "_ROUND_WITHIN_S", 0.1)
        with pytest.raises(BenchError, match="0 alerts"):
            await side.measure()
    finally:
        side.close()


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no database here')"]
    started = running(command, ready_url="http://127.0.0.1:9/", log=tmp_path / "log", env={})
    with pytest.raises(ServerFailedError, match="no database here"), started:
        pytest.fail("it never got ready")
