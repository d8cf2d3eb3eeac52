"""Brings a database to the tables that this version works with."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from dispatch.storage.database import driver_url
from dispatch.storage.pooling import PoolerInBetween, is_pooled

_MIGRATIONS = Path(__file__).parent / "migrations"

# Two services that start at once on one database: the second waits here for the first.
_LOCK = 7_120_120


def alembic_config() -> Config:
    """Alembic's configuration; there is no ini file."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Run the missing migrations in one transaction, PostGIS included. Raises `PoolerInBetween`."""
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as connection:
            if is_pooled(connection):
                raise PoolerInBetween
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text("create extension if not exists postgis"))
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()
