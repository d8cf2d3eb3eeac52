"""The units, settings and configurations that `docs/operations.md` speaks of are what their programs take."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from dispatch.settings import Settings
from tests.pooler import program as pgbouncer
from tests.redis_server import RedisServer

REPOSITORY = Path(__file__).parents[2]
FILES = REPOSITORY / "docs/operations"
PAGE = (REPOSITORY / "docs/operations.md").read_text()
UNIT = FILES / "systemd/dispatch@.service"


def test_every_file_is_spoken_of_on_the_page() -> None:
    files = [path.relative_to(REPOSITORY / "docs") for path in FILES.rglob("*") if path.is_file()]
    assert [str(each) for each in files if str(each) not in PAGE] == []


@pytest.mark.parametrize("size", ["district", "city", "province"])
def test_the_settings_of_each_size_exist_and_take_their_values(size: str) -> None:
    given: dict[str, str] = {}
    for line in (FILES / f"systemd/{size}.env").read_text().splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.partition("=")
            given[name] = value.strip('"')
    ours = {name.removeprefix("DISPATCH_").lower(): value for name, value in given.items() if "DISPATCH_" in name}
    assert ours.keys() <= Settings.model_fields.keys()
    settings = Settings.model_validate(ours)
    assert (settings.workers > 1) is (size != "district")
    assert (settings.redis_url is not None) is (size != "district")
    # Whoever speaks to a pooler says where the server itself is.
    assert (settings.database_direct_url is not None) is (size == "province")


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd here")
    text = UNIT.read_text()
    started = re.search(r"^ExecStart=(\S+) serve", text, re.MULTILINE)
    assert started is not None
    # Its program and its user are only there where it is installed.
    here = text.replace(started[1], "/bin/true").replace("=dispatch\n", "=root\n")
    copy = tmp_path / UNIT.name
    copy.write_text(here)
    told = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


def test_the_unit_is_started_again_for_ever_and_given_time_to_end() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)
    assert unit["Service"]["Restart"] == "always"
    assert unit["Unit"]["StartLimitIntervalSec"] == "0"
    # The service ends by itself within some 25 s at the most.
    assert int(unit["Service"]["TimeoutStopSec"]) >= 30
    assert "MemoryDenyWriteExecute" not in unit["Service"], "the searches are compiled"


def test_haproxy_takes_the_balancers_configuration() -> None:
    haproxy = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    text = (FILES / "haproxy.cfg").read_text()
    assert "/health/ready" in text
    assert not re.search(r"\b(stick|cookie|balance source)\b", text.partition("defaults")[2]), "no sticky sessions"
    if haproxy is None:
        pytest.skip("no haproxy here")
    told = subprocess.run(
        [haproxy, "-c", "-f", str(FILES / "haproxy.cfg")], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "ALERT" not in told.stderr


def test_pgbouncers_configuration_names_only_what_it_knows(tmp_path: Path) -> None:
    config = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",))
    config.read(FILES / "pgbouncer.ini")
    assert config["pgbouncer"]["pool_mode"] == "transaction"
    told = subprocess.run([pgbouncer(), "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"PgBouncer (\d+)\.(\d+)", told)
    assert version is not None
    if (int(version[1]), int(version[2])) < (1, 21):
        # As the file says: before that there is none.
        del config["pgbouncer"]["max_prepared_statements"]
    here = {"logfile": "log", "auth_file": "users", "unix_socket_dir": "."}
    config["pgbouncer"].update({name: str(tmp_path / path) for name, path in here.items()} | {"listen_addr": ""})
    (tmp_path / "users").touch()
    with (tmp_path / "ini").open("w") as file:
        config.write(file)
    # As root it reads everything, says what it does not know, and then refuses to go on; others it lets run.
    try:
        done = subprocess.run(
            [pgbouncer(), str(tmp_path / "ini")], capture_output=True, text=True, timeout=2, check=False
        )
        said = done.stderr
    except subprocess.TimeoutExpired as running:
        said = str(running.stderr or b"")
    assert "unknown parameter" not in said
    assert "cannot load config" not in said


def test_postgresql_takes_the_primarys_configuration(postgis_url: str) -> None:
    with psycopg.connect(postgis_url.replace("+psycopg", "")) as connection:
        known = {name.lower() for (name,) in connection.execute("select name from pg_settings")}
    lines = (FILES / "postgresql/primary.conf").read_text().splitlines()
    named = [line.partition("=")[0].strip() for line in lines if line and not line.startswith("#")]
    assert len(named) == len(set(named)) > 20
    assert set(named) <= known


def test_redis_takes_the_clusters_configuration(tmp_path: Path) -> None:
    server = RedisServer(tmp_path, *_as_options((FILES / "redis/cluster.conf").read_text()))
    try:
        with Redis(port=server.port) as client:
            assert client.info("cluster")["cluster_enabled"] == 1
    finally:
        server.stops()


def _as_options(text: str) -> list[str]:
    options: list[str] = []
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if line and not line.startswith("#") and name != "port":
            options += [f"--{name}", value.strip('"')]
    return options
