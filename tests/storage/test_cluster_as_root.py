"""The private PostGIS when root runs the service: PostgreSQL refuses root, root's folders are closed."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.cluster_errors import (
    NoSuitableAccount,
    PostgresMissing,
)
from dispatch.storage.postgres_programs import find_postgres_programs
from dispatch.storage.postmaster import running_postmaster
from tests.storage.running_clusters import (
    REPOSITORY,
    postmaster_of,
    remember,
    remembers,
    say,
)

try:
    find_postgres_programs()
except PostgresMissing as missing:
    pytest.skip(str(missing), allow_module_level=True)


if os.geteuid() != 0:
    pytest.skip("only root gives the server to another user", allow_module_level=True)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_the_server_runs_as_nobody_powerful_though_every_parent_is_closed_to_it(data_dir: Path) -> None:
    closed = data_dir / "closed"
    closed.mkdir(parents=True, mode=0o700)
    for parent in (data_dir.parent, data_dir):
        parent.chmod(0o700)
    with PrivateCluster(closed / "data") as cluster:
        url = cluster.start()
        remember(url)
        server = running_postmaster(closed / "data" / "postgres")
        assert server is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid == (closed / "data" / "postgres").stat().st_uid != 0
        # New files, new processes, a checkpoint: all need the way to the folder.
        say(url, "CREATE TABLE more AS SELECT generate_series(1, 10000)")
    with PrivateCluster(closed / "data") as again:
        assert remembers(again.start())


def test_no_capability_is_given_when_the_way_is_open() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with PrivateCluster(Path(folder) / "data") as cluster:
            cluster.start()
            status = Path(f"/proc/{postmaster_of(Path(folder) / 'data')}/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    assert int(effective.split()[1], 16) == 0


def test_data_of_an_ordinary_user_stays_that_users() -> None:
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        data_dir = Path(folder) / "data"
        data_dir.mkdir()
        os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
        (data_dir / "postgres").mkdir(mode=0o700)
        os.chown(data_dir / "postgres", nobody.pw_uid, nobody.pw_gid)
        with PrivateCluster(data_dir) as cluster:
            cluster.start()
            server = postmaster_of(data_dir)
            assert Path(f"/proc/{server}").stat().st_uid == nobody.pw_uid
        assert (data_dir / "postgres" / "PG_VERSION").stat().st_uid == nobody.pw_uid


def test_an_ordinary_user_runs_its_own_and_is_refused_what_is_anothers() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[2]); sys.dont_write_bytecode = True\n"
        "from pathlib import Path\n"
        "from dispatch.storage.cluster import PrivateCluster\n"
        "with PrivateCluster(Path(sys.argv[1])) as cluster: print(cluster.start())"
    )
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as folder:
        # This repository and its interpreter may lie where only root may look; what is tested is the user id.
        setpriv = [str(shutil.which("setpriv")), f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}"]
        read = ["--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--"]
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)

        def run(data_dir: Path) -> subprocess.CompletedProcess[str]:
            command = [*setpriv, *read, sys.executable, "-c", code, str(data_dir), str(REPOSITORY)]
            return subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)

        ran = run(Path(folder) / "data")
        assert "postgresql+psycopg://" in ran.stdout, ran.stderr
        assert (Path(folder) / "data" / "postgres").stat().st_uid == nobody.pw_uid

        shutil.rmtree(Path(folder) / "data")
        (Path(folder) / "data" / "postgres").mkdir(parents=True)
        os.chown(Path(folder) / "data", nobody.pw_uid, nobody.pw_gid)
        refused = run(Path(folder) / "data")
        assert refused.returncode != 0
        assert NoSuitableAccount.__name__ in refused.stderr
        assert "belongs to root" in refused.stderr
