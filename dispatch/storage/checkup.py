"""What `dispatch doctor` says of the ways to the database: a pooler in between, a standby beside, parts of tables."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import pq
from sqlalchemy.engine import make_url

from dispatch.finding import Finding, State
from dispatch.storage.database import driver_url
from dispatch.storage.pooling import KEPT_AS_IT_IS, PROBE
from dispatch.storage.retention import missing

_Connection = psycopg.Connection[Any]

_POOLER = "pooler"
_WITHIN_S = 5


def check_ways(url: str, *, direct_url: str | None, replica_url: str | None) -> list[Finding]:
    """Whether the addresses lead where they should. One that does not answer at `url` is told of by others."""
    findings: list[Finding] = []
    with contextlib.suppress(psycopg.Error), _connected(url) as connection:
        findings += _of_pooler(connection, direct_url) if _is_pooled(connection) else _of_no_pooler(direct_url)
    with contextlib.suppress(psycopg.Error):
        findings += _of_parts(direct_url or url)
    if replica_url is not None:
        findings.append(check_replica(replica_url))
    return findings


def _of_no_pooler(direct_url: str | None) -> list[Finding]:
    if direct_url is None:
        return []
    found = "DISPATCH_DATABASE_URL leads to none, though DISPATCH_DATABASE_DIRECT_URL is given"
    return [Finding(_POOLER, State.WARNING, found, "leave the latter out: statements would not be prepared")]


def _of_pooler(connection: _Connection, direct_url: str | None) -> list[Finding]:
    problem = _of_way_past_it(direct_url)
    if problem is not None:
        return [problem]
    if connection.execute("select current_setting('jit')").fetchone() == ("on",):
        remedy = "alter role … set jit = off: in its sessions we cannot say so ourselves"
        return [Finding(_POOLER, State.WARNING, "in between; the server compiles plans", remedy)]
    how = "prepared" if _prepares(connection) else "planned each time: PgBouncer before 1.21, or without its setting"
    return [Finding(_POOLER, State.OK, f"in between; statements are {how}")]


def _of_way_past_it(direct_url: str | None) -> Finding | None:
    remedy = "give the server's own address as DISPATCH_DATABASE_DIRECT_URL: docs/operations.md says why"
    if direct_url is None:
        return Finding(_POOLER, State.MISSING, "DISPATCH_DATABASE_URL leads to one", remedy)
    try:
        with _connected(direct_url) as direct:
            if _is_pooled(direct):
                return Finding(_POOLER, State.MISSING, "both addresses lead to one", remedy)
    except psycopg.Error:
        remedy = "check DISPATCH_DATABASE_DIRECT_URL, and that this machine may connect there"
        return Finding(_POOLER, State.MISSING, "in between; the server itself does not answer", remedy)
    return None


def check_replica(url: str) -> Finding:
    """Whether the replica's address leads to a standby."""
    name = "replica"
    try:
        with _connected(url) as connection:
            is_standby = connection.execute("select pg_is_in_recovery()").fetchone() == (True,)
    except (psycopg.Error, ValueError):
        remedy = "check DISPATCH_DATABASE_REPLICA_URL; pages are read from the server itself meanwhile"
        return Finding(name, State.WARNING, "it does not answer", remedy)
    if not is_standby:
        remedy = "name a standby in DISPATCH_DATABASE_REPLICA_URL; pages are read from the server itself meanwhile"
        return Finding(name, State.WARNING, "the server there is no standby", remedy)
    return Finding(name, State.OK, "a standby")


def _of_parts(url: str) -> list[Finding]:
    try:
        lacking = asyncio.run(_lacking(url))
    except psycopg.errors.UndefinedTable:
        # The first service's start makes them.
        return []
    if lacking:
        found = f"{lacking} tables have no part for what happens now"
        remedy = "start a service, whose role must own its tables; nothing is refused meanwhile"
        return [Finding("parts of tables", State.WARNING, found, remedy)]
    return [Finding("parts of tables", State.OK, "all there")]


async def _lacking(url: str) -> int:
    options = "-c timezone=UTC"
    async with await psycopg.AsyncConnection.connect(_plain(url), autocommit=True, options=options) as connection:
        return await missing(connection, datetime.now(UTC))


def _connected(url: str) -> _Connection:
    return psycopg.connect(_plain(url), autocommit=True, connect_timeout=_WITHIN_S)


def _is_pooled(connection: _Connection) -> bool:
    return connection.execute("select pg_backend_pid()").fetchone() != (connection.info.backend_pid,)


def _prepares(connection: _Connection) -> bool:
    line = connection.pgconn
    line.exec_(b"begin")
    try:
        if line.prepare(PROBE, KEPT_AS_IT_IS).status != pq.ExecStatus.COMMAND_OK:
            return False
        return line.exec_(KEPT_AS_IT_IS).get_value(0, 0) == b"0"
    finally:
        line.exec_(b"rollback")


def _plain(url: str) -> str:
    return make_url(driver_url(url)).set(drivername="postgresql").render_as_string(hide_password=False)
