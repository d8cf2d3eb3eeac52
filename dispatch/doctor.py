"""What `dispatch doctor` looks at: whether all that the service needs is here, and how to get what is not."""

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import typer
from pydantic import SecretStr
from redis.asyncio.cluster import RedisCluster

from dispatch.centres.checkup import check_centres
from dispatch.finding import Finding, State
from dispatch.push.checkup import check_hook, check_push_contact, check_push_key, check_push_services
from dispatch.settings import Settings
from dispatch.storage.checkup import check_ways
from dispatch.storage.cluster_errors import PostgresMissing
from dispatch.storage.database import driver_url
from dispatch.storage.postgres_programs import find_postgres_programs
from dispatch.storage.redis_address import REDIS_AWAY, RedisAddress, RedisKind, read_redis_url

OLDEST_PYTHON = (3, 11)
VENDOR = Path(__file__).parent / "web" / "vendor"
# The files that the pages load; `make setup` copies them from the npm package.
MAP_LIBRARY_FILES = ("maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl.css")

# A fresh cluster takes 60 MB, its write-ahead log up to 2 GB.
FREE_SPACE_WANTED_BYTES = 3 * 2**30
FREE_SPACE_NEEDED_BYTES = 2**28

# Older than this code: the clock was reset, and tokens and certificates would be judged by a wrong date.
CLOCK_NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
# Tokens, fixes and due times are compared across machines; responders are chosen by seconds.
CLOCK_SKEW_ALLOWED_S = 2.0

FONT_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts")

ANSWER_WITHIN_S = 5
_FIRST_WITH_SHARDED_CHANNELS = 7


def examine(
    *,
    data_dir: Path,
    database_url: str | None = None,
    redis_url: str | None = None,
    waking: Settings | None = None,
    for_tests: bool = False,
) -> list[Finding]:
    """Look at this machine for a service with these settings, and for what the tests need besides.

    Without `database_url` the private database's programs are looked for; with it, whether it answers. `waking` are
    the settings of Web Push, the hook and other ways to the database; without them those are not looked at.
    """
    findings = [check_python(), check_clock(), check_map_library(), check_data_folder(data_dir)]
    if database_url is None:
        findings.append(check_postgres_programs())
        if os.geteuid() == 0:
            findings.append(check_setpriv())
    else:
        findings += [check_database(database_url), check_centres(database_url)]
    if redis_url is not None:
        findings.append(check_redis(redis_url))
    if waking is not None:
        findings += check_waking(data_dir, waking)
        if database_url is not None:
            direct_url, replica_url = waking.database_direct_url, waking.database_replica_url
            findings += check_ways(database_url, direct_url=direct_url, replica_url=replica_url)
    if for_tests:
        findings += [check_redis_server(), check_chromium(), check_chinese_fonts()]
    return findings


def print_report(findings: Sequence[Finding]) -> int:
    """Print a line per finding, remedies below. Answers the exit code: 1 if something is missing."""
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in findings:
        typer.echo(f"{finding.state:<8} {finding.name:<{width}}  {finding.found}")
        if finding.state is not State.OK and finding.remedy:
            typer.echo(f"{'':<8} {'':<{width}}  → {finding.remedy}")
    return 1 if any(finding.state is State.MISSING for finding in findings) else 0


def check_python() -> Finding:
    """Whether this Python is new enough."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    enough = sys.version_info >= OLDEST_PYTHON
    return Finding(
        "Python",
        State.OK if enough else State.MISSING,
        f"{version} ({sys.executable})",
        "" if enough else "Python 3.11 or newer: apt-get install python3, then make setup",
    )


def check_clock() -> Finding:
    """Whether the clock can be right, as far as one machine alone can tell."""
    now = datetime.now(UTC)
    right = now >= CLOCK_NOT_BEFORE
    return Finding(
        "clock",
        State.OK if right else State.WARNING,
        f"{now:%Y-%m-%d %H:%M:%S} UTC",
        "" if right else "the date is past: set the clock (timedatectl set-ntp true); tokens depend on it",
    )


def check_map_library() -> Finding:
    """Whether the map library is where the service takes it from."""
    folder = VENDOR / "maplibre-gl"
    absent = [name for name in MAP_LIBRARY_FILES if not (folder / name).is_file()]
    if absent:
        return Finding("map library", State.MISSING, f"no {', '.join(absent)} in {folder}", "make setup")
    return Finding("map library", State.OK, str(folder))


def check_data_folder(data_dir: Path) -> Finding:
    """Whether the data folder can be written, or made, and has room for the private database."""
    name, folder = "data folder", data_dir.absolute()
    existing = next(part for part in (folder, *folder.parents) if part.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            name,
            State.MISSING,
            f"{existing} cannot be written",
            "let this user write there, or choose another with --data-dir or DISPATCH_DATA_DIR",
        )
    free = shutil.disk_usage(existing).free
    found = f"{folder}, {free / 2**30:.1f} GB free"
    if free >= FREE_SPACE_WANTED_BYTES:
        return Finding(name, State.OK, found)
    state = State.WARNING if free >= FREE_SPACE_NEEDED_BYTES else State.MISSING
    return Finding(name, state, found, f"make room: {FREE_SPACE_WANTED_BYTES / 2**30:.0f} GB is safe")


def check_postgres_programs() -> Finding:
    """Whether a private database can be started here."""
    try:
        programs = find_postgres_programs()
    except PostgresMissing as missing:
        return Finding("PostgreSQL", State.MISSING, "none that the service can start", str(missing))
    return Finding("PostgreSQL", State.OK, f"{programs.major} with PostGIS in {programs.folder}")


def check_setpriv() -> Finding:
    """Whether root can give the private database to another user."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return Finding("setpriv", State.MISSING, "not on PATH; PostgreSQL refuses root", "apt-get install util-linux")
    return Finding("setpriv", State.OK, setpriv)


