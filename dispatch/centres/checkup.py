"""What `dispatch doctor` says of 120 centres' systems: whether those that are to be told are."""

import psycopg

from dispatch.finding import Finding, State
from dispatch.storage.database import driver_url

_CONNECT_WITHIN_S = 5


def check_centres(database_url: str) -> Finding:
    """Whether any webhook was given up, or fails at the moment."""
    name = "centres told"
    try:
        plain = driver_url(database_url).replace("postgresql+psycopg://", "postgresql://", 1)
        with psycopg.connect(plain, connect_timeout=_CONNECT_WITHIN_S) as connection:
            row = connection.execute(
                "select count(*), count(*) filter (where state = 'disabled'),"
                " count(*) filter (where state = 'active' and failures > 0) from centre_webhooks"
            ).fetchone()
    except psycopg.errors.UndefinedTable:
        return Finding(name, State.OK, "none yet: the first start makes the tables")
    except (psycopg.Error, ValueError):
        return Finding(name, State.WARNING, "not known: the database does not say")
    there, given_up, failing = row or (0, 0, 0)
    if given_up:
        remedy = "mend the receiver, then PATCH /v1/centres/webhooks/ID with state active: docs/centres.md"
        return Finding(name, State.WARNING, f"{given_up} of {there} webhooks were given up", remedy)
    if failing:
        return Finding(name, State.WARNING, f"{failing} of {there} webhooks fail", "see GET /v1/centres/webhooks")
    return Finding(name, State.OK, f"{there} webhooks")
