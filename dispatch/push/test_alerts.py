"""Does my phone wake? A test alert over every channel, and what became of it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from dispatch.clock import Clock
from dispatch.problems import NotFound, TooMany
from dispatch.push import repository
from dispatch.push.desk import PushDesk
from dispatch.push.vocabulary import TEST_USEFUL_FOR, Channel
from dispatch.storage.database import Database

# An SMS costs money, and a second test says nothing that the first one did not.
_ONE_IN = timedelta(seconds=10)

TellSocket = Callable[[str, dict[str, Any]], Awaitable[bool]]


async def no_socket(_responder_id: str, _message: dict[str, Any]) -> bool:
    """Nobody is connected."""
    return False


class TestAlerts:
    """Starts tests. `tell_socket` sends a numbered message to a responder's sessions; false when there is none."""

    # Not a test of pytest's.
    __test__ = False

    def __init__(self, database: Database, desk: PushDesk, clock: Clock) -> None:
        self._database = database
        self._desk = desk
        self._clock = clock
        self.tell_socket: TellSocket = no_socket

    async def start(self, responder_id: str) -> dict[str, Any]:
        """Send a test alert by every channel there is. Raises `TooMany`, `NotFound`."""
        now, test_id = self._clock.now(), uuid4()
        message = {"type": "test_alert", "test_id": str(test_id), "sent_at": now}
        async with self._database.transaction() as connection:
            if not await repository.is_known(connection, responder_id):
                raise NotFound("This token's responder is not known here.")
            last_at = await repository.last_test_at(connection, responder_id)
            if last_at is not None and timedelta(0) <= now - last_at < _ONE_IN:
                wait_s = (last_at + _ONE_IN - now).total_seconds()
                raise TooMany(f"The last test is not over; try again in {wait_s:.0f} s.", retry_after_s=int(wait_s) + 1)
            written = await repository.add_test(
                connection,
                responder_id=responder_id,
                test_id=test_id,
                message=message | {"sent_at": now.isoformat()},
                now=now,
                useful_for=TEST_USEFUL_FOR,
                by_hook=self._desk.has_hook,
            )
        self._desk.poke()
        is_connected = await self.tell_socket(responder_id, message)
        if not is_connected:
            await self._forget_socket(test_id)
        return {
            "test_id": test_id,
            "channels": [
                {"channel": Channel.SOCKET, "state": "sent" if is_connected else "no_session"},
                {"channel": Channel.WEB_PUSH, "state": "queued" if written[Channel.WEB_PUSH] else "not_subscribed"},
                {"channel": Channel.WEBHOOK, "state": self._state_of_hook(written[Channel.WEBHOOK])},
            ],
        }

    def _state_of_hook(self, written: int) -> str:
        if not self._desk.has_hook:
            return "not_configured"
        return "queued" if written else "no_phone"

    async def _forget_socket(self, test_id: UUID) -> None:
        async with self._database.statement() as connection:
            await repository.forget_socket_test(connection, test_id)