def check_database(url: str) -> Finding:
    """Whether the database answers, has PostGIS, and agrees with our clock."""
    name = "database"
    try:
        # libpq knows no drivers in a URL.
        plain = driver_url(url).replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, connect_timeout=ANSWER_WITHIN_S) as connection:
            before = datetime.now(UTC)
            row = connection.execute(
                "SELECT clock_timestamp(), current_setting('server_version'), "
                "(SELECT extversion FROM pg_extension WHERE extname = 'postgis'), "
                "EXISTS (SELECT FROM pg_available_extensions WHERE name = 'postgis')"
            ).fetchone()
    except (psycopg.Error, ValueError) as error:
        return Finding(name, State.MISSING, _said(error, url), "check DISPATCH_DATABASE_URL and that it runs")
    if row is None:
        return Finding(name, State.MISSING, "it answered nothing", "check DISPATCH_DATABASE_URL")
    theirs, version, postgis, available = row
    if postgis is None:
        remedy = "CREATE EXTENSION postgis (as its superuser)"
        if not available:
            remedy = f"install PostGIS on its machine, then {remedy}"
        return Finding(name, State.MISSING, f"PostgreSQL {version} without PostGIS", remedy)
    skew_s = abs((theirs - before).total_seconds())
    found = f"PostgreSQL {version}, PostGIS {postgis}, clock {skew_s:.1f} s from ours"
    if skew_s > CLOCK_SKEW_ALLOWED_S:
        return Finding(name, State.WARNING, found, "keep both clocks right: timedatectl set-ntp true")
    return Finding(name, State.OK, found)


def check_redis(url: str) -> Finding:
    """Whether the Redis that the settings name answers."""
    try:
        address = read_redis_url(url)
        version = asyncio.run(_redis_version(address))
    except (*REDIS_AWAY, ValueError) as error:
        return Finding("Redis", State.MISSING, _said(error, url), "check DISPATCH_REDIS_URL and that it runs")
    if address.kind is RedisKind.CLUSTER and int(version.split(".")[0]) < _FIRST_WITH_SHARDED_CHANNELS:
        remedy = "a cluster needs Redis 7 or newer, for its sharded channels"
        return Finding("Redis", State.WARNING, f"{address.kind}, version {version}", remedy)
    return Finding("Redis", State.OK, f"{address.kind}, version {version}")


async def _redis_version(address: RedisAddress) -> str:
    client = address.client(within_s=ANSWER_WITHIN_S)
    try:
        if isinstance(client, RedisCluster):
            await client.initialize()
            told = await client.info("server", target_nodes=client.get_random_node())
        else:
            told = await client.info("server")
        return str(told["redis_version"])
    finally:
        await client.aclose()


def check_waking(data_dir: Path, settings: Settings) -> list[Finding]:
    """Whether phones that sleep can be woken, as far as it depends on the settings."""
    return [
        check_push_key(data_dir, _revealed(settings.vapid_private_key)),
        check_push_contact(settings.vapid_subject),
        check_push_services(allow_private=settings.push_allow_private),
        check_hook(settings.webhook_url, _revealed(settings.webhook_secret)),
    ]


def check_redis_server() -> Finding:
    """Whether the tests can start a Redis."""
    return _program("redis-server (tests)", ("redis-server",), "apt-get install redis-server")


def check_chromium() -> Finding:
    """Whether the tests can drive a browser."""
    return _program("Chromium (tests)", ("chromium", "chromium-browser"), "apt-get install chromium")


def check_chinese_fonts() -> Finding:
    """Whether the browser of the tests can draw Chinese."""
    name = "Chinese font (tests)"
    files = sorted(path for folder in FONT_FOLDERS for path in folder.glob("**/*CJK*"))
    if not files:
        return Finding(name, State.MISSING, "pages would show empty boxes", "apt-get install fonts-noto-cjk")
    return Finding(name, State.OK, str(files[0]))


def _program(name: str, spellings: Sequence[str], remedy: str) -> Finding:
    found = next(filter(None, map(shutil.which, spellings)), None)
    if found is None:
        return Finding(name, State.MISSING, "not on PATH", remedy)
    return Finding(name, State.OK, found)


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _said(error: Exception, url: str) -> str:
    """Take what a person needs of an error, without the password that some parsers quote back."""
    said = (str(error).strip().splitlines() or [type(error).__name__])[0]
    credentials = url.partition("://")[2].rpartition("@")[0]
    password = credentials.partition(":")[2]
    return said.replace(password, "***") if password else said
