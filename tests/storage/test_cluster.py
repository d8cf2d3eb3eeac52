"""The private PostGIS on real clusters: how it starts, who owns it, who may attach, what it says."""

import os
import stat
from pathlib import Path

import pytest

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.cluster_errors import (
    ClusterFailed,
    ClusterInUse,
    PostgresMissing,
    PrivateDatabaseError,
)
from dispatch.storage.postgres_programs import find_postgres_programs
from dispatch.storage.postmaster import postgres_processes
from tests.storage.running_clusters import (
    ask,
    begin_in_another_process,
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


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_what_was_committed_is_there_after_a_restart(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as cluster:
        url = cluster.start()
        assert cluster.connect_to_running() is not None
        assert str(ask(url, "SELECT postgis_version()")).startswith("3.")
        remember(url)
    assert cluster.connect_to_running() is None
    assert postgres_processes(data_dir / "postgres") == set()
    with PrivateCluster(data_dir) as again:
        assert remembers(again.start())


def test_the_cluster_is_durable_closed_to_the_network_and_its_role_is_no_superuser(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as cluster:
        url = cluster.start()
        told = {
            name: ask(url, f"SELECT current_setting('{name}')")
            for name in (
                "listen_addresses",
                "fsync",
                "synchronous_commit",
                "data_checksums",
                "server_encoding",
            )
        }
        assert told == {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
        }
        assert ask(url, "SELECT current_user || ' ' || rolsuper FROM pg_roles WHERE rolname = current_user") == (
            "dispatch false"
        )
        folder = socket_folder_of(url)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((data_dir / "postgres.log").stat().st_mode) == 0o600


def test_the_url_holds_whatever_postgres_variables_the_user_has_set(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "1",
        "PGHOST": "nowhere.invalid",
        "PGDATABASE": "other",
        "PGDATA": "/no",
    }.items():
        monkeypatch.setenv(name, value)
    with PrivateCluster(data_dir) as cluster:
        assert ask(cluster.start(), "SELECT current_database()") == "dispatch"


def test_a_second_owner_is_refused_and_told_who_the_first_is(data_dir: Path) -> None:
    owner, _ = own_in_another_process(data_dir)
    second = PrivateCluster(data_dir)
    with pytest.raises(ClusterInUse, match=rf"run by another process \(id {owner.pid}\)"):
        second.start()
    second.stop()
    assert second.connect_to_running() is not None, "the refused one stops nothing"
    owner.communicate("enough\n")
    assert second.connect_to_running() is None, "an owner that ends stops its server"


def test_a_command_beside_the_service_reaches_the_same_database_and_leaves_it_running(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as service:
        remember(service.start())
        command = PrivateCluster(data_dir)
        url, owned = command.attach_or_start()
        assert not owned
        assert remembers(url)
        command.stop()
        assert service.connect_to_running() is not None


def test_a_command_alone_starts_the_database_and_owns_it(data_dir: Path) -> None:
    command = PrivateCluster(data_dir)
    assert command.connect_to_running() is None
    _, owned = command.attach_or_start()
    assert owned
    command.stop()
    assert command.connect_to_running() is None


def test_a_command_started_at_the_same_moment_waits_for_the_first_start_to_be_complete(
    data_dir: Path,
) -> None:
    owner = begin_in_another_process(data_dir)
    command = PrivateCluster(data_dir)
    url, _ = command.attach_or_start()
    assert str(ask(url, "SELECT postgis_version()")).startswith("3.")
    command.stop()
    kill(owner)


def test_an_interrupt_for_the_terminal_does_not_reach_the_server(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as cluster:
        cluster.start()
        server = postmaster_of(data_dir)
        assert os.getsid(server) == server
        assert os.getsid(server) != os.getsid(0)


def test_a_path_too_long_for_a_socket_gets_a_short_closed_folder_that_goes_again(data_dir: Path) -> None:
    long = data_dir / ("long" * 30)
    with PrivateCluster(long) as cluster:
        url = cluster.start()
        remember(url)
        folder = socket_folder_of(url)
        assert not folder.is_relative_to(data_dir)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == (long / "postgres").stat().st_uid
        assert PrivateCluster(long).connect_to_running() == url
    assert not folder.exists()


def test_what_is_not_a_cluster_is_left_alone_and_named(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "letters.txt").write_text("dear all")
    with pytest.raises(ClusterFailed, match="not a PostgreSQL cluster"):
        PrivateCluster(data_dir).start()
    assert (data_dir / "postgres" / "letters.txt").read_text() == "dear all"


def test_a_server_that_will_not_start_says_why(data_dir: Path) -> None:
    with PrivateCluster(data_dir) as cluster:
        cluster.start()
    (data_dir / "postgres" / "global" / "pg_control").unlink()
    with pytest.raises(ClusterFailed, match="pg_control"):
        PrivateCluster(data_dir).start()
    # The failed start has let go of the lock.
    with pytest.raises(ClusterFailed):
        PrivateCluster(data_dir).start()


def test_data_of_a_postgres_that_is_not_here_is_named_by_its_version(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "PG_VERSION").write_text("99\n")
    with pytest.raises(PostgresMissing, match="made by PostgreSQL 99"):
        PrivateCluster(data_dir).start()


def test_without_postgres_the_error_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("dispatch.storage.postgres_programs._PARENTS", ((tmp_path, "*/bin"),))
    with pytest.raises(PostgresMissing, match="apt-get install postgresql-15 postgresql-15-postgis-3"):
        find_postgres_programs()


def test_postgres_is_found_off_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_postgres_programs().initdb.is_file()


def test_a_data_folder_that_is_a_file_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(PrivateDatabaseError, match="cannot be written"):
        PrivateCluster(tmp_path / "data").start()
