"""The upgrade that splits tables by time: what was there is there afterwards, guarded as before, and can go back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine

from dispatch.storage.migrate import alembic_config, migrate
from dispatch.storage.time_ordered import first_id_of
from tests.storage.fresh_databases import empty_database

NOW = datetime.now(UTC)
# Drawn at random, and one that looks as if it had been made last month.
INCIDENTS = [UUID("ffffffff-ffff-4fff-bfff-ffffffffffff"), UUID(int=0x7 << 100), first_id_of(NOW - timedelta(days=30))]


@pytest.fixture
def before(postgis_url: str) -> Iterator[str]:
    """A database of the version before, with a little of everything in it."""
    with empty_database(postgis_url) as url:
        migrate(url, "0006")
        with psycopg.connect(plain(url), autocommit=True) as connection:
            aed_id = uuid4()
            connection.execute(
                "insert into aeds (id, name, location, readiness_at, created_at, updated_at)"
                " values (%s, 'AED', st_point(120, 30, 4326)::geography, now(), now(), now())",
                (aed_id,),
            )
            for days in (700, 40, 0):
                at = NOW - timedelta(days=days)
                connection.execute(
                    "insert into aed_reports values (gen_random_uuid(), %s, 'heartbeat', %s, now(), 'x', '{}')",
                    (aed_id, at),
                )
                connection.execute(
                    "insert into aed_events (aed_id, at, recorded_at, kind, by, data)"
                    " values (%s, %s, now(), 'changed', 'x', '{}')",
                    (aed_id, at),
                )
            for incident_id in INCIDENTS:
                for number in (1, 2):
                    connection.execute(
                        "insert into incident_events values (%s, %s, now(), '[]')", (incident_id, number)
                    )
        yield url


def plain(url: str) -> str:
    return url.replace("+psycopg", "")


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(plain(url), autocommit=True) as connection:
        return {
            "reports": connection.execute("select * from aed_reports order by id").fetchall(),
            "events": connection.execute(
                "select id, aed_id, at, recorded_at, kind, by, data from aed_events order by id"
            ).fetchall(),
            "incidents": connection.execute(
                "select incident_id, number, at, events::text from incident_events order by 1, 2"
            ).fetchall(),
        }


def test_what_was_there_is_there_afterwards_and_can_go_back(before: str) -> None:
    was = everything(before)
    assert [len(rows) for rows in was.values()] == [3, 3, 6]
    migrate(before)
    assert everything(before) == was
    engine = create_engine(before)
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0006")
    engine.dispose()
    assert everything(before) == was
    migrate(before)
    assert everything(before) == was


@pytest.mark.parametrize("incident_id", INCIDENTS, ids=["random", "looks ancient", "looks recent"])
def test_two_decisions_of_one_number_are_still_one_too_many(before: str, incident_id: UUID) -> None:
    migrate(before)
    with psycopg.connect(plain(before), autocommit=True) as connection, pytest.raises(psycopg.IntegrityError):
        connection.execute("insert into incident_events values (%s, 2, now(), '[]')", (incident_id,))


def test_reports_and_events_go_on_where_they_were(before: str) -> None:
    migrate(before)
    with psycopg.connect(plain(before), autocommit=True) as connection:
        known = connection.execute("select id, aed_id, at from aed_reports limit 1").fetchone()
        assert known is not None
        again = connection.execute(
            "insert into aed_reports values (%s, %s, 'heartbeat', %s, now(), 'x', '{}') on conflict do nothing",
            (known[0], known[1], known[2]),
        )
        assert again.rowcount == 0
        newest = connection.execute("select max(id) from aed_events").fetchone()
        added = connection.execute(
            "insert into aed_events (aed_id, at, recorded_at, kind, by, data) values (%s, now(), now(), 'x', 'x', '{}')"
            " returning id",
            (known[1],),
        ).fetchone()
        assert newest is not None
        assert added == (newest[0] + 1,)


def test_nothing_is_copied(before: str) -> None:
    with psycopg.connect(plain(before), autocommit=True) as connection:
        was = connection.execute("select 'aed_reports'::regclass::oid, 'aed_events'::regclass::oid").fetchone()
    migrate(before)
    with psycopg.connect(plain(before), autocommit=True) as connection:
        parts = "select 'aed_reports_before'::regclass::oid, 'aed_events_before'::regclass::oid"
        assert connection.execute(parts).fetchone() == was
