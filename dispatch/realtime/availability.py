"""Whether the database is there, as far as a session needs to know it."""

from typing import Protocol


class Availability(Protocol):
    """What `dispatch.storage.availability.Availability` answers."""

    @property
    def is_away(self) -> bool:
        """Whether the service goes on without PostgreSQL."""
        ...


class NeverAway:
    """For a service that does not go on without its database."""

    is_away = False
