"""No way of dying leaves the private PostGIS unable to start again, or without what was committed."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.cluster_errors import (
    PostgresMissing,
)
from dispatch.storage.postgres_programs import find_postgres_programs
from dispatch.storage.postmaster import postgres_processes, running_postmaster, send
from tests.storage.running_clusters import (
    ask,
    kill,
    own_in_another_process,
    postmaster_of,
    remember,
    remembers,
    socket_folder_of,
)

try:
    find_postgres_programs()
except PostgresMissing as missing:
    pytest.skip(str(missing), allow_module_level=True)


AS_ROOT = os.geteuid() == 0


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder; whatever a test leaves running in it is ended, without trusting what is tested."""
    yield tmp_path / "data"
    send(postgres_processes(tmp_path / "data" / "postgres"), signal.SIGKILL)


def test_a_killed_server_is_started_anew_by_its_owner_and_keeps_what_was_committed(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as cluster:
        url = cluster.start()
        remember(url)
        killed = postmaster_of(data_dir)
        os.kill(killed, signal.SIGKILL)
        url = cluster.start()
        assert remembers(url)
        assert postmaster_of(data_dir) != killed


def test_orphans_of_a_killed_server_do_not_keep_a_new_one_from_starting(data_dir: Path) -> None:
    cluster = PrivateCluster(data_dir)
    url = make_url(cluster.start())
    # A backend in the middle of a query does not look up to see that its server has died.
    busy = psycopg.connect(host=str(url.query["host"]), user="postgres", dbname="dispatch", autocommit=True)
    backend = busy.info.backend_pid
    busy.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 100000000000)")
    os.kill(postmaster_of(data_dir), signal.SIGKILL)
    cluster.start()
    assert backend not in postgres_processes(data_dir / "postgres")
    busy.close()
    cluster.stop()


def test_the_server_of_a_killed_owner_is_taken_over_alive(data_dir: Path) -> None:
    owner, url = own_in_another_process(data_dir)
    remember(url)
    server = postmaster_of(data_dir)
    kill(owner)
    assert postgres_processes(data_dir / "postgres"), "the server outlives a killed owner"
    with PrivateCluster(data_dir) as heir:
        assert remembers(heir.start())
        assert postmaster_of(data_dir) == server, "taken over as it ran, no client thrown out"
    assert postgres_processes(data_dir / "postgres") == set(), "and ended by its new owner"


def test_a_server_that_answers_nobody_is_replaced(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, url = own_in_another_process(data_dir)
    remember(url)
    server = postmaster_of(data_dir)
    kill(owner)
    os.kill(server, signal.SIGSTOP)
    # A stopped process takes connections in the kernel but says nothing: only the waits are shortened.
    monkeypatch.setattr("dispatch.storage.cluster._ADOPT_WITHIN_S", 0.2)
    monkeypatch.setattr("dispatch.storage.cluster._FAST_STOP_WITHIN_S", 0.2)
    monkeypatch.setattr("dispatch.storage.cluster._HARD_STOP_WITHIN_S", 0.2)
    monkeypatch.setattr("dispatch.storage.cluster._CONNECT_WITHIN_S", 1)
    with PrivateCluster(data_dir) as heir:
        url = heir.start()
        assert postmaster_of(data_dir) != server
        monkeypatch.undo()
        assert remembers(url)


def test_a_server_that_hangs_is_ended_all_the_same_and_keeps_what_was_committed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = PrivateCluster(data_dir)
    remember(cluster.start())
    # One that is just ending by itself may be gone before it is told.
    send(postgres_processes(data_dir / "postgres"), signal.SIGSTOP)
    monkeypatch.setattr("dispatch.storage.cluster._FAST_STOP_WITHIN_S", 0.2)
    monkeypatch.setattr("dispatch.storage.cluster._HARD_STOP_WITHIN_S", 0.2)
    cluster.stop()
    monkeypatch.undo()
    assert postgres_processes(data_dir / "postgres") == set()
    with cluster:
        assert remembers(cluster.start())


def test_a_process_id_that_went_to_a_stranger_is_no_obstacle(data_dir: Path) -> None:
    owner, url = own_in_another_process(data_dir)
    remember(url)
    server = postmaster_of(data_dir)
    kill(owner)
    os.kill(server, signal.SIGKILL)
    # Run by the server's own user: another user's process PostgreSQL itself knows to be none of its.
    server_user = (data_dir / "postgres").stat().st_uid
    stranger = subprocess.Popen(["sleep", "60"], user=server_user if AS_ROOT else None)
    try:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            left = data_dir / "postgres" / name
            left.write_text(left.read_text().replace(str(server), str(stranger.pid), 1))
        with PrivateCluster(data_dir) as again:
            assert remembers(again.start())
        assert stranger.poll() is None, "the stranger was left alone"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_pid_file_of_a_dead_server_is_no_obstacle(data_dir: Path) -> None:
    owner, url = own_in_another_process(data_dir)
    remember(url)
    server = postmaster_of(data_dir)
    kill(owner)
    os.kill(server, signal.SIGKILL)
    assert (data_dir / "postgres" / "postmaster.pid").exists()
    with PrivateCluster(data_dir) as again:
        assert remembers(again.start())


def test_a_short_folder_left_by_a_killed_owner_and_server_is_cleared(data_dir: Path) -> None:
    odd = data_dir / "数据, with: everything"
    owner, url = own_in_another_process(odd)
    remember(url)
    left = socket_folder_of(url)
    server = running_postmaster(odd / "postgres")
    assert server is not None
    kill(owner)
    os.kill(server.pid, signal.SIGKILL)
    assert left.exists()
    with PrivateCluster(odd) as again:
        assert remembers(again.start())
        assert not left.exists()


def test_a_first_start_cut_short_is_made_good(data_dir: Path) -> None:
    (data_dir / "postgres.new" / "base").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("15\n")
    with PrivateCluster(data_dir) as cluster:
        assert ask(cluster.start(), "SELECT 1") == 1
    assert not (data_dir / "postgres.new").exists()
