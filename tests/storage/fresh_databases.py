"""Databases of a test's own, in the tests' cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

from dispatch.storage.migrate import migrate
from dispatch.storage.server_settings import SUPERUSER


@contextmanager
def empty_database(postgis_url: str) -> Iterator[str]:
    """The URL of a database with nothing in it, for the time of the block."""
    name = f"empty_{uuid4().hex[:8]}"
    # The service's own role may not make databases, nor PostGIS in them.
    url = make_url(postgis_url).set(username=SUPERUSER)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        yield url.set(database=name).render_as_string(hide_password=False)
        connection.execute(f"drop database {name} with (force)")


@contextmanager
def fresh_database(postgis_url: str) -> Iterator[str]:
    """The URL of a migrated one."""
    with empty_database(postgis_url) as url:
        migrate(url)
        yield url
