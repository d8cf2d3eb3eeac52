"""What could not be sent, for operators: shown, tried again, forgotten."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from dispatch.clock import Clock
from dispatch.problems import Conflict, NotFound
from dispatch.push import repository
from dispatch.push.desk import PushDesk
from dispatch.push.vocabulary import TEST_USEFUL_FOR
from dispatch.storage.database import Database


class DeadLetters:
    """The list of them. `name_of` answers a responder's name, for people."""

    def __init__(self, database: Database, desk: PushDesk, clock: Clock, name_of: Callable[[str], str]) -> None:
        self._database = database
        self._desk = desk
        self._clock = clock
        self._name_of = name_of

    async def listed(self, limit: int) -> list[dict[str, Any]]:
        """The newest ones."""
        async with self._database.statement() as connection:
            rows = await repository.dead_letters(connection, limit=limit)
        return [
            {
                "id": row.id,
                "channel": row.channel,
                "kind": row.kind,
                "responder_id": row.responder_id,
                "responder_name": self._name_of(row.responder_id),
                "service": row.service,
                "incident_id": row.payload.get("incident_id"),
                "alert_id": row.alert_id,
                "test_id": row.test_id,
                "created_at": row.created_at,
                "useful_until": row.expires_at,
                "died_at": row.died_at,
                "attempts": row.attempts,
                "error": row.last_error,
            }
            for row in rows
        ]

    async def retry(self, letter_id: UUID) -> datetime:
        """Queue one again; until when it is of use. Raises `NotFound`, and `Conflict` for an alert that is over."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            row = await repository.job(connection, letter_id)
            if row is None or row.state != "dead":
                raise NotFound(f"There is no dead letter {letter_id}.")
            # Nobody is woken for what is over. A test is about the channel, and can be done at any time.
            useful_until: datetime = row.expires_at if row.alert_id is not None else now + TEST_USEFUL_FOR
            if useful_until <= now or await repository.is_over(connection, letter_id):
                raise Conflict("Nobody waits for an answer to this alert any more.", code="too_late")
            if not await repository.queue_again(connection, letter_id, now=now, expires_at=useful_until):
                raise NotFound(f"There is no dead letter {letter_id}.")
        self._desk.poke()
        return useful_until

    async def forget(self, letter_id: UUID) -> None:
        """Forget one. Raises `NotFound`."""
        async with self._database.statement() as connection:
            if not await repository.forget_dead_letter(connection, letter_id):
                raise NotFound(f"There is no dead letter {letter_id}.")
