import os
import subprocess
import sys
from pathlib import Path

import pytest

import loadtests
from loadtests.__main__ import main
from loadtests.loopback import NotLoopbackError, require_loopback
from loadtests.scenario import VARIABLE, Scenario
from loadtests.shapes import SHAPES


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://127.8.8.8", "http://[::1]:9/x", "http://localhost:80"]
)
def test_this_machine_is_taken(url: str) -> None:
    assert require_loopback(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1",
        "http://0.0.0.0:8000",
        "http://10.0.0.5:8000",
        "https://example.org",
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "http://127.0.0.1@192.0.2.1/",
        "http://[2001:db8::1]",
        "127.0.0.1:8000",
        "",
    ],
)
def test_any_other_host_is_refused(url: str) -> None:
    with pytest.raises(NotLoopbackError):
        require_loopback(url)


def test_the_load_test_refuses_a_service_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--url", "http://192.0.2.1:8000", "--admin-token", "x"]) == 2
    assert "stay on this machine" in capsys.readouterr().err


def test_locust_started_by_hand_refuses_a_host_elsewhere(tmp_path: Path) -> None:
    shape = SHAPES["storm"]
    Scenario(shape=shape, members=[], devices=[], operator_tokens=["x"], admin_token="x").write(tmp_path)
    assert loadtests.__file__ is not None
    locustfile = Path(loadtests.__file__).with_name("locustfile.py")
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "locust",
            "-f",
            str(locustfile),
            "--headless",
            "-u",
            "1",
            "-t",
            "1s",
            "-H",
            "http://192.0.2.1",
        ],
        env={**os.environ, VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode != 0
    assert "stay on this machine" in ended.stderr
