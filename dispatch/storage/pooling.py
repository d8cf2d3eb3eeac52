"""A pooler between us and PostgreSQL (PgBouncer in transaction mode): what has to be otherwise, and how it is noticed.

It gives each transaction to whichever of its sessions is free. So nothing lasts from one transaction to the next but
what the pooler itself keeps in mind: the time zone, and since PgBouncer 1.21 with `max_prepared_statements` what has
been prepared. Whoever needs a session (to hear notifications, to hold a lock, to migrate) connects past it.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

from dispatch.storage.prepared import Prepared

# Prepared under this name, and asked for it: where it has another name on the server the pooler looks after what is
# prepared. Where it has this one, the next transaction may find a session that does not know it, or knows it already.
PROBE: Final = b"dispatch_is_kept"
KEPT_AS_IT_IS: Final = b"select count(*) from pg_prepared_statements where name = 'dispatch_is_kept'"

# This one a pooler gives back to each client as that has set it.
KEPT_BY_POOLER: Final = "set timezone to 'UTC'"


class PoolerInBetween(Exception):
    """The database's address leads to a pooler, and nothing says where the server itself is."""

    def __init__(self) -> None:
        super().__init__(
            "DISPATCH_DATABASE_URL leads to a connection pooler; give the address of the server itself as"
            " DISPATCH_DATABASE_DIRECT_URL too: docs/operations.md says why"
        )


def in_each_transaction(settings: Mapping[str, str]) -> tuple[Prepared, list[bytes | None]]:
    """The statement, with its parameters, that says these settings where no session is ours."""
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    statement = Prepared("session_settings", f"select {calls}", {})
    return statement, statement.values({})


def as_options(settings: Mapping[str, str]) -> str:
    """The settings as libpq's `options` take them, for a session that is ours."""
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands in between: it tells its clients of another process than the one that answers."""
    told: int = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    return bool(connection.execute(text("select pg_backend_pid()")).scalar_one() != told)
