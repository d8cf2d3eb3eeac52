"""Where PostgreSQL's own programs are on this machine, and whether PostGIS came with them."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dispatch.storage.cluster_errors import PostgresMissing

# 15 is what the tests run against; 14 is the oldest still kept up by its makers.
OLDEST_MAJOR = 14

HOW_TO_GET = "apt-get install postgresql-15 postgresql-15-postgis-3 (as root), or set DISPATCH_DATABASE_URL"

# Debian and its kin keep one folder per major version off PATH; so do Red Hat's packages.
_PARENTS = ((Path("/usr/lib/postgresql"), "*/bin"), (Path("/usr"), "pgsql-*/bin"))


@dataclass(frozen=True, slots=True)
class PostgresPrograms:
    """The programs of one PostgreSQL version: `folder` holds `postgres` and `initdb`."""

    folder: Path
    major: int

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"

    @property
    def initdb(self) -> Path:
        """What makes an empty cluster."""
        return self.folder / "initdb"


def find_postgres_programs(*, major: int | None = None) -> PostgresPrograms:
    """Find the newest PostgreSQL that has PostGIS, PATH first; only of version `major` when that is given.

    Raises `PostgresMissing` with what was found instead and how to get the rest.
    """
    without_postgis: list[str] = []
    other_versions: list[str] = []
    for folder in _folders():
        found = _major_version(folder / "postgres")
        if found is None or found < OLDEST_MAJOR:
            continue
        if major is not None and found != major:
            other_versions.append(str(found))
        elif not has_postgis(folder, found):
            without_postgis.append(f"{found} in {folder}")
        else:
            return PostgresPrograms(folder, found)
    raise PostgresMissing(_what_is_missing(major, without_postgis, other_versions))


def has_postgis(folder: Path, major: int) -> bool:
    """Whether the PostgreSQL whose programs are in `folder` can `CREATE EXTENSION postgis`."""
    return any((share / "extension" / "postgis.control").is_file() for share in _share_folders(folder, major))


def _folders() -> Iterator[Path]:
    """Folders with a PostgreSQL server, each once: PATH's as they come, then by version, newest first."""
    seen: set[Path] = set()
    on_path = [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    installed = sorted(
        (folder for parent, pattern in _PARENTS for folder in parent.glob(pattern)),
        key=lambda folder: [int(digits) for digits in re.findall(r"\d+", str(folder))],
        reverse=True,
    )
    for folder in (*on_path, *installed):
        if not (folder / "postgres").is_file():
            continue
        # A link on PATH leads to the folder where initdb and the rest lie side by side.
        real = (folder / "postgres").resolve().parent
        if real not in seen and (real / "initdb").is_file():
            seen.add(real)
            yield real


def _major_version(postgres: Path) -> int | None:
    try:
        told = _ask(postgres, "--version")
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\b(\d+)(?:\.\d+|devel|beta|rc)", told)
    return int(version.group(1)) if version else None


def _share_folders(folder: Path, major: int) -> Iterator[Path]:
    """Where this PostgreSQL may keep its extensions: Debian's places first, then what pg_config says."""
    yield Path(f"/usr/share/postgresql/{major}")
    yield Path(f"/usr/pgsql-{major}/share")
    yield folder.parent / "share" / "postgresql"
    yield folder.parent / "share"
    if (folder / "pg_config").is_file():
        try:
            told = _ask(folder / "pg_config", "--sharedir").strip()
        except (OSError, subprocess.SubprocessError):
            return
        yield Path(told)


def _ask(program: Path, option: str) -> str:
    done = subprocess.run(  # noqa: S603 - a program found, not typed in
        [program, option], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout


def _what_is_missing(major: int | None, without_postgis: list[str], other_versions: list[str]) -> str:
    if major is not None and other_versions:
        return (
            f"the database in the data folder was made by PostgreSQL {major}, "
            f"but here is only {', '.join(other_versions)}: install postgresql-{major} and "
            f"postgresql-{major}-postgis-3, or move the data over with pg_upgrade"
        )
    if without_postgis:
        return f"PostgreSQL {', '.join(without_postgis)} has no PostGIS: {HOW_TO_GET}"
    return f"no PostgreSQL server (version {OLDEST_MAJOR} or newer) is installed: {HOW_TO_GET}"
