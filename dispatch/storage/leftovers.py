"""What is too old and does not go with a whole part: rows that stand among newer ones, and incidents that are archived.

Never many at once: whoever else writes to these tables must not wait for it.
"""

import asyncio
from datetime import datetime

import structlog
from psycopg import sql

from dispatch.storage.partitions import INCIDENT_EVENTS, Part, Split
from dispatch.storage.parts import Connection, detach, parts_of

log = structlog.get_logger()

# Pages of 8 KiB, read one after the other: some thousands of rows, and some ten milliseconds.
_PAGES_AT_ONCE = 256
_PAUSE_S = 0.02


async def forget_rows(connection: Connection, split: Split, before: datetime) -> int:
    """Forget what is too old in the parts that also hold what is not: the very first one, and the one for the rest."""
    forgotten = 0
    for part in await parts_of(connection, split):
        if part.begin is None and (part.end is None or part.end > before):
            forgotten += await _forget(connection, part.name, split.column, before)
    return forgotten


async def forget_messages(connection: Connection, before: datetime) -> int:
    """Forget messages that nobody has fetched. Who comes back all the same is told to read everything anew."""
    return await _forget(connection, "messages", "created_at", before)


async def forget_cases(connection: Connection, before: datetime) -> int:
    """Forget which case of a 120 centre was which incident, where the incident is on record no longer."""
    old = sql.SQL(
        "created_at < {} and not exists (select from incidents where incidents.id = centre_cases.incident_id)"
    ).format(sql.Literal(before))
    return await _page_by_page(connection, "centre_cases", old, sql.SQL("delete from {table} where {those}"))


async def archive_incidents(connection: Connection, part: Part) -> bool:
    """Put the incidents of a part into tables of their own, which the service does not know. False: one is open.

    Their names begin with `archived_`: to be dumped and dropped by whoever keeps archives.
    """
    split = INCIDENT_EVENTS
    since = sql.SQL("true") if part.begin is None else _at_least("id", split.bound(part.begin))
    if part.end is None:
        return False
    those = sql.SQL("{} and id < {}").format(since, sql.Literal(split.bound(part.end)))
    found = await connection.execute(
        sql.SQL("select id from incidents where {} and closed_at is null limit 1").format(those)
    )
    if (still_open := await found.fetchone()) is not None:
        log.warning("incidents are not archived while one of them is open", part=part.name, incident_id=still_open[0])
        return False
    of_those = sql.SQL("incident_id in (select id from incidents where {})").format(those)
    suffix = part.name.removeprefix(f"{split.table}_")
    # The incidents last: by them the rest is found, should this be cut off and begun again.
    await _move(connection, "alerts", f"archived_alerts_{suffix}", of_those)
    await _move(connection, "incidents", f"archived_incidents_{suffix}", those)
    await detach(connection, split, part)
    await connection.execute(
        sql.SQL("alter table {} rename to {}").format(*map(sql.Identifier, (part.name, f"archived_{part.name}")))
    )
    return True


def _at_least(column: str, bound: str) -> sql.Composed:
    return sql.SQL("{} >= {}").format(sql.Identifier(column), sql.Literal(bound))


async def _forget(connection: Connection, table: str, column: str, before: datetime) -> int:
    old = sql.SQL("{} < {}").format(sql.Identifier(column), sql.Literal(before))
    return await _page_by_page(connection, table, old, sql.SQL("delete from {table} where {those}"))


async def _move(connection: Connection, table: str, to: str, those: sql.Composable) -> None:
    names = {"to": sql.Identifier(to), "table": sql.Identifier(table)}
    await connection.execute(sql.SQL("create table if not exists {to} (like {table})").format(**names))
    moving = sql.SQL("with gone as (delete from {table} where {those} returning *) insert into {to} select * from gone")
    await _page_by_page(connection, table, those, moving, to=sql.Identifier(to))


async def _page_by_page(
    connection: Connection, table: str, those: sql.Composable, statement: sql.SQL, **names: sql.Composable
) -> int:
    """Run a statement about `those` rows over some pages of a table after the other; how many rows there were."""
    found = await connection.execute(
        sql.SQL("select pg_relation_size({}) / current_setting('block_size')::int").format(sql.Literal(table))
    )
    ((pages,),) = await found.fetchall()
    rows = 0
    for page in range(0, pages + 1, _PAGES_AT_ONCE):
        here = sql.SQL("ctid >= {} and ctid < {} and {}").format(
            sql.Literal(f"({page},0)"), sql.Literal(f"({page + _PAGES_AT_ONCE},0)"), those
        )
        done = await connection.execute(statement.format(table=sql.Identifier(table), those=here, **names))
        rows += max(0, done.rowcount)
        await asyncio.sleep(_PAUSE_S)
    return rows
