"""Ids that say when they were made, so that a table may be split by time along its key."""

import secrets
from datetime import UTC, datetime, timedelta
from uuid import UUID

_MILLISECOND = timedelta(milliseconds=1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_RANDOM_BITS = 80
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_FREE = (1 << 128) - 1 ^ (0xF << 76) ^ (0b11 << 62)


def time_ordered_id(at: datetime) -> UUID:
    """An id made at `at`, with 74 random bits: nobody can guess it (UUID version 7, RFC 9562, section 5.7)."""
    drawn = _milliseconds(at) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return UUID(int=drawn & _FREE | _VERSION | _VARIANT)


def first_id_of(at: datetime) -> UUID:
    """What every id made at `at` or later is not less than, and every one made before is less than."""
    return UUID(int=_milliseconds(at) << _RANDOM_BITS)


def instant_of(bound: UUID) -> datetime:
    """The instant that `first_id_of` has made a bound of."""
    return _BEGINNING + (bound.int >> _RANDOM_BITS) * _MILLISECOND


def _milliseconds(at: datetime) -> int:
    return (at - _BEGINNING) // _MILLISECOND
