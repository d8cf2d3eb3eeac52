"""The parts of split tables in the catalogue: which there are, how one is made, and how one is let go of.

Nobody who alerts is held up: whatever has to be locked is locked for the time of a change in the catalogue, waited for
no longer than the session's `lock_timeout`, and tried again.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, LiteralString

import psycopg
from psycopg import errors, sql

from dispatch.storage.partitions import Part, Split

Connection = psycopg.AsyncConnection[Any]

_TRIES = 50
_TRY_AGAIN_S = 0.2

_BOUNDS = re.compile(r"FROM \((?:'([^']+)'|MINVALUE)\) TO \('([^']+)'\)")
_PARTS_OF = """
select part.relname, pg_get_expr(part.relpartbound, part.oid)
from pg_inherits join pg_class as part on part.oid = inhrelid
where inhparent = %s::regclass
"""
_PROOFS = "select conname from pg_constraint where conrelid = %s::regclass and contype = 'c' and conname like %s"


async def parts_of(connection: Connection, split: Split) -> list[Part]:
    """The parts that a table has. The session's time zone must be UTC."""
    found = await connection.execute(_PARTS_OF, (split.table,))
    parts = []
    for name, bounds in await found.fetchall():
        between = _BOUNDS.search(bounds)
        if between is None:
            parts.append(Part(name, None, None))
            continue
        begin, end = between.groups()
        parts.append(Part(name, None if begin is None else split.instant(begin), split.instant(end)))
    return parts


async def make_part(connection: Connection, split: Split, begin: datetime, end: datetime, *, ahead: bool) -> None:
    """Make the part of a period; `ahead` of it, or while rows of it are taken in by the part that takes the rest.

    To be sure that that one holds nothing that would belong here PostgreSQL reads all of it and lets nobody else in,
    unless a constraint says so. Ahead of time that is proven first, while others come and go; when the part is wanted
    already, such a constraint would refuse what comes meanwhile: then all who write wait, and the rows are moved.
    """
    named = _Naming(split, begin, end)
    # What a round that was cut off has left.
    for proof in await _column(connection, _PROOFS, (split.default, f"{split.default}\\_not\\_%")):
        await _drop_proof(connection, named("alter table {default} drop constraint {}", proof))
    await connection.execute(named("drop table if exists {part}"))
    await connection.execute(named("create table {part} (like {table} including all excluding identity)"))
    if not ahead or not await _attached_without_rows(connection, named):
        await patiently(lambda: _attached_with_rows(connection, named))


async def _attached_without_rows(connection: Connection, named: "_Naming") -> bool:
    try:
        await patiently(lambda: connection.execute(named(_ADD_PROOF)))
        await connection.execute(named("alter table {default} validate constraint {proof}"))
        await patiently(lambda: connection.execute(named(_ATTACH)))
    except errors.CheckViolation:
        # The clocks of whoever wrote them went wrong.
        return False
    finally:
        await _drop_proof(connection, named("alter table {default} drop constraint if exists {proof}"))
    return True


async def _drop_proof(connection: Connection, statement: sql.Composed) -> None:
    await patiently(lambda: connection.execute(statement))


_ADD_PROOF = "alter table {default} add constraint {proof} check ({column} < {begin} or {column} >= {end}) not valid"
_ATTACH = "alter table {table} attach partition {part} for values from ({begin}) to ({end})"


async def _attached_with_rows(connection: Connection, named: "_Naming") -> None:
    async with connection.transaction():
        # Before anybody has chosen a part: who waits here finds the new one.
        await connection.execute(named("lock table {table} in share row exclusive mode"))
        await connection.execute(
            named(
                "with early as (delete from {default} where {column} >= {begin} and {column} < {end} returning *)"
                " insert into {part} overriding system value select * from early"
            )
        )
        await connection.execute(named(_ATTACH))


async def detach(connection: Connection, split: Split, part: Part) -> None:
    """Make a part a table of its own, which nobody reads any more.

    Not `concurrently`: that PostgreSQL refuses where one part takes the rest.
    """
    statement = sql.SQL("alter table {} detach partition {}").format(
        sql.Identifier(split.table), sql.Identifier(part.name)
    )
    await patiently(lambda: connection.execute(statement))


async def patiently(attempt: Callable[[], Awaitable[object]]) -> None:
    """Try until nobody holds what is to be locked. Raises `LockNotAvailable` after ten seconds and more."""
    for left in range(_TRIES, 0, -1):
        try:
            await attempt()
        except errors.LockNotAvailable:
            if left == 1:
                raise
            await asyncio.sleep(_TRY_AGAIN_S)
        else:
            return


class _Naming:
    """Writes statements about one part."""

    def __init__(self, split: Split, begin: datetime, end: datetime) -> None:
        names = {
            "table": split.table,
            "column": split.column,
            "default": split.default,
            "part": split.name(begin),
            "proof": f"{split.default}_not_{split.width.suffix(begin)}",
        }
        self._words: dict[str, sql.Composable] = {name: sql.Identifier(each) for name, each in names.items()}
        self._words |= {"begin": sql.Literal(split.bound(begin)), "end": sql.Literal(split.bound(end))}

    def __call__(self, statement: LiteralString, *names: str) -> sql.Composed:
        return sql.SQL(statement).format(*map(sql.Identifier, names), **self._words)


async def _column(connection: Connection, question: LiteralString, parameters: tuple[str, ...]) -> list[Any]:
    return [row[0] for row in await (await connection.execute(question, parameters)).fetchall()]
