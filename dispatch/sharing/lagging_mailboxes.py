"""Messages that another worker wrote and nobody told: found by the number of each mailbox."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from dispatch.realtime import mailboxes
from dispatch.realtime.hub import Hub
from dispatch.realtime.session import Session
from dispatch.storage.database import Database
from dispatch.storage.prepared import Prepared

# Each time the loop is held for a millisecond.
_ASKED_AT_ONCE: Final = 1_000

# Of fifty thousand who have everything the answer is empty, and costs this process 60 ms; to read their numbers here
# would cost twice that. As floats, which tell all numbers below 2^53 apart.
BEHIND = Prepared(
    "lagging_mailboxes",
    """
select mailboxes.recipient, mailboxes.last_seq
from unnest(:recipients, :sent) as known(recipient, sent) join mailboxes using (recipient)
where mailboxes.last_seq > known.sent
""",
    {"recipients": "text[]", "sent": "float8[]"},
)


class LaggingMailboxes:
    """Compares what the sessions of this process were sent with what is written for them."""

    def __init__(self, hub: Hub, database: Database) -> None:
        self._hub = hub
        self._database = database

    async def fill(self) -> int:
        """Send every session what it lacks; returns how many lacked something. Raises SQLAlchemy's and psycopg's."""
        filled = 0
        for some in self._sent():
            rows = await self._database.run(BEHIND, {"recipients": list(some), "sent": list(some.values())})
            for recipient, number in rows:
                last_seq = int(number or 0)
                behind = [each for each in self._hub.sessions_of(str(recipient)) if _lacks(each, last_seq)]
                if behind:
                    await self._fill(str(recipient), behind, last_seq)
                    filled += 1
            await asyncio.sleep(0)
        return filled

    def _sent(self) -> Iterator[dict[str, int]]:
        """Up to which number the sessions of each recipient have everything, some recipients at a time."""
        recipients = self._hub.recipients()
        for begin in range(0, len(recipients), _ASKED_AT_ONCE):
            some: dict[str, int] = {}
            for recipient in recipients[begin : begin + _ASKED_AT_ONCE]:
                numbers = [each.in_order.sent for each in self._hub.sessions_of(recipient) if _can_tell(each)]
                if numbers:
                    some[recipient] = min(numbers)
            if some:
                yield some

    async def _fill(self, recipient: str, behind: Sequence[Session], last_seq: int) -> None:
        after = min(each.in_order.sent for each in behind)
        async with self._database.statement() as connection:
            missed = await mailboxes.messages_after(connection, recipient, after, last_seq)
        for session in behind:
            session.fill_gap(missed, up_to=last_seq)


def _lacks(session: Session, last_seq: int) -> bool:
    return _can_tell(session) and session.in_order.sent < last_seq


def _can_tell(session: Session) -> bool:
    """Whether its numbers mean anything; one that has not begun reads its mailbox by itself."""
    return session.in_order.has_begun and not session.is_degraded
