"""The migrations make the tables that the code works with, whoever runs them, however often."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, inspect, text

from dispatch.storage.migrate import alembic_config, migrate
from dispatch.storage.tables import METADATA
from tests.storage.fresh_databases import empty_database

_NOT_OURS = {"spatial_ref_sys", "alembic_version"}


@pytest.fixture
def empty_url(postgis_url: str) -> Iterator[str]:
    """A database of its own in the tests' cluster, with nothing in it."""
    with empty_database(postgis_url) as url:
        yield url


def _parts(connection: Connection) -> set[str]:
    """The tables that are only a part of another one."""
    return set(connection.execute(text("select relname from pg_class where relispartition")).scalars())


def _tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(inspect(engine).get_table_names()) - _NOT_OURS - _parts(connection)


def _differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        parts = _parts(connection)

        def is_ours(_object: object, name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
            return not (kind == "table" and name in _NOT_OURS | parts)

        options = {"compare_type": True, "compare_server_default": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, METADATA))


def test_the_migrated_database_is_what_the_code_says(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(empty_url)
    assert _tables(engine) == set(METADATA.tables)
    assert _differences(engine) == []
    engine.dispose()


def test_the_rules_that_alembic_does_not_compare_are_there_too(empty_url: str) -> None:
    # Checks, partial indexes and the guard that nobody is bound twice.
    migrate(empty_url)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        checks = {row[0] for row in connection.execute(text("select conname from pg_constraint where contype = 'c'"))}
        guard = connection.execute(
            text("select indexdef from pg_indexes where indexname = 'uq_alerts_active_responder'")
        ).scalar_one()
    engine.dispose()
    wanted = {
        str(each.name) for table in METADATA.tables.values() for each in table.constraints if "ck" in str(each.name)
    }
    assert wanted <= {name.removeprefix("ck_") for name in checks} | checks
    assert "UNIQUE" in guard
    assert guard.endswith("WHERE active")


def test_migrating_twice_is_fine(empty_url: str) -> None:
    migrate(empty_url)
    migrate(empty_url)
    engine = create_engine(empty_url)
    assert _differences(engine) == []
    engine.dispose()


def test_down_to_nothing_and_up_again(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(empty_url)
    config = alembic_config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert _tables(engine) == set()
    migrate(empty_url)
    assert _differences(engine) == []
    engine.dispose()


def test_events_of_older_tables_are_kept_and_can_go_back(empty_url: str) -> None:
    migrate(empty_url, "0001")
    engine = create_engine(empty_url)
    config = alembic_config()
    incident_id = uuid4()
    old = [(1, "opened", "caller", {"note": "王"}), (2, "closed", "operator:ann", {})]
    with engine.begin() as connection:
        for number, kind, by, data in old:
            connection.execute(
                text("insert into incident_events values (:id, :number, now(), :kind, :by, cast(:data as json))"),
                {"id": incident_id, "number": number, "kind": kind, "by": by, "data": json.dumps(data)},
            )
    migrate(empty_url)
    with engine.begin() as connection:
        kept = connection.execute(text("select number, events from incident_events order by number")).all()
        assert [(row.number, row.events) for row in kept] == [
            (number, [{"kind": kind, "by": by, "data": data}]) for number, kind, by, data in old
        ]
        # What is written now: one row for a decision of several events.
        connection.execute(
            text("insert into incident_events values (:id, 3, now(), cast(:events as json))"),
            {"id": incident_id, "events": json.dumps([{"kind": "a", "by": "x", "data": {}}] * 3)},
        )
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        listed = connection.execute(text("select number, kind, by, data from incident_events order by number")).all()
    assert [tuple(row) for row in listed] == [*old, *((number, "a", "x", {}) for number in (3, 4, 5))]
    engine.dispose()


def test_two_that_migrate_at_once_wait_for_each_other(empty_url: str) -> None:
    faults: list[BaseException] = []

    def run() -> None:
        try:
            migrate(empty_url)
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the test must hear of it
            faults.append(fault)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    engine = create_engine(empty_url)
    assert _differences(engine) == []
    engine.dispose()


def test_every_migration_is_one_line_of_history() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert len(scripts.get_heads()) == 1
    assert all(Path(script.path).is_file() for script in scripts.walk_revisions())
