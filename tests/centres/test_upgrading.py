"""A service with a history gets the feed: what is over is not told, what goes on is told from here on."""

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.engine import make_url

from dispatch.storage.migrate import migrate
from dispatch.storage.server_settings import SUPERUSER


@pytest.fixture
def older_url(postgis_url: str) -> Iterator[str]:
    """A database as the revision before left it."""
    name = f"older_{uuid4().hex[:8]}"
    url = make_url(postgis_url).set(username=SUPERUSER)
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        older = url.set(database=name).render_as_string(hide_password=False)
        migrate(older, "0007")
        yield older
        connection.execute(f"drop database {name} with (force)")


def test_what_is_over_is_not_told_and_what_goes_on_is(older_url: str) -> None:
    over, going_on, new = uuid4(), uuid4(), uuid4()
    opens = (
        "insert into incidents (id, request_id, opened_at, location, drill, state, version, closed_at, receipt) values"
        " (%s, %s, now(), st_point(120, 30, 4326)::geography, false, 'open', 7, {}, '{{}}')"
    )
    with psycopg.connect(older_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(opens.format("now()"), (over, uuid4()))
        connection.execute(opens.format("null"), (going_on, uuid4()))
        migrate(older_url)
        connection.execute(opens.format("null"), (new, uuid4()))
        told = "select id, fed_version from incidents where fed_version < version"
        assert connection.execute(told).fetchall() == [(new, 0)]
        connection.execute("update incidents set version = version + 1")
        assert sorted(connection.execute(told).fetchall()) == sorted([(going_on, 7), (new, 0)])
