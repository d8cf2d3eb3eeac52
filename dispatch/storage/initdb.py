"""Making an empty PostgreSQL cluster in a folder, whole or not at all."""

import os
import shutil
import subprocess
from pathlib import Path

from dispatch.storage.cluster_errors import ClusterFailed
from dispatch.storage.postgres_programs import PostgresPrograms
from dispatch.storage.server_settings import SUPERUSER, server_environment
from dispatch.storage.unprivileged import Account, command_as


def made_by(data: Path) -> int | None:
    """Read which major version of PostgreSQL made the cluster in `data`; None when there is no cluster."""
    try:
        return int((data / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        return None


def make_cluster(data: Path, programs: PostgresPrograms, account: Account | None) -> None:
    """Make a cluster in `data`, which holds none: UTF-8, checksums on every page, no way in but the socket.

    It is made beside its place, written to disk, then renamed: a power cut leaves no half of one.
    Raises `ClusterFailed`, also when `data` is a folder with something else in it.
    """
    if data.exists() and any(data.iterdir()):
        raise ClusterFailed(f"{data} holds something that is not a PostgreSQL cluster: move it away")
    unfinished = data.with_name(f"{data.name}.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account is not None:
        os.chown(unfinished, account.uid, account.gid)
    # Not writing each file through as it comes takes half a second instead of several...
    _run(programs, account, unfinished, "--no-sync", *_choices())
    # ...and all at once, before anything relies on them, a tenth of one.
    _run(programs, account, unfinished, "--sync-only")
    if data.exists():
        data.rmdir()
    unfinished.rename(data)


def _choices() -> list[str]:
    return [
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        # In every C library, the same on every machine, so that no upgrade of locale data corrupts an index.
        "--locale=C.UTF-8",
        "--data-checksums",
        # Whoever can enter the socket's folder (0700) is its owner or root.
        "--auth-local=trust",
        "--auth-host=reject",
        "--no-instructions",
    ]


def _run(programs: PostgresPrograms, account: Account | None, folder: Path, *options: str) -> None:
    done = subprocess.run(  # noqa: S603 - a program found and our own words
        command_as(account, [programs.initdb, "-D", folder, *options], must_reach=folder),
        cwd="/",
        env=server_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ClusterFailed(f"initdb could not make a database in {folder}:\n{done.stdout}{done.stderr}")
