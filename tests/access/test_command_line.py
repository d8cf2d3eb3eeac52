"""The console script: tokens that the service believes, and mistakes told in a line."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from dispatch.cli import cli
from tests.people import LiveService


def _dispatch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dispatch", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_token_of_the_same_data_folder_is_believed(live_service: LiveService) -> None:
    made = _dispatch("token", "--role", "operator", "--subject", "ann", "--data-dir", str(live_service.data_dir))
    assert (made.returncode, made.stderr) == (0, "")
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert httpx.get(f"{live_service.url}/v1/incidents", headers=headers).status_code == 200


def test_a_token_of_another_data_folder_is_not(live_service: LiveService, tmp_path: Path) -> None:
    made = _dispatch("token", "--role", "operator", "--subject", "ann", "--data-dir", str(tmp_path))
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    assert httpx.get(f"{live_service.url}/v1/incidents", headers=headers).status_code == 401


def test_the_secret_it_makes_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    first = _dispatch("token", "--role", "admin", "--subject", "x", "--data-dir", str(folder), "--minutes", "5")
    assert first.returncode == 0
    assert (folder / "token.secret").stat().st_mode & 0o077 == 0
    assert len((folder / "token.secret").read_text()) >= 32


@pytest.mark.parametrize(
    ("arguments", "environment", "named"),
    [
        (["token", "--role", "king", "--subject", "x"], {}, "--role"),
        (["token", "--role", "admin", "--subject", ""], {}, "--subject"),
        (["token", "--role", "admin", "--subject", "x", "--minutes", "0"], {}, "--minutes"),
        (["token", "--role", "admin"], {}, "--subject"),
        (["token", "--role", "admin", "--subject", "x"], {"DISPATCH_SECRET": "short"}, "DISPATCH_SECRET"),
        (["serve", "--port", "eighty"], {}, "--port"),
        (["serve", "--port", "99999"], {}, "--port"),
        (["serve", "--workers", "0"], {}, "--workers"),
        (["serve", "--database-url", "mysql://localhost/x"], {}, "--database-url"),
        (["serve", "--redis-url", "nowhere"], {}, "--redis-url"),
        (["serve"], {"DISPATCH_TIMEZONE": "Asia/Hangzhou"}, "DISPATCH_TIMEZONE"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_a_line_that_names_the_option(
    tmp_path: Path, arguments: list[str], environment: dict[str, str], named: str
) -> None:
    told = CliRunner().invoke(cli, [*arguments, "--data-dir", str(tmp_path)], env=environment)
    assert told.exit_code in {1, 2}
    assert isinstance(told.exception, SystemExit)
    assert named in told.stderr
    assert told.stdout == ""


def test_a_taken_port_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = _dispatch("serve", "--port", str(port), "--data-dir", str(tmp_path))
    assert told.returncode == 1
    assert f"127.0.0.1:{port}" in told.stderr
    assert "--port" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "postgres").exists(), "the port is looked at before a database is started"
