"""A real streaming standby of a test's PostgreSQL."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest
from sqlalchemy.engine import make_url

from dispatch.storage import cluster
from dispatch.storage.cluster import PrivateCluster
from dispatch.storage.postgres_programs import find_postgres_programs
from dispatch.storage.server_settings import SUPERUSER


class Standby:
    """Follows the server at `primary_url`, until it is promoted or stopped."""

    def __init__(self, primary_url: str) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="dispatch-standby-")
        folder = Path(self._temporary.name)
        behind = Path(str(make_url(primary_url).query["host"]))
        data = folder / "postgres"
        programs = find_postgres_programs()
        subprocess.run(
            [
                *(str(programs.folder / "pg_basebackup"), "--pgdata", str(data), "--write-recovery-conf"),
                *("--checkpoint", "fast", "--wal-method", "stream", "--host", str(behind), "--username", SUPERUSER),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )
        (data / "postmaster.pid").unlink(missing_ok=True)
        if os.geteuid() == 0:
            owner = behind.stat()
            for path in (data, *data.rglob("*")):
                shutil.chown(path, owner.st_uid, owner.st_gid)
            for parent in behind.parents:
                # The standby's own account has to come near the primary's socket.
                parent.chmod(parent.stat().st_mode | 0o001)
        self._cluster = PrivateCluster(folder)
        with pytest.MonkeyPatch.context() as patch:
            # A standby cannot be prepared.
            patch.setattr(cluster, "_prepare_database", lambda _found: None)
            found = make_url(self._cluster.start())
        self.url = found.set(database=make_url(primary_url).database).render_as_string(hide_password=False)

    def sql(self, statement: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as its administrator; its rows."""
        plain = make_url(self.url).set(drivername="postgresql", username=SUPERUSER)
        with psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True) as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def stops(self) -> None:
        """Stop it."""
        self._cluster.stop()

    def ends(self) -> None:
        """Stop it for good."""
        self._cluster.stop()
        self._temporary.cleanup()
