"""Which errors say that PostgreSQL is away, and what is remembered of it. No server is asked."""

from datetime import UTC, datetime

import psycopg
import pytest
import sqlalchemy.exc
from psycopg import errors

from dispatch.storage.availability import Availability, Outage, outage_of
from dispatch.storage.line import NotAnswered
from tests.people import MovableClock


@pytest.fixture
def availability() -> Availability:
    """Nobody has found anything yet."""
    return Availability(MovableClock())


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (errors.AdminShutdown(), Outage.STARTING_OR_STOPPING),
        (errors.CannotConnectNow(), Outage.STARTING_OR_STOPPING),
        (errors.TooManyConnections(), Outage.OUT_OF_CONNECTIONS),
        (errors.DiskFull(), Outage.DISK_FULL),
        (errors.OutOfMemory(), Outage.OUT_OF_MEMORY),
        (errors.IoError(), Outage.BROKEN),
        (errors.ReadOnlySqlTransaction(), Outage.READ_ONLY),
        (errors.IdleInTransactionSessionTimeout(), Outage.UNREACHABLE),
        (errors.ConnectionFailure(), Outage.UNREACHABLE),
        (psycopg.OperationalError("the connection is closed"), Outage.UNREACHABLE),
        (NotAnswered("too late"), Outage.NOT_ANSWERING),
        (errors.UniqueViolation(), None),
        (errors.CharacterNotInRepertoire(), None),
        (errors.UndefinedTable(), None),
        (errors.InsufficientPrivilege(), None),
        (errors.SerializationFailure(), None),
        (errors.DeadlockDetected(), None),
        (psycopg.ProgrammingError("no such parameter"), None),
        (ValueError("a NUL"), None),
        (TimeoutError(), None),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else str(each),
)
def test_each_error_is_an_outage_or_it_is_not(error: BaseException, why: Outage | None) -> None:
    assert outage_of(error) is why
    wrapped = sqlalchemy.exc.DBAPIError("select 1", {}, error)
    if isinstance(error, psycopg.Error):
        assert outage_of(wrapped) is why


def test_it_is_away_from_the_first_outage_until_something_is_written(availability: Availability) -> None:
    told: list[tuple[bool, Outage | None]] = []
    availability.on_change(lambda now: told.append((now.is_away, now.why)))
    availability.note_success()
    assert not availability.note_failure(errors.UniqueViolation())
    assert (availability.is_away, told) == (False, [])
    assert availability.note_failure(errors.DiskFull())
    assert availability.note_failure(psycopg.OperationalError("gone"))
    assert availability.since == datetime(2026, 6, 17, 4, 0, tzinfo=UTC)
    assert told == [(True, Outage.DISK_FULL)], "told once, of the first reason"
    availability.note_success()
    assert not availability.is_away
    assert told[1:] == [(False, None)]
    assert availability.since is None
