"""Messages that another worker wrote and nobody told: found by the number of each mailbox."""

from collections.abc import Sequence

from dispatch.realtime import mailboxes
from dispatch.realtime.hub import Hub
from dispatch.realtime.session import Session
from dispatch.storage.database import Database

_ASKED_AT_ONCE = 5_000


class LaggingMailboxes:
    """Compares what the sessions of this process were sent with what is written for them."""

    def __init__(self, hub: Hub, database: Database) -> None:
        self._hub = hub
        self._database = database

    async def fill(self) -> int:
        """Send every session what it lacks; returns how many lacked something. Raises SQLAlchemy's and psycopg's."""
        recipients = self._hub.recipients()
        filled = 0
        for begin in range(0, len(recipients), _ASKED_AT_ONCE):
            some = recipients[begin : begin + _ASKED_AT_ONCE]
            async with self._database.statement() as connection:
                written = await mailboxes.last_numbers(connection, some)
            for recipient, last_seq in written.items():
                behind = [
                    each
                    for each in self._hub.sessions_of(recipient)
                    if _can_tell(each) and each.in_order.sent < last_seq
                ]
                if behind:
                    await self._fill(recipient, behind, last_seq)
                    filled += 1
        return filled

    async def _fill(self, recipient: str, behind: Sequence[Session], last_seq: int) -> None:
        after = min(each.in_order.sent for each in behind)
        async with self._database.statement() as connection:
            missed = await mailboxes.messages_after(connection, recipient, after, last_seq)
        for session in behind:
            session.fill_gap(missed, up_to=last_seq)


def _can_tell(session: Session) -> bool:
    """Whether its numbers mean anything; one that has not begun reads its mailbox by itself."""
    return session.in_order.has_begun and not session.is_degraded
