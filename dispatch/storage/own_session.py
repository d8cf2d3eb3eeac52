"""Sessions that are ours alone, and end soon when either end is gone without a word.

A machine that loses its power says no goodbye. Left to themselves both ends would hold on for hours: we to a server
that is no more, the server to the locks, turns and claimed jobs of a worker that nobody else then takes over.
"""

from collections.abc import Mapping
from typing import Any, Final

from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import make_url

KEEPALIVE: Final[Mapping[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

# What the server is told of its end, in seconds and milliseconds. On a socket file only the last of it counts.
SERVERS_KEEPALIVE: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    # The system answers for a process that was stopped, and what that had locked in a transaction would stay so.
    "idle_in_transaction_session_timeout": "60000",
}
SERVERS_KEEPALIVE_OPTIONS: Final = " ".join(f"-c {name}={value}" for name, value in SERVERS_KEEPALIVE.items())

_CONNECT_WITHIN_S: Final = 5


def libpq_parts(url: str) -> dict[str, Any]:
    """The parts of a database URL by libpq's names.

    Not the URL as text: what SQLAlchemy writes into one (a space as a plus) libpq reads otherwise.
    """
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    _, told = parsed.get_dialect()().create_connect_args(parsed)
    return {name: value for name, value in told.items() if name != "context"}


def own_session(url: str, *, options: str = "") -> str:
    """The libpq connection string of such a session at a database URL; `options` besides those of the URL."""
    parts = libpq_parts(url)
    together = " ".join(filter(None, (parts.get("options"), SERVERS_KEEPALIVE_OPTIONS, options)))
    return make_conninfo("", **{**parts, "connect_timeout": _CONNECT_WITHIN_S, **KEEPALIVE, "options": together})
